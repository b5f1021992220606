"""docs/protocol.md §33.4: what passwords are like, and what people may do about them alone."""

from typing import Any

from authmint.directory.passwords import PasswordPolicy
from authmint.policy.sign_on.defaults import Seeds, default_policy, password_settings
from authmint.policy.sign_on.facts import Facts, ZoneFacts
from authmint.policy.sign_on.password import PasswordDecision, Requirement, password_decision, password_policy
from authmint.storage.sign_on_policies import SignOnPolicy

from tests.support.sign_on_policies import a_policy, a_rule, zone

EVERYBODY = Facts(user_id="00uA", group_ids=frozenset({"00gAuthmintEveryone0"}))
ALL = {
    "passwordChange": {"access": "ALLOW"},
    "selfServicePasswordReset": {"access": "ALLOW"},
    "selfServiceUnlock": {"access": "ALLOW"},
}


def settings(**parts: dict[str, Any]) -> dict[str, Any]:
    made = password_settings(mail=True)
    for name, says in parts.items():
        made["password"][name] = {**made["password"][name], **says}
    return made


def one(policy_id: str = "00pA", says: dict[str, Any] | None = None, **changes: Any) -> SignOnPolicy:
    rule = a_rule(changes.pop("actions", ALL), changes.pop("conditions", None))
    return a_policy(rule, type="PASSWORD", id=policy_id, settings=says or settings(), **changes)


def test_the_default_is_what_passwords_were_like_before_there_were_policies() -> None:
    decision = password_decision([default_policy("PASSWORD", Seeds())], EVERYBODY)

    assert decision.policy == PasswordPolicy()
    assert (decision.change, decision.reset, decision.unlock) == (True, True, False)
    assert not decision.by_mail


def test_with_mail_forgotten_passwords_are_recovered_by_it() -> None:
    decision = password_decision([default_policy("PASSWORD", Seeds(mail=True))], EVERYBODY)

    assert (decision.by_mail, decision.by_question, decision.link_lifetime) == (True, False, 3_600)


def test_settings_become_what_a_password_must_be_like() -> None:
    policy = password_policy(
        settings(
            complexity={"minLength": 12, "minSymbol": 1, "excludeAttributes": ["firstName"], "excludeUsername": False},
            age={"maxAgeDays": 60, "expireWarnDays": 15, "minAgeMinutes": 60, "historyCount": 0},
            lockout={"maxAttempts": 5, "autoUnlockMinutes": 2, "showLockoutFailures": True},
        )
    )

    assert policy == PasswordPolicy(
        shortest=12,
        symbols=1,
        without_login=False,
        without_attributes=("firstName",),
        history=0,
        max_age=60 * 86_400,
        warning=15 * 86_400,
        min_age=3_600,
        attempts=5,
        auto_unlock=120,
        tells_lockout=True,
    )


def test_of_open_rules_the_strictest_settings_count() -> None:
    strict = settings(
        complexity={"minLength": 14, "minSymbol": 2, "excludeAttributes": ["lastName"]},
        age={"maxAgeDays": 0, "historyCount": 1},
        lockout={"maxAttempts": 0, "autoUnlockMinutes": 5},
    )
    other = settings(age={"maxAgeDays": 90}, lockout={"maxAttempts": 7, "autoUnlockMinutes": 60})
    facts = Facts(user_id="00uA", group_ids=frozenset(), zones=ZoneFacts(unknown=frozenset({"x"})))

    decision = password_decision([one("00pA", strict, conditions=zone("x")), one("00pB", other, priority=2)], facts)

    policy = decision.policy
    assert (policy.shortest, policy.symbols, policy.without_attributes) == (14, 2, ("lastName",))
    assert (policy.max_age, policy.history) == (90 * 86_400, 4)
    assert (policy.attempts, policy.auto_unlock) == (7, 3_600)


def test_what_one_of_them_denies_is_denied() -> None:
    denying = {**ALL, "passwordChange": {"access": "DENY"}, "selfServiceUnlock": {}}
    facts = Facts(user_id="00uA", group_ids=frozenset(), zones=ZoneFacts(unknown=frozenset({"x"})))

    decision = password_decision([one("00pA", actions=denying, conditions=zone("x")), one("00pB", priority=2)], facts)

    assert (decision.change, decision.reset, decision.unlock) == (False, True, False)


def test_what_is_asked_for_a_reset() -> None:
    requirement = {
        "primary": {"methods": ["OTP", "email"]},
        "stepUp": {"required": True, "methods": ["security_question"]},
        "accessControl": "LEGACY",
    }
    actions = {**ALL, "selfServicePasswordReset": {"access": "ALLOW", "requirement": requirement}}

    decision = password_decision([one(actions=actions)], EVERYBODY)

    assert decision.requirements == (
        Requirement(methods=("otp", "email"), step_up=True, step_up_methods=("security_question",)),
    )


def test_without_any_rule_nobody_does_anything_alone() -> None:
    assert password_decision([], EVERYBODY) == PasswordDecision()


def test_symbols_and_details_of_the_profile_are_looked_at() -> None:
    policy = PasswordPolicy(symbols=2, upper=2, without_attributes=("lastName", "missing"))

    lacks = policy.lacks("Xlindgren1!", "ann@example.com", {"lastName": "Lindgren"})

    assert [policy.in_words(lack) for lack in lacks] == [
        "2 uppercase letters",
        "2 symbols",
        "no parts of your name or other details",
    ]
    assert policy.lacks("XYlindgr1!?", "ann@example.com", {"lastName": "Lindgren"}) == ()
