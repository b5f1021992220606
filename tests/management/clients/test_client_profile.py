"""Switching the security profile of a client on: everything that is in its way is said at once."""

from typing import Any

import pytest
from authmint.http import Request

from tests.management.admin import TOKEN, Admin
from tests.management.apps import APPS, CLIENTS, app_body, web
from tests.support.dpop import Key
from tests.support.fakes import decoded

PROFILES = pytest.mark.parametrize("profile", ["FAPI2", "FAPI2_MESSAGE_SIGNING"])
JWKS = {"keys": [{**Key().jwk, "kid": "k1", "use": "sig"}]}
GOOD = web(
    token_endpoint_auth_method="private_key_jwt",
    jwks=JWKS,
    grant_types=["authorization_code", "refresh_token"],
)
#: What is in the way, and the member that is named for it.
OBSTACLES: list[tuple[str, dict[str, Any]]] = [
    ("token_endpoint_auth_method", {"token_endpoint_auth_method": "none", "pkce_required": True}),
    ("token_endpoint_auth_method", {"token_endpoint_auth_method": "client_secret_basic"}),
    ("token_endpoint_auth_method", {"token_endpoint_auth_method": "client_secret_post"}),
    ("token_endpoint_auth_method", {"token_endpoint_auth_method": "client_secret_jwt"}),
    ("jwks", {"token_endpoint_auth_method": "client_secret_basic", "jwks": None}),
    ("redirect_uris", {"redirect_uris": ["https://app.example.com/cb", "http://app.example.com/cb"]}),
    ("redirect_uris", {"redirect_uris": ["http://127.0.0.1/cb"]}),
    ("redirect_uris", {"redirect_uris": ["com.example.app:/cb"]}),
    ("grant_types", {"grant_types": ["authorization_code", "implicit"], "response_types": ["code", "id_token"]}),
    ("response_types", {"grant_types": ["authorization_code", "implicit"], "response_types": ["code", "token"]}),
    ("grant_types", {"application_type": "native", "grant_types": ["authorization_code", "password"]}),
    ("request_object_signing_alg", {"request_object_signing_alg": "RS256"}),
    (
        "backchannel_authentication_request_signing_alg",
        {"backchannel_authentication_request_signing_alg": "RS256"},
    ),
    ("token_endpoint_auth_signing_alg", {"token_endpoint_auth_signing_alg": "RS256"}),
    ("authorization_signed_response_alg", {"authorization_signed_response_alg": "RS256"}),
    ("refresh_token.rotation_type", {"refresh_token": {"rotation_type": "ROTATE", "leeway": 0}}),
]


@PROFILES
def test_a_client_that_can_do_what_the_profile_asks_gets_it(admin: Admin, profile: str) -> None:
    app = admin.made(APPS, app_body(**GOOD, security_profile=profile))
    registered = admin.post(CLIENTS, {**GOOD, "client_name": "web", "security_profile": profile})

    assert app["settings"]["oauthClient"]["security_profile"] == profile
    assert (registered.status, registered.json["security_profile"]) == (201, profile)


