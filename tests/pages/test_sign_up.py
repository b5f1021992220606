"""Strangers who make an account of their own."""

import re
from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Response
from authmint.policy.sign_on.defaults import IDS
from authmint.recovery.refusals import NotWelcome
from authmint.recovery.sign_up import LIFETIME
from authmint.storage.errors import Unavailable
from authmint.storage.group_rules import GroupRule, RuleList
from authmint.storage.outbox import Mail
from authmint.storage.roles import RoleAssignment
from authmint.storage.users import User

from tests.support.builders import a_group
from tests.support.sign_on_policies import welcoming

from .hosted import HANDLE, NEW_PASSWORD, Browser, Hosted, header, shown

SENT = "A mail with a link is on its way to that address."
BEA = {"profile.email": "Bea@example.org", "profile.firstName": "Bea", "profile.lastName": "Dee"}
ATTRIBUTES = (
    {"name": "email", "label": "Your address", "required": True},
    {"name": "firstName", "label": "", "required": True},
    {"name": "lastName", "label": "", "required": True},
    {"name": "city", "label": "", "required": False},
    {"name": "favouriteColour", "label": "Gone", "required": True},
)


def welcomes(hosted: Hosted, **changes: Any) -> None:
    """The default policy lets strangers in."""
    policy = welcoming(**{"profileAttributes": ATTRIBUTES, **changes})
    hosted.storage.sign_on_policies.save(None, policy, [])


@pytest.fixture
def hosted() -> Hosted:
    hosted = Hosted()
    welcomes(hosted)
    return hosted


@pytest.fixture
def browser(hosted: Hosted) -> Browser:
    return Browser(hosted)


def mails(hosted: Hosted) -> list[Mail]:
    return [mail for mail in hosted.storage.outbox.mails if mail.to]


def signs_up(browser: Browser, **changes: str) -> Response:
    browser.get(f"/signup?request={HANDLE}")
    return sent(browser, **changes)


def sent(browser: Browser, after: int = 5, /, **changes: str) -> Response:
    """The form that is there, after so many seconds."""
    browser.hosted.clock.advance(seconds=after)  # type: ignore[attr-defined]
    return browser.post("/signup", **(BEA | {name.replace("_", ".", 1): text for name, text in changes.items()}))


def user_of(hosted: Hosted, login: str = "bea@example.org") -> User:
    return hosted.storage.users.by_login(login)


def link_in(mail: Mail) -> str:
    return mail.values["activationLink"].removeprefix("https://acme.example.com")


def confirms(browser: Browser, link: str) -> Response:
    """Follow the link and choose a password."""
    assert browser.get(link).status == 303
    page = browser.get("/recovery")
    assert page.status == 200, shown(page)
    return browser.post("/recovery", new=NEW_PASSWORD, repeated=NEW_PASSWORD)


def test_a_stranger_makes_an_account_confirms_the_address_and_signs_in(hosted: Hosted, browser: Browser) -> None:
    assert "Create an account" in shown(browser.get(f"/signin?request={HANDLE}"))
    form = browser.get(f"/signup?request={HANDLE}")
    assert re.findall(r"<label>([^<]+?)\s*<.*?name=.profile\.(\w+).", form.body.decode(), re.DOTALL) == [
        ("Your address", "email"),
        ("First name", "firstName"),
        ("Last name", "lastName"),
        ("City", "city"),
    ]

    assert SENT in shown(signs_up(browser))

    made = user_of(hosted)
    assert (made.status, made.password, made.login) == ("STAGED", None, "Bea@example.org")
    (mail,) = mails(hosted)
    assert (mail.template, mail.to) == ("RegistrationActivation", "Bea@example.org")
    done = confirms(browser, link_in(mail))
    assert "Your account is ready" in shown(done)
    assert f'href="/signin?request={HANDLE}"' in done.body.decode()
    assert user_of(hosted).status == "ACTIVE"
    browser.get(f"/signin?request={HANDLE}")
    signed = browser.post("/signin", username="bea@example.org", password=NEW_PASSWORD)
    assert (signed.status, header(signed, "location")) == (303, f"/resume?request={HANDLE}")
    assert [event.type for event in hosted.storage.events if "lifecycle" in event.type] == [
        "user.lifecycle.create",
        "user.lifecycle.activate",
    ]
    assert browser.get(link_in(mail)).status == 303
    assert browser.get("/recovery").status == 400, "the link works once"


