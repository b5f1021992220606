"""The deployed functions brake guessing: the fifth attempt for one login within a second is not judged."""

import json

import pytest
from authmint.clock import SystemClock

from tests.functions.deployment import Functions, form_event, load_event

LOGIN = "ann@example.org"


@pytest.fixture
def within_one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda _: now)


@pytest.mark.usefixtures("within_one_second")
def test_the_authentication_api(functions: Functions) -> None:
    functions.ready()
    event = load_event("token") | {
        "rawPath": "/api/v1/authn",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"username": LOGIN, "password": "wrong"}),
        "isBase64Encoded": False,
    }

    answers = [functions.http("authorize", event) for _ in range(5)]

    assert [answer["statusCode"] for answer in answers] == [401] * 4 + [429]
    assert json.loads(answers[-1]["body"])["errorCode"] == "E0000047"


@pytest.mark.usefixtures("within_one_second")
def test_the_password_grant(functions: Functions) -> None:
    server, _, _ = functions.ready()
    app = functions.admin(
        "POST",
        "/api/v1/apps",
        {
            "name": "oidc_client",
            "label": "trusted",
            "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
            "settings": {
                "oauthClient": {
                    "application_type": "native",
                    "grant_types": ["password", "authorization_code"],
                    "response_types": ["code"],
                    "redirect_uris": ["https://app.example.com/cb"],
                    "consent_method": "TRUSTED",
                }
            },
        },
    )["credentials"]["oauthClient"]
    body = f"grant_type=password&username={LOGIN}&password=wrong&scope=openid"
    event = form_event("token", server, body, app["client_id"], app["client_secret"])

    answers = [functions.http("token", event) for _ in range(5)]

    assert [answer["statusCode"] for answer in answers] == [400] * 4 + [429], answers
    assert json.loads(answers[-1]["body"])["error"] == "invalid_grant"
