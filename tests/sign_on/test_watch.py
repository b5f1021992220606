"""docs/protocol.md §33.6: what is remembered of sign-ons, and what rules make of it."""

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from authmint.http import Request
from authmint.policy.sign_on.circumstances import Circumstances, Place
from authmint.policy.sign_on.defaults import Seeds
from authmint.runtime.settings import BadSettings, Settings
from authmint.sign_on.policies import AppliedPolicies
from authmint.sign_on.policy_demands import PolicyDemands
from authmint.sign_on.sign_on import Caller
from authmint.sign_on.watch import Watch
from authmint.storage.behaviors import ThreatConfiguration
from authmint.storage.directory import Person
from authmint.storage.errors import Unavailable
from authmint.storage.groups import EVERYONE_GROUP
from authmint.storage.sign_on_policies import PolicyOrder
from authmint.storage.zones import Zone

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_client, a_user
from tests.support.fakes import NOW
from tests.support.sign_on_policies import a_policy, a_rule, app_sign_on, with_factor

ANN = Person(a_user(), (EVERYONE_GROUP,))
HOME = Circumstances("198.51.100.7", device="d1", place=Place("DE", "DE-BE", "Berlin", (52.52, 13.405)))


class World:
    def __init__(self, *rules: Any) -> None:
        self.storage = MemoryStorage()
        storage = self.storage
        self.watch = Watch(storage.histories, storage.behaviors, storage.threats, storage.rate_counters)
        self.asked = 0
        policy = a_policy(*rules)
        storage.sign_on_policies.save(None, policy, [], order=PolicyOrder((policy.id,)))
        self.policies = AppliedPolicies(storage.sign_on_policies, storage.zones, Seeds(), self._watch)

    def _watch(self) -> Watch:
        self.asked += 1
        return self.watch

    def asks_a_factor(self, here: Circumstances, now: int = NOW) -> bool:
        return self.policies.session(self.policies.facts(ANN, here, now=now)).require_factor


def unless(conditions: Any) -> tuple[Any, Any]:
    return a_rule(with_factor(), conditions, id="1"), a_rule(id="2", priority=2)


def test_high_risk_asks_for_a_factor_until_the_first_sign_in() -> None:
    world = World(*unless({"riskScore": {"level": "HIGH"}}))

    first = world.asks_a_factor(HOME)
    world.watch.succeeded("00uA", HOME, now=NOW)
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)

    assert (first, world.asks_a_factor(HOME)) == (True, False)


def test_a_new_device_asks_for_a_factor_until_it_has_signed_in() -> None:
    world = World(*unless({"risk": {"behaviors": ["bhvAuthmintDevice000"]}}))
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)
    other = replace(HOME, device="d2")

    before = (world.asks_a_factor(HOME), world.asks_a_factor(other))
    world.watch.succeeded(ANN.user.id, other, now=NOW)

    assert before == (False, True)
    assert not world.asks_a_factor(other)


def test_an_unknown_country_asks_for_a_factor() -> None:
    world = World(*unless({"risk": {"behaviors": ["bhvAuthmintCountry00"]}}))
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)

    assert not world.asks_a_factor(HOME)
    assert world.asks_a_factor(replace(HOME, place=None))


def test_expressions_know_risk_and_behaviours_by_name() -> None:
    conditions = {"elCondition": {"condition": "security.behaviors.contains('New IP') && security.risk.level == 'LOW'"}}
    world = World(*unless(conditions))
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)

    assert not world.asks_a_factor(HOME)
    assert world.asks_a_factor(replace(HOME, address="203.0.113.9"))


def test_nothing_is_read_where_no_rule_asks() -> None:
    world = World(a_rule(with_factor(), {"people": {"users": {"exclude": ["00uOther"]}}}))

    assert world.asks_a_factor(HOME)
    assert world.asked == 0


def test_rules_of_applications_ask_as_well() -> None:
    world = World(a_rule())
    own = a_policy(
        a_rule(app_sign_on("DENY"), {"riskScore": {"level": "HIGH"}}, id="1"),
        a_rule(app_sign_on(), id="2", priority=2),
        type="ACCESS_POLICY",
        id="rstOwn",
    )
    world.storage.sign_on_policies.save(None, own, [])
    client = a_client(access_policy="rstOwn")

    def access() -> str:
        return world.policies.app(client, world.policies.facts(ANN, HOME, now=NOW)).access

    before = access()
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)

    assert (before, access()) == ("DENY", "ALLOW")


def test_failures_of_somebody_count_for_an_hour_or_two() -> None:
    world = World(a_rule())
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)
    for _ in range(8):
        world.watch.failed(ANN.user.login.upper(), HOME, now=NOW)

    assert world.watch.assess(ANN.user.id, ANN.user.login, HOME, now=NOW).reasons == ("Recent Failures",)
    assert world.watch.assess(ANN.user.id, ANN.user.login, HOME, now=NOW + 7_200).reasons == ()
    assert world.watch.assess("00uOther", "other", HOME, now=NOW).reasons[0] == "New User"


def test_an_address_is_suspected_when_many_people_fail_from_it() -> None:
    world = World(a_rule())
    for number in range(19):
        for _ in range(3):
            world.watch.failed(f"user{number}", HOME, now=NOW)

    before = world.watch.suspected(HOME, now=NOW)
    world.watch.failed("another", HOME, now=NOW)

    assert (before, world.watch.suspected(HOME, now=NOW)) == (False, True)
    assert not world.watch.suspected(replace(HOME, address="203.0.113.9"), now=NOW)
    assert not world.watch.suspected(replace(HOME, address=""), now=NOW)
    assert not world.watch.suspected(HOME, now=NOW + 1_200)


