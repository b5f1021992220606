"""``/challenge`` and ``/enrol``: what a browser is asked beside a password, and what it is told when that is wrong."""

import json
from dataclasses import replace
from typing import Any

import pytest
from authmint.factors.kind import Ask
from authmint.http import Request
from authmint.policy.sign_on.assurance import Alternative, Assurance, Demand
from authmint.sign_on.requirement import Demanded, Enrolments, Requirement

from tests.support.apps import App
from tests.support.authenticator import SoftwareKey
from tests.support.fakes import FrozenClock

from .hosted import PASSWORD, Browser, Hosted, header, shown

BASE = "https://acme.example.com"
TWO = Assurance(two_factors=True)
KINDS = ("totp", "webauthn", "email")


def asked(*assurances: Assurance, offered: tuple[Any, ...] = ()) -> Browser:
    """Ann's, of whom more is asked than a password."""
    browser = Browser(Hosted())
    requirement = Requirement(assurances=assurances or (TWO,), enrolments=Enrolments(offered=offered))
    browser.hosted.demands.sign_on = Demanded(requirement=requirement)
    return browser


def clock_of(browser: Browser) -> FrozenClock:
    assert isinstance(browser.hosted.clock, FrozenClock)
    return browser.hosted.clock


def app_of(browser: Browser) -> App:
    hosted = browser.hosted
    return App.of(hosted.factors.factors, hosted.storage.users.get("00uA"), clock_of(browser))[0]


def arrived(browser: Browser) -> str:
    """At the step that follows the password."""
    at = header(browser.sign_in("/signin"), "location")
    browser.get(at)
    return at


def signed_in(browser: Browser, answer: Any) -> tuple[str, ...]:
    assert header(answer, "location") == "/signin", shown(answer)
    (session,) = browser.hosted.storage.sessions.records.values()
    return session.amr


def test_a_code_leads_on() -> None:
    browser = asked()
    app = app_of(browser)
    arrived(browser)

    wrong = browser.post("/challenge", code=app.wrong)
    assert (wrong.status, "did not fit" in shown(wrong)) == (422, True)
    assert signed_in(browser, browser.post("/challenge", code=app.code)) == ("pwd", "otp", "mfa")


def test_a_used_code_is_said_to_be_used() -> None:
    browser = asked()
    app = app_of(browser)
    arrived(browser)
    browser.post("/challenge", code=app.code)
    other = Browser(browser.hosted)
    arrived(other)

    again = other.post("/challenge", code=app.code)

    assert (again.status, "used already" in shown(again)) == (422, True)


def test_a_recovery_code_lets_in_once() -> None:
    browser = asked()
    app_of(browser)
    hosted = browser.hosted
    ask = Ask(hosted.storage.users.get("00uA"), hosted.clock.now(), Request("POST", "/", BASE))
    codes = hosted.factors.factors.recovery.renew(ask)
    arrived(browser)

    browser.get(header(browser.post("/challenge", choose="recovery_code"), "location"))
    assert "Recovery code" in shown(browser.answer)
    assert signed_in(browser, browser.post("/challenge", code=codes[0])) == ("pwd", "kba", "mfa")
    other = Browser(hosted)
    arrived(other)
    other.get(header(other.post("/challenge", choose="recovery_code"), "location"))
    assert other.post("/challenge", code=codes[0]).status == 422


def test_a_key_is_chosen_and_used() -> None:
    browser = asked(offered=("webauthn",))
    key = SoftwareKey(origin=BASE)
    arrived(browser)
    browser.get(header(browser.post("/enrol", choose="webauthn"), "location"))
    done = browser.post("/enrol", **key.registered(browser.options))
    assert signed_in(browser, done) == ("pwd", "hwk", "mfa")

    other = Browser(browser.hosted)
    arrived(other)
    factor = browser.hosted.storage.factors.of("00uA")[0].id
    other.get(header(other.post("/challenge", choose=factor), "location"))
    forged = SoftwareKey(origin="https://evil.example")
    forged.handle = key.handle
    assert other.post("/challenge", **forged.asserted(other.options)).status == 422
    other.get(header(other.post("/challenge", choose=factor), "location"))
    answer = other.post("/challenge", **key.asserted(other.options))
    assert header(answer, "location") == "/signin"


