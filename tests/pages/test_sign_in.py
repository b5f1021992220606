"""Signing in with username and password."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.directory.passwords import PasswordPolicy
from authmint.http import Request
from authmint.storage.errors import Unavailable

from tests.support.builders import SERVER_ID

from .hosted import HANDLE, NEW_PASSWORD, PASSWORD, Browser, Hosted, header, shown

SESSION = "__Host-authmint-session"
BROWSER = "__Host-authmint-browser"


@pytest.fixture
def hosted() -> Hosted:
    return Hosted()


@pytest.fixture
def browser(hosted: Hosted) -> Browser:
    return Browser(hosted)


def test_the_right_password_starts_a_session_and_goes_back_to_the_request(hosted: Hosted, browser: Browser) -> None:
    answer = browser.sign_in()

    assert (answer.status, header(answer, "location")) == (303, f"/resume?request={HANDLE}")
    (session,) = hosted.storage.sessions.records.values()
    assert (session.user_id, session.auth_time, session.amr) == ("00uA", hosted.clock.now(), ("pwd",))
    assert browser.cookies[SESSION] not in {session.digest, session.id, session.csrf}


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    browser.get("/signin")
    named = [value for name, value in browser.answer.headers if name == "set-cookie"]

    signed_in = browser.post("/signin", username="ann@example.com", password=PASSWORD)

    named += [value for name, value in signed_in.headers if name == "set-cookie"]
    assert [value.partition("=")[0] for value in named] == [BROWSER, SESSION]
    assert {value.partition("; ")[2] for value in named} == {"Path=/; HttpOnly; SameSite=Lax; Secure"}


def test_the_local_stack_has_cookies_that_plain_http_can_carry(hosted: Hosted) -> None:
    browser = Browser(hosted, base_url="http://127.0.0.1:8080")

    browser.sign_in()

    assert set(browser.cookies) == {"authmint-session", "authmint-browser"}
    assert "Secure" not in header(browser.answer, "set-cookie")


def test_who_comes_with_a_dead_session_can_sign_in_again(hosted: Hosted, browser: Browser) -> None:
    browser.sign_in()
    hosted.storage.sessions.end_all("00uA")

    answer = browser.sign_in()

    assert answer.status == 303
    assert browser.get("/signin").status == 200
    assert "You are signed in" in shown(browser.answer)


def test_every_sign_in_has_a_new_session_and_the_one_before_ends(hosted: Hosted, browser: Browser) -> None:
    browser.sign_in()
    first = browser.cookies[SESSION]
    hosted.waiting.must_sign_in = True
    page = browser.get("/signin")
    assert page.status == 200

    browser.cookies.pop(SESSION)
    browser.get("/signin")
    browser.cookies[SESSION] = first
    browser.post("/signin", username="ann@example.com", password=PASSWORD)

    assert browser.cookies[SESSION] != first
    assert len(hosted.storage.sessions.records) == 1


FAILURES: dict[str, dict[str, Any]] = {
    "wrong password": {"password": "Wrong-Horse-7"},
    "no such user": {"username": "nobody@example.com"},
    "nothing": {"username": "", "password": ""},
    "huge": {"username": "x" * 20_000, "password": "y" * 20_000},
    "odd characters": {"username": "ann\x00@example.com", "password": "\u202e"},
}


@pytest.mark.parametrize("changes", FAILURES.values(), ids=FAILURES.keys())
def test_every_failure_says_the_same(hosted: Hosted, browser: Browser, changes: dict[str, str]) -> None:
    browser.get(f"/signin?request={HANDLE}")

    answer = browser.post("/signin", **({"username": "ann@example.com", "password": PASSWORD} | changes))

    assert answer.status == 403
    assert "Username and password don’t match, or this account can’t sign in now." in shown(answer)
    assert SESSION not in browser.cookies


def test_a_locked_user_sees_what_others_see_also_with_the_right_password(hosted: Hosted, browser: Browser) -> None:
    browser.get("/signin")
    answers = [browser.post("/signin", username="ann@example.com", password="Wrong-Horse-7") for _ in range(11)]

    last = browser.post("/signin", username="ann@example.com", password=PASSWORD)

    assert hosted.storage.users.get("00uA").status == "LOCKED_OUT"
    assert len({shown(answer) for answer in (*answers, last)}) == 1


@pytest.mark.parametrize("status", ["SUSPENDED", "STAGED", "DEPROVISIONED", "LOCKED_OUT"])
def test_who_cannot_sign_in_is_told_nothing_more(status: Any) -> None:
    browser = Browser(Hosted(user={"status": status}))

    assert browser.sign_in().status == 403


def test_a_hint_fills_the_form_in_and_an_answer_keeps_what_was_typed(hosted: Hosted, browser: Browser) -> None:
    hosted.waiting.login_hint = "bob@example.com"

    browser.get(f"/signin?request={HANDLE}")
    hinted = browser.fields["username"]
    browser.post("/signin", username="ann@example.com", password="Wrong-Horse-7")

    assert hinted == "bob@example.com"
    assert browser.fields["username"] == "ann@example.com"
    assert browser.fields["password"] == ""


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\u00e9"])
def test_a_form_of_somebody_else_changes_nothing(hosted: Hosted, browser: Browser, token: str) -> None:
    browser.get("/signin")

    answer = browser.post("/signin", username="ann@example.com", password="Wrong-Horse-7", csrf=token)

    assert answer.status == 400
    assert "Nothing was changed" in shown(answer)
    assert hosted.storage.users.get("00uA").failed_attempts == 0


def test_a_form_is_for_the_browser_and_the_request_that_it_was_made_for(hosted: Hosted, browser: Browser) -> None:
    browser.get("/signin")
    token = browser.fields["csrf"]
    other = Browser(hosted)
    other.get("/signin")

    elsewhere = other.post("/signin", username="ann@example.com", password=PASSWORD, csrf=token)
    for_another = browser.post("/signin", username="ann@example.com", password=PASSWORD, request=HANDLE, csrf=token)

    assert (elsewhere.status, for_another.status) == (400, 400)
    assert hosted.storage.sessions.records == {}


def test_a_browser_without_cookies_is_told_so(hosted: Hosted, browser: Browser) -> None:
    browser.get("/signin")
    browser.cookies.clear()

    answer = browser.post("/signin", username="ann@example.com", password=PASSWORD)

    assert answer.status == 400
    assert "does not keep cookies" in shown(answer)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_post_from_elsewhere_is_refused_by_what_the_browser_says(browser: Browser, site: str) -> None:
    browser.get("/signin")
    browser.headers["sec_fetch_site"] = site

    assert browser.post("/signin", username="ann@example.com", password=PASSWORD).status == 400


def test_another_browser_cannot_go_on_with_a_request(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/signin?request={HANDLE}")

    answer = Browser(hosted).get(f"/signin?request={HANDLE}")

    assert answer.status == 400
    assert "invalid_request" in shown(answer)


@pytest.mark.parametrize("handle", ["", "x" * 5_000, "a b", "../x", "a%0d%0aset-cookie:x=y"])
def test_what_is_no_handle_leads_nowhere_in_particular(browser: Browser, handle: str) -> None:
    answer = browser.get(f"/signin?request={handle}&next=https://evil.example")

    assert answer.status == 200
    assert "evil" not in answer.body.decode()


BODIES: dict[str, tuple[str, bytes]] = {
    "wrong type": ("application/json", b"{}"),
    "not ASCII": ("application/x-www-form-urlencoded", b"username=\xff"),
    "too large": ("application/x-www-form-urlencoded", b"x" * 70_000),
    "too many": ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 1_000)),
    "not UTF-8": ("application/x-www-form-urlencoded", b"username=%ff"),
    "repeated": ("application/x-www-form-urlencoded", b"csrf=a&csrf=b"),
    "empty": ("application/x-www-form-urlencoded", b""),
}


@pytest.mark.parametrize("path", ["/signin", "/password", "/consent", "/activate", "/signout"])
@pytest.mark.parametrize(("content_type", "body"), BODIES.values(), ids=BODIES.keys())
def test_what_is_no_form_of_ours_is_refused(browser: Browser, path: str, content_type: str, body: bytes) -> None:
    browser.sign_in("/signin")

    answer = browser.send("POST", path, body, content_type=content_type)

    assert answer.status == 400


def test_the_first_page_leads_to_the_documents_of_the_servers(hosted: Hosted, browser: Browser) -> None:
    documents = f"/oauth2/{SERVER_ID}/.well-known/openid-configuration"
    local = Request("GET", "/", "http://127.0.0.1:8080")

    shown_locally = hosted.site(local)
    answer = browser.get("/")

    assert shown_locally is not None
    assert f"http://127.0.0.1:8080{documents}" in shown_locally.body.decode()
    assert answer.status == 200
    assert documents not in answer.body.decode(), "on the internet only the default server is named"
    assert (browser.send("POST", "/").status, header(browser.send("POST", "/"), "allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(browser: Browser, method: str) -> None:
    answer = browser.send(method, "/signin")

    assert (answer.status, header(answer, "allow")) == (405, "GET, HEAD, POST")


def test_other_paths_are_of_others(hosted: Hosted, browser: Browser) -> None:
    from authmint.http import Request

    assert hosted.site(Request("GET", "/elsewhere")) is None


def test_storage_that_cannot_answer_is_a_page_too(
    hosted: Hosted, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Unavailable

    browser.get("/signin")
    monkeypatch.setattr(hosted.storage.directory, "by_login", down)

    answer = browser.post("/signin", username="ann@example.com", password=PASSWORD)

    assert (answer.status, header(answer, "retry-after")) == (503, "2")


# Sessions.


def test_a_session_ends_when_it_is_idle_and_in_any_case(hosted: Hosted, browser: Browser) -> None:
    browser.sign_in("/signin")
    alive = []
    for _ in range(13):
        hosted.clock.advance(seconds=3_500)  # type: ignore[attr-defined]
        alive.append("You are signed in" in shown(browser.get("/signin")))

    assert alive == [True] * 12 + [False]


def test_an_idle_session_is_dead(hosted: Hosted, browser: Browser) -> None:
    browser.sign_in("/signin")

    hosted.clock.advance(seconds=7_200)  # type: ignore[attr-defined]
    browser.get("/signin")

    assert SESSION not in browser.cookies
    assert "You are signed in" not in shown(browser.answer)


def test_use_is_noted_once_a_minute_at_most(hosted: Hosted, browser: Browser) -> None:
    browser.sign_in("/signin")
    seen = []
    for seconds in (30, 29, 1):
        hosted.clock.advance(seconds=seconds)  # type: ignore[attr-defined]
        browser.get("/signin")
        seen += [session.last_seen_at for session in hosted.storage.sessions.records.values()]

    start = hosted.clock.now() - 60
    assert seen == [start, start, start + 60]


@pytest.mark.parametrize("change", ["suspended", "suspended and back", "password", "deleted"])
def test_a_session_ends_with_a_change_of_its_user(hosted: Hosted, browser: Browser, change: str) -> None:
    browser.sign_in("/signin")
    hosted.clock.advance(seconds=5)  # type: ignore[attr-defined]
    users, now = hosted.storage.users, hosted.clock.now()
    ann = users.get("00uA")
    assert ann.password is not None
    if change == "deleted":
        users.delete(ann, [])
    elif change == "password":
        users.save(ann, replace(ann, password=replace(ann.password, changed_at=now)), [])
    else:
        users.save(ann, replace(ann, status="SUSPENDED", status_changed_at=now), [])
        if change == "suspended and back":
            gone = users.get("00uA")
            users.save(gone, replace(gone, status="ACTIVE", status_changed_at=now + 1), [])

    answer = browser.get("/signin")

    assert "You are signed in" not in shown(answer)


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 44, "é" * 43])
def test_a_planted_session_cookie_is_nothing(browser: Browser, value: str) -> None:
    browser.cookies[SESSION] = value

    assert "You are signed in" not in shown(browser.get("/signin"))


# An expired password.


@pytest.fixture
def expired() -> Browser:
    return Browser(Hosted(user={"status": "PASSWORD_EXPIRED"}))


def to_password(browser: Browser) -> str:
    answer = browser.sign_in()
    assert answer.status == 303
    target = header(answer, "location")
    assert target.startswith("/password?state=")
    browser.get(target)
    return target


def test_an_expired_password_is_changed_and_then_somebody_is_signed_in(expired: Browser) -> None:
    to_password(expired)
    assert SESSION not in expired.cookies

    answer = expired.post("/password", new=NEW_PASSWORD, repeated=NEW_PASSWORD)

    ann = expired.hosted.storage.users.get("00uA")
    assert (answer.status, header(answer, "location")) == (303, f"/resume?request={HANDLE}")
    assert ann.status == "ACTIVE"
    assert ann.password is not None
    assert expired.hosted.hashes.fits(NEW_PASSWORD, ann.password.hash)
    assert "user.account.update_password" in [event.type for event in expired.hosted.storage.events]
    assert "You are signed in" in shown(expired.get("/signin"))


UNSUITABLE: dict[str, tuple[str, str, str]] = {
    "short": ("Ab1", "Ab1", "at least 8 characters"),
    "long": ("Ab1" * 100, "Ab1" * 100, "at most 256 characters"),
    "plain": ("abcdefgh", "abcdefgh", "an uppercase letter"),
    "the same": (PASSWORD, PASSWORD, "none of your last 4 passwords"),
    "unlike": (NEW_PASSWORD, NEW_PASSWORD + "x", "Both passwords are the same"),
}


@pytest.mark.parametrize(("new", "repeated", "text"), UNSUITABLE.values(), ids=UNSUITABLE.keys())
def test_what_a_new_password_lacks_is_shown(expired: Browser, new: str, repeated: str, text: str) -> None:
    to_password(expired)

    answer = expired.post("/password", new=new, repeated=repeated)

    assert answer.status == 422
    assert text in shown(answer)
    assert expired.post("/password", new=NEW_PASSWORD, repeated=NEW_PASSWORD).status == 303


def test_a_proof_is_for_one_change_in_one_browser_for_ten_minutes(expired: Browser) -> None:
    target = to_password(expired)
    fields = expired.fields | {"new": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    elsewhere = Browser(expired.hosted).get(target)

    used = expired.post("/password", **fields)
    again = expired.post("/password", **fields | {"new": "Another-Horse-9", "repeated": "Another-Horse-9"})

    assert (elsewhere.status, used.status, again.status) == (400, 303, 400)


def test_a_proof_expires(expired: Browser) -> None:
    to_password(expired)
    expired.hosted.clock.advance(seconds=600)  # type: ignore[attr-defined]

    answer = expired.post("/password", new=NEW_PASSWORD, repeated=NEW_PASSWORD)

    assert answer.status == 400
    assert expired.hosted.storage.users.get("00uA").status == "PASSWORD_EXPIRED"


@pytest.mark.parametrize("status", ["SUSPENDED", "LOCKED_OUT", "DEPROVISIONED"])
def test_a_proof_of_somebody_who_was_stopped_meanwhile_is_worth_nothing(expired: Browser, status: Any) -> None:
    to_password(expired)
    users = expired.hosted.storage.users
    users.save(users.get("00uA"), replace(users.get("00uA"), status=status), [])

    answer = expired.post("/password", new=NEW_PASSWORD, repeated=NEW_PASSWORD)

    assert answer.status == 400
    assert users.get("00uA").status == status


def test_a_warning_is_left_at_that_or_a_new_password_is_chosen() -> None:
    hosted = Hosted(policy=PasswordPolicy(max_age=86_400, warning=86_400))
    browser = Browser(hosted)
    to_password(browser)
    assert "Your password expires on" in shown(browser.answer)
    assert SESSION not in browser.cookies
    assert browser.post("/password", act="later", csrf="x").status == 400

    browser.get(header(browser.sign_in(), "location"))
    later = browser.post("/password", act="later")

    assert (later.status, header(later, "location")) == (303, f"/resume?request={HANDLE}")
    assert SESSION in browser.cookies
    other = Browser(hosted)
    other.get(header(other.sign_in("/signin"), "location"))
    changed = other.post("/password", new=NEW_PASSWORD, repeated=NEW_PASSWORD)
    assert (changed.status, SESSION in other.cookies) == (303, True)


def test_nobody_leaves_it_at_an_expired_password(expired: Browser) -> None:
    to_password(expired)

    assert expired.post("/password", act="later").status == 400
    assert SESSION not in expired.cookies


def test_the_handle_of_a_proof_is_no_handle_of_a_request(expired: Browser) -> None:
    state = to_password(expired).partition("=")[2]

    assert expired.get(f"/signin?request={state}").status == 400
    assert expired.get(f"/password?state={HANDLE}").status == 400
