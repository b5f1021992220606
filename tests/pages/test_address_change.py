"""Another address on ``/account``: proved there, told here, and good for nothing before."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.storage.factors import Factor
from authmint.storage.group_rules import GroupRule, RuleList
from authmint.storage.users import User

from tests.support.builders import a_group, a_user
from tests.support.fakes import FrozenClock

from .hosted import Browser, Hosted, by_mail, header, shown

NEW = "ann@new.example"


@pytest.fixture
def browser() -> Browser:
    """Ann's, at her account."""
    browser = Browser(Hosted())
    at_account(browser)
    return browser


def at_account(browser: Browser) -> None:
    browser.sign_in("/signin")
    assert browser.get("/account").status == 200


def ann(browser: Browser) -> User:
    return browser.hosted.storage.users.get("00uA")


def mails(browser: Browser) -> list[tuple[str, str]]:
    return [(mail.template, mail.to) for mail in browser.hosted.storage.outbox.mails]


def asked(browser: Browser, address: str = NEW) -> str:
    """The code that was mailed."""
    assert header(browser.post("/account", act="address", address=address), "location") == "/account"
    browser.get("/account")
    values: Any = browser.hosted.storage.outbox.mails[-2].values
    return str(values["verificationToken"])


def advance(browser: Browser, seconds: int) -> None:
    assert isinstance(browser.hosted.clock, FrozenClock)
    browser.hosted.clock.advance(seconds=seconds)


def test_an_address_is_proved_and_then_it_is_the_users(browser: Browser) -> None:
    hosted = browser.hosted
    assert "A code is on its way" not in shown(browser.get("/account"))
    code = asked(browser)
    assert mails(browser) == [("ChangeEmailConfirmation", NEW), ("PendingEmailChange", "ann@example.com")]
    assert ann(browser).email == "ann@example.com"
    assert "a...n@new.example" in shown(browser.answer)

    wrong = browser.post("/account", act="confirm", code="x" if code == "000000" else "000000")
    assert (wrong.status, ann(browser).email) == (422, "ann@example.com")
    done = browser.post("/account", act="confirm", code=f" {code[:3]} {code[3:]} ")

    assert header(done, "location") == "/account"
    assert (ann(browser).email, ann(browser).login) == (NEW, "ann@example.com")
    assert mails(browser)[2:] == [("EmailChangeConfirmation", "ann@example.com")]
    assert "user.account.update_primary_email" in [event.type for event in hosted.storage.events]
    browser.get("/account")
    again = browser.post("/account", act="confirm", code=code)
    assert (again.status, len(mails(browser))) == (422, 3)


def test_a_new_address_needs_no_word_of_attributes_that_became_unique_meanwhile(browser: Browser) -> None:
    """Who has no value of such an attribute is as they were before it became unique."""
    browser.hosted.storage.users.expect(None, 1)

    done = browser.post("/account", act="confirm", code=asked(browser))

    assert (done.status, ann(browser).email) == (303, NEW)


def test_rules_look_at_the_new_address(browser: Browser) -> None:
    storage = browser.hosted.storage
    storage.groups.add(a_group(id="00gNew"), [])
    rule = GroupRule("0prNew", "New", 0, 0, f'user.email == "{NEW}"', ("00gNew",), status="ACTIVE")
    storage.group_rules.save(RuleList(), RuleList(rules=(rule,)), [], rerun=True)

    browser.post("/account", act="confirm", code=asked(browser))

    assert "00gNew" in storage.directory.person("00uA").group_ids


@pytest.mark.parametrize("when", ["late", "guessed", "another session", "another address", "changed meanwhile"])
def test_a_code_is_good_in_time_in_its_session_for_its_address(browser: Browser, when: str) -> None:
    code, users = asked(browser), browser.hosted.storage.users
    form = browser.fields | {"act": "confirm", "code": code}
    if when == "late":
        advance(browser, 300)
        at_account(browser)
        form = browser.fields | {"act": "confirm", "code": code}
    elif when == "guessed":
        for _ in range(5):
            browser.post("/account", act="confirm", code="x")
    elif when == "another session":
        browser = Browser(browser.hosted)
        at_account(browser)
        form = browser.fields | {"act": "confirm", "code": code}
    elif when == "another address":
        advance(browser, 6)
        other = asked(browser, "other@new.example")
        assert other != code
    else:
        users.save(ann(browser), replace(ann(browser), profile={**ann(browser).profile, "email": "a@b.example"}), [])
    before = ann(browser).email

    answer = browser.post_pairs("/account", form.items())

    assert (answer.status, ann(browser).email) == (422, before)


