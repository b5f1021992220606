"""Finds the rules that may decide: the first that certainly matches, and those before it that cannot be ruled out.

A fact that is missing neither passes a rule over nor makes it match (docs/protocol.md §33.2): a rule that asks people
in risky countries for a second factor is not jumped over because the country is unknown, and one that lets people at
home in without is not taken. All open rules are collected, and what is decided is the strictest of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...storage.sign_on_policies import SignOnPolicy, SignOnRule
from .conditions import Truth, conditions_of, every, in_groups, truth_of
from .facts import Facts


@dataclass(frozen=True)
class Step:
    """A policy or, with ``rule``, a rule that was tried: what came out, condition by condition."""

    policy: SignOnPolicy
    rule: SignOnRule | None
    truth: Truth
    conditions: tuple[tuple[str, Truth], ...] = ()


@dataclass(frozen=True)
class Open:
    """A rule that decides, or may. ``certain``: its conditions and those of its policy hold."""

    policy: SignOnPolicy
    rule: SignOnRule
    certain: bool


@dataclass(frozen=True)
class Walk:
    """Every rule that is open, in their order, and how that was found."""

    open: tuple[Open, ...]
    steps: tuple[Step, ...]

    @property
    def certain(self) -> bool:
        """Whether one of them decides for sure, so that no other outcome is possible than theirs."""
        return bool(self.open) and self.open[-1].certain


def walk(policies: Iterable[SignOnPolicy], facts: Facts) -> Walk:
    """Try policies and their rules in ascending priority, up to the first that certainly matches.

    A policy whose rules all fail lets the next one try; so does one that has none.
    """
    steps: list[Step] = []
    found: list[Open] = []
    for policy in sorted(policies, key=_place):
        own, of_policy = _of_policy(policy, facts)
        steps.append(Step(policy, None, truth_of(own), of_policy))
        if own is False:
            continue
        for rule in sorted(policy.rules, key=_place):
            holds, of_rule = _of_rule(rule, facts)
            steps.append(Step(policy, rule, truth_of(holds), of_rule))
            both = every((own, holds))
            if both is not False:
                found.append(Open(policy, rule, certain=both is True))
            if both:
                return Walk(tuple(found), tuple(steps))
    return Walk(tuple(found), tuple(steps))


def in_order(policies: Iterable[SignOnPolicy]) -> Iterator[tuple[SignOnPolicy, SignOnRule]]:
    """Every rule in the order in which it is tried."""
    for policy in sorted(policies, key=_place):
        yield from ((policy, rule) for rule in sorted(policy.rules, key=_place))


def _place(one: SignOnPolicy | SignOnRule) -> tuple[bool, int, str]:
    return one.system, one.priority, one.id


def _of_policy(policy: SignOnPolicy, facts: Facts) -> tuple[bool | None, tuple[tuple[str, Truth], ...]]:
    return _judged([("status", policy.status == "ACTIVE"), ("people", in_groups(policy.groups, facts))])


def _of_rule(rule: SignOnRule, facts: Facts) -> tuple[bool | None, tuple[tuple[str, Truth], ...]]:
    return _judged([("status", rule.status == "ACTIVE"), *conditions_of(rule.conditions, facts)])


def _judged(values: list[tuple[str, bool | None]]) -> tuple[bool | None, tuple[tuple[str, Truth], ...]]:
    return every(value for _, value in values), tuple((name, truth_of(value)) for name, value in values)


def misses(steps: Iterable[Step]) -> Iterator[tuple[Step, tuple[str, ...]]]:
    """What did not hold of what was tried: names of the conditions that failed or could not be told."""
    for step in steps:
        failed = tuple(name for name, truth in step.conditions if truth != "MATCH")
        if failed:
            yield step, failed
