"""Apps, dynamic clients, their secrets and keys (docs/protocol.md §26.2, §26)."""

import base64
import hashlib
from typing import Any

import pytest

from tests.management.admin import BASE_URL, SERVERS, Admin
from tests.management.apps import APPS, an_app, app_body
from tests.support.fakes import pregenerated

JWK = pregenerated("RS256")[0]


def test_an_app_is_made_with_200_and_shows_its_secret_only_then(admin: Admin) -> None:
    answer = admin.post(APPS, app_body())

    app = answer.json
    secret = app["credentials"]["oauthClient"]["client_secret"]
    read = admin.get(f"{APPS}/{app['id']}").json
    assert answer.status == 200
    assert app["credentials"]["oauthClient"]["client_id"] == app["id"]
    assert len(secret) == 64
    assert "client_secret" not in read["credentials"]["oauthClient"]
    assert secret not in str(admin.get(APPS).json)
    assert read["settings"]["oauthClient"]["consent_method"] == "TRUSTED"


def test_an_app_keeps_a_profile_for_its_claims(admin: Admin) -> None:
    body = app_body() | {"profile": {"groupallowlist": ["00gA"], "limits": {"max": 5}}}

    app = admin.made(APPS, body)

    assert admin.get(f"{APPS}/{app['id']}").json["profile"] == body["profile"]
    assert admin.put(f"{APPS}/{app['id']}", app | {"profile": {"x": "y" * 20_000}}).causes == [
        "profile: The field is too long"
    ]
    assert admin.put(f"{APPS}/{app['id']}", app | {"profile": []}).code == "E0000003"
    assert "profile" not in admin.put(f"{APPS}/{app['id']}", app_body()).json


def test_a_put_answers_what_the_next_get_says_plus_the_secret(admin: Admin) -> None:
    app = an_app(admin)

    replaced = admin.put(f"{APPS}/{app['id']}", app | {"label": "renamed"}).json

    secret = replaced["credentials"]["oauthClient"].pop("client_secret")
    assert secret == app["credentials"]["oauthClient"]["client_secret"]
    assert replaced == admin.get(f"{APPS}/{app['id']}").json
    assert replaced["label"] == "renamed"


def test_a_chosen_client_id_is_kept_and_cannot_change(admin: Admin) -> None:
    app = an_app(admin, client_id="my-service")

    assert app["id"] == "my-service"
    changed = admin.put(f"{APPS}/my-service", app_body(client_id="another"))
    assert (changed.status, changed.code) == (403, "E0000078")
    assert admin.post(APPS, app_body("two", client_id="my-service")).status == 400
    for client_id in ("short", "ALL_CLIENTS", "with space", "x" * 101):
        assert admin.post(APPS, app_body("three", client_id=client_id)).code == "E0000001"


def test_labels_are_unique(admin: Admin) -> None:
    an_app(admin)

    answer = admin.post(APPS, app_body())

    assert (answer.status, answer.code) == (400, "E0000040")


def test_an_active_app_cannot_be_deleted(admin: Admin) -> None:
    path = f"{APPS}/{an_app(admin)['id']}"

    refused = admin.delete(path)
    deactivated = admin.post(f"{path}/lifecycle/deactivate")

    assert (refused.status, refused.code) == (403, "E0000056")
    assert refused.causes == ["The application must be deactivated before deletion."]
    assert (deactivated.status, deactivated.json) == (200, {})
    assert admin.delete(path).status == 204
    assert admin.get(path).json["errorSummary"].endswith("(AppInstance)")


def test_an_app_can_start_inactive(admin: Admin) -> None:
    assert admin.post(f"{APPS}?activate=false", app_body()).json["status"] == "INACTIVE"