def test_a_key_is_told_to_verify_its_user_where_nothing_less_would_do() -> None:
    """Of most keys it is only wished for: some cannot, and are good second factors (WebAuthn §5.8.6)."""
    verified = Assurance(alternatives=(Alternative(possession=Demand(user_verified=True)),))
    wished = {}
    for name, assurance in (("verified", verified), ("two", TWO)):
        browser = asked(assurance, offered=("webauthn",))
        arrived(browser)
        browser.get(header(browser.post("/enrol", choose="webauthn"), "location"))
        made = browser.options["authenticatorSelection"]["userVerification"]
        browser.post("/enrol", **SoftwareKey(origin=BASE).registered(browser.options))
        other = Browser(browser.hosted)
        arrived(other)
        factor = browser.hosted.storage.factors.of("00uA")[0].id
        other.get(header(other.post("/challenge", choose=factor), "location"))
        wished[name] = (made, other.options["userVerification"])

    assert wished == {"verified": ("required", "required"), "two": ("preferred", "preferred")}


def test_a_passkey_alone_signs_in_where_nothing_more_is_asked_and_nobody_is_told_who_has_one() -> None:
    browser = asked(TWO, offered=("webauthn",))
    key = SoftwareKey(origin=BASE)
    arrived(browser)
    browser.get(header(browser.post("/enrol", choose="webauthn"), "location"))
    browser.post("/enrol", **key.registered(browser.options))
    stranger = SoftwareKey(origin=BASE, credential_id=b"other")
    stranger.handle = key.handle

    for one, status in ((stranger, 403), (key, 303)):
        other = Browser(browser.hosted)
        other.get("/signin")
        fields = other.fields
        options = other.post("/signin/key").body
        answer = other.post_pairs("/signin", (fields | one.asserted(json.loads(options))).items())
        assert answer.status == status


@pytest.mark.parametrize("status", ["SUSPENDED", "LOCKED_OUT", "DEPROVISIONED"])
def test_a_passkey_of_who_cannot_sign_in_is_like_any_wrong_one(status: Any) -> None:
    browser = asked(TWO, offered=("webauthn",))
    key = SoftwareKey(origin=BASE)
    arrived(browser)
    browser.get(header(browser.post("/enrol", choose="webauthn"), "location"))
    browser.post("/enrol", **key.registered(browser.options))
    users = browser.hosted.storage.users
    users.save(users.get("00uA"), replace(users.get("00uA"), status=status), [])

    other = Browser(browser.hosted)
    other.get("/signin")
    fields = other.fields
    options = json.loads(other.post("/signin/key").body)
    answer = other.post_pairs("/signin", (fields | key.asserted(options)).items())

    assert answer.status == 403
    assert "don’t match" in shown(answer)


def test_the_password_is_asked_beside_a_passkey_where_a_policy_wants_it() -> None:
    knowledge = Assurance(alternatives=(Alternative(knowledge=Demand(methods=frozenset({"password"}))),))
    browser = asked(TWO, knowledge, offered=("webauthn",))
    key = SoftwareKey(origin=BASE)
    arrived(browser)
    browser.get(header(browser.post("/enrol", choose="webauthn"), "location"))
    browser.post("/enrol", **key.registered(browser.options))
    other = Browser(browser.hosted)
    other.get("/signin")
    fields = other.fields
    options = json.loads(other.post("/signin/key").body)
    at = header(other.post_pairs("/signin", (fields | key.asserted(options)).items()), "location")
    other.get(at)

    wrong = other.post("/challenge", password="Wrong-Horse-7")
    assert wrong.status == 422
    assert header(other.post("/challenge", password=PASSWORD), "location") == "/signin"


