"""docs/protocol.md §33.11: rules that nobody matches are told, and none that somebody does."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.policy.sign_on.analysis import Known, Unreachable, missing, unreachable
from authmint.policy.sign_on.facts import Facts, ZoneFacts
from authmint.policy.sign_on.walk import walk
from authmint.storage.groups import EVERYONE_ID
from authmint.storage.sign_on_policies import SignOnPolicy
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOW
from tests.support.sign_on_policies import a_policy, a_rule, zone

ZONES, GROUPS, BEHAVIORS, USERS = (
    ("office", "home", "abroad"),
    ("staff", "guests"),
    ("device", "country"),
    ("ann", "ben"),
)
#: Where ``abroad`` is depends on the country, which may not be known; ``gone`` names nothing any more.
KNOWN = Known(frozenset(ZONES), frozenset({"office", "home"}), frozenset({*GROUPS, EVERYONE_ID}), frozenset(BEHAVIORS))
NEW = {"risk": {"behaviors": ["device"]}}


def people(**spec: Any) -> dict[str, Any]:
    return {"people": spec}


def found(*rules: Any, **policy: Any) -> list[tuple[str, str, str | None]]:
    made = [a_rule(conditions=one, id=f"{number}", priority=number) for number, one in enumerate(rules, 1)]
    return [(one.rule.id, one.reason, one.shadowed_by) for one in unreachable([a_policy(*made, **policy)], KNOWN)]


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (zone("gone"), "gone"),
        (zone("office", exclude=()) | {}, None),
        ({"network": {"connection": "ZONE", "include": ["office"], "exclude": ["office", "home"]}}, "contradiction"),
        ({"network": {"connection": "ZONE", "include": ["abroad"], "exclude": ["abroad"]}}, None),
        (zone("gone", "office"), None),
        ({"risk": {"behaviors": ["gone"]}}, "gone"),
        ({"risk": {"behaviors": ["gone", "device"]}}, None),
        (people(groups={"include": ["gone"]}), "gone"),
        (people(groups={"include": ["gone", "staff"]}), None),
        (people(groups={"include": ["staff"], "exclude": ["staff"]}), "contradiction"),
        (people(groups={"include": ["staff"], "exclude": ["guests"]}), None),
        (people(groups={"exclude": [EVERYONE_ID]}), "contradiction"),
        (people(users={"include": ["ann"], "exclude": ["ann"]}), "contradiction"),
        (people(users={"include": ["ann", "ben"], "exclude": ["ann"]}), None),
        ({"userType": {"include": ["a"], "exclude": ["a"]}}, "contradiction"),
        ({"authContext": {"authType": "RADIUS"}}, "contradiction"),
        ({"device": {"registered": True}}, "contradiction"),
        ({"device": {}}, None),
    ],
)
def test_a_condition_that_never_holds_is_told(conditions: Any, reason: str | None) -> None:
    assert found(conditions) == ([] if reason is None else [("1", reason, None)])


@pytest.mark.parametrize(
    ("first", "second", "shadowed"),
    [
        (None, NEW, True),
        (NEW, None, False),
        (zone("office"), zone("office"), True),
        (zone("office", "home"), zone("office"), True),
        (zone("ALL_ZONES"), zone("office"), False),
        (zone("abroad"), zone("abroad"), False),
        (zone(exclude=("office",)), zone("home"), False),
        (people(groups={"include": ["staff", "guests"]}), people(groups={"include": ["staff"]}) | NEW, True),
        (people(groups={"include": ["staff"]}), people(users={"include": ["ann"]}), False),
        (people(users={"exclude": ["ann"]}), None, False),
        ({"riskScore": {"level": "LOW"}}, {"riskScore": {"level": "LOW"}}, True),
        ({"riskScore": {"level": "LOW"}}, {"riskScore": {"level": "HIGH"}}, False),
        ({"elCondition": {"condition": "true"}}, None, False),
        ({"platform": {"include": [{"type": "ANY"}]}}, None, False),
    ],
)
def test_a_rule_behind_one_that_takes_everything_is_told(first: Any, second: Any, shadowed: bool) -> None:
    assert found(first, second) == ([("2", "shadowed", "1")] if shadowed else [])


def test_policies_shadow_those_behind_them_for_the_same_groups() -> None:
    first = a_policy(a_rule(id="1"), id="p1", groups=("staff", "guests"))
    inner = a_policy(a_rule(id="2"), id="p2", priority=2, groups=("staff",))
    outer = a_policy(a_rule(id="3"), id="p3", priority=3)
    default = a_policy(a_rule(id="4", system=True), id="p4", priority=4, system=True)

    assert [one.rule.id for one in unreachable([default, outer, inner, first], KNOWN)] == ["2"]


def test_what_is_switched_off_shadows_nothing_and_is_told() -> None:
    off, on = a_rule(id="1", status="INACTIVE"), a_rule(id="2", priority=2)

    assert [(one.rule.id, one.reason) for one in unreachable([a_policy(off, on)], KNOWN)] == [("1", "inactive")]


def test_what_is_named_and_gone_is_told_where_the_rule_matches_still() -> None:
    conditions = zone("gone", "office") | people(groups={"exclude": ["left"]}) | {"risk": {"behaviors": ["old"]}}
    policy = a_policy(a_rule(conditions=conditions), groups=("staff", "former"))

    assert [(one.rule and one.rule.id, one.kind, one.id) for one in missing([policy], KNOWN)] == [
        (None, "group", "former"),
        ("0prA", "zone", "gone"),
        ("0prA", "group", "left"),
        ("0prA", "behavior", "old"),
    ]
    assert not list(missing([a_policy(a_rule(conditions=zone("ALL_ZONES")), groups=("staff",))], KNOWN))


def lists(names: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from((*names, "gone")), max_size=2, unique=True)


def both(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"include": lists(names), "exclude": lists(names)})


def merged(some: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: spec for one in some for name, spec in one.items()}


#: Few at once, so that many rules take each other's.
conditions_ = st.lists(
    st.one_of(
        both((*ZONES, "ALL_ZONES")).map(lambda spec: {"network": {"connection": "ZONE", **spec}}),
        st.fixed_dictionaries({}, optional={"users": both(USERS), "groups": both((*GROUPS, EVERYONE_ID))}).map(
            lambda spec: {"people": spec}
        ),
        lists(BEHAVIORS).map(lambda named: {"risk": {"behaviors": named}}),
        st.sampled_from(["ANY", "LOW", "HIGH"]).map(lambda level: {"riskScore": {"level": level}}),
        both(("a", "b")).map(lambda spec: {"userType": spec}),
        st.sampled_from(["ANY", "OKTA"]).map(lambda provider: {"identityProvider": {"provider": provider}}),
        st.just({"platform": {"include": [{"type": "MOBILE"}]}}),
        st.just({"elCondition": {"condition": "user.profile.x == 'y'"}}),
    ),
    max_size=2,
).map(merged)


@st.composite
def policies_(draw: st.DrawFn) -> list[SignOnPolicy]:
    made = []
    for number in range(draw(st.integers(1, 2))):
        rules = [
            a_rule(
                conditions=draw(st.none() | conditions_),
                id=f"{number}.{place}",
                priority=place,
                status=draw(st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE"])),
            )
            for place in range(draw(st.integers(1, 4)))
        ]
        groups = tuple(draw(lists((*GROUPS, EVERYONE_ID))))
        made.append(a_policy(*rules, id=f"p{number}", priority=number, groups=groups))
    return made


@st.composite
def facts_(draw: st.DrawFn) -> Facts:
    place = draw(st.sampled_from(["inside", "outside", "unknown"]))
    inside = set(draw(st.lists(st.sampled_from(["office", "home"]), max_size=2, unique=True)))
    return Facts(
        user_id=draw(st.sampled_from((*USERS, "eve"))),
        user_type=draw(st.sampled_from(["a", "b", "c"])),
        group_ids=frozenset({EVERYONE_ID, *draw(st.lists(st.sampled_from(GROUPS), unique=True))}),
        zones=ZoneFacts(
            frozenset(inside | ({"abroad"} if place == "inside" else set())),
            frozenset({"abroad"}) if place == "unknown" else frozenset(),
        ),
        risk=draw(st.sampled_from(["LOW", "MEDIUM", "HIGH"])),
        behaviors={one: draw(st.sampled_from(["POSITIVE", "NEGATIVE", "UNKNOWN"])) for one in BEHAVIORS},
        profile=None,
        now=NOW,
    )


@given(policies_(), st.lists(facts_(), min_size=1, max_size=8))
def test_nobody_matches_what_is_told_to_be_unreachable(policies: list[SignOnPolicy], people_: list[Facts]) -> None:
    dead: dict[str, Unreachable] = {one.rule.id: one for one in unreachable(policies, KNOWN)}
    for facts in people_:
        for one in walk(policies, facts).open:
            assert one.rule.id not in dead, (dead[one.rule.id].reason, facts)


def test_a_rule_that_is_not_told_of_can_be_matched() -> None:
    """The twin of the property: what is left is not left out of caution alone."""
    rule = a_rule(conditions=zone("office") | NEW | people(groups={"include": ["staff"]}))
    policy = a_policy(rule, groups=("staff",))
    facts = Facts(
        user_id="ann",
        user_type="a",
        group_ids=frozenset({"staff", EVERYONE_ID}),
        zones=ZoneFacts(frozenset({"office"})),
        behaviors={"device": "POSITIVE"},
    )

    assert not list(unreachable([policy], KNOWN))
    assert [one.rule for one in walk([policy], facts).open] == [rule]
    assert not walk([policy], replace(facts, group_ids=frozenset({EVERYONE_ID}))).open
