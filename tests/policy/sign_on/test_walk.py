"""docs/protocol.md §33.2: which rules decide, for examples and for any policies."""

import random
from dataclasses import replace
from typing import Any

from authmint.policy.sign_on.conditions import conditions_of, in_groups
from authmint.policy.sign_on.facts import Facts, ZoneFacts
from authmint.policy.sign_on.session import SessionDecision, session_decision
from authmint.policy.sign_on.walk import misses, walk
from authmint.storage.sign_on_policies import SignOnPolicy
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sign_on_policies import a_policy, a_rule, signon, with_factor, zone

names = st.sampled_from("abc")
some = st.lists(names, max_size=2, unique=True)
networks = st.one_of(
    st.just({"connection": "ANYWHERE"}),
    st.builds(lambda zones: {"connection": "ZONE", "include": zones}, st.lists(names, min_size=1, max_size=2)),
    st.builds(lambda zones: {"connection": "ZONE", "exclude": zones}, st.lists(names, min_size=1, max_size=2)),
)
conditions = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "people": st.builds(lambda inside, outside: {"users": {"include": inside, "exclude": outside}}, some, some),
            "network": networks,
            "riskScore": st.builds(lambda level: {"level": level}, st.sampled_from(["ANY", "LOW", "HIGH"])),
        }
    ),
)
actions = st.one_of(
    st.builds(signon, st.sampled_from(["ALLOW", "ALLOW", "DENY"])),
    st.builds(lambda mode: with_factor(factorPromptMode=mode), st.sampled_from(["ALWAYS", "DEVICE", "SESSION"])),
)
status = st.sampled_from(["ACTIVE", "ACTIVE", "INACTIVE"])


def numbered(made: list[Any]) -> tuple[Any, ...]:
    return tuple(replace(one, id=f"{place}", priority=place) for place, one in enumerate(made))


rules = st.lists(st.builds(lambda a, c, s: a_rule(a, c, status=s), actions, conditions, status), max_size=3).map(
    numbered
)
policies = st.lists(
    st.builds(lambda r, g, s: a_policy(*r, groups=tuple(g), status=s), rules, some, status), max_size=3
).map(numbered)
facts = st.builds(
    Facts,
    user_id=names,
    group_ids=st.one_of(st.none(), st.frozensets(names)),
    zones=st.builds(ZoneFacts, st.frozensets(names, max_size=1), st.frozensets(names, max_size=1)),
    risk=st.sampled_from([None, "LOW", "HIGH"]),
)


@given(policies, facts)
def test_the_first_certain_match_ends_the_walk(policies: tuple[SignOnPolicy, ...], facts: Facts) -> None:
    found = walk(policies, facts)

    assert all(not one.certain for one in found.open[:-1])
    if found.open and found.open[-1].certain:
        last = found.open[-1]
        assert in_groups(last.policy.groups, facts) is True
        assert all(value for _, value in conditions_of(last.rule.conditions, facts))
        assert found.steps[-1].rule == last.rule


@given(policies, facts, st.randoms())
def test_the_order_of_the_input_does_not_matter(
    policies: tuple[SignOnPolicy, ...], facts: Facts, randoms: random.Random
) -> None:
    shuffled = [replace(one, rules=tuple(randoms.sample(one.rules, len(one.rules)))) for one in policies]
    randoms.shuffle(shuffled)

    def decided(given: Any) -> Any:
        decision = session_decision(given, facts)
        return decision.access, decision.prompt, [(one.policy.id, one.rule.id) for one in decision.decided]

    assert decided(shuffled) == decided(policies)


def slowly(policies: tuple[SignOnPolicy, ...], facts: Facts) -> tuple[str, bool]:
    """The strictest outcome over all ways in which what is unknown could turn out, walked one by one."""
    reached: list[dict[str, Any]] = []
    for policy in policies:
        for rule in policy.rules:
            values = [policy.status == "ACTIVE", rule.status == "ACTIVE", in_groups(policy.groups, facts)]
            values += [value for _, value in conditions_of(rule.conditions, facts)]
            if False in values:
                continue
            reached.append(dict(rule.actions["signon"]))
            if None not in values:
                return _strictest(reached)
    return "DENY", False


def _strictest(reached: list[dict[str, Any]]) -> tuple[str, bool]:
    if any(one["access"] == "DENY" for one in reached):
        return "DENY", False
    return "ALLOW", any(one["requireFactor"] for one in reached)


@given(policies, facts)
def test_a_slow_obvious_implementation_agrees(policies: tuple[SignOnPolicy, ...], facts: Facts) -> None:
    decision = session_decision(policies, facts)

    assert (decision.access, decision.require_factor) == slowly(policies, facts)


@given(policies, facts)
def test_to_know_more_never_makes_it_stricter(policies: tuple[SignOnPolicy, ...], facts: Facts) -> None:
    unknown = session_decision(policies, facts)
    zones = facts.zones or ZoneFacts()
    for inside in (zones.inside, zones.inside | zones.unknown):
        known = replace(
            facts, zones=ZoneFacts(inside), risk=facts.risk or "LOW", group_ids=facts.group_ids or frozenset()
        )
        decision = session_decision(policies, known)

        if unknown.access == "ALLOW":
            assert decision.access == "ALLOW"
            assert unknown.require_factor >= decision.require_factor
            assert unknown.idle <= decision.idle


@given(policies, facts)
def test_what_comes_after_a_match_is_without_effect(policies: tuple[SignOnPolicy, ...], facts: Facts) -> None:
    decision = session_decision(policies, facts)
    if not decision.decided or not decision.decided[-1].certain:
        return
    last = decision.decided[-1].policy.id

    kept = [policy for policy in policies if policy.id <= last]

    assert session_decision(kept, facts) == decision


def decide(*policies: SignOnPolicy, **known: Any) -> SessionDecision:
    return session_decision(policies, Facts(user_id="00uA", group_ids=frozenset({"partners", "everyone"}), **known))


def test_a_policy_whose_rules_all_fail_lets_the_next_one_try() -> None:
    partners = a_policy(a_rule(conditions=zone("office")), id="A", groups=("partners",), priority=1)
    everybody = a_policy(a_rule(with_factor()), id="B", groups=("everyone",), priority=2)

    decision = decide(partners, everybody, zones=ZoneFacts())

    assert decision.decided[0].policy == everybody


def test_a_policy_without_rules_is_never_applied() -> None:
    decision = decide(a_policy(id="A", priority=1), a_policy(a_rule(), id="B", priority=2))

    assert [one.policy.id for one in decision.decided] == ["B"]


def test_without_any_rule_nobody_gets_in() -> None:
    assert decide().access == "DENY"


def test_the_steps_say_what_failed_and_what_could_not_be_told() -> None:
    policy = a_policy(
        a_rule(id="1", conditions=zone("office"), priority=1),
        a_rule(id="2", conditions={"riskScore": {"level": "HIGH"}}, priority=2),
        a_rule(id="3", priority=3),
    )

    found = walk([policy], Facts(user_id="00uA", zones=ZoneFacts()))

    assert [(step.rule and step.rule.id, step.truth) for step in found.steps] == [
        (None, "MATCH"),
        ("1", "UNMATCHED"),
        ("2", "UNDEFINED"),
        ("3", "MATCH"),
    ]
    assert [(step.rule and step.rule.id, failed) for step, failed in misses(found.steps)] == [
        ("1", ("network",)),
        ("2", ("riskScore",)),
    ]