def test_cancelling_ends_it() -> None:
    browser = asked()
    app = app_of(browser)
    at = arrived(browser)

    assert header(browser.post("/challenge", act="cancel"), "location") == "/signin"
    assert browser.get(at).status == 400
    browser.hosted.demands.sign_on = Demanded(requirement=Requirement(assurances=(TWO,)))
    at = arrived(browser)
    fields = browser.fields
    assert signed_in(browser, browser.post("/challenge", code=app.code))
    assert browser.post_pairs("/challenge", (fields | {"code": app.code}).items()).status == 400


def test_another_browser_cannot_go_on() -> None:
    browser = asked()
    app = app_of(browser)
    at = arrived(browser)
    thief = Browser(browser.hosted)
    thief.get("/signin")

    assert thief.get(at).status == 400
    assert thief.post("/challenge", code=app.code).status == 400
    assert browser.hosted.storage.sessions.records == {}


def test_a_step_is_found_at_its_page_alone() -> None:
    browser = asked(offered=KINDS)
    at = arrived(browser)

    assert header(browser.get(at.replace("/enrol", "/challenge")), "location") == at
    assert header(browser.get(at.replace("/enrol", "/password")), "location") == at


def test_a_kind_is_chosen_another_one_is_and_a_wrong_code_is_said() -> None:
    browser = asked(offered=KINDS)
    at = arrived(browser)
    browser.get(header(browser.post("/enrol", choose="totp"), "location"))
    wrong = browser.post("/enrol", code="12")
    assert (wrong.status, "did not fit" in shown(wrong)) == (422, True)

    browser.get(header(browser.post("/enrol", choose="webauthn"), "location"))
    assert "passkey" in shown(browser.answer)
    assert browser.post("/enrol", clientData="!", attestation="!").status == 422
    assert header(browser.post("/enrol", act="cancel"), "location") == "/signin"
    assert browser.get(at).status == 400


def test_five_wrong_codes_lock_and_say_so_to_who_knew_the_password() -> None:
    browser = asked()
    app = app_of(browser)
    arrived(browser)

    answers = [browser.post("/challenge", code=app.wrong).status for _ in range(4)]
    last = browser.post("/challenge", code=app.wrong)

    assert answers == [422] * 4
    assert last.status == 403
    assert browser.hosted.storage.users.get("00uA").status == "LOCKED_OUT"


def test_a_device_is_let_in_where_its_app_is_satisfied() -> None:
    browser = asked()
    hosted = browser.hosted
    app = app_of(browser)
    hosted.demands.app, hosted.demands.sign_on = hosted.demands.sign_on, Demanded()
    browser.sign_in("/signin")
    hosted.a_device()
    browser.get("/activate")

    at = header(browser.post("/activate", user_code="WDJBMJHT"), "location")
    assert at.startswith("/challenge")
    browser.get(at)
    back = header(browser.post("/challenge", code=app.code), "location")
    assert back == "/activate?user_code=WDJBMJHT"
    browser.get(back)
    assert browser.post("/activate").status == 200
    assert "is connected" in shown(browser.post("/activate", decision="allow"))


def test_a_device_is_not_let_in_where_its_app_refuses() -> None:
    browser = Browser(Hosted())
    browser.sign_in("/signin")
    browser.hosted.a_device()
    browser.get("/activate")
    browser.post("/activate", user_code="WDJBMJHT")
    browser.hosted.demands.app = Demanded(denied=True)

    assert browser.post("/activate", decision="allow").status == 403
    assert browser.hosted.storage.device_codes.by_user_code("WDJBMJHT").status == "PENDING"


def test_keys_are_asked_for_so_often_from_one_address_and_nothing_more_is_stored() -> None:
    hosted = Hosted(sign_ins=2)
    browser = Browser(hosted)
    browser.get("/signin")
    form = browser.fields

    answers = [browser.post_pairs("/signin/key", form.items()) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert "retry-after" in dict(answers[2].headers)
    assert len(hosted.storage.factor_challenges.challenges) == 2
