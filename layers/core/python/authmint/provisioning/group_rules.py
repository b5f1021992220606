"""Which memberships rules make for a user, and why (docs/protocol.md §40). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from ..expressions.check import Dialect
from ..expressions.errors import EvaluationFailed, ExpressionError
from ..expressions.evaluate import Expression
from ..expressions.facts import AppFacts, Facts, GroupFacts, UserFacts
from ..expressions.function_table import all_functions
from ..expressions.run import Run
from ..expressions.values import Value, truth
from ..storage.group_rules import GroupRule, Membership, RuleList
from ..storage.groups import Group
from ..storage.users import User

#: What a rule may name: the user, and no time, which passes without anybody changing anything.
OF_GROUP_RULES: Final = Dialect(
    {"user": "user"},
    without=frozenset(
        {"Groups.startsWith", "Groups.endsWith", "Groups.contains", "getFilteredGroups"}
        | {name for name in all_functions() if name.startswith("Time.")}
    ),
)
_NOWHERE: Final = AppFacts("", "", "")


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a user.

    Attributes:
        holds: Whether it puts the user into its groups.
        reads: Names and values that its expression read.
        problem: Why it could not be evaluated: it holds for nobody then.
    """

    rule: GroupRule
    holds: bool
    reads: Mapping[str, Value] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True)
class Change:
    """A membership as it is and as it has to be; ``None``: there is none."""

    before: Membership | None
    after: Membership | None

    @property
    def stays(self) -> bool:
        """Whether the user is in the group before and after: only the reason is another."""
        return self.before is not None and self.after is not None

    @property
    def group_id(self) -> str:
        """Of the group."""
        known = self.before or self.after
        assert known is not None  # noqa: S101 - a change is of something
        return known.group_id


def user_facts(user: User, groups: Iterable[Group]) -> Facts:
    """What rules know of a user. ``groups``: those that no rule put the user into, so that rules have no order."""
    known = tuple(GroupFacts(group.id, group.name, group.description, group.type) for group in groups)
    facts = UserFacts(user.id, user.status, user.login, user.profile, known, user.created_at, user.updated_at)
    return Facts(_NOWHERE, (), 0, user=facts)


def verdict(rule: GroupRule, facts: Facts) -> Verdict:
    """What a rule says of a user, whether it is active or not. Never raises."""
    run = Run(facts, {})
    if facts.user is not None and facts.user.id in rule.excluded:
        return Verdict(rule, holds=False)
    try:
        holds, problem = truth(_compiled(rule.expression).value(run)), None
    except (EvaluationFailed, ExpressionError) as error:
        holds, problem = False, str(error)
    return Verdict(rule, holds, run.reads or {}, problem)


def reads_groups(rules: Iterable[GroupRule]) -> bool:
    """Whether any of them asks for groups."""
    return any("isMemberOf" in rule.expression or "getGroups" in rule.expression for rule in rules)


def changes(listed: RuleList, held: Sequence[Membership], facts: Facts) -> list[Change]:
    """What has to change so that memberships are as the rules say. What no rule made stays as it is."""
    rules = listed.by_id()
    holding = {one.id for one in rules.values() if one.acts and verdict(one, facts).holds}
    wanted: dict[str, list[str]] = {}
    for rule_id in sorted(holding):
        for group_id in rules[rule_id].group_ids:
            wanted.setdefault(group_id, []).append(rule_id)
    known = {one.group_id: one for one in held}
    found = []
    for group_id in sorted({*known, *wanted}):
        before = known.get(group_id)
        after = _settled(group_id, before, wanted.get(group_id, []), rules)
        if after != before:
            found.append(Change(before, after))
    return found


def _settled(
    group_id: str, before: Membership | None, wanted: Sequence[str], rules: Mapping[str, GroupRule]
) -> Membership | None:
    """A membership as it has to be."""
    made = () if before is None else before.rules
    # One of a rule that was deleted and let its members stay is as if somebody had made it; one of a rule that is
    # switched off stays until it is switched on again.
    manual = before is not None and (before.manual or any(rule_id not in rules for rule_id in made))
    resting = [rule_id for rule_id in made if rule_id in rules and rules[rule_id].rests]
    names = tuple(sorted({*resting, *wanted}))
    if not (manual or names):
        return None
    return Membership(group_id, manual, names) if before is None else replace(before, manual=manual, rules=names)


@lru_cache(maxsize=1_024)
def _compiled(text: str) -> Expression:
    return Expression(text, OF_GROUP_RULES)