@pytest.mark.parametrize(
    ("oauth", "field"),
    [
        ({"application_type": "desktop"}, "settings.oauthClient.application_type"),
        ({"grant_types": ["authorization_code"]}, "settings.oauthClient.grant_types"),
        ({"application_type": "web", "grant_types": ["authorization_code"]}, "settings.oauthClient.redirect_uris"),
        (
            {"application_type": "web", "grant_types": ["authorization_code"], "redirect_uris": ["/relative"]},
            "settings.oauthClient.redirect_uris",
        ),
        (
            {"application_type": "web", "grant_types": ["authorization_code"], "redirect_uris": ["https://a/#b"]},
            "settings.oauthClient.redirect_uris",
        ),
        (
            {
                "application_type": "web",
                "grant_types": ["authorization_code"],
                "redirect_uris": ["javascript:alert(1)"],
            },
            "settings.oauthClient.redirect_uris",
        ),
        (
            {
                "application_type": "web",
                "grant_types": ["authorization_code"],
                "redirect_uris": ["https://a.example"],
                "response_types": ["token"],
            },
            "settings.oauthClient.response_types",
        ),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "settings.oauthClient.jwks"),
        ({"token_endpoint_auth_method": "magic"}, "credentials.oauthClient.token_endpoint_auth_method"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://a.example/jwks"},
            "settings.oauthClient.jwks_uri",
        ),
        ({"token_endpoint_auth_method": "none", "pkce_required": False}, "credentials.oauthClient.pkce_required"),
        ({"client_secret": "short"}, "client_secret"),
        ({"client_secret": "é" * 20}, "client_secret"),
        ({"client_secret": "x" * 101}, "client_secret"),
        ({"client_secret": "x" * 20, "token_endpoint_auth_method": "client_secret_jwt"}, "client_secret"),
    ],
)
def test_settings_that_do_not_fit_name_their_field(admin: Admin, oauth: dict[str, Any], field: str) -> None:
    answer = admin.post(APPS, app_body(**oauth))

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {field}")
    assert admin.get(APPS).json == []


def test_a_chosen_secret_is_never_in_a_refusal(admin: Admin) -> None:
    answer = admin.post(APPS, app_body(client_secret="hunter2-hunter"[:13]))

    assert "hunter2" not in answer.response.body.decode()


def test_keys_come_with_ids_and_without_private_members(admin: Admin) -> None:
    body = app_body(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [{**JWK, "kid": "k1"}]})

    app = admin.made(APPS, body)

    (key,) = app["settings"]["oauthClient"]["jwks"]["keys"]
    assert key["id"].startswith("pks")
    assert key["status"] == "ACTIVE"
    assert "client_secret" not in app["credentials"]["oauthClient"]
    again = admin.put(f"{APPS}/{app['id']}", app).json
    assert again["settings"]["oauthClient"]["jwks"]["keys"] == [key]


@pytest.mark.parametrize(
    ("jwks", "text"),
    [
        ({"keys": [{**JWK, "d": "AQAB"}]}, "A private or symmetric key must not be sent."),
        ({"keys": [{"kty": "oct", "k": "AAAA"}]}, "A private or symmetric key must not be sent."),
        (
            {"keys": [{"kty": "RSA", "e": "AQAB", "n": JWK["n"][:100]}]},
            "RSA key length in the 'jwks' is less than '2,048'",
        ),
        ({"keys": [JWK, JWK]}, "All keys in the 'jwks' must have a unique `kid`."),
        (
            {"keys": [{**JWK, "kid": str(i)} for i in range(51)]},
            "You can't create a new key. You have reached the maximum number of keys allowed (50).",
        ),
        ({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}, "The key is not valid: malformed"),
        ({"keys": "x"}, "''jwks'' must be an object"),
        ([], "''jwks'' must be an object"),
    ],
)
def test_keys_that_are_refused(admin: Admin, jwks: Any, text: str) -> None:
    answer = admin.post(APPS, app_body(token_endpoint_auth_method="private_key_jwt", jwks=jwks))

    assert answer.json["errorSummary"] == "Api validation failed: JsonWebKey"
    assert answer.causes[0].startswith(text)


def test_keys_one_by_one(admin: Admin) -> None:
    app = an_app(admin, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [{**JWK, "kid": "k1"}]})
    path = f"{APPS}/{app['id']}/credentials/jwks"

    added = admin.post(path, {**JWK, "kid": "k2"})
    one = f"{path}/{added.json['id']}"

    assert added.status == 201
    assert admin.post(path, {**JWK, "kid": "k2"}).status == 400
    assert len(admin.get(path).json["jwks"]["keys"]) == 2
    assert admin.delete(one).status == 400
    assert admin.post(f"{one}/lifecycle/deactivate").json["status"] == "INACTIVE"
    assert admin.delete(one).status == 204
    assert admin.get(one).json["errorSummary"].endswith("(JsonWebKey)")


