"""``/api/v1/authn`` and ``/api/v1/sessions``."""

import json
from typing import Any

import pytest
from authmint.http import Response
from authmint.oauth.authorization.interaction import Visitor

from tests.support.fakes import decoded

from .hosted import NEW_PASSWORD, PASSWORD, Browser, Hosted, header

ANN = {"username": "ann@example.com", "password": PASSWORD}
BASE = "https://acme.example.com"


def call(browser: Browser, method: str, path: str, body: Any = None, **headers: str) -> Response:
    sent = {"content_type": "application/json"} | headers
    return browser.send(method, path, b"" if body is None else json.dumps(body).encode(), **sent)


@pytest.fixture
def hosted() -> Hosted:
    return Hosted()


@pytest.fixture
def browser(hosted: Hosted) -> Browser:
    return Browser(hosted)


def test_the_right_password_gives_a_session_token(browser: Browser) -> None:
    answer = call(browser, "POST", "/api/v1/authn", {**ANN, "options": {"multiOptionalFactorEnroll": False}})

    body = decoded(answer.body)
    token = body.pop("sessionToken")
    assert answer.status == 200
    assert len(token) == 43
    assert body == {
        "expiresAt": "2099-12-03T16:58:20.000Z",
        "status": "SUCCESS",
        "_embedded": {
            "user": {
                "id": "00uA",
                "passwordChanged": "2099-12-03T16:53:10.000Z",
                "profile": {
                    "login": "ann@example.com",
                    "firstName": "Ann",
                    "lastName": "Lee",
                    "locale": "en",
                    "timeZone": "America/Los_Angeles",
                },
            }
        },
        "_links": {
            "cancel": {"href": f"{BASE}/api/v1/authn/cancel", "hints": {"allow": ["POST"]}},
        },
    }


def test_relay_state_comes_back(browser: Browser) -> None:
    answer = call(browser, "POST", "/api/v1/authn", {**ANN, "relayState": "/go/on"})

    assert decoded(answer.body)["relayState"] == "/go/on"


@pytest.mark.parametrize("change", [{"password": "x"}, {"username": "nobody"}, {"password": "x" * 9_000}])
def test_a_wrong_half_is_not_told_from_the_other(browser: Browser, change: dict[str, str]) -> None:
    answer = call(browser, "POST", "/api/v1/authn", {**ANN, **change})

    body = decoded(answer.body)
    assert answer.status == 401
    assert body.pop("errorId").startswith("oae")
    assert body == {
        "errorCode": "E0000004",
        "errorSummary": "Authentication failed",
        "errorLink": "E0000004",
        "errorCauses": [],
    }


@pytest.mark.parametrize("body", [{}, {"username": "a"}, {"username": 7, "password": "x"}, {"stateToken": ""}])
def test_what_is_missing_is_named(browser: Browser, body: dict[str, Any]) -> None:
    answer = call(browser, "POST", "/api/v1/authn", body)

    assert (answer.status, decoded(answer.body)["errorCode"]) == (400, "E0000001")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"a":"\xff"}', b"[" * 60_000, b" " * 70_000])
def test_what_is_no_json_object_is_refused(browser: Browser, body: bytes) -> None:
    answer = browser.send("POST", "/api/v1/authn", body, content_type="application/json")

    assert (answer.status, decoded(answer.body)["errorCode"]) == (400, "E0000003")


def test_a_form_of_another_site_cannot_send_json(browser: Browser) -> None:
    answer = call(browser, "POST", "/api/v1/authn", ANN, content_type="text/plain")

    assert decoded(answer.body)["errorCode"] == "E0000003"


def test_other_methods_are_refused(browser: Browser) -> None:
    answer = call(browser, "GET", "/api/v1/authn")

    assert (answer.status, header(answer, "allow")) == (405, "POST")
    assert decoded(answer.body)["errorCode"] == "E0000022"


# An expired password.


def expired() -> tuple[Browser, dict[str, Any]]:
    browser = Browser(Hosted(user={"status": "PASSWORD_EXPIRED"}))
    return browser, decoded(call(browser, "POST", "/api/v1/authn", ANN).body)


def change(browser: Browser, state: str, **changes: str) -> Response:
    body = {"stateToken": state, "oldPassword": PASSWORD, "newPassword": NEW_PASSWORD} | changes
    return call(browser, "POST", "/api/v1/authn/credentials/change_password", body)


def test_an_expired_password_is_changed_with_a_state_token() -> None:
    browser, state = expired()

    answer = change(browser, state["stateToken"])

    assert state["status"] == "PASSWORD_EXPIRED"
    assert state["_links"]["next"]["href"] == f"{BASE}/api/v1/authn/credentials/change_password"
    assert decoded(answer.body)["status"] == "SUCCESS"
    assert browser.hosted.storage.users.get("00uA").status == "ACTIVE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"oldPassword": "x"}, "E0000014"),
        ({"newPassword": "short"}, "E0000080"),
        ({"newPassword": PASSWORD}, "E0000080"),
    ],
)
def test_a_change_that_is_refused_can_be_tried_again(changes: dict[str, str], code: str) -> None:
    browser, state = expired()

    refused = change(browser, state["stateToken"], **changes)

    assert (refused.status, decoded(refused.body)["errorCode"]) == (403, code)
    assert change(browser, state["stateToken"]).status == 200


