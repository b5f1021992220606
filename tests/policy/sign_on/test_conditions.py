"""docs/protocol.md §33.2: each condition, true, false and undefined."""

from typing import Any

import pytest
from authmint.policy.sign_on.conditions import CONDITIONS, conditions_of, every, negated, some
from authmint.policy.sign_on.facts import Facts, Platform, ZoneFacts

ANN = Facts(
    user_id="00uA",
    user_type="otyA",
    group_ids=frozenset({"00gA", "00gB"}),
    group_names={"00gA": "Staff", "00gB": "West 1"},
    profile={"department": "Sales", "email": "ann@example.com"},
    user={"status": "ACTIVE"},
    app_id="0oaA",
    zones=ZoneFacts(frozenset({"nzoIn"}), frozenset({"nzoMaybe"})),
    risk="MEDIUM",
    behaviors={"bhvNew": "POSITIVE", "bhvOld": "NEGATIVE", "bhvFirst": "UNKNOWN", "bhvNowhere": "BAD_REQUEST"},
    behavior_names={"bhvNew": "New IP", "bhvOld": "New City"},
    platform=Platform("DESKTOP", "MACOS", "Mozilla/5.0 (Macintosh; ...)"),
)
NOBODY = Facts(identity_provider=None)


def only(name: str, spec: Any, facts: Facts = ANN) -> bool | None:
    ((_, value),) = conditions_of({name: spec}, facts)
    return value


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"users": {"exclude": []}}, True),
        ({"users": {"exclude": ["00uA"]}}, False),
        ({"users": {"include": ["00uA"]}}, True),
        ({"users": {"include": ["00uB"]}}, False),
        ({"users": {"include": ["00uB"]}, "groups": {"include": ["00gB"]}}, True),
        ({"users": {"include": ["00uA"]}, "groups": {"exclude": ["00gB"]}}, False),
        ({"groups": {"include": ["00gC"], "exclude": []}}, False),
    ],
)
def test_people(spec: Any, expected: bool) -> None:
    assert only("people", spec) is expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"connection": "ANYWHERE", "include": ["nzoOut"]}, True),
        ({"connection": "ZONE", "include": ["nzoIn"]}, True),
        ({"connection": "ZONE", "include": ["nzoOut"]}, False),
        ({"connection": "ZONE", "include": ["nzoMaybe", "nzoOut"]}, None),
        ({"connection": "ZONE", "include": ["nzoMaybe", "nzoIn"]}, True),
        ({"connection": "ZONE", "exclude": ["nzoIn", "nzoMaybe"]}, False),
        ({"connection": "ZONE", "exclude": ["nzoOut"]}, True),
        ({"connection": "ZONE", "exclude": ["nzoMaybe"]}, None),
        ({"connection": "ZONE", "include": ["ALL_ZONES"]}, True),
    ],
)
def test_network(spec: Any, expected: bool | None) -> None:
    assert only("network", spec) is expected


def test_all_zones_is_undefined_while_any_zone_is_and_false_outside_of_all() -> None:
    spec = {"connection": "ZONE", "include": ["ALL_ZONES"]}

    assert only("network", spec, Facts(zones=ZoneFacts(unknown=frozenset({"nzoA"})))) is None
    assert only("network", spec, Facts(zones=ZoneFacts())) is False


@pytest.mark.parametrize(
    ("name", "spec", "expected"),
    [
        ("riskScore", {"level": "ANY"}, True),
        ("riskScore", {"level": "MEDIUM"}, True),
        ("riskScore", {"level": "HIGH"}, False),
        ("riskScore", {"level": "LOW"}, False),
        ("risk", {"behaviors": []}, True),
        ("risk", {"behaviors": ["bhvOld"]}, False),
        ("risk", {"behaviors": ["bhvOld", "bhvNew"]}, True),
        ("risk", {"behaviors": ["bhvFirst"]}, True),
        ("risk", {"behaviors": ["bhvNowhere"]}, True),
        ("risk", {"behaviors": ["bhvGone"]}, False),
        ("userType", {"include": [], "exclude": []}, True),
        ("userType", {"include": ["otyB"]}, False),
        ("userType", {"include": ["otyA"], "exclude": ["otyA"]}, False),
        ("device", {"registered": True, "managed": False}, False),
        ("device", {"registered": False}, True),
        ("device", {"assurance": {"include": ["dae1"]}}, False),
        ("authContext", {"authType": "ANY"}, True),
        ("authContext", {"authType": "RADIUS"}, False),
        ("identityProvider", {"provider": "ANY"}, True),
        ("identityProvider", {"provider": "OKTA"}, True),
        ("identityProvider", {"provider": "SPECIFIC_IDP", "idpIds": ["0oaI"]}, False),
        ("app", {"include": [{"id": "0oaA", "type": "APP"}], "exclude": []}, True),
        ("app", {"include": [], "exclude": [{"id": "0oaA", "type": "APP"}]}, False),
        ("authProvider", {"provider": "OKTA"}, True),
        ("platform", {"include": [], "exclude": []}, True),
        ("platform", {"include": [{"type": "ANY", "os": {"type": "ANY"}}]}, True),
        ("platform", {"include": [{"type": "MOBILE", "os": {"type": "ANY"}}]}, False),
        ("platform", {"include": [{"type": "DESKTOP", "os": {"type": "OSX"}}]}, True),
        ("platform", {"include": [{"type": "DESKTOP", "os": {"type": "OTHER", "expression": ""}}]}, False),
        ("platform", {"include": [{"type": "ANY", "os": {"type": "OTHER", "expression": "macintosh"}}]}, True),
        ("platform", {"include": [], "exclude": [{"type": "DESKTOP", "os": {"type": "MACOS"}}]}, False),
        ("elCondition", {"condition": "user.profile.department == 'Sales'"}, True),
    ],
)
def test_each_condition(name: str, spec: Any, expected: bool) -> None:
    assert only(name, spec) is expected


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("people", {"users": {"include": ["00uA"]}}),
        ("people", {"groups": {"exclude": ["00gA"]}}),
        ("network", {"connection": "ZONE", "include": ["nzoIn"]}),
        ("riskScore", {"level": "LOW"}),
        ("risk", {"behaviors": ["bhvNew"]}),
        ("userType", {"include": ["otyA"]}),
        ("identityProvider", {"provider": "OKTA"}),
        ("app", {"include": [{"id": "0oaA"}]}),
        ("platform", {"include": [{"type": "MOBILE", "os": {"type": "IOS"}}]}),
        ("elCondition", {"condition": "user.profile.department == 'Sales'"}),
        ("elCondition", {"condition": "security.risk.level == 'LOW'"}),
    ],
)
def test_what_asks_for_an_unknown_fact_is_undefined(name: str, spec: Any) -> None:
    assert only(name, spec, NOBODY) is None


def test_a_provider_of_identities_is_known_by_its_id() -> None:
    facts = Facts(identity_provider="0oaI")

    assert only("identityProvider", {"provider": "SPECIFIC_IDP", "idpIds": ["0oaI"]}, facts) is True
    assert only("identityProvider", {"provider": "OKTA"}, facts) is False


def test_conditions_that_are_null_are_none() -> None:
    assert conditions_of({"people": None}, ANN) == ()
    assert conditions_of(None, ANN) == ()
    assert "people" in CONDITIONS


def test_three_values() -> None:
    assert every([True, None]) is None
    assert every([False, None]) is False
    assert some([False, None]) is None
    assert some([True, None]) is True
    assert some([]) is False
    assert negated(None) is None
