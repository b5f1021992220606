"""What the system log learns of the pages: who signed in, who could not, what was agreed to; never a password."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from authmint.policy.sign_on.assurance import Assurance
from authmint.sign_on.requirement import Demanded, Enrolments, Requirement, Verdict
from authmint.storage.events import Party

from tests.pages.hosted import HANDLE, PASSWORD, Browser, Hosted
from tests.support.builders import CLIENT_ID

TWO = Requirement(assurances=(Assurance(two_factors=True),))
RULE = Verdict((Party("0prA", "PolicyRule"),), {"risk": "{level=LOW}"})


def told(hosted: Hosted) -> list[tuple[str, str, str | None, str, str | None]]:
    return [(e.type, e.outcome, e.reason, e.actor.id, e.actor.alternate_id) for e in hosted.events.emitted]


def test_a_sign_in_is_told() -> None:
    hosted = Hosted()

    Browser(hosted).sign_in()

    assert told(hosted) == [("user.session.start", "SUCCESS", None, "00uA", "ann@example.com")]


def test_refusals_are_told_with_what_the_page_keeps_to_itself() -> None:
    hosted = Hosted()
    browser = Browser(hosted)

    for _ in range(11):
        browser.sign_in(password="wrong")

    reasons = [reason for _, outcome, reason, _, _ in told(hosted) if outcome == "FAILURE"]
    assert len(reasons) == 11
    assert set(reasons) == {"INVALID_CREDENTIALS", "LOCKED_OUT"}
    assert told(hosted)[0][3:] == ("unknown", "ann@example.com")


def test_a_password_in_the_wrong_field_is_not_told() -> None:
    hosted = Hosted()
    browser = Browser(hosted)
    browser.get(f"/signin?request={HANDLE}")

    browser.post("/signin", username=PASSWORD, password="ann@example.com")

    assert told(hosted) == [("user.session.start", "FAILURE", "INVALID_CREDENTIALS", "unknown", None)]
    assert PASSWORD.encode() not in msgspec.json.encode(hosted.events.emitted)


def test_an_expired_password_and_a_sign_in_by_api_are_told() -> None:
    expired, known = Hosted(user={"status": "PASSWORD_EXPIRED"}), Hosted()
    Browser(expired).sign_in()
    body: dict[str, Any] = {"username": "ann@example.com", "password": PASSWORD}
    Browser(known).send("POST", "/api/v1/authn", msgspec.json.encode(body), **{"content-type": "application/json"})

    assert told(expired) == [("user.session.start", "FAILURE", "PASSWORD_EXPIRED", "00uA", "ann@example.com")]
    assert told(known) == [("user.session.start", "SUCCESS", None, "00uA", "ann@example.com")]


def test_consent_is_told_with_every_answer() -> None:
    hosted = Hosted()
    browser = Browser(hosted)
    browser.sign_in()
    browser.get(f"/consent?request={HANDLE}")

    browser.post("/consent", decision="allow")

    event = hosted.events.emitted[-1]
    assert (event.type, event.actor.id) == ("app.oauth2.as.consent.grant", "00uA")
    assert [target.id for target in event.targets] == [CLIENT_ID]
    assert event.debug["scopes"] == {"orders:read": "GRANTED", "orders:write": "GRANTED", "news": "SKIPPED"}


@pytest.mark.parametrize(
    ("demanded", "told_so"),
    [
        (Demanded(denied=True, reason="no rule matches"), ("DENY", "DENY", "no rule matches")),
        (Demanded(requirement=TWO, reason="rule r"), ("DENY", "DENY", "rule r: cannot be satisfied")),
        (
            Demanded(requirement=replace(TWO, enrolments=Enrolments(offered=("totp",))), reason="rule r"),
            ("CHALLENGE", "ENROL", None),
        ),
        (Demanded(), ("ALLOW", None, None)),
    ],
)
def test_what_policies_decide_is_told_and_which(
    demanded: Demanded, told_so: tuple[str, str | None, str | None]
) -> None:
    hosted = Hosted()
    hosted.demands.sign_on = replace(demanded, verdict=RULE)

    Browser(hosted).sign_in()

    event, *more = hosted.events.emitted
    assert event.type == "policy.evaluate_sign_on"
    assert (event.outcome, event.reason, event.debug.get("reason_detail")) == told_so
    assert (event.targets, event.debug["risk"]) == (RULE.targets, "{level=LOW}")
    assert [one.type for one in more] == ["user.session.start"] * (event.outcome == "ALLOW")
