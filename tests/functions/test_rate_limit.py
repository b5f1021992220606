"""The deployed functions brake what is guessed at and what is flooded, and say when to come again."""

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
    assert answers[-1]["headers"]["retry-after"] == "1"


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


@pytest.mark.usefixtures("within_one_second")
def test_sign_ins_from_one_address_whoever_signs_in(functions: Functions) -> None:
    few = Functions(functions.deployed, functions.calls, AUTHMINT_SIGN_INS="3")
    few.direct("management", {"action": "bootstrap", "token": few.token})

    def tried(login: str, address: str) -> int:
        event = load_event("token") | {
            "rawPath": "/api/v1/authn",
            "headers": {"content-type": "application/json"},
            "body": json.dumps({"username": login, "password": "wrong"}),
            "isBase64Encoded": False,
        }
        http = event["requestContext"]["http"] | {"sourceIp": address}
        event["requestContext"] = event["requestContext"] | {"http": http}
        return int(few.http("authorize", event)["statusCode"])

    assert [tried(f"u{number}@example.org", "198.51.100.1") for number in range(5)] == [401] * 3 + [429] * 2
    assert tried("u9@example.org", "198.51.100.2") == 401
    # One site has a /64 of IPv6: its addresses are one.
    assert [tried("v@example.org", f"2001:db8::{number}") for number in range(4)] == [401] * 3 + [429]
    assert tried("v9@example.org", "2001:db8:0:1::1") == 401


@pytest.mark.usefixtures("within_one_second")
def test_failed_authentications_of_a_client_are_counted_and_good_ones_are_not(functions: Functions) -> None:
    few = Functions(functions.deployed, functions.calls, AUTHMINT_CLIENT_FAILURES="2")
    server, client, secret = few.ready()
    wrong = form_event("token", server, "grant_type=client_credentials&scope=a", client, "wrong")
    right = form_event("token", server, "grant_type=client_credentials&scope=a", client, secret)

    few.http("token", right)
    few.calls.sent.clear()
    refused = [few.http("token", wrong) for _ in range(4)]
    counted = few.calls.sent.count("dynamodb:UpdateItem")
    few.calls.sent.clear()
    granted = few.http("token", right)

    assert [answer["statusCode"] for answer in refused] == [401, 401, 429, 429]
    body = json.loads(refused[-1]["body"])
    assert (body["error"], body["errorCode"]) == ("temporarily_unavailable", "E0000047")
    assert refused[-1]["headers"]["x-rate-limit-limit"] == "2"
    assert refused[-1]["headers"]["x-rate-limit-remaining"] == "0"
    assert 1 <= int(refused[-1]["headers"]["retry-after"]) <= 60
    assert counted == 3  # who is over the limit costs no write
    assert granted["statusCode"] == 200
    assert few.calls.sent == ["dynamodb:BatchGetItem"]


@pytest.mark.usefixtures("within_one_second")
def test_a_client_that_fails_elsewhere_or_asks_elsewhere_is_counted_for_itself(functions: Functions) -> None:
    few = Functions(functions.deployed, functions.calls, AUTHMINT_CLIENT_FAILURES="1")
    server, client, _ = few.ready()
    body = "grant_type=client_credentials&scope=a"

    first = [few.http("token", form_event("token", server, body, client, "wrong")) for _ in range(2)]
    other = few.http("token", form_event("token", server, body, "0oaOther", "wrong"))
    there = few.http("token_status", form_event("introspect", server, "token=x", client, "wrong"))

    assert [answer["statusCode"] for answer in first] == [401, 429]
    assert other["statusCode"] == 401
    assert there["statusCode"] == 429


@pytest.mark.usefixtures("within_one_second")
def test_device_codes(functions: Functions) -> None:
    few = Functions(functions.deployed, functions.calls, AUTHMINT_DEVICE_CODES="2")
    server, _, _ = few.ready()
    app = {
        "client_name": "tv",
        "application_type": "native",
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        "response_types": ["code"],
        "redirect_uris": ["https://tv.example/cb"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    tv = few.admin("POST", "/oauth2/v1/clients", app)
    event = form_event("device/authorize", server, "scope=a", tv["client_id"], tv["client_secret"])

    answers = [few.http("token", event) for _ in range(3)]

    assert [answer["statusCode"] for answer in answers] == [200, 200, 429]
    assert json.loads(answers[-1]["body"])["error"] == "too_many_user_codes"
    assert "retry-after" in answers[-1]["headers"]


@pytest.mark.usefixtures("within_one_second")
def test_administration_says_true_numbers_and_counts_each_token_for_itself(functions: Functions) -> None:
    few = Functions(functions.deployed, functions.calls, AUTHMINT_ADMIN_CALLS="3")
    few.direct("management", {"action": "bootstrap", "token": few.token})
    second = few.admin("POST", "/api/v1/api-tokens", {"name": "second"})["token"]

    def asked(token: str) -> tuple[int, dict[str, str]]:
        headers = {"Authorization": [f"SSWS {token}"]}
        answer = few.http("management", load_event("management") | {"multiValueHeaders": headers})
        return answer["statusCode"], {name: values[-1] for name, values in answer["multiValueHeaders"].items()}

    answers = [asked(few.token) for _ in range(3)]

    assert [(status, headers["x-rate-limit-remaining"]) for status, headers in answers] == [
        (200, "1"),
        (200, "0"),
        (429, "0"),
    ]
    now = SystemClock().now()
    assert {headers["x-rate-limit-limit"] for _, headers in answers} == {"3"}
    assert {headers["x-rate-limit-reset"] for _, headers in answers} == {str(now - now % 60 + 60)}
    assert answers[-1][1]["retry-after"] == str(60 - now % 60)
    assert asked(second)[0] == 200
    assert asked("wrong" * 8)[1]["x-rate-limit-remaining"] == "3"  # nobody was counted
