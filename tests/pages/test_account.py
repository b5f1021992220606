"""``/account``: what people change of their own sign-in, and what they have to prove for it."""

from typing import Any

import pytest
from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.requirement import Demanded, Requirement
from authmint.storage.remembered_browsers import RememberedBrowser

from tests.support.apps import App
from tests.support.authenticator import SoftwareKey
from tests.support.fakes import FrozenClock

from .hosted import PASSWORD, Browser, Hosted, header, shown

TWO = Demanded(requirement=Requirement(assurances=(Assurance(two_factors=True),)))


def clock_of(browser: Browser) -> FrozenClock:
    assert isinstance(browser.hosted.clock, FrozenClock)
    return browser.hosted.clock


@pytest.fixture
def browser() -> Browser:
    """Ann's, who has just signed in by a password."""
    browser = Browser(Hosted())
    browser.sign_in("/signin")
    return browser


def app_of(browser: Browser) -> App:
    hosted = browser.hosted
    return App.of(hosted.factors.factors, hosted.storage.users.get("00uA"), clock_of(browser))[0]


def factors_of(browser: Browser) -> list[Any]:
    return list(browser.hosted.storage.factors.of("00uA"))


def at_account(browser: Browser) -> None:
    answer = browser.get("/account")
    assert answer.status == 200, answer


def test_who_is_not_signed_in_signs_in_first_and_comes_back() -> None:
    browser = Browser(Hosted())

    assert header(browser.get("/account"), "location") == "/signin?account=1"
    browser.get("/signin?account=1")
    answer = browser.post("/signin", username="ann@example.com", password=PASSWORD)
    assert header(answer, "location") == "/account"
    assert "ann@example.com" in shown(browser.get("/account"))


def test_an_old_session_proves_itself_anew_and_comes_back(browser: Browser) -> None:
    clock_of(browser).advance(seconds=301)

    answer = browser.get("/account")
    assert header(answer, "location").startswith("/challenge?state=")
    assert 'name="password"' in browser.get(header(answer, "location")).body.decode()
    answer = browser.post("/challenge", password=PASSWORD)
    assert header(answer, "location") == "/account"
    at_account(browser)


def test_an_app_is_added_and_counts_at_once(browser: Browser) -> None:
    at_account(browser)
    page = browser.post("/account", choose="totp").body.decode()
    app = App(page.split('id="enrol-secret"', 1)[1].split(">", 1)[1].split("<", 1)[0], browser.hosted.clock)

    wrong = browser.post("/account", act="set_up", code=app.wrong)
    assert (wrong.status, [factor.status for factor in factors_of(browser)]) == (422, ["PENDING_ACTIVATION"])
    answer = browser.post("/account", act="set_up", code=app.code)

    assert header(answer, "location") == "/account"
    assert [factor.status for factor in factors_of(browser)] == ["ACTIVE"]
    (session,) = browser.hosted.storage.sessions.records.values()
    assert session.amr == ("pwd", "otp", "mfa")
    at_account(browser)  # nothing has to be proved once more


def test_a_passkey_is_added_named_and_removed(browser: Browser) -> None:
    at_account(browser)
    browser.post("/account", choose="webauthn")
    options = browser.options
    answer = browser.post(
        "/account", act="set_up", **SoftwareKey(origin="https://acme.example.com").registered(options)
    )
    assert header(answer, "location") == "/account"

    at_account(browser)
    browser.post("/account", name="  My   key <b> ", act="rename")
    assert [factor.name for factor in factors_of(browser)] == ["My key <b>"]
    assert "My key &lt;b&gt;" in browser.get("/account").body.decode()
    browser.post("/account", act="remove")
    assert factors_of(browser) == []


def test_a_password_alone_does_not_open_what_a_factor_protects(browser: Browser) -> None:
    app = app_of(browser)

    answer = browser.get("/account")
    assert header(answer, "location").startswith("/challenge?state=")
    browser.get(header(answer, "location"))
    assert header(browser.post("/challenge", code=app.code), "location") == "/account"
    at_account(browser)


@pytest.mark.parametrize("act", ["remove", "rename", "codes", "everywhere", "set_up"])
def test_a_form_that_waited_too_long_changes_nothing(browser: Browser, act: str) -> None:
    app = app_of(browser)
    answer = browser.get("/account")
    browser.get(header(answer, "location"))
    browser.post("/challenge", code=app.code)
    at_account(browser)
    before = factors_of(browser)
    clock_of(browser).advance(seconds=301)

    answer = browser.post("/account", act=act)

    assert header(answer, "location").startswith("/challenge?state=")
    assert factors_of(browser) == before
    assert len(browser.hosted.storage.sessions.records) == 1


def test_forms_of_other_sites_change_nothing(browser: Browser) -> None:
    at_account(browser)

    assert browser.post("/account", csrf="x", act="everywhere").status == 400
    assert len(browser.hosted.storage.sessions.records) == 1


def test_what_a_policy_needs_is_not_removed(browser: Browser) -> None:
    app = app_of(browser)
    answer = browser.get("/account")
    browser.get(header(answer, "location"))
    browser.post("/challenge", code=app.code)
    browser.hosted.demands.sign_on = TWO
    at_account(browser)

    refused = browser.post("/account", act="remove")

    assert (refused.status, len(factors_of(browser))) == (409, 1)
    assert "could not sign in without it" in shown(refused)


def test_another_users_factor_is_not_there(browser: Browser) -> None:
    at_account(browser)
    browser.post("/account", choose="totp")
    theirs = browser.hosted.storage.factors.of("00uA")[0]
    browser.hosted.storage.factors.remove(theirs, [])

    answer = browser.post("/account", act="remove", factor="uftOfSomebodyElse000")

    assert header(answer, "location") == "/account"


def test_recovery_codes_are_shown_once(browser: Browser) -> None:
    at_account(browser)
    assert "account-codes" not in browser.answer.body.decode()  # they would be the only factor
    app = app_of(browser)
    browser.get(header(browser.get("/account"), "location"))
    browser.post("/challenge", code=app.code)
    at_account(browser)

    codes = browser.post("/account", act="codes").body.decode()

    assert codes.count("<li><code>") == 10
    assert "<li><code>" not in browser.get("/account").body.decode()
    assert "10 left" in shown(browser.answer)


def test_a_remembered_browser_is_forgotten(browser: Browser) -> None:
    now = browser.hosted.clock.now()
    records = browser.hosted.storage.remembered_browsers
    records.add(RememberedBrowser("d1", "00uA", now, now + 100, "<script>Firefox"))
    records.add(RememberedBrowser("d2", "00uA", now, now - 1, "gone"))
    at_account(browser)

    assert "&lt;script&gt;Firefox" in browser.answer.body.decode()
    assert "gone" not in shown(browser.answer)
    browser.post("/account", act="forget")
    assert [each.digest for each in records.of_user("00uA")] == ["d2"]


def test_all_sessions_end(browser: Browser) -> None:
    other = Browser(browser.hosted)
    other.sign_in("/signin")
    at_account(browser)

    browser.post("/account", act="everywhere")

    assert browser.hosted.storage.sessions.records == {}
    assert header(other.get("/account"), "location") == "/signin?account=1"
