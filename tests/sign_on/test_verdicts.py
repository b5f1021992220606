"""docs/protocol.md §33.10: what the log says of decisions, and what is kept of a sign-on for the policies of apps."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.http import Request
from authmint.policy.sign_on.circumstances import Circumstances
from authmint.policy.sign_on.defaults import IDS, Seeds
from authmint.policy.sign_on.risk import worse
from authmint.sign_on.policies import AppliedPolicies
from authmint.sign_on.policy_demands import PolicyDemands
from authmint.sign_on.requirement import Verdict
from authmint.sign_on.sessions import SessionSettings, SessionTokenExchange, SignedOn, new_session
from authmint.sign_on.sign_on import Caller
from authmint.sign_on.watch import Watch
from authmint.storage.directory import Person
from authmint.storage.groups import EVERYONE_GROUP
from authmint.storage.sign_on_policies import PolicyOrder, SignOnPolicy
from authmint.storage.sign_on_transactions import Assessment, Proof
from authmint.storage.zones import Zone

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_client, a_user
from tests.support.fakes import NOW, CountingIds
from tests.support.sign_on_policies import a_policy, a_rule, app_sign_on, signon, with_factor, zone

ANN = Person(a_user(), (EVERYONE_GROUP,))
ADDRESS = "198.51.100.7"
NEW_DEVICE = {"risk": {"behaviors": ["bhvAuthmintDevice000"]}}


class World:
    """A deployment with these policies, and one application that has a policy of its own if there is one."""

    def __init__(self, *policies: SignOnPolicy, watched: bool = False) -> None:
        self.storage = storage = MemoryStorage()
        for policy in policies:
            order = PolicyOrder((policy.id,)) if policy.type == "OKTA_SIGN_ON" else None
            storage.sign_on_policies.save(None, policy, [], order=order)
        if watched:
            storage.sign_on_policies.watch()
        self.watch = Watch(storage.histories, storage.behaviors, storage.threats, storage.rate_counters)
        applied = AppliedPolicies(storage.sign_on_policies, storage.zones, Seeds(), lambda: self.watch)
        self.demands = PolicyDemands(applied)
        self.client = a_client(access_policy="rstOwn" if any(p.type == "ACCESS_POLICY" for p in policies) else None)

    def verdict(self, *, trusted: bool = False) -> Verdict:
        found = self.demands.of_sign_on(ANN, caller(), now=NOW, trusted=lambda: trusted).verdict
        assert found is not None
        return found


def caller(device: str = "d1", **changes: Any) -> Caller:
    return replace(Caller(Request("POST", "/signin", source_ip=ADDRESS), device, NOW), **changes)


def details(verdict: Verdict) -> list[tuple[str, str, Any]]:
    return [(party.type, party.id, party.detail) for party in verdict.targets]


def test_a_plain_sign_in_names_the_default_policy_and_its_rule() -> None:
    verdict = World().verdict()

    policy_id, rule_id = IDS["OKTA_SIGN_ON"]
    assert verdict.debug == {"missed": []}
    (policy, rule) = details(verdict)
    assert policy == ("PolicyEntity", policy_id, {"policyType": "OKTA_SIGN_ON"})
    assert rule[:2] == ("PolicyRule", rule_id)
    assert (rule[2]["policy_name"], rule[2]["policy_type"]) == ("Default Policy", "OktaSignOn")
    assert rule[2]["policy_rule_factor_mode"] == "1FA"


def test_the_rules_before_are_named_with_what_failed() -> None:
    office = zone("nzoOffice")
    one = a_rule(signon("DENY"), {"network": {"connection": "ZONE", "include": ["nzoFar"]}}, id="1", name="far")
    world = World(a_policy(one, a_rule(with_factor(), office, id="2", priority=2, name="office"), name="Staff"))
    for zone_id, address in (("nzoOffice", ADDRESS), ("nzoFar", "203.0.113.1")):
        made = Zone(zone_id, zone_id, "IP", "POLICY", NOW, NOW, {"gateways": [{"value": address}]})
        world.storage.zones.save(None, made, [], seen=world.storage.zones.all())

    verdict = world.verdict()

    assert verdict.debug["missed"] == ["Staff/far: network"]
    (_, rule) = details(verdict)
    assert rule[2] == {
        "policy_id": "00pA",
        "policy_name": "Staff",
        "policy_type": "OktaSignOn",
        "policy_rule_priority": 2,
        "policy_rule_factor_mode": "2FA",
        "zone_id_match": "nzoOffice",
    }


def test_risk_and_behaviours_are_told_by_their_names() -> None:
    world = World(watched=True)
    world.watch.succeeded(ANN.user.id, Circumstances(ADDRESS, device="d0"), now=NOW)

    debug = world.verdict().debug

    assert debug["risk"] == "{reasons=Anomalous Device, Location Unknown, level=LOW}"
    assert "New Device=POSITIVE" in debug["behaviors"]
    assert "New IP=NEGATIVE" in debug["behaviors"]
    assert "New City=BAD_REQUEST" in debug["behaviors"]


def test_a_remembered_device_takes_points_away() -> None:
    denied = a_rule(signon("DENY"), {"riskScore": {"level": "MEDIUM"}}, id="1")
    world = World(a_policy(denied, a_rule(id="2", priority=2)), watched=True)
    world.watch.succeeded(ANN.user.id, Circumstances("203.0.113.1", device="d0"), now=NOW)

    def denies(*, trusted: bool) -> bool:
        return world.demands.of_sign_on(ANN, caller(), now=NOW, trusted=lambda: trusted).denied

    assert (denies(trusted=False), denies(trusted=True)) == (True, False)


def test_what_a_sign_on_was_like_counts_for_apps_when_it_is_in_the_history_itself() -> None:
    own = a_policy(
        a_rule(app_sign_on(factorMode="2FA"), NEW_DEVICE, id="1"),
        a_rule(app_sign_on(), id="2", priority=2),
        type="ACCESS_POLICY",
        id="rstOwn",
    )
    world = World(own, watched=True)
    world.watch.succeeded(ANN.user.id, Circumstances(ADDRESS, device="d0"), now=NOW)
    settings, ids = SessionSettings(), CountingIds()
    asks: dict[str, bool] = {}
    for name in ("new", "known"):
        terms = world.demands.of_sign_on(ANN, caller(), now=NOW, trusted=lambda: False).terms
        world.demands.signed_on(ANN.user, caller(), now=NOW)
        tokens = SessionTokenExchange(world.storage.session_tokens, world.storage.directory, ids)
        world.storage.users.add(ANN.user, []) if name == "new" else None
        secret, _ = tokens.give(SignedOn(ANN, (Proof("password", NOW),), terms), now=NOW)
        session = new_session(tokens.take(secret, now=NOW), f"secret of {name}", settings, ids, now=NOW)
        here = caller(assessment=session.assessment)
        asks[name] = bool(world.demands.of_app(world.client, ANN, here, now=NOW).requirement.assurances)

    assert asks == {"new": True, "known": False}


def test_a_session_that_moves_is_as_unusual_as_where_it_is() -> None:
    own = a_policy(a_rule(app_sign_on("DENY"), NEW_DEVICE, id="1"), type="ACCESS_POLICY", id="rstOwn")
    other = a_rule(app_sign_on(), id="2", priority=2)
    world = World(replace(own, rules=(*own.rules, other)), watched=True)
    world.demands.signed_on(ANN.user, caller(), now=NOW)
    usual = Assessment(behaviors={"bhvAuthmintDevice000": "NEGATIVE"})

    at_home = world.demands.of_app(world.client, ANN, caller(assessment=usual), now=NOW)
    stolen = world.demands.of_app(world.client, ANN, caller("d9", assessment=usual), now=NOW)

    assert (at_home.denied, stolen.denied) == (False, True)


def test_the_policy_of_an_app_is_told_where_somebody_wrote_one() -> None:
    own = a_policy(a_rule(app_sign_on(factorMode="2FA")), type="ACCESS_POLICY", id="rstOwn", name="Orders")
    found = World(own).demands.of_app(World(own).client, ANN, caller(), now=NOW).verdict

    assert World().demands.of_app(a_client(), ANN, caller(), now=NOW).verdict is None
    assert found is not None
    (_, rule) = details(found)
    assert (rule[2]["policy_type"], rule[2]["policy_rule_factor_mode"]) == ("ACCESS_POLICY", "2FA")


@pytest.mark.parametrize(
    ("before", "now", "together"),
    [
        (Assessment("HIGH", ("New User",)), Assessment("LOW"), Assessment("HIGH", ("New User",))),
        (Assessment("LOW"), Assessment("MEDIUM", ("New IP",)), Assessment("MEDIUM", ("New IP",))),
        (
            Assessment("HIGH", ("New User",)),
            Assessment("LOW", ("override.by.admin",)),
            Assessment("LOW", ("override.by.admin",)),
        ),
        (
            Assessment(behaviors={"a": "POSITIVE", "b": "NEGATIVE"}),
            Assessment(behaviors={"a": "NEGATIVE", "b": "UNKNOWN"}),
            Assessment(behaviors={"a": "POSITIVE", "b": "UNKNOWN"}),
        ),
    ],
)
def test_what_was_found_before_stays_unless_it_is_overruled(
    before: Assessment, now: Assessment, together: Assessment
) -> None:
    assert worse(before, now) == together
