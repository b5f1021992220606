"""Which memberships rules make (docs/protocol.md §40): properties of the pure part, and of the run over all users."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from authmint.expressions.check import check
from authmint.expressions.errors import ExpressionError
from authmint.provisioning.group_rules import OF_GROUP_RULES, changes, user_facts, verdict
from authmint.provisioning.rule_memberships import RuleMemberships
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.events import Event, Party
from authmint.storage.group_rules import GroupRule, Membership, RuleList, RuleRun
from authmint.storage.groups import EVERYONE_GROUP
from authmint.storage.profile import STANDARD_ATTRIBUTES
from authmint.storage.roles import RoleAssignment
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_group, a_user
from tests.support.fakes import AT_ONCE, NOW

GROUPS = ("00gA", "00gB", "00gC")


def a_rule(rule_id: str = "0prA", expression: str = 'user.city == "Bern"', *groups: str, **more: Any) -> GroupRule:
    return GroupRule(rule_id, rule_id, 0, 0, expression, groups or ("00gA",), **({"status": "ACTIVE"} | more))


rules = st.lists(
    st.builds(
        a_rule,
        st.sampled_from(["0prA", "0prB", "0prC"]),
        st.sampled_from(['user.city == "Bern"', 'user.city == "Rome"', "user.city", 'isMemberOfGroup("00gA")', "true"]),
        st.sampled_from(GROUPS),
        st.sampled_from(GROUPS),
        status=st.sampled_from(["ACTIVE", "INACTIVE"]),
        leaving=st.booleans(),
        excluded=st.sampled_from([(), ("00uA",)]),
    ),
    unique_by=lambda rule: rule.id,
    max_size=3,
)
memberships = st.lists(
    st.builds(
        Membership,
        st.sampled_from(GROUPS),
        st.booleans(),
        st.sampled_from([(), ("0prA",), ("0prB", "0prC"), ("0prGone",)]),
    ).filter(lambda one: one.manual or one.rules),
    unique_by=lambda one: one.group_id,
    max_size=3,
)


def settled(listed: RuleList, held: Sequence[Membership], city: str) -> dict[str, Membership]:
    known = {one.group_id: one for one in held}
    for change in changes(listed, held, facts_of(held, listed, city)):
        assert change.before == known.get(change.group_id)
        known.pop(change.group_id, None)
        if change.after is not None:
            known[change.group_id] = change.after
    return known


def facts_of(held: Sequence[Membership], listed: RuleList, city: str) -> Any:
    there = {rule.id for rule in listed.rules}
    manual = [a_group(id=one.group_id) for one in held if one.manual or not there.issuperset(one.rules)]
    return user_facts(a_user(profile={"city": city}), (EVERYONE_GROUP, *manual))


@given(rules, memberships, st.sampled_from(["Bern", "Rome"]))
def test_what_nobody_but_rules_did_is_as_the_rules_say(
    made: list[GroupRule], held: list[Membership], city: str
) -> None:
    listed = RuleList(tuple(made))
    after, facts = settled(listed, held, city), facts_of(held, listed, city)

    for rule in made:
        inside = {one.group_id for one in after.values() if rule.id in one.rules}
        if rule.acts:
            assert inside == (set(rule.group_ids) if verdict(rule, facts).holds else set())
        elif rule.rests:
            assert inside == {one.group_id for one in held if rule.id in one.rules}
        else:
            assert inside == set()
    for one in held:  # what somebody did by hand, or a rule that is gone, nobody undoes
        if one.manual or not {rule.id for rule in made}.issuperset(one.rules):
            assert after[one.group_id].manual
    for one in after.values():
        assert one.manual or one.rules


@given(rules, memberships, st.sampled_from(["Bern", "Rome"]), st.randoms())
def test_it_is_settled_at_once_and_the_order_of_rules_never_matters(
    made: list[GroupRule], held: list[Membership], city: str, random: Any
) -> None:
    listed = RuleList(tuple(made))
    after = settled(listed, held, city)

    assert settled(listed, list(after.values()), city) == after
    assert settled(RuleList(tuple(random.sample(made, len(made)))), held, city) == after


def test_a_rule_that_cannot_be_evaluated_holds_for_nobody() -> None:
    said = verdict(a_rule(expression="user.city"), user_facts(a_user(profile={"city": "Bern"}), ()))

    assert (said.holds, said.problem) == (False, "a condition is not boolean")
    assert said.reads == {"user.city": "Bern"}
    assert verdict(a_rule(expression="user."), user_facts(a_user(), ())).problem is not None


@pytest.mark.parametrize("text", ["Time.now() == null", "appuser.x == 1", 'Groups.contains("OKTA", "a", 1) == null'])
def test_rules_read_the_user_and_no_clock(text: str) -> None:
    with pytest.raises(ExpressionError):
        check(text, STANDARD_ATTRIBUTES, OF_GROUP_RULES)


class Crowd:
    """A deployment with users, half of them of Bern, and what keeps their memberships."""

    def __init__(self, users: int) -> None:
        self.storage = MemoryStorage()
        for group_id in GROUPS:
            self.storage.groups.add(a_group(id=group_id, name=group_id), [])
        for number in range(users):
            user = a_user(id=f"00u{number:05d}", profile={"city": ("Bern", "Rome")[number % 2]}, version=1)
            self.storage.users.users[user.id] = user
        self.left = 1_000_000
        self.keeps = RuleMemberships(
            self.storage.group_rules,
            self.storage.users,
            self.storage.groups,
            self.storage.roles,
            replace(AT_ONCE, in_time=self._in_time),
        )

    def _in_time(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def have(self, *made: GroupRule) -> None:
        rules = self.storage.group_rules
        rules.save(rules.all(), RuleList(tuple(made), rules.all().version), [], rerun=True)

    def event(self, event_type: str, targets: Sequence[Party], names: str) -> Event:
        return Event(
            f"e{len(self.storage.events)}", 0, event_type, Party("system", "SystemPrincipal"), targets=tuple(targets)
        )

    def run(self, **more: Any) -> int:
        return self.keeps.run(self.event, now=more.pop("now", NOW), **more)

    def members(self, group_id: str = "00gA") -> int:
        return len(self.storage.groups.members(group_id, limit=100_000))


def test_all_users_are_looked_at_in_parts_and_once() -> None:
    crowd = Crowd(1_000)
    crowd.have(a_rule())
    runs = []
    while crowd.storage.group_rules.run().finished_at is None:
        crowd.left = 3  # pages: then the invocation has no time left
        runs.append(crowd.run())

    assert (sum(runs), len(runs) > 3, crowd.members()) == (1_000, True, 500)
    assert len(crowd.storage.events) == 500
    crowd.left = 1_000_000
    assert crowd.run() == 0  # nothing is left to do
    assert crowd.run(now=NOW + 90_000) == 1_000  # what was missed is found the day after
    assert len(crowd.storage.events) == 500


def test_a_crash_loses_nothing_and_does_nothing_twice() -> None:
    crowd = Crowd(250)
    crowd.have(a_rule())
    put, calls = crowd.storage.group_rules.put, []

    def crashing(*arguments: Any, **more: Any) -> None:
        calls.append(1)
        if len(calls) == 70:
            raise RuntimeError("the process died")
        put(*arguments, **more)

    crowd.storage.group_rules.put = crashing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        crowd.run()
    crowd.run()

    assert (crowd.members(), len(crowd.storage.events)) == (125, 125)


def test_nobody_goes_on_by_rules_that_are_not_those_of_the_run() -> None:
    crowd = Crowd(2)
    crowd.have(a_rule())
    old = crowd.storage.group_rules.all()
    crowd.have(a_rule(expression="false"))
    crowd.storage.group_rules.all = lambda: old  # type: ignore[method-assign]

    assert (crowd.run(), crowd.members()) == (0, 0)


def test_a_change_of_rules_meanwhile_begins_anew() -> None:
    crowd = Crowd(300)
    crowd.have(a_rule())
    advance = crowd.storage.group_rules.advance

    def changed(before: RuleRun, after: RuleRun) -> None:
        crowd.storage.group_rules.advance = advance  # type: ignore[method-assign]
        crowd.have(a_rule(expression='user.city == "Rome"'))
        advance(before, after)

    crowd.storage.group_rules.advance = changed  # type: ignore[method-assign]
    assert crowd.run() == 100
    crowd.run()

    assert {user.profile["city"] for user in crowd.storage.users.many(crowd.storage.groups.members("00gA"))} == {"Rome"}


def test_old_rules_and_old_profiles_make_no_membership() -> None:
    """Of two who look at one user at the same time, the one who read first writes nothing any more."""
    crowd = Crowd(2)
    crowd.have(a_rule())
    rules, users = crowd.storage.group_rules, crowd.storage.users
    user, listed = users.get("00u00000"), rules.all()
    joined = Membership("00gA", manual=False, rules=("0prA",))

    users.save(user, replace(user, profile={**user.profile, "city": "Rome"}), [])
    with pytest.raises(Conflict):
        rules.put(user, None, joined, [], rules=listed, at=NOW)
    crowd.have(a_rule(status="INACTIVE"))
    with pytest.raises(Conflict):
        rules.put(users.get("00u00000"), None, joined, [], rules=listed, at=NOW)
    assert crowd.members() == 0


def test_groups_that_are_gone_or_have_a_role_are_left_alone() -> None:
    crowd = Crowd(2)
    crowd.have(a_rule("0prA", 'user.city == "Bern"', "00gGone", "00gA", "00gB"))
    book = crowd.storage.roles.get()
    crowd.storage.roles.save(book, book.having("GROUP", "00gB", [RoleAssignment("r", "SUPER_ADMIN", 0, 0)]), [])

    crowd.run()

    assert (crowd.members("00gA"), crowd.members("00gB")) == (1, 0)
    crowd.keeps.apply("nobody", crowd.event, at=NOW)
    with pytest.raises(NotFound):
        crowd.storage.groups.get("00gGone")