def test_secrets_one_by_one(admin: Admin) -> None:
    app = an_app(admin)
    path = f"{APPS}/{app['id']}/credentials/secrets"
    (first,) = admin.get(path).json

    second = admin.post(path)
    third = admin.post(path)
    last_active = f"{path}/{second.json['id']}"

    digest = hashlib.sha256(first["client_secret"].encode()).digest()[:16]
    assert first["client_secret"] == app["credentials"]["oauthClient"]["client_secret"]
    assert first["secret_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert second.status == 201
    assert third.json["errorSummary"] == "Api validation failed: OAuth2ClientSecretMediated"
    assert admin.delete(f"{path}/{first['id']}").status == 400
    assert admin.post(f"{path}/{first['id']}/lifecycle/deactivate").json["status"] == "INACTIVE"
    assert admin.post(f"{last_active}/lifecycle/deactivate").causes == [
        "You can't deactivate the only active client secret."
    ]
    assert admin.delete(f"{path}/{first['id']}").status == 204
    assert admin.get(f"{path}/{first['id']}").json["errorSummary"].endswith("(OAuth2ClientSecretMediated)")


def test_every_change_has_its_event_and_no_event_a_secret(admin: Admin) -> None:
    app = an_app(admin)
    path = f"{APPS}/{app['id']}"
    secret = app["credentials"]["oauthClient"]["client_secret"]
    admin.post(f"{path}/credentials/secrets")
    admin.post(f"{path}/lifecycle/deactivate")
    admin.delete(path)

    assert [event.type for event in admin.storage.events][3:] == [
        "application.lifecycle.create",
        "app.oauth2.client.lifecycle.secret.create",
        "application.lifecycle.deactivate",
        "application.lifecycle.delete",
    ]
    assert secret not in str(admin.storage.events)
    assert {event.actor.type for event in admin.storage.events[3:]} == {"User"}


def test_lists_of_apps_page_search_and_filter(admin: Admin) -> None:
    for label in ("alpha", "beta", "gamma"):
        admin.made(APPS, app_body(label))

    assert [app["label"] for app in admin.get(f"{APPS}?q=AL").json] == ["alpha"]
    assert len(admin.get(f'{APPS}?filter=status eq "ACTIVE"').json) == 3
    assert admin.get(f"{APPS}?filter=nonsense").code == "E0000031"
    assert [app["label"] for app in admin.get(f'{APPS}?q=a&filter=status eq "ACTIVE"').json] == ["alpha"]
    assert admin.get(f'{APPS}?q=a&filter=status eq "INACTIVE"').json == []
    assert admin.get(f"{APPS}?q=a&filter=nonsense").code == "E0000031"
    page = admin.get(f"{APPS}?limit=2")
    assert [link.rpartition("rel=")[2] for link in page.header("link")] == ['"self"', '"next"']
    assert page.header("link")[0].startswith(f"<{BASE_URL}{APPS}?limit=2>")


def test_what_terraform_asks_before_it_does_anything(admin: Admin) -> None:
    me = admin.get("/api/v1/users/me")
    everyone = admin.get("/api/v1/groups?q=Everyone").json
    policies = admin.get("/api/v1/policies?type=ACCESS_POLICY").json
    app = an_app(admin)

    assert me.json["status"] == "ACTIVE"
    assert [group["type"] for group in everyone] == ["BUILT_IN"]
    assert [policy["system"] for policy in policies] == [True]
    assert admin.put(f"{APPS}/{app['id']}/policies/{policies[0]['id']}").status == 204
    mode = admin.post(f"/api/v1/internal/apps/{app['id']}/settings/oauth/idToken", {"issuerMode": "ORG_URL"})
    assert (mode.status, mode.json["issuerMode"]) == (200, "ORG_URL")
    server = admin.server()
    assert admin.get(f"{SERVERS}/{server['id']}/clients/none/tokens").json["errorSummary"].endswith("(PublicClientApp)")