def test_a_state_token_is_good_for_one_change_and_for_nothing_else() -> None:
    browser, state = expired()
    token = state["stateToken"]
    as_session = call(browser, "POST", "/api/v1/sessions", {"sessionToken": token})
    as_page = browser.get(f"/password?state={token}")

    first, second = (
        change(browser, token),
        change(browser, token, oldPassword=NEW_PASSWORD, newPassword="Other-Horse-9"),
    )

    assert (as_session.status, as_page.status) == (401, 400)
    assert (first.status, second.status) == (200, 401)


def test_a_session_token_is_no_state_token(browser: Browser) -> None:
    token = decoded(call(browser, "POST", "/api/v1/authn", ANN).body)["sessionToken"]

    assert change(browser, token).status == 401


# Sessions.


def started(browser: Browser) -> Response:
    token = decoded(call(browser, "POST", "/api/v1/authn", ANN).body)["sessionToken"]
    return call(browser, "POST", "/api/v1/sessions", {"sessionToken": token})


def test_a_session_token_starts_a_session_once(hosted: Hosted, browser: Browser) -> None:
    token = decoded(call(browser, "POST", "/api/v1/authn", ANN).body)["sessionToken"]
    first, second = (call(browser, "POST", "/api/v1/sessions", {"sessionToken": token}) for _ in range(2))

    body = decoded(first.body)
    (session,) = hosted.storage.sessions.records.values()
    assert (first.status, second.status) == (200, 401)
    assert body.pop("_links").keys() == {"self", "refresh", "user"}
    assert body == {
        "id": session.id,
        "userId": "00uA",
        "login": "ann@example.com",
        "createdAt": "2099-12-03T16:53:20.000Z",
        "expiresAt": "2099-12-03T18:53:20.000Z",
        "status": "ACTIVE",
        "lastPasswordVerification": "2099-12-03T16:53:20.000Z",
        "lastFactorVerification": None,
        "amr": ["pwd"],
        "idp": {"id": "00oAuthmintAuthmint0", "type": "OKTA"},
        "mfaActive": False,
    }


def test_a_session_token_expires(hosted: Hosted, browser: Browser) -> None:
    token = decoded(call(browser, "POST", "/api/v1/authn", ANN).body)["sessionToken"]
    hosted.clock.advance(seconds=300)  # type: ignore[attr-defined]

    assert call(browser, "POST", "/api/v1/sessions", {"sessionToken": token}).status == 401


def test_a_session_token_of_a_user_who_was_suspended_is_worth_nothing(hosted: Hosted, browser: Browser) -> None:
    from dataclasses import replace

    token = decoded(call(browser, "POST", "/api/v1/authn", ANN).body)["sessionToken"]
    users = hosted.storage.users
    users.save(users.get("00uA"), replace(users.get("00uA"), status="SUSPENDED"), [])

    assert call(browser, "POST", "/api/v1/sessions", {"sessionToken": token}).status == 401


def test_a_session_is_shown_refreshed_and_closed_by_its_cookie(hosted: Hosted, browser: Browser) -> None:
    started(browser)
    hosted.clock.advance(seconds=30)  # type: ignore[attr-defined]

    shown = decoded(call(browser, "GET", "/api/v1/sessions/me").body)
    refreshed = decoded(call(browser, "POST", "/api/v1/sessions/me/lifecycle/refresh").body)
    closed = call(browser, "DELETE", "/api/v1/sessions/me")

    assert shown["expiresAt"] == "2099-12-03T18:53:20.000Z"
    assert refreshed["expiresAt"] == "2099-12-03T18:53:50.000Z"
    assert (closed.status, closed.body) == (204, b"")
    assert hosted.storage.sessions.records == {}


CALLS = [("GET", ""), ("DELETE", ""), ("POST", "/lifecycle/refresh")]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_a_session_there_is_none(browser: Browser, method: str, path: str) -> None:
    answer = call(browser, method, f"/api/v1/sessions/me{path}")

    assert answer.status == 404
    assert decoded(answer.body)["errorSummary"] == "Not found: Resource not found: me (Session)"


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec_fetch_site": "same-site"}, {"origin": "null"}]
)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_other_sites_cannot_use_the_cookie(
    hosted: Hosted, browser: Browser, headers: dict[str, str], method: str, path: str
) -> None:
    started(browser)

    answer = call(browser, method, f"/api/v1/sessions/me{path}", **headers)

    assert answer.status == 403
    assert not any(name.startswith("access-control") for name, _ in answer.headers)
    assert len(hosted.storage.sessions.records) == 1


def test_its_own_pages_can_use_the_cookie(browser: Browser) -> None:
    started(browser)

    answer = call(browser, "GET", "/api/v1/sessions/me", origin=BASE, sec_fetch_site="same-origin")

    assert answer.status == 200


def test_a_session_of_the_api_is_a_session_of_the_pages(hosted: Hosted, browser: Browser) -> None:
    started(browser)

    assert "ann@example.com" in browser.get("/signin").body.decode()


def test_a_visitor_of_the_endpoint_is_ours(hosted: Hosted, browser: Browser) -> None:
    from authmint.http import Request

    assert isinstance(hosted.browsers.visitor(Request("GET", "/"), now=hosted.clock.now()), Visitor)
