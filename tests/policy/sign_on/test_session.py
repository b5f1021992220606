"""docs/protocol.md §33.2, §33.4: what is asked for a session, by worked examples."""

from typing import Any

from authmint.policy.sign_on.defaults import Seeds, default_policy
from authmint.policy.sign_on.facts import Facts, ZoneFacts
from authmint.policy.sign_on.session import SessionDecision, session_decision
from authmint.storage.sign_on_policies import SignOnPolicy, SignOnRule

from tests.support.sign_on_policies import a_policy, a_rule, signon, with_factor, zone

DEFAULT = default_policy("OKTA_SIGN_ON", Seeds())
ANN: dict[str, Any] = {"user_id": "00uA", "group_ids": frozenset({"00gAuthmintEveryone0"})}


def decide(*rules: SignOnRule, default: SignOnPolicy = DEFAULT, **known: Any) -> SessionDecision:
    return session_decision([a_policy(*rules), default], Facts(**{**ANN, **known}))


def test_the_default_lets_everybody_in_for_as_long_as_the_deployment_says() -> None:
    decision = session_decision([default_policy("OKTA_SIGN_ON", Seeds(idle=600, lifetime=86_400))], Facts(**ANN))

    assert (decision.access, decision.require_factor, decision.primary) == ("ALLOW", False, "PASSWORD_IDP_ANY_FACTOR")
    assert (decision.idle, decision.lifetime, decision.persistent) == (600, 86_400, False)


def test_a_factor_that_is_required_is_asked_for_always() -> None:
    decision = decide(a_rule(with_factor()))

    assert (decision.require_factor, decision.prompt, decision.factor_lifetime) == (True, "ALWAYS", None)


def test_once_in_so_many_minutes() -> None:
    decision = decide(a_rule(with_factor(factorPromptMode="SESSION", factorLifetime=15)))

    assert (decision.prompt, decision.factor_lifetime) == ("SESSION", 900)


def test_from_the_office_without_and_from_elsewhere_with_a_factor() -> None:
    rules = a_rule(id="1", conditions=zone("office")), a_rule(with_factor(), id="2", priority=2)

    assert not decide(*rules, zones=ZoneFacts(frozenset({"office"}))).require_factor
    assert decide(*rules, zones=ZoneFacts()).require_factor


def test_high_risk_is_denied() -> None:
    rules = a_rule(signon("DENY"), {"riskScore": {"level": "HIGH"}}, id="1"), a_rule(id="2", priority=2)

    assert decide(*rules, risk="HIGH").access == "DENY"
    assert decide(*rules, risk="MEDIUM").access == "ALLOW"


def test_a_deny_by_a_country_that_is_unknown_refuses_everybody() -> None:
    rules = a_rule(signon("DENY"), zone("XX"), id="1"), a_rule(id="2", priority=2)

    decision = decide(*rules, zones=ZoneFacts(unknown=frozenset({"XX"})))

    assert decision.access == "DENY"
    assert [(one.rule.id, one.certain) for one in decision.decided] == [("1", False), ("2", True)]


def test_a_factor_for_risky_countries_is_asked_for_where_the_country_is_unknown() -> None:
    rules = a_rule(with_factor(), zone("risky"), id="1"), a_rule(id="2", priority=2)

    assert decide(*rules, zones=ZoneFacts(unknown=frozenset({"risky"}))).require_factor


def test_a_deny_outside_of_home_lets_people_at_home_in() -> None:
    rules = a_rule(signon("DENY"), zone(exclude=("home",)), id="1"), a_rule(id="2", priority=2)

    assert decide(*rules, zones=ZoneFacts(frozenset({"home"}))).access == "ALLOW"


def test_a_behaviour_that_cannot_be_told_asks_for_the_factor() -> None:
    rule = a_rule(with_factor(), {"risk": {"behaviors": ["bhvCountry"]}}, id="1")

    assert decide(rule, behaviors={"bhvCountry": "BAD_REQUEST"}).require_factor
    assert not decide(rule, behaviors={"bhvCountry": "NEGATIVE"}).require_factor


def test_of_open_rules_the_strictest_session_counts() -> None:
    lenient = {"usePersistentCookie": True, "maxSessionIdleMinutes": 500, "maxSessionLifetimeMinutes": 0}
    strict = {"usePersistentCookie": False, "maxSessionIdleMinutes": 5, "maxSessionLifetimeMinutes": 60}
    rules = (
        a_rule(with_factor(factorPromptMode="DEVICE", session=lenient), zone("a"), id="1"),
        a_rule(
            with_factor(factorPromptMode="SESSION", factorLifetime=9, session=strict, primaryFactor="PASSWORD_IDP"),
            zone("a"),
            id="2",
            priority=2,
        ),
        a_rule(signon(session=lenient, rememberDeviceByDefault=True), id="3", priority=3),
    )

    decision = decide(*rules, zones=ZoneFacts(unknown=frozenset({"a"})))

    assert (decision.prompt, decision.factor_lifetime, decision.primary) == ("SESSION", 540, "PASSWORD_IDP")
    assert (decision.idle, decision.lifetime, decision.persistent) == (300, 3600, False)
    assert not decision.remember_by_default


def test_a_session_without_an_end_but_that_of_idleness() -> None:
    endless = a_rule(signon(session={"maxSessionIdleMinutes": 30, "maxSessionLifetimeMinutes": 0}))

    assert decide(endless).lifetime is None


def test_a_rule_without_actions_denies() -> None:
    assert decide(a_rule({})).access == "DENY"