@PROFILES
@pytest.mark.parametrize(("member", "changes"), OBSTACLES)
def test_each_obstacle_alone_is_named(admin: Admin, profile: str, member: str, changes: dict[str, Any]) -> None:
    asked = {**GOOD, **changes, "security_profile": profile}

    app = admin.post(APPS, app_body(**asked))
    registered = admin.post(CLIENTS, {**asked, "client_name": "web"})

    place = "credentials" if member == "token_endpoint_auth_method" else "settings"
    assert (app.status, app.code) == (400, "E0000001")
    assert any(cause.startswith(f"{place}.oauthClient.{member}: The security profile") for cause in app.causes)
    assert (registered.status, registered.json["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}) == (
        400,
        True,
    )
    assert admin.post(APPS, app_body(**{**asked, "security_profile": "NONE"})).status == 200


def test_all_obstacles_are_named_at_once(admin: Admin) -> None:
    app = admin.made(
        APPS,
        app_body(
            **web(
                redirect_uris=["http://app.example.com/cb"],
                grant_types=["authorization_code", "implicit", "refresh_token"],
                response_types=["code", "id_token"],
                refresh_token={"rotation_type": "ROTATE", "leeway": 0},
            )
        ),
    )
    app["settings"]["oauthClient"]["security_profile"] = "FAPI2"
    path = f"{APPS}/{app['id']}"

    answer = admin.put(path, app)

    assert [cause.partition(": ")[0].rpartition("oauthClient.")[2] for cause in answer.causes] == [
        "token_endpoint_auth_method",
        "jwks",
        "grant_types",
        "response_types",
        "redirect_uris",
        "refresh_token.rotation_type",
    ]
    assert "security_profile" not in admin.get(path).json["settings"]["oauthClient"]


def test_a_wildcard_is_in_the_way(admin: Admin) -> None:
    wild = {**GOOD, "redirect_uris": ["https://app-*.example.com/cb"], "wildcard_redirect": "SUBDOMAIN"}

    refused = admin.post(APPS, app_body(**wild, security_profile="FAPI2"))

    assert refused.causes[0].startswith("settings.oauthClient.wildcard_redirect: ")
    assert admin.post(APPS, app_body(**wild)).status == 200


def test_a_client_with_a_profile_cannot_be_changed_into_one_that_breaks_it(admin: Admin) -> None:
    app = admin.made(APPS, app_body(**GOOD, security_profile="FAPI2"))
    path = f"{APPS}/{app['id']}"
    body = app_body(**{**GOOD, "redirect_uris": ["http://app.example.com/cb"]})

    assert admin.put(path, body).causes[0].startswith("settings.oauthClient.redirect_uris: ")
    assert admin.put(path, app_body(**GOOD)).json["settings"]["oauthClient"]["security_profile"] == "FAPI2"


@pytest.mark.parametrize(("base_url", "status"), [("http://127.0.0.1:8000", 200), ("https://acme.example.com", 400)])
def test_at_a_local_stack_redirects_may_stay_on_the_machine(admin: Admin, base_url: str, status: int) -> None:
    import json

    body = app_body(**{**GOOD, "redirect_uris": ["http://127.0.0.1:8123/cb"]}, security_profile="FAPI2")
    headers = {"authorization": f"SSWS {TOKEN}"}

    answer = admin.api(Request("POST", APPS, base_url, headers=headers, body=json.dumps(body).encode()))

    assert answer.status == status, decoded(answer.body)


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"request_object_signing_alg": "ES256"}, "request_object_signing_alg"),
        ({"request_object_signing_alg": "HS256", **GOOD}, "request_object_signing_alg"),
        ({"request_object_signing_alg": "none"}, "request_object_signing_alg"),
        (
            {"backchannel_authentication_request_signing_alg": "ES256"},
            "backchannel_authentication_request_signing_alg",
        ),
        (
            {"backchannel_authentication_request_signing_alg": "HS256", **GOOD},
            "backchannel_authentication_request_signing_alg",
        ),
        ({"token_endpoint_auth_signing_alg": "HS256"}, "token_endpoint_auth_signing_alg"),
        ({"token_endpoint_auth_signing_alg": "HS256", **GOOD}, "token_endpoint_auth_signing_alg"),
        (
            {"require_signed_request_object": True, "token_endpoint_auth_method": "none", "pkce_required": True},
            "require_signed_request_object",
        ),
    ],
)
def test_nobody_has_to_sign_by_what_he_has_not(admin: Admin, changes: dict[str, Any], member: str) -> None:
    refused = admin.post(APPS, app_body(**{**web(), **changes}))

    assert refused.causes[0].startswith(f"settings.oauthClient.{member}: ")
    signing: dict[str, Any] = {"request_object_signing_alg": "ES256", "require_signed_request_object": True}
    signing |= {"token_endpoint_auth_signing_alg": "PS256"}
    assert admin.post(APPS, app_body(**GOOD, **signing)).status == 200


CIBA = "urn:openid:params:grant-type:ciba"
SIGNED = "backchannel_authentication_request_signing_alg"


def test_a_client_that_asks_people_without_a_browser_is_the_same_in_both_views(admin: Admin) -> None:
    asks = {"grant_types": ["authorization_code", CIBA], SIGNED: "PS256", "backchannel_user_code_parameter": False}
    app = admin.made(APPS, app_body(**{**GOOD, **asks, "backchannel_token_delivery_mode": "poll"}))
    shown = app["settings"]["oauthClient"]
    assert (shown[SIGNED], shown["backchannel_token_delivery_mode"]) == ("PS256", "poll")
    registered = admin.get(f"{CLIENTS}/{app['id']}").json
    assert (registered[SIGNED], registered["backchannel_token_delivery_mode"]) == ("PS256", "poll")
    assert "backchannel_user_code_parameter" not in registered

    kept = admin.put(f"{APPS}/{app['id']}", app_body(**{**GOOD, "grant_types": ["authorization_code", CIBA]})).json
    assert kept["settings"]["oauthClient"][SIGNED] == "PS256"
    without = admin.put(f"{APPS}/{app['id']}", app_body(**{**GOOD, SIGNED: None})).json["settings"]["oauthClient"]
    assert not {SIGNED, "backchannel_token_delivery_mode"} & without.keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"application_type": "native"},
        {"application_type": "service", "grant_types": ["client_credentials", CIBA]},
        {"token_endpoint_auth_method": "none", "pkce_required": True},
        {"backchannel_token_delivery_mode": "push"},
        {"backchannel_user_code_parameter": True},
        {SIGNED: "none"},
    ],
)
def test_nobody_else_asks_so_and_in_no_other_mode(admin: Admin, changes: dict[str, Any]) -> None:
    asked = {**web(), "grant_types": ["authorization_code", CIBA], **changes}

    assert admin.post(APPS, app_body(**asked)).status == 400
    assert admin.post(CLIENTS, {**asked, "client_name": "web"}).status == 400


def test_an_app_that_only_asks_people_so_needs_no_codes(admin: Admin) -> None:
    asked: dict[str, Any] = {"application_type": "web", "grant_types": [CIBA], "response_types": []}

    assert admin.post(APPS, app_body(**asked)).status == 200
