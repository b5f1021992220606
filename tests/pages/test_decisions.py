"""Consent, devices and sign-out: what people decide on pages."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.builders import a_resource

from .hosted import HANDLE, NEWS, READ, REDIRECT_URI, Browser, Hosted, header, shown


@pytest.fixture
def hosted() -> Hosted:
    return Hosted()


@pytest.fixture
def browser(hosted: Hosted) -> Browser:
    browser = Browser(hosted)
    browser.sign_in()
    return browser


def answers(hosted: Hosted) -> dict[str, str]:
    return {consent.scope: consent.answer for consent in hosted.storage.consents.of_user("00uA")}


# Consent.


def test_the_question_says_who_asks_for_what_and_as_whom(browser: Browser) -> None:
    text = shown(browser.get(f"/consent?request={HANDLE}"))

    for part in ("Give Orders access?", "See your orders", "It can buy things in your name.", "Send you news"):
        assert part in text
    assert "ann@example.com" in text
    assert "app.example.org" in text


def test_allowing_remembers_every_answer(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/consent?request={HANDLE}")

    answer = browser.post("/consent", decision="allow")

    assert (answer.status, header(answer, "location")) == (303, hosted.waiting.resume_uri)
    assert answers(hosted) == {"orders:read": "GRANTED", "orders:write": "GRANTED", "news": "SKIPPED"}


def test_a_question_about_resources_names_them_and_its_answer_is_about_each(hosted: Hosted, browser: Browser) -> None:
    mcp, files = a_resource("https://mcp.example.com/mcp", name="Notes <b>"), a_resource("urn:f", "orders:read")
    hosted.waiting.resources = (mcp, files)
    text = shown(browser.get(f"/consent?request={HANDLE}"))
    assert all(part in text for part in ("This is for:", "Notes &lt;b&gt;", mcp.uri, files.uri))

    browser.post("/consent", decision="allow", optional="news")

    said = sorted((c.scope, c.resource or "", c.answer) for c in hosted.storage.consents.of_user("00uA"))
    assert said == [
        ("news", mcp.uri, "GRANTED"),
        ("orders:read", mcp.uri, "GRANTED"),
        ("orders:read", files.uri, "GRANTED"),
        ("orders:write", mcp.uri, "GRANTED"),
    ]


def test_resources_that_changed_meanwhile_are_asked_about_again(hosted: Hosted, browser: Browser) -> None:
    hosted.waiting.resources = (a_resource("https://a.example"),)
    browser.get(f"/consent?request={HANDLE}")
    hosted.waiting.resources = (a_resource("https://b.example"),)

    answer = browser.post("/consent", decision="allow")

    assert (answer.status, answers(hosted)) == (200, {})
    assert "https://b.example" in shown(answer)


def test_optional_scopes_are_given_where_they_are_chosen(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/consent?request={HANDLE}")

    browser.post("/consent", decision="allow", optional="news")

    assert answers(hosted)["news"] == "GRANTED"


def test_what_was_not_asked_about_cannot_be_chosen(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/consent?request={HANDLE}")

    browser.post("/consent", decision="allow", optional="admin")

    assert "admin" not in answers(hosted)


def test_denying_tells_the_client_and_remembers_nothing(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/consent?request={HANDLE}")

    answer = browser.post("/consent", decision="deny")

    assert header(answer, "location") == f"{REDIRECT_URI}?error=access_denied"
    assert hosted.authorizations.denied == [HANDLE]
    assert answers(hosted) == {}


@pytest.mark.parametrize("changes", [{"csrf": "x"}, {"decision": ""}, {"decision": "perhaps"}])
def test_what_is_no_decision_changes_nothing(hosted: Hosted, browser: Browser, changes: dict[str, str]) -> None:
    browser.get(f"/consent?request={HANDLE}")

    answer = browser.post("/consent", **{"decision": "allow"} | changes)

    assert answer.status == 400
    assert answers(hosted) == {}


def test_a_question_shown_to_one_user_is_not_answered_by_the_next(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/consent?request={HANDLE}")
    fields = browser.fields
    hosted.storage.sessions.end_all("00uA")
    browser.sign_in("/signin")

    answer = browser.post_pairs("/consent", (fields | {"decision": "allow"}).items())

    assert answer.status == 400
    assert answers(hosted) == {}


def test_another_browser_cannot_answer(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/consent?request={HANDLE}")
    other = Browser(hosted)
    other.sign_in("/signin")

    assert other.get(f"/consent?request={HANDLE}").status == 400
    assert other.post("/consent", request=HANDLE, decision="allow").status == 400
    assert answers(hosted) == {}


def test_scopes_that_changed_meanwhile_are_asked_about_again(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/consent?request={HANDLE}")
    hosted.waiting.scopes = (READ, replace(NEWS, optional=False))

    answer = browser.post("/consent", decision="allow")

    assert answer.status == 200
    assert answers(hosted) == {}


@pytest.mark.parametrize("why", ["nobody", "nothing to ask"])
def test_without_a_question_the_endpoint_decides(hosted: Hosted, why: str) -> None:
    browser = Browser(hosted)
    if why == "nothing to ask":
        browser.sign_in()
        hosted.waiting.scopes = ()

    answer = browser.get(f"/consent?request={HANDLE}")

    assert (answer.status, header(answer, "location")) == (303, hosted.waiting.resume_uri)


# Devices.


def asked(browser: Browser, user_code: str) -> Any:
    browser.get("/activate")
    return browser.post("/activate", user_code=user_code)


def test_who_is_not_signed_in_signs_in_first_and_keeps_the_code(hosted: Hosted) -> None:
    browser = Browser(hosted)
    to_sign_in = header(browser.get("/activate?user_code=WDJB-MJHT"), "location")

    back = header(browser.sign_in(to_sign_in), "location")
    browser.get(back)

    assert (to_sign_in, back) == ("/signin?activate=WDJBMJHT", "/activate?user_code=WDJBMJHT")
    assert browser.fields["user_code"] == "WDJB-MJHT"


@pytest.mark.parametrize("typed", ["WDJBMJHT", "wdjb-mjht", " WDJB MJHT ", "wdj8.mjht", "WDJB–MJHT"])
def test_a_code_is_known_however_it_is_typed(hosted: Hosted, browser: Browser, typed: str) -> None:
    hosted.a_device()

    text = shown(asked(browser, typed))

    assert "Connect Orders?" in text
    assert "WDJB-MJHT" in text
    assert "See your orders" in text


def test_allowing_says_who_and_how_and_from_which_session(hosted: Hosted, browser: Browser) -> None:
    device = hosted.a_device()
    asked(browser, "WDJB-MJHT")

    answer = browser.post("/activate", decision="allow")

    (session,) = hosted.storage.sessions.records.values()
    decided = hosted.storage.device_codes.get(device.digest)
    assert "Your device is connected" in shown(answer)
    assert (decided.status, decided.user_id, decided.session_id) == ("APPROVED", "00uA", session.id)
    assert (decided.auth_time, decided.amr) == (session.auth_time, ("pwd",))


def test_denying_is_final(hosted: Hosted, browser: Browser) -> None:
    device = hosted.a_device()
    asked(browser, "WDJB-MJHT")
    fields = browser.fields

    answer = browser.post("/activate", decision="deny")
    again = browser.post_pairs("/activate", (fields | {"decision": "allow"}).items())

    assert "was not connected" in shown(answer)
    assert again.status == 422
    assert hosted.storage.device_codes.get(device.digest).status == "DENIED"


CODES: dict[str, dict[str, Any]] = {
    "unknown": {"user_code": "BCDFGHJK"},
    "expired": {"expires_at": 1},
    "decided": {"status": "APPROVED"},
    "of a deleted client": {"client_id": "0oaGone"},
    "of a deleted server": {"server_id": "ausGone"},
}


@pytest.mark.parametrize("changes", CODES.values(), ids=CODES.keys())
def test_a_code_that_is_not_good_says_no_more(hosted: Hosted, browser: Browser, changes: dict[str, Any]) -> None:
    hosted.a_device(**changes)

    answer = asked(browser, "WDJB-MJHT")

    assert answer.status == 422
    assert "This code is wrong or has expired" in shown(answer)


def test_a_link_decides_nothing(hosted: Hosted, browser: Browser) -> None:
    device = hosted.a_device()

    browser.get("/activate?user_code=WDJBMJHT&decision=allow")

    assert hosted.storage.device_codes.get(device.digest).status == "PENDING"
    assert "Connect Orders?" not in shown(browser.answer)


@pytest.mark.parametrize("changes", [{"csrf": "x"}, {"user_code": "BCDFGHJK"}, {"decision": "perhaps"}])
def test_a_decision_is_about_the_code_that_was_shown(hosted: Hosted, browser: Browser, changes: dict[str, str]) -> None:
    devices = [hosted.a_device(), hosted.a_device("BCDFGHJK")]
    asked(browser, "WDJB-MJHT")

    answer = browser.post("/activate", **{"decision": "allow"} | changes)

    assert answer.status == 400
    assert {hosted.storage.device_codes.get(device.digest).status for device in devices} == {"PENDING"}


def test_guessing_ends_after_twenty_attempts_for_a_while(hosted: Hosted, browser: Browser) -> None:
    hosted.a_device()
    statuses = [asked(browser, "BCDFGHJK").status for _ in range(21)]
    other = Browser(hosted)
    other.sign_in("/signin")

    right = [asked(one, "WDJB-MJHT").status for one in (browser, other)]
    hosted.clock.advance(seconds=600)  # type: ignore[attr-defined]
    hosted.a_device("BCDFGHJM")
    later = asked(browser, "BCDFGHJM").status

    assert statuses == [422] * 20 + [429]
    assert right == [429, 429]
    assert later == 200


def test_who_may_not_use_the_client_cannot_let_its_device_in() -> None:
    hosted = Hosted(client={"implicit_assignment": False})
    browser = Browser(hosted)
    browser.sign_in("/signin")
    device = hosted.a_device()
    asked(browser, "WDJB-MJHT")

    answer = browser.post("/activate", decision="allow")

    assert answer.status == 403
    assert hosted.storage.device_codes.get(device.digest).status == "PENDING"


# Sign-out.


def test_signing_out_is_asked_and_done(hosted: Hosted, browser: Browser) -> None:
    browser.get("/signout")
    before = len(hosted.storage.sessions.records)

    answer = browser.post("/signout")

    assert "You are signed out" in shown(answer)
    assert (before, len(hosted.storage.sessions.records)) == (1, 0)
    assert "__Host-authmint-session" not in browser.cookies


def test_nobody_is_signed_out_by_another_site(hosted: Hosted, browser: Browser) -> None:
    browser.get("/signout")

    browser.post_pairs("/signout", [])

    assert browser.answer.status == 400
    assert len(hosted.storage.sessions.records) == 1


def test_who_is_not_signed_in_is_signed_out() -> None:
    assert "You are signed out" in shown(Browser(Hosted()).get("/signout"))