def test_nothing_tells_whether_a_name_is_taken_and_its_owner_is_told(hosted: Hosted, browser: Browser) -> None:
    ann = hosted.storage.users.by_login("ann@example.com")

    new = signs_up(browser)
    taken = signs_up(browser, profile_email="ANN@example.com")

    assert (new.status, shown(new)) == (taken.status, shown(taken))
    assert hosted.storage.users.by_login("ann@example.com") == ann
    assert [(mail.template, mail.to) for mail in mails(hosted)] == [
        ("RegistrationActivation", "Bea@example.org"),
        ("RegistrationAttempt", "ann@example.com"),
    ]
    assert "activationLink" not in mails(hosted)[1].values


def test_who_comes_first_with_somebodys_address_gains_nothing(hosted: Hosted, browser: Browser) -> None:
    """An account is not kept for who has no mailbox, and what they typed is not what its owner gets."""
    signs_up(browser, profile_firstName="Mallory")
    signs_up(browser)

    first, second = mails(hosted)
    stranger = Browser(hosted)
    stranger.get(link_in(first))
    assert stranger.get("/recovery").status == 400, "the later wish took its place"
    assert "Your account is ready" in shown(confirms(browser, link_in(second)))
    assert user_of(hosted).profile["firstName"] == "Bea"


@pytest.mark.parametrize("status", ["STAGED", "PROVISIONED", "DEPROVISIONED", "SUSPENDED"])
def test_accounts_of_administrators_making_are_nobodys_to_take(hosted: Hosted, browser: Browser, status: Any) -> None:
    ann = hosted.storage.users.by_login("ann@example.com")
    hosted.storage.users.save(ann, replace(ann, status=status, password=None), [])
    before = hosted.storage.users.by_login("ann@example.com")

    signs_up(browser, profile_email="ann@example.com")

    assert hosted.storage.users.by_login("ann@example.com") == before
    assert mails(hosted)[-1].template == "RegistrationAttempt"


def test_an_administrator_who_changes_the_account_makes_the_link_void(hosted: Hosted, browser: Browser) -> None:
    signs_up(browser)
    made = user_of(hosted)
    hosted.storage.users.save(made, replace(made, status="DEPROVISIONED"), [])

    browser.get(link_in(mails(hosted)[0]))

    assert browser.get("/recovery").status == 400
    assert user_of(hosted).status == "DEPROVISIONED"


def test_a_link_is_good_for_a_week_and_then_somebody_can_begin_again(hosted: Hosted, browser: Browser) -> None:
    signs_up(browser)
    hosted.clock.advance(seconds=LIFETIME)  # type: ignore[attr-defined]

    browser.get(link_in(mails(hosted)[0]))
    assert browser.get("/recovery").status == 400

    signs_up(browser)
    assert "Your account is ready" in shown(confirms(browser, link_in(mails(hosted)[1])))


@pytest.mark.parametrize(
    "changes",
    [
        {"profile_email": ""},
        {"profile_email": "no address"},
        {"profile_email": "a@b.example\r\nBcc: x@example.com"},
        {"profile_firstName": "  "},
        {"profile_lastName": "x" * 2_000},
    ],
)
def test_what_makes_no_profile_is_said_and_nothing_is_made(
    hosted: Hosted, browser: Browser, changes: dict[str, str]
) -> None:
    answer = signs_up(browser, **changes)

    assert (answer.status, "marked fields" in shown(answer)) == (422, True)
    assert 'aria-invalid="true"' in answer.body.decode()
    assert 'value="Dee"' in answer.body.decode() or "profile_lastName" in changes
    assert mails(hosted) == []


