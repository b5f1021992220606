"""What somebody's password has to be like, and what they may do about it alone: policies of type PASSWORD."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final

from ...directory.passwords import PasswordPolicy
from ...storage.sign_on_policies import SignOnPolicy
from .facts import Facts
from .walk import Open, Step, walk

_DAY: Final = 86_400


@dataclass(frozen=True)
class Requirement:
    """What is asked of somebody who resets a password alone.

    Attributes:
        methods: Any one of these, lower case, as in ``email``; none: what ``recovery`` of the policy says.
        step_up: Whether another factor is asked for; ``None``: nobody said.
        step_up_methods: Any one of these; none: any.
    """

    methods: tuple[str, ...] = ()
    step_up: bool | None = None
    step_up_methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class PasswordDecision:
    """What holds for somebody's password.

    Attributes:
        policy: Complexity, age, history, lockout.
        change, reset, unlock: Whether the user may change it, set a new one without it, unlock the account, alone.
        by_mail, by_question: Whether the user is known again by a link that was mailed, by the recovery question.
        link_lifetime: Seconds that such a link is good.
        shortest_answer: Characters of the answer to the question.
        requirements: Of ``reset``: all of them have to be met.
        decided: The rules that decided, the first of them first.
    """

    policy: PasswordPolicy = field(default_factory=PasswordPolicy)
    change: bool = False
    reset: bool = False
    unlock: bool = False
    by_mail: bool = False
    by_question: bool = False
    link_lifetime: int = 3_600
    shortest_answer: int = 4
    requirements: tuple[Requirement, ...] = ()
    decided: tuple[Open, ...] = ()
    steps: tuple[Step, ...] = ()


def password_decision(policies: Iterable[SignOnPolicy], facts: Facts) -> PasswordDecision:
    """The strictest of what the open rules and the settings of their policies say."""
    found = walk(policies, facts)
    outcomes = [_outcome(one) for one in found.open]
    if not outcomes:
        return PasswordDecision(steps=found.steps)
    decision = reduce(_stricter, outcomes)
    return replace(decision, decided=found.open, steps=found.steps)


def password_policy(settings: Mapping[str, Any] | None) -> PasswordPolicy:
    """What the settings of a policy say of passwords."""
    password = (settings or {}).get("password") or {}
    complexity, age, lockout = (password.get(name) or {} for name in ("complexity", "age", "lockout"))
    return PasswordPolicy(
        shortest=complexity.get("minLength", 8),
        lower=complexity.get("minLowerCase", 1),
        upper=complexity.get("minUpperCase", 1),
        digits=complexity.get("minNumber", 1),
        symbols=complexity.get("minSymbol", 0),
        without_login=complexity.get("excludeUsername", True),
        without_attributes=tuple(complexity.get("excludeAttributes") or ()),
        uncommon=((complexity.get("dictionary") or {}).get("common") or {}).get("exclude", False),
        history=age.get("historyCount", 4),
        max_age=age.get("maxAgeDays", 0) * _DAY,
        warning=age.get("expireWarnDays", 0) * _DAY,
        min_age=age.get("minAgeMinutes", 0) * 60,
        attempts=lockout.get("maxAttempts", 10),
        auto_unlock=lockout.get("autoUnlockMinutes", 0) * 60,
        tells_lockout=lockout.get("showLockoutFailures", False),
        mails_lockout="EMAIL" in (lockout.get("userLockoutNotificationChannels") or ()),
    )


def _outcome(found: Open) -> PasswordDecision:
    factors = ((found.policy.settings or {}).get("recovery") or {}).get("factors") or {}
    mail, question = factors.get("okta_email") or {}, factors.get("recovery_question") or {}
    token = (mail.get("properties") or {}).get("recoveryToken") or {}
    answer = (question.get("properties") or {}).get("complexity") or {}
    actions = found.rule.actions
    reset = actions.get("selfServicePasswordReset") or {}
    return PasswordDecision(
        policy=password_policy(found.policy.settings),
        change=_allows(actions.get("passwordChange")),
        reset=_allows(reset),
        unlock=_allows(actions.get("selfServiceUnlock")),
        by_mail=mail.get("status") == "ACTIVE",
        by_question=question.get("status") == "ACTIVE",
        link_lifetime=token.get("tokenLifetimeMinutes", 60) * 60,
        shortest_answer=answer.get("minLength", 4),
        requirements=(_requirement(reset["requirement"]),) if reset.get("requirement") else (),
    )


def _allows(action: Mapping[str, Any] | None) -> bool:
    return (action or {}).get("access") == "ALLOW"


def _requirement(says: Mapping[str, Any]) -> Requirement:
    primary, step_up = says.get("primary") or {}, says.get("stepUp") or {}
    return Requirement(_names(primary.get("methods")), step_up.get("required"), _names(step_up.get("methods")))


def _names(sent: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(name.lower() for name in sent or ())


def _stricter(one: PasswordDecision, other: PasswordDecision) -> PasswordDecision:
    return PasswordDecision(
        policy=_stricter_policy(one.policy, other.policy),
        change=one.change and other.change,
        reset=one.reset and other.reset,
        unlock=one.unlock and other.unlock,
        by_mail=one.by_mail and other.by_mail,
        by_question=one.by_question and other.by_question,
        link_lifetime=min(one.link_lifetime, other.link_lifetime),
        shortest_answer=max(one.shortest_answer, other.shortest_answer),
        requirements=tuple(dict.fromkeys((*one.requirements, *other.requirements))),
    )


def _stricter_policy(one: PasswordPolicy, other: PasswordPolicy) -> PasswordPolicy:
    return PasswordPolicy(
        shortest=max(one.shortest, other.shortest),
        lower=max(one.lower, other.lower),
        upper=max(one.upper, other.upper),
        digits=max(one.digits, other.digits),
        symbols=max(one.symbols, other.symbols),
        without_login=one.without_login or other.without_login,
        without_attributes=tuple(dict.fromkeys((*one.without_attributes, *other.without_attributes))),
        uncommon=one.uncommon or other.uncommon,
        history=max(one.history, other.history),
        max_age=_least_but_zero(one.max_age, other.max_age),
        warning=max(one.warning, other.warning),
        min_age=max(one.min_age, other.min_age),
        attempts=_least_but_zero(one.attempts, other.attempts),
        auto_unlock=0 if 0 in {one.auto_unlock, other.auto_unlock} else max(one.auto_unlock, other.auto_unlock),
        tells_lockout=one.tells_lockout and other.tells_lockout,
        mails_lockout=one.mails_lockout or other.mails_lockout,
    )


def _least_but_zero(one: int, other: int) -> int:
    """The lower of two limits of which 0 is none."""
    return min(one, other) or max(one, other)
