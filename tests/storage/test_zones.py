"""Network zones, in memory and in DynamoDB."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.dynamo.zones import DynamoZones
from authmint.storage.errors import Conflict
from authmint.storage.zones import Zone, ZoneList, Zones

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.fakes import NOW


@pytest.fixture(params=["memory", "dynamo"])
def zones(request: pytest.FixtureRequest) -> Zones:
    if request.param == "memory":
        return MemoryStorage().zones
    return DynamoZones(request.getfixturevalue("deployed").tables())


def a_zone(identifier: str = "nzoA", **changes: Any) -> Zone:
    extent = {"gateways": [{"type": "CIDR", "value": "198.51.100.0/24"}], "proxies": None}
    return replace(Zone(identifier, "Büro", "IP", "POLICY", NOW, NOW, extent), **changes)


def test_none_is_there_at_first(zones: Zones) -> None:
    assert zones.all() == ZoneList()


def test_what_was_saved_is_read_in_ascending_id(zones: Zones) -> None:
    for identifier in ("nzoB", "nzoA"):
        zones.save(None, a_zone(identifier), [], seen=zones.all())

    listed = zones.all()

    assert listed == ZoneList((a_zone("nzoA", version=1), a_zone("nzoB", version=1)), 2)


def test_a_change_and_a_removal_are_seen_at_once(zones: Zones) -> None:
    zones.save(None, a_zone(), [], seen=zones.all())
    (read,) = zones.all().zones

    zones.save(read, replace(read, name="Werk"), [], seen=zones.all())
    (changed,) = zones.all().zones
    zones.save(changed, None, [], seen=zones.all())

    assert (changed.name, changed.version) == ("Werk", 2)
    assert zones.all().zones == ()


def test_a_change_by_an_old_list_is_refused(zones: Zones) -> None:
    seen = zones.all()
    zones.save(None, a_zone("nzoA"), [], seen=seen)

    with pytest.raises(Conflict):
        zones.save(None, a_zone("nzoB"), [], seen=seen)

    assert [zone.id for zone in zones.all().zones] == ["nzoA"]


def test_of_many_at_once_each_is_whole(zones: Zones) -> None:
    outcomes = race(lambda number: zones.save(None, a_zone(f"nzo{number}"), [], seen=zones.all()), Conflict)

    listed = zones.all()
    assert len(listed.zones) == listed.version == outcomes.count("won") >= 1


def test_another_instance_sees_what_changed(request: pytest.FixtureRequest) -> None:
    tables = request.getfixturevalue("deployed").tables()
    here, there = DynamoZones(tables), DynamoZones(tables)
    here.save(None, a_zone("nzoA"), [], seen=here.all())
    assert there.all().version == 1

    here.save(None, a_zone("nzoB"), [], seen=here.all())

    assert [zone.id for zone in there.all().zones] == ["nzoA", "nzoB"]