def test_nobody_takes_somebody_elses_address_for_a_name() -> None:
    """Whoever vouches for its owner would sign them in to this account."""
    asked = [{"name": name, "required": True} for name in ("login", "email", "firstName", "lastName", "secondEmail")]
    hosted = Hosted()
    welcomes(hosted, profileAttributes=asked)
    browser = Browser(hosted)

    refused = signs_up(browser, profile_login="victim@example.com")

    assert (refused.status, mails(hosted)) == (422, [])
    assert "profile.secondEmail" not in refused.body.decode()
    assert SENT in shown(signs_up(browser, profile_login="BEA@example.org", profile_secondEmail="victim@example.com"))
    assert "secondEmail" not in user_of(hosted).profile


def test_names_are_text_wherever_they_are_shown(hosted: Hosted, browser: Browser) -> None:
    answer = signs_up(browser, profile_email="", profile_firstName='"><script>alert(1)</script>')

    assert b"<script>alert" not in answer.body


def test_who_fills_in_what_nobody_sees_is_told_the_same_and_gets_nothing(hosted: Hosted, browser: Browser) -> None:
    assert SENT in shown(signs_up(browser, website="https://spam.example"))
    assert mails(hosted) == []


def test_who_is_faster_than_anybody_reads_is_asked_to_send_it_again(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/signup?request={HANDLE}")
    assert "very fast" in shown(sent(browser, 1))
    hosted.clock.advance(seconds=2)  # type: ignore[attr-defined]
    assert browser.post("/signup", opened="1").status == 400, "when it was opened is not theirs to say"
    assert SENT in shown(signs_up(browser))


def test_one_address_makes_ten_accounts_an_hour(hosted: Hosted, browser: Browser) -> None:
    answers = [signs_up(browser, profile_email=f"user{number}@example.org") for number in range(11)]

    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert header(answers[-1], "retry-after")
    assert len(mails(hosted)) == 10


@pytest.mark.parametrize(
    "closed",
    [
        {"access": "DENY"},
        {"unknownUserAction": "DENY"},
        {"activationRequirements": {"emailVerification": False}},
    ],
)
def test_without_a_policy_that_welcomes_them_there_is_nothing_for_strangers(closed: dict[str, Any]) -> None:
    hosted = Hosted()
    welcomes(hosted, **closed)
    browser = Browser(hosted)

    assert "Create an account" not in shown(browser.get(f"/signin?request={HANDLE}"))
    assert browser.get(f"/signup?request={HANDLE}").status == 404
    assert browser.get("/signup").status == 404


def test_without_mail_nobody_signs_up() -> None:
    hosted = Hosted(mail=False)
    welcomes(hosted)

    assert Browser(hosted).get(f"/signup?request={HANDLE}").status == 404


def test_a_policy_that_closes_while_somebody_types_has_the_last_word(hosted: Hosted, browser: Browser) -> None:
    browser.get(f"/signup?request={HANDLE}")
    hosted.clock.advance(seconds=5)  # type: ignore[attr-defined]
    policies = hosted.storage.sign_on_policies
    before = policies.get("PROFILE_ENROLLMENT", IDS["PROFILE_ENROLLMENT"][0])
    policies.save(before, replace(before, rules=()), [])

    assert browser.post("/signup", **BEA).status == 404
    assert mails(hosted) == []


def with_hook(answer: Any) -> tuple[Browser, list[Any]]:
    """A deployment whose rule has a hook that answers so, or raises it."""
    hosted, asked = Hosted(), []
    welcomes(hosted, preRegistrationInlineHooks=[{"inlineHookId": "cal1"}])

    def hook(hook_id: str, profile: Any, _: Any) -> Any:
        asked.append((hook_id, dict(profile)))
        if isinstance(answer, Exception):
            raise answer
        return {**profile, **answer}

    hosted.recovering.hook = hook
    return Browser(hosted), asked


def test_a_hook_is_asked_about_each_wish_and_may_change_it() -> None:
    browser, asked = with_hook({"city": "Ulm", "nickName": None})

    signs_up(browser)
    signs_up(browser, profile_email="ann@example.com")

    expected = {"login": "Bea@example.org", "email": "Bea@example.org", "firstName": "Bea", "lastName": "Dee"}
    assert asked[0] == ("cal1", expected)
    assert len(asked) == 2, "for a name that is taken as well"
    assert user_of(browser.hosted).profile == expected | {"city": "Ulm"}


def test_what_a_hook_says_against_it_is_shown_and_nothing_is_made() -> None:
    browser, _ = with_hook(NotWelcome("Not <you>.", (("email", "Use your company's address."),)))

    answer = signs_up(browser)

    assert (answer.status, "Not &lt;you&gt;. Use your company&#39;s address." in answer.body.decode()) == (422, True)
    assert 'aria-invalid="true"' in answer.body.decode()
    assert mails(browser.hosted) == []


@pytest.mark.parametrize("change", [{"email": "nobody"}, {"undefined": 1}, {"firstName": 5}, {"lastName": None}])
def test_what_a_hook_makes_is_looked_at_like_what_people_type(change: dict[str, Any]) -> None:
    browser, _ = with_hook(change)

    assert signs_up(browser).status == 422
    assert mails(browser.hosted) == []


def test_who_asks_too_often_costs_the_hook_nothing() -> None:
    browser, asked = with_hook({})
    for number in range(12):
        signs_up(browser, profile_email=f"user{number}@example.org")

    assert len(asked) == 10


def test_a_new_account_joins_a_group_but_none_that_administers(browser: Browser) -> None:
    hosted = browser.hosted = Hosted()
    for name in ("00gPlain", "00gPower"):
        hosted.storage.groups.add(a_group(id=name), [])
    book = hosted.storage.roles.get()
    hosted.storage.roles.save(book, book.having("GROUP", "00gPower", [RoleAssignment("ra1", "ORG_ADMIN", 1, 1)]), [])
    welcomes(hosted, targetGroupIds=["00gPlain", "00gPower", "00gGone"])

    signs_up(browser)

    assert hosted.storage.directory.person(user_of(hosted).id).group_ids >= {"00gPlain"}
    assert "00gPower" not in hosted.storage.directory.person(user_of(hosted).id).group_ids


@pytest.mark.parametrize("down", [False, True])
def test_a_confirmed_account_is_where_rules_say_and_one_is_there_if_they_cannot_be_asked(
    hosted: Hosted, browser: Browser, monkeypatch: pytest.MonkeyPatch, down: bool
) -> None:
    storage = hosted.storage
    storage.groups.add(a_group(id="00gBern"), [])
    rule = GroupRule("0prBern", "Bern", 0, 0, 'user.city == "Bern"', ("00gBern",), status="ACTIVE")
    storage.group_rules.save(RuleList(), RuleList(rules=(rule,)), [], rerun=True)
    signs_up(browser, profile_city="Bern")
    (mail,) = mails(hosted)
    assert "00gBern" not in storage.directory.person(user_of(hosted).id).group_ids, "the address is proved first"
    if down:

        def unanswered() -> RuleList:
            raise Unavailable("no answer")

        monkeypatch.setattr(storage.group_rules, "all", unanswered)

    done = confirms(browser, link_in(mail))

    assert "Your account is ready" in shown(done)
    assert user_of(hosted).status == "ACTIVE"
    assert ("00gBern" in storage.directory.person(user_of(hosted).id).group_ids) is not down
    made = [event for event in storage.events if event.type == "group.user_membership.add"]
    assert [event.actor.id for event in made] == ([] if down else [user_of(hosted).id])
