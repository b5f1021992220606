"""docs/protocol.md §33.5: zones from which nobody is let in."""

from authmint.http import Request
from authmint.sign_on.policies import AppliedPolicies
from authmint.sign_on.policy_demands import KEPT, BlockedZones
from authmint.storage.zones import Zone

from tests.memory.parts import Emitted
from tests.memory.storage import MemoryStorage
from tests.support.fakes import NOW, CountingIds, FrozenClock

BAD = Zone("nzoBad", "bad", "IP", "BLOCKLIST", NOW, NOW, {"gateways": [{"value": "203.0.113.0/24"}]})


class World:
    def __init__(self) -> None:
        self.storage, self.clock, self.log = MemoryStorage(), FrozenClock(), Emitted()
        applied = AppliedPolicies(self.storage.sign_on_policies, self.storage.zones)
        self.zones = BlockedZones(applied, self.log, self.clock, CountingIds())

    def add(self, zone: Zone) -> None:
        self.storage.zones.save(None, zone, [], seen=self.storage.zones.all())

    def refuses(self, address: str) -> bool:
        return self.zones.refuse(Request("GET", "/signin", source_ip=address))


def test_who_comes_from_there_is_refused_and_written_down() -> None:
    world = World()
    world.add(BAD)

    assert [world.refuses(address) for address in ("203.0.113.9", "198.51.100.7", "")] == [True, False, False]
    (event,) = world.log.emitted
    assert (event.type, event.targets[0].id, event.outcome) == ("security.request.blocked", "nzoBad", "FAILURE")


def test_a_zone_of_policies_refuses_nobody() -> None:
    world = World()
    world.add(Zone("nzoOk", "ok", "IP", "POLICY", NOW, NOW, BAD.extent))

    assert not world.refuses("203.0.113.9")


def test_a_zone_is_blocked_within_seconds() -> None:
    world = World()
    before = world.refuses("203.0.113.9")
    world.add(BAD)
    meanwhile = world.refuses("203.0.113.9")

    world.clock.advance(seconds=KEPT)

    assert (before, meanwhile, world.refuses("203.0.113.9")) == (False, False, True)
