"""docs/protocol.md §33.5: what is in a zone, and whose address it is."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.policy.sign_on.circumstances import Circumstances, Place, viewer_of
from authmint.policy.sign_on.facts import ZoneFacts
from authmint.policy.sign_on.zones import (
    BadRange,
    address_set,
    blocking,
    client_address,
    holds,
    interval_of,
    with_system,
    zone_facts,
)
from authmint.storage.zones import Zone, ZoneList
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOW

BERLIN = Place("DE", "DE-BE", "Berlin", (52.52, 13.405))


def a_zone(zone_type: Any = "IP", identifier: str = "nzoA", usage: Any = "POLICY", **extent: Any) -> Zone:
    return Zone(identifier, identifier, zone_type, usage, NOW, NOW, extent)


def ip(*values: str, **more: Any) -> Zone:
    return a_zone(gateways=[{"type": "RANGE" if "-" in value else "CIDR", "value": value} for value in values], **more)


@pytest.mark.parametrize(
    ("values", "inside", "outside"),
    [
        (["203.0.113.4-203.0.113.15"], ["203.0.113.4", "203.0.113.15"], ["203.0.113.3", "203.0.113.16"]),
        (["198.51.100.0/24"], ["198.51.100.0", "198.51.100.255"], ["198.51.101.0", "198.51.99.255"]),
        (["1.2.3.4/24"], ["1.2.3.0"], ["1.2.4.0"]),
        (["192.168.1.1"], ["192.168.1.1", "::ffff:192.168.1.1"], ["192.168.1.2", "::c0a8:101"]),
        (["2001:db8::/32"], ["2001:db8::1"], ["2001:db9::1", "32.1.13.184"]),
        (["10.0.0.0/8", "10.0.0.0/16", "11.0.0.0-11.0.0.1"], ["10.255.0.1", "11.0.0.1"], ["11.0.0.2", "9.9.9.9"]),
        (["0.0.0.0/0"], ["255.255.255.255"], ["::"]),
    ],
)
def test_addresses(values: list[str], inside: list[str], outside: list[str]) -> None:
    zone = ip(*values)

    assert [holds(zone, Circumstances(address)) for address in inside] == [True] * len(inside)
    assert [holds(zone, Circumstances(address)) for address in outside] == [False] * len(outside)


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4-1.2.3.3", "1.2.3.4-::1", "1.2.3.4/33", "a-b", "1.2.3.4-"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(BadRange):
        interval_of(text)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=6), st.integers(0, 50))
def test_a_set_holds_what_any_of_its_ranges_holds(ranges: list[tuple[int, int]], number: int) -> None:
    values = [{"value": f"10.0.0.{start}-10.0.0.{start + size}"} for start, size in ranges]

    expected = any(start <= number <= start + size for start, size in ranges)

    assert address_set(values).holds(f"10.0.0.{number}") is expected


def test_an_unknown_address_is_undefined_and_a_zone_without_gateways_holds_nobody() -> None:
    assert holds(ip("10.0.0.0/8"), Circumstances("")) is None
    assert holds(a_zone(gateways=None), Circumstances("")) is False


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ({"locations": None, "proxyType": ""}, True),
        ({"locations": [{"country": "DE", "region": None}]}, True),
        ({"locations": [{"country": "DE", "region": "DE-BE"}]}, True),
        ({"locations": [{"country": "DE", "region": "DE-BY"}]}, False),
        ({"locations": [{"country": "US", "region": None}, {"country": "DE", "region": None}]}, True),
        ({"locations": [{"country": "EU", "region": None}]}, False),
        ({"asns": ["64500"]}, True),
        ({"asns": ["64501"]}, False),
        ({"locations": [{"country": "DE"}], "asns": ["64501"]}, False),
        ({"proxyType": "Any"}, None),
        ({"proxyType": "Tor"}, None),
    ],
)
def test_places(extent: dict[str, Any], expected: bool | None) -> None:
    here = Circumstances("198.51.100.7", place=BERLIN, asn="64500")

    assert holds(a_zone("DYNAMIC", **extent), here) is expected


def test_an_unknown_place_is_undefined_and_so_is_an_unknown_region() -> None:
    germany = a_zone("DYNAMIC", locations=[{"country": "DE", "region": None}])
    berlin = a_zone("DYNAMIC", locations=[{"country": "DE", "region": "DE-BE"}])

    assert holds(germany, Circumstances()) is None
    assert holds(a_zone("DYNAMIC", asns=["64500"]), Circumstances()) is None
    assert holds(berlin, Circumstances(place=Place("DE"))) is None
    assert holds(germany, Circumstances(place=Place("DE"))) is True


def test_who_hides_is_known_as_such_but_not_how() -> None:
    hiding = Circumstances(anonymous=True)

    assert holds(a_zone("DYNAMIC", proxyType="Any"), hiding) is True
    assert holds(a_zone("DYNAMIC", proxyType="NotTorAnonymizer"), hiding) is None
    assert holds(a_zone("DYNAMIC", proxyType="Tor"), Circumstances(anonymous=False)) is False


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ({}, True),
        ({"locations": {"include": [], "exclude": [{"country": "DE", "region": "DE-BE"}]}}, False),
        ({"locations": {"include": [{"country": "DE"}], "exclude": []}}, True),
        ({"locations": {"include": [], "exclude": [{"country": "BE"}]}, "asns": {"include": ["64500"]}}, True),
        ({"asns": {"include": [], "exclude": ["64500"]}}, False),
        ({"ipServiceCategories": {"include": ["NORD_VPN"], "exclude": []}}, None),
        ({"ipServiceCategories": {"include": [], "exclude": ["NORD_VPN"]}}, None),
    ],
)
def test_enhanced_zones(extent: dict[str, Any], expected: bool | None) -> None:
    here = Circumstances(place=BERLIN, asn="64500")

    assert holds(a_zone("DYNAMIC_V2", **extent), here) is expected


def test_an_inactive_zone_holds_nobody() -> None:
    assert holds(replace(ip("0.0.0.0/0"), status="INACTIVE"), Circumstances("10.0.0.1")) is False


def test_facts_name_the_zones_of_policies_alone() -> None:
    zones = [
        ip("10.0.0.0/8", identifier="nzoIn"),
        ip("11.0.0.0/8", identifier="nzoOut"),
        a_zone("DYNAMIC", "nzoMaybe", locations=[{"country": "DE"}]),
        ip("10.0.0.0/8", identifier="nzoBlocked", usage="BLOCKLIST"),
    ]

    facts = zone_facts(zones, Circumstances("10.1.1.1"))

    assert facts == ZoneFacts(frozenset({"nzoIn"}), frozenset({"nzoMaybe"}))


def test_who_is_in_a_blocked_zone_is_refused_and_who_may_be_is_not() -> None:
    addresses = ip("10.0.0.0/8", identifier="nzoBad", usage="BLOCKLIST")
    country = a_zone("DYNAMIC", "nzoWhere", "BLOCKLIST", locations=[{"country": "DE"}])

    assert blocking([country, addresses], Circumstances("10.1.1.1")) == addresses
    assert blocking([country, addresses], Circumstances("11.1.1.1")) is None
    assert blocking([country], Circumstances(place=BERLIN)) == country


def test_the_systems_zones_are_there_until_somebody_changes_them() -> None:
    own, first = ip("10.0.0.0/8"), with_system(ZoneList())
    changed = replace(first[0], extent={"gateways": [{"type": "CIDR", "value": "10.0.0.0/8"}]}, version=1)

    then = with_system(ZoneList((own, changed), 2))

    assert [zone.name for zone in first] == ["BlockedIpZone", "DefaultExemptIpZone", "LegacyIpZone"]
    assert then == (changed, *first[1:], own)
    assert not any(holds(zone, Circumstances("10.0.0.1")) for zone in first)


PROXIED = a_zone(gateways=[], proxies=[{"type": "CIDR", "value": "192.0.2.0/24"}])


@pytest.mark.parametrize(
    ("forwarded", "believed", "expected"),
    [
        ("", False, "192.0.2.9"),
        ("198.51.100.7, 192.0.2.9", False, "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 192.0.2.9", False, "198.51.100.7"),
        ("6.6.6.6, 192.0.2.8, 192.0.2.9", False, "6.6.6.6"),
        ("198.51.100.7, 192.0.2.9, 130.176.0.1", False, "198.51.100.7"),
        ("198.51.100.7", False, "192.0.2.9"),
        ("nonsense, 192.0.2.9", False, "192.0.2.9"),
        ("192.0.2.8, 192.0.2.9", False, "192.0.2.8"),
    ],
)
def test_proxies_that_a_zone_names_are_looked_behind(forwarded: str, believed: bool, expected: str) -> None:
    assert client_address("192.0.2.9", forwarded, [PROXIED], believed=believed) == expected


@pytest.mark.parametrize(
    ("forwarded", "believed", "expected"),
    [
        ("6.6.6.6, 203.0.113.9", False, "203.0.113.9"),
        ("6.6.6.6", False, "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9", True, "198.51.100.7"),
        ("198.51.100.7", True, "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7", True, "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 192.0.2.8, 203.0.113.9", True, "198.51.100.7"),
        ("", True, "203.0.113.9"),
        ("<script>", True, "203.0.113.9"),
    ],
)
def test_nobody_else_is_believed_but_who_may_say_so(forwarded: str, believed: bool, expected: str) -> None:
    assert client_address("203.0.113.9", forwarded, [PROXIED], believed=believed) == expected


def viewer(**said: str) -> tuple[Place | None, str | None, bool | None]:
    headers = {f"cloudfront-viewer-{name.replace('_', '-')}": value for name, value in said.items()}
    return viewer_of(headers.get)


def test_what_the_edge_says_of_viewers() -> None:
    assert viewer(
        country="DE", country_region="BE", city="Berlin", latitude="52.52", longitude="13.405", asn="64500"
    ) == (BERLIN, "64500", None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, (None, None, None)),
        ({"country": "XX"}, (None, None, None)),
        ({"country": "T1"}, (None, None, True)),
        ({"country": "de"}, (None, None, None)),
        ({"country": "DEU"}, (None, None, None)),
        ({"country": "DE", "country_region": "B-E"}, (Place("DE"), None, None)),
        ({"country": "DE", "latitude": "91", "longitude": "0"}, (Place("DE"), None, None)),
        ({"country": "DE", "latitude": "1e1", "longitude": "0"}, (Place("DE"), None, None)),
        ({"country": "DE", "latitude": "-33.8", "longitude": "-181"}, (Place("DE"), None, None)),
        ({"country_region": "BE", "city": "Berlin"}, (None, None, None)),
        ({"asn": "AS64500"}, (None, None, None)),
        ({"asn": "64500"}, (None, "64500", None)),
    ],
)
def test_what_cannot_be_is_not_known(said: dict[str, str], expected: Any) -> None:
    assert viewer(**said) == expected
