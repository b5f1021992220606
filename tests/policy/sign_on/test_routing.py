"""docs/protocol.md §37.8: which provider somebody signs in with."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.expressions.errors import ExpressionError
from authmint.policy.sign_on.defaults import Seeds, default_policy
from authmint.policy.sign_on.expression import check_condition, holds, text_of
from authmint.policy.sign_on.facts import Facts, Platform, ZoneFacts
from authmint.policy.sign_on.routing import OURS, Route, route
from authmint.storage.sign_on_policies import SignOnPolicy, SignOnRule

from tests.support.fakes import NOW

KNOWN = {"0oaA": "a.example", "0oaB": "Partner"}
NOBODY = Facts(zones=ZoneFacts(frozenset({"nzoA"}), frozenset({"nzoX"})))
SUFFIX = {"userIdentifier": {"patterns": [{"matchType": "SUFFIX", "value": "@A.example"}]}}


def to(*ids: str, **actions: Any) -> dict[str, Any]:
    providers = [{"type": "OKTA"} if one == OURS else {"type": "OIDC", "id": one} for one in ids]
    return {"idp": {"providers": providers, "idpSelectionType": "SPECIFIC"} | actions}


def dynamic(expression: str = "login.identifier.substringAfter('@')") -> dict[str, Any]:
    criteria = [{"providerExpression": expression, "propertyName": "name"}]
    return {"idp": {"providers": [], "idpSelectionType": "DYNAMIC", "matchCriteria": criteria}}


def policy(*rules: tuple[dict[str, Any], dict[str, Any]], **changes: Any) -> SignOnPolicy:
    made = tuple(
        SignOnRule(f"0pr{place}", f"r{place}", NOW, NOW, place, actions, conditions=conditions)
        for place, (conditions, actions) in enumerate(rules, 1)
    )
    return SignOnPolicy("00pA", "IDP_DISCOVERY", "p", NOW, NOW, rules=made, **changes)


def where(facts: Facts, *rules: tuple[dict[str, Any], dict[str, Any]]) -> tuple[str, ...]:
    return route([policy(*rules), default_policy("IDP_DISCOVERY", Seeds())], facts, KNOWN).providers


@pytest.mark.parametrize(
    ("rules", "identifier", "expected"),
    [
        ((), None, (OURS,)),
        ((({}, to("0oaA")),), None, ("0oaA",)),
        ((({}, to(OURS, "0oaA", "0oaB", "0oaA")),), None, (OURS, "0oaA", "0oaB")),
        ((({}, to("0oaGONE")),), None, (OURS,)),
        ((({}, to("0oaGONE", "0oaA")),), None, ("0oaA",)),
        ((({}, to("0oaGONE")), ({}, to("0oaB"))), None, ("0oaB",)),
        (((SUFFIX, to("0oaA")),), None, ()),
        (((SUFFIX, to("0oaA")),), "ann@a.EXAMPLE", ("0oaA",)),
        (((SUFFIX, to("0oaA")),), "ann@b.example", (OURS,)),
        ((({}, to("0oaB")), (SUFFIX, to("0oaA"))), None, ("0oaB",)),
        (((SUFFIX, to("0oaA")), ({}, to("0oaB"))), "x", ("0oaB",)),
        ((({}, dynamic()),), None, ()),
        ((({}, dynamic()),), "ann@a.example", ("0oaA",)),
        ((({}, dynamic()), ({}, to("0oaB"))), "ann@x.example", ("0oaB",)),
        ((({}, dynamic("login.identifier.length()")),), "a@b", (OURS,)),
        ((({"app": {"include": [{"id": "0oaAPP"}], "exclude": []}}, to("0oaA")),), None, (OURS,)),
        ((({"network": {"connection": "ZONE", "include": ["nzoA"]}}, to("0oaA")),), None, ("0oaA",)),
        ((({"network": {"connection": "ZONE", "include": ["nzoB"]}}, to("0oaA")),), None, (OURS,)),
        ((({"network": {"connection": "ZONE", "include": ["nzoX"]}}, to("0oaA")),), None, (OURS,)),
        ((({"network": {"connection": "ZONE", "include": ["nzoB"]}, **SUFFIX}, to("0oaA")),), None, (OURS,)),
    ],
)
def test_the_first_rule_that_holds(rules: Any, identifier: str | None, expected: tuple[str, ...]) -> None:
    assert where(replace(NOBODY, identifier=identifier), *rules) == expected


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("EQUALS", "ANN@a.example", True),
        ("EQUALS", "ann", False),
        ("STARTS_WITH", "An", True),
        ("CONTAINS", "@A.", True),
        ("CONTAINS", "@b.", False),
        ("SUFFIX", "example", True),
        ("EXPRESSION", r"ann@.+\.example", True),
        ("EXPRESSION", "ann", False),
        ("OTHER", "ann", False),
    ],
)
def test_patterns(kind: str, value: str, fits: bool) -> None:
    condition = {"userIdentifier": {"patterns": [{"matchType": kind, "value": value}]}}
    facts = Facts(identifier="ann@a.example")
    assert (where(facts, (condition, to("0oaA"))) == ("0oaA",)) is fits


def test_an_attribute_is_of_somebody_who_is_there() -> None:
    pattern = {"matchType": "EQUALS", "value": "Sales"}
    condition = {"userIdentifier": {"type": "ATTRIBUTE", "attribute": "department", "patterns": [pattern]}}
    rule = (condition, to("0oaA"))
    assert where(Facts(), rule) == ()
    assert where(Facts(identifier="ann", profile={"department": "sales"}), rule) == ("0oaA",)
    assert where(Facts(identifier="ann", profile={"department": 3}), rule) == (OURS,)
    assert where(Facts(identifier="nobody"), rule) == (OURS,)


def test_by_app_and_platform() -> None:
    app = {"app": {"include": [{"type": "APP", "id": "0oaAPP"}], "exclude": []}}
    phone = {"platform": {"include": [{"type": "MOBILE", "os": {"type": "ANY"}}]}}
    assert where(Facts(app_id="0oaAPP"), (app, to("0oaA"))) == ("0oaA",)
    assert where(Facts(platform=Platform("MOBILE")), (phone, to("0oaA"))) == ("0oaA",)
    assert where(Facts(platform=Platform("DESKTOP")), (phone, to("0oaA"))) == (OURS,)


def test_what_is_off_routes_nobody() -> None:
    on = policy(({}, to("0oaA")))
    off = replace(on, rules=tuple(replace(rule, status="INACTIVE") for rule in on.rules))
    for one in (off, replace(on, status="INACTIVE")):
        assert route([one], Facts(), KNOWN) == Route()


def test_what_a_route_says() -> None:
    assert Route(("0oaA",)).alone == "0oaA"
    assert [Route(one).alone for one in ((OURS,), (OURS, "0oaA"), ("0oaA", "0oaB"), ())] == [None] * 4
    assert (Route().ours, Route(("0oaA", OURS)).others, Route(()).asks) == (True, ("0oaA",), True)


def test_only_routes_ask_what_was_typed() -> None:
    with pytest.raises(ExpressionError):
        check_condition("login.identifier == 'x'")
    assert holds("login.identifier == 'x'", Facts()) is None
    assert text_of("login.identifier", Facts(identifier="x")) == "x"
    assert text_of("login.other", Facts(identifier="x")) is None
    assert text_of("user.id", Facts(identifier="x")) is None


def tried(facts: Facts, *rules: tuple[dict[str, Any], dict[str, Any]]) -> list[tuple[str, str, dict[str, str]]]:
    found = route([policy(*rules), default_policy("IDP_DISCOVERY", Seeds())], facts, KNOWN)
    return [(step.rule.name, step.truth, dict(step.conditions)) for step in found.steps if step.rule is not None]


def test_of_every_rule_that_was_tried_it_says_what_did_not_hold() -> None:
    unknown = {"network": {"connection": "ZONE", "include": ["nzoX"]}}
    rules: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        (SUFFIX, to("0oaA")),
        (unknown, to("0oaA")),
        ({}, to("0oaGONE")),
        ({}, to("0oaB")),
        ({}, to("0oaA")),
    )

    steps = tried(replace(NOBODY, identifier="ann@b.example"), *rules)

    assert [(name, truth) for name, truth, _ in steps] == [
        ("r1", "UNMATCHED"), ("r2", "UNDEFINED"), ("r3", "UNMATCHED"), ("r4", "MATCH"),
    ]  # fmt: skip
    assert steps[0][2] == {"status": "MATCH", "userIdentifier": "UNMATCHED"}
    assert steps[2][2] == {"status": "MATCH", "providers": "UNMATCHED"}


def test_a_username_that_nobody_was_asked_for_leaves_it_open() -> None:
    found = route([policy((SUFFIX, to("0oaA")))], NOBODY, KNOWN)
    certain = route([policy((SUFFIX, to("0oaA")))], replace(NOBODY, identifier="x@a.example"), KNOWN)

    assert (found.asks, found.walk.certain, [one.certain for one in found.walk.open]) == (True, False, [False])
    assert (certain.walk.certain, [one.rule.name for one in certain.walk.open]) == (True, ["r1"])


def test_policies_and_rules_that_are_off_are_said_to_be() -> None:
    off = policy(({}, to("0oaA")), status="INACTIVE")
    rule = replace(off.rules[0], status="INACTIVE")

    both = [route([off], NOBODY, KNOWN), route([replace(off, status="ACTIVE", rules=(rule,))], NOBODY, KNOWN)]

    assert [found.providers for found in both] == [(OURS,), (OURS,)]
    assert [found.steps[-1].conditions[0] for found in both] == [("status", "UNMATCHED")] * 2