def test_a_history_can_be_started_anew() -> None:
    world = World(a_rule())
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)
    before = world.storage.histories.get(ANN.user.id)
    world.storage.histories.save(before, replace(before, override="LOW"))

    world.watch.forget(ANN.user.id)

    history = world.storage.histories.get(ANN.user.id)
    assert (history.sign_ins, history.override) == ((), "LOW")


def test_what_was_assessed_is_kept_for_the_sign_on() -> None:
    world = World(*unless({"riskScore": {"level": "HIGH"}}))
    facts, assessment = world.policies.assessed(world.policies.facts(ANN, HOME, now=NOW))
    world.watch.succeeded(ANN.user.id, HOME, now=NOW)

    later = world.policies.facts(ANN, HOME, now=NOW + 60, assessment=assessment)

    assert (facts.risk, later.risk) == ("HIGH", "HIGH")
    assert world.policies.session(later).require_factor


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"velocity": -1}', '{"velocity": 1.5}', '{"speed": 1}', '{"device": true}']
)
def test_points_that_cannot_be_are_refused_at_the_start(text: str) -> None:
    with pytest.raises(BadSettings, match="AUTHMINT_RISK_WEIGHTS"):
        Settings.from_env({"AUTHMINT_CONFIG_TABLE": "t", "AUTHMINT_RISK_WEIGHTS": text})


def test_points_are_a_setting() -> None:
    told = Settings.from_env({"AUTHMINT_CONFIG_TABLE": "t", "AUTHMINT_RISK_WEIGHTS": '{"unknown_place": 25}'})

    assert told.risk_weights == {"unknown_place": 25}


def demands(world: World) -> PolicyDemands:
    return PolicyDemands(world.policies)


def caller(**changes: Any) -> Caller:
    request = Request("POST", "/signin", source_ip=HOME.address)
    return replace(Caller(request, "browser-1", NOW), **changes)


def test_sign_ins_are_remembered_and_failures_counted_from_the_first_rule_that_asks() -> None:
    world = World(a_rule())
    asked = demands(world)
    asked.failed(ANN.user.login, caller(), now=NOW)
    before = (asked.of_sign_on(ANN, caller(), now=NOW).watched, dict(world.storage.rate_counters.counts))
    world.storage.sign_on_policies.watch()

    asked.failed(ANN.user.login, caller(), now=NOW)
    asked.signed_on(ANN.user, caller(), now=NOW)

    assert before == (False, {})
    assert asked.of_sign_on(ANN, caller(), now=NOW).watched
    assert len(world.storage.rate_counters.counts) == 3
    (made,) = world.storage.histories.get(ANN.user.id).sign_ins
    assert (made.address, made.device) == (HOME.address, "browser-1")


def test_where_nobody_wrote_a_policy_sign_ins_are_remembered_as_well() -> None:
    storage = MemoryStorage()
    watch = Watch(storage.histories, storage.behaviors, storage.threats, storage.rate_counters)
    asked = PolicyDemands(AppliedPolicies(storage.sign_on_policies, storage.zones, Seeds(), lambda: watch))

    before = asked.of_sign_on(ANN, caller(), now=NOW).watched
    storage.sign_on_policies.watch()

    assert (before, asked.of_sign_on(ANN, caller(), now=NOW).watched) == (False, True)


def test_an_outage_of_the_history_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(a_rule())
    world.storage.sign_on_policies.watch()
    monkeypatch.setattr(world.storage.histories, "get", Mock(side_effect=Unavailable("down")))
    monkeypatch.setattr(world.storage.rate_counters, "add", Mock(side_effect=Unavailable("down")))

    demands(world).signed_on(ANN.user, caller(), now=NOW)
    demands(world).failed(ANN.user.login, caller(), now=NOW)


def test_without_a_watch_nothing_is_remembered() -> None:
    storage = MemoryStorage()
    storage.sign_on_policies.watch()
    asked = PolicyDemands(AppliedPolicies(storage.sign_on_policies, storage.zones))

    asked.signed_on(ANN.user, caller(), now=NOW)
    asked.failed("a", caller(), now=NOW)

    assert storage.histories.get(ANN.user.id).sign_ins == ()


@pytest.mark.parametrize(
    ("action", "excluded", "denied"), [("none", (), False), ("audit", (), False), ("block", (), True)]
)
def test_an_address_that_is_suspected_is_refused_where_that_is_configured(
    action: Any, excluded: tuple[str, ...], denied: bool
) -> None:
    world = World(a_rule())
    world.storage.sign_on_policies.watch()
    world.storage.threats.save(world.storage.threats.get(), ThreatConfiguration(action, excluded), [])
    for number in range(20):
        demands(world).failed(f"user{number}", caller(), now=NOW)

    elsewhere = caller(request=Request("POST", "/signin", source_ip="203.0.113.9"))

    assert demands(world).of_sign_on(ANN, caller(), now=NOW).denied is denied
    assert not demands(world).of_sign_on(ANN, elsewhere, now=NOW).denied


def test_nobody_is_suspected_in_an_excluded_zone() -> None:
    world = World(a_rule())
    storage = world.storage
    storage.sign_on_policies.watch()
    office = Zone("nzoOffice", "office", "IP", "POLICY", NOW, NOW, {"gateways": [{"value": HOME.address}]})
    storage.zones.save(None, office, [], seen=storage.zones.all())
    storage.threats.save(storage.threats.get(), ThreatConfiguration("block", ("nzoOffice",)), [])
    for number in range(20):
        demands(world).failed(f"user{number}", caller(), now=NOW)

    assert not demands(world).of_sign_on(ANN, caller(), now=NOW).denied
