"""Dynamic client registration: ``/oauth2/v1/clients`` (RFC 7591, RFC 7592)."""

from typing import Any

import pytest

from tests.management.admin import Admin
from tests.management.apps import APPS, CLIENTS, an_app, app_body, web
from tests.support.fakes import NOW


def test_a_dynamic_client_is_the_same_record_as_its_app(admin: Admin) -> None:
    answer = admin.post(
        CLIENTS, {"client_name": "dyn", "application_type": "service", "grant_types": ["client_credentials"]}
    )

    client = answer.json
    assert answer.status == 201
    assert list(client)[:5] == [
        "client_id", "client_secret", "client_secret_expires_at", "client_id_issued_at", "client_name",
    ]  # fmt: skip
    assert client["client_id_issued_at"] == NOW
    assert "client_secret" not in admin.get(f"{CLIENTS}/{client['client_id']}").json
    app = admin.get(f"{APPS}/{client['client_id']}").json
    assert (app["label"], app["settings"]["oauthClient"]["consent_method"]) == ("dyn", "REQUIRED")
    assert [c["client_name"] for c in admin.get(f"{CLIENTS}?q=dy").json] == ["dyn"]
    assert admin.get(f"{CLIENTS}?q=x").json == []


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        ({}, "invalid_client_metadata", "client_name: The field cannot be left blank"),
        (
            {"client_name": "x", "redirect_uris": ["x y"]},
            "invalid_redirect_uri",
            "redirect_uris: Each must be an absolute",
        ),
        ({"client_name": "x", "application_type": "tv"}, "invalid_client_metadata", "application_type: must be one of"),
    ],
)
def test_registration_refuses_in_its_own_words(admin: Admin, body: dict[str, Any], error: str, text: str) -> None:
    answer = admin.post(CLIENTS, body)

    assert (answer.status, answer.json["error"]) == (400, error)
    assert answer.json["error_description"].startswith(text)


def test_a_new_secret_replaces_the_old_one(admin: Admin) -> None:
    body = {"client_name": "dyn", "application_type": "service", "grant_types": ["client_credentials"]}
    client = admin.made(CLIENTS, body)

    renewed = admin.post(f"{CLIENTS}/{client['client_id']}/lifecycle/newSecret").json

    assert renewed["client_secret"] != client["client_secret"]
    assert len(admin.storage.clients.get(client["client_id"]).secrets) == 1
    assert admin.post(f"{CLIENTS}/none/lifecycle/newSecret").json["errorSummary"].endswith("(PublicClientApp)")


def test_a_dynamic_client_is_replaced_and_deleted(admin: Admin) -> None:
    body = {"client_name": "dyn", "application_type": "service", "grant_types": ["client_credentials"]}
    path = f"{CLIENTS}/{admin.made(CLIENTS, body)['client_id']}"

    whole = admin.get(path).json

    assert admin.put(path, whole | {"client_name": "new"}).json["client_name"] == "new"
    assert admin.put(path, whole | {"client_id": "other"}).json["error"] == "invalid_client_metadata"
    assert admin.put(path, whole | {"application_type": "web"}).status == 400
    assert admin.delete(path).status == 204
    assert admin.get(path).status == 404


@pytest.mark.parametrize(
    "metadata",
    [
        {"application_type": "web", "grant_types": ["client_credentials"]},
        {"application_type": "web", "grant_types": ["implicit"], "response_types": ["token"]},
        {"application_type": "native", "grant_types": ["password"]},
        {"application_type": "native", "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]},
    ],
)
def test_web_and_native_clients_always_have_authorization_codes(admin: Admin, metadata: dict[str, Any]) -> None:
    body = {"client_name": "dyn", "redirect_uris": ["https://app.example.com/cb"]} | metadata

    answer = admin.post(CLIENTS, body)

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"].startswith("grant_types: 'authorization_code' is mandatory")
    assert admin.post(APPS, app_body(**{"redirect_uris": body["redirect_uris"]} | metadata)).status == 200


@pytest.mark.parametrize(
    "left_out",
    ["client_name", "redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method", "logo_uri", "jwks"],
)
def test_an_update_that_leaves_something_out_is_refused(admin: Admin, left_out: str) -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    metadata = web(client_name="dyn", logo_uri="https://app.example.com/logo.png", jwks={"keys": [jwk]})
    path = f"{CLIENTS}/{admin.made(CLIENTS, metadata)['client_id']}"
    whole = admin.get(path).json

    answer = admin.put(path, {name: value for name, value in whole.items() if name != left_out})

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"].startswith(f"{left_out}: must be sent")
    assert admin.get(path).json == whole


def test_an_update_with_null_removes(admin: Admin) -> None:
    client = admin.made(CLIENTS, web(client_name="dyn", logo_uri="https://app.example.com/logo.png"))

    answer = admin.put(f"{CLIENTS}/{client['client_id']}", client | {"logo_uri": None})

    assert (answer.status, answer.json["logo_uri"]) == (200, None)


def test_an_update_leaves_alone_what_metadata_has_no_name_for(admin: Admin) -> None:
    rotating = {"rotation_type": "ROTATE", "leeway": 7}
    settings = web(grant_types=["authorization_code", "refresh_token"], refresh_token=rotating, pkce_required=True)
    app = admin.made(APPS, app_body(**settings) | {"visibility": {"hide": {"iOS": False, "web": False}}})
    path = f"{CLIENTS}/{app['id']}"

    assert admin.put(path, admin.get(path).json).status == 200

    after = admin.get(f"{APPS}/{app['id']}").json
    for name in ("visibility", "settings"):
        assert after[name] == app[name]
    assert after["credentials"]["oauthClient"]["pkce_required"] is True


def test_registered_clients_may_share_a_name_with_each_other_and_with_an_app(admin: Admin) -> None:
    app = an_app(admin)

    one, two = (admin.made(CLIENTS, web(client_name=app["label"])) for _ in range(2))

    assert one["client_id"] != two["client_id"]
    assert admin.put(f"{CLIENTS}/{two['client_id']}", two | {"client_name": "other"}).status == 200
    assert admin.post(APPS, app_body("other")).status == 200
    assert admin.delete(f"{CLIENTS}/{one['client_id']}").status == 204
    assert admin.post(APPS, app_body(app["label"])).code == "E0000040"


def test_an_app_that_was_registered_takes_a_name_when_it_is_renamed_as_an_app(admin: Admin) -> None:
    an_app(admin)
    registered = admin.made(CLIENTS, web(client_name="svc"))
    path = f"{APPS}/{registered['client_id']}"
    shown = admin.get(path).json

    assert admin.put(path, shown).status == 200
    assert admin.put(path, shown | {"label": "own"}).status == 200

    assert admin.put(path, shown | {"label": "svc"}).code == "E0000040"
    assert admin.post(APPS, app_body("own")).code == "E0000040"


def test_addresses_of_request_objects_are_left_out_because_none_is_ever_fetched(admin: Admin) -> None:
    metadata = {"client_name": "app", "redirect_uris": ["https://app.example.com/cb"], "application_type": "web"}

    made = admin.made("/oauth2/v1/clients", metadata | {"request_uris": ["https://app.example.com/request.jwt"]})

    assert "request_uris" not in made