def test_nothing_that_was_mailed_to_the_old_address_opens_anything_more(browser: Browser) -> None:
    hosted, now = browser.hosted, browser.hosted.clock.now()
    factor = Factor("emf1", "00uA", "email", "ACTIVE", now, now, "OKTA", address="ann@example.com")
    hosted.storage.factors.add(factor, [])
    stranger = Browser(hosted)
    stranger.get("/forgot")
    stranger.post("/forgot", username="ann@example.com")
    link = hosted.storage.outbox.mails[-1].values["resetPasswordLink"].removeprefix("https://acme.example.com")
    stranger.get(header(stranger.get(link), "location"))
    assert "ann@example.com" in stranger.answer.body.decode()

    browser.post("/account", act="confirm", code=asked(browser))
    by_mail(hosted.storage)

    assert ann(browser).email == NEW
    assert [f.id for f in hosted.storage.factors.of("00uA")] == []
    assert [f.address for f in hosted.user_factors.usable(ann(browser))] == [NEW]
    assert stranger.get("/recovery").status == 400


@pytest.mark.parametrize(
    "address", ["", "ann", "ANN@example.com", "a@b.example\r\nbcc: c@d.example", "a" * 99 + "@b.example"]
)
def test_what_is_no_other_address_is_not_asked(browser: Browser, address: str) -> None:
    assert browser.post("/account", act="address", address=address).status == 422
    assert mails(browser) == []


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"email": "bob@b.example"}, True),
        ({"email": "BOB@b.example", "status": "SUSPENDED"}, True),
        ({"login": "bob@b.example"}, True),
        ({"email": "bob@b.example", "status": "DEPROVISIONED"}, False),
        ({"email": "bob@b.example", "status": "STAGED"}, True),
    ],
)
def test_no_code_goes_to_an_address_that_somebody_else_has(
    browser: Browser, changes: dict[str, Any], held: bool
) -> None:
    values: dict[str, Any] = {"login": "bob", "email": "else@b.example", "status": "ACTIVE"} | changes
    profile = {"firstName": "B", "lastName": "B", "login": values["login"], "email": values["email"]}
    other = replace(a_user(id="00uB"), profile=profile, status=values["status"])
    browser.hosted.storage.users.add(other, [])

    answer = browser.post("/account", act="address", address="bob@b.example")

    assert header(answer, "location") == "/account"
    first, second = mails(browser)
    assert first == (("EmailChangeAttempt", other.email) if held else ("ChangeEmailConfirmation", "bob@b.example"))
    assert second == ("PendingEmailChange", "ann@example.com")
    assert held is all("verificationToken" not in mail.values for mail in browser.hosted.storage.outbox.mails)


def test_nobody_is_asked_more_often_than_five_times_an_hour(browser: Browser) -> None:
    answers = []
    for number in range(6):
        browser.get("/account")
        answers.append(browser.post("/account", act="address", address=f"a{number}@new.example").status)

    assert answers == [303] * 5 + [429]
    assert "retry-after" in dict(browser.answer.headers)


def test_where_no_mail_is_sent_nothing_is_offered() -> None:
    browser = Browser(Hosted(mail=False))
    at_account(browser)

    assert "address-change" not in browser.answer.body.decode()
    assert browser.post("/account", act="address", address=NEW).status == 422


@pytest.mark.parametrize("act", ["address", "confirm"])
def test_an_old_proof_changes_no_address(browser: Browser, act: str) -> None:
    code = asked(browser)
    advance(browser, 301)

    answer = browser.post("/account", act=act, code=code, address=NEW)

    assert header(answer, "location").startswith("/challenge?state=")
    assert ann(browser).email == "ann@example.com"
