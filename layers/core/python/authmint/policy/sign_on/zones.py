"""Which zones hold an address or a place, and which may (docs/protocol.md §33.5)."""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ...storage.groups import EVERYONE_GROUP
from ...storage.zones import Zone, ZoneList
from .circumstances import Circumstances, Place
from .conditions import every, negated, some
from .facts import ZoneFacts

#: There from the start, until somebody changes them. Nobody is in them.
_SINCE: Final = EVERYONE_GROUP.created_at
EXEMPT: Final = "nzoAuthmintExempt000"
SYSTEM_ZONES: Final = (
    Zone("nzoAuthmintBlocked00", "BlockedIpZone", "IP", "BLOCKLIST", _SINCE, _SINCE, system=True),
    Zone(EXEMPT, "DefaultExemptIpZone", "IP", "POLICY", _SINCE, _SINCE, system=True),
    Zone("nzoAuthmintLegacy000", "LegacyIpZone", "IP", "POLICY", _SINCE, _SINCE, system=True),
)
_KEPT: Final = 1_024
#: Numbers of IPv6 begin where those of IPv4 have ended.
_FAMILY: Final = {4: 0, 6: 1 << 32}


class BadRange(ValueError):
    """This is no address, no range of addresses and no network."""


@dataclass(frozen=True)
class AddressSet:
    """Addresses, as intervals of numbers in ascending order."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def holds(self, address: str) -> bool | None:
        """Whether it is one of them; ``None``: this is no address."""
        number = _number(address)
        if number is None:
            return None
        place = bisect_right(self.starts, number) - 1
        return place >= 0 and number <= self.ends[place]


def address_set(ranges: Iterable[Mapping[str, Any]] | None) -> AddressSet:
    """Of ``gateways`` or ``proxies``. Raises BadRange."""
    return _merged(tuple(str(one.get("value", "")) for one in ranges or ()))


@lru_cache(maxsize=_KEPT)
def _merged(texts: tuple[str, ...]) -> AddressSet:
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted(interval_of(text) for text in texts):
        if ends and start <= ends[-1] + 1:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return AddressSet(tuple(starts), tuple(ends))


def interval_of(text: str) -> tuple[int, int]:
    """The first and the last of ``a-b``, of ``a/bits`` or of one address. Raises BadRange."""
    first, dash, last = text.partition("-")
    try:
        if dash:
            start, end = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        else:
            network = ipaddress.ip_network(text.strip(), strict=False)
            start, end = network[0], network[-1]
    except ValueError:
        raise BadRange(text) from None
    if start.version != end.version or int(start) > int(end):
        raise BadRange(text)
    offset = _FAMILY[start.version]
    return int(start) + offset, int(end) + offset


def _number(address: str) -> int | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    # An IPv4 address that came over IPv6 (RFC 4291 §2.5.5.2) is in the zones of IPv4.
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return int(parsed) + _FAMILY[parsed.version]


def with_system(listed: ZoneList) -> tuple[Zone, ...]:
    """All zones: those of the system first, then the others in ascending id."""
    changed = {zone.id: zone for zone in listed.zones}
    own = [zone for zone in listed.zones if not zone.system]
    return (*(changed.get(zone.id, zone) for zone in SYSTEM_ZONES), *own)


def zone_facts(zones: Iterable[Zone], circumstances: Circumstances) -> ZoneFacts:
    """In which zones of policies the caller is, and in which that cannot be told."""
    found = {zone.id: holds(zone, circumstances) for zone in zones if zone.usage == "POLICY"}
    return ZoneFacts(
        frozenset(zone_id for zone_id, inside in found.items() if inside),
        frozenset(zone_id for zone_id, inside in found.items() if inside is None),
    )


def blocking(zones: Iterable[Zone], circumstances: Circumstances) -> Zone | None:
    """The zone for which the caller is refused, whatever they want. What cannot be told refuses nobody."""
    return next((zone for zone in zones if zone.usage == "BLOCKLIST" and holds(zone, circumstances)), None)


def holds(zone: Zone, circumstances: Circumstances) -> bool | None:
    """Whether an ACTIVE zone holds the caller; ``None``: it cannot be told."""
    if zone.status != "ACTIVE":
        return False
    extent = zone.extent
    if zone.type == "IP":
        gateways = address_set(extent.get("gateways"))
        return gateways.holds(circumstances.address) if gateways.starts else False
    if zone.type == "DYNAMIC":
        return every(
            (
                _among(extent.get("locations"), circumstances.place),
                _network_of(extent.get("asns"), circumstances.asn),
                _hides(extent.get("proxyType") or "", circumstances.anonymous),
            )
        )
    locations, asns, services = (extent.get(name) or {} for name in ("locations", "asns", "ipServiceCategories"))
    excluded = some(
        (
            _among(locations["exclude"], circumstances.place) if locations.get("exclude") else False,
            _network_of(asns["exclude"], circumstances.asn) if asns.get("exclude") else False,
            _is_service(services["exclude"], circumstances.anonymous) if services.get("exclude") else False,
        )
    )
    included = (
        _among(locations.get("include"), circumstances.place),
        _network_of(asns.get("include"), circumstances.asn),
        _is_service(services.get("include"), circumstances.anonymous),
    )
    return every((*included, negated(excluded)))


def _among(locations: Sequence[Mapping[str, Any]] | None, place: Place | None) -> bool | None:
    """Without any location, everywhere is inside."""
    return some(_is_at(one, place) for one in locations) if locations else True


def _is_at(location: Mapping[str, Any], place: Place | None) -> bool | None:
    if place is None or place.country is None:
        return None
    if location.get("country") != place.country:
        return False
    region = location.get("region")
    return True if not region else None if place.region is None else region == place.region


def _network_of(asns: Sequence[str] | None, asn: str | None) -> bool | None:
    return True if not asns else None if asn is None else asn in asns


def _hides(kind: str, anonymous: bool | None) -> bool | None:
    """Which kind of proxy it is nobody says; that it is none may be known."""
    if not kind:
        return True
    return anonymous if kind == "Any" or not anonymous else None


def _is_service(categories: Sequence[str] | None, anonymous: bool | None) -> bool | None:
    return True if not categories else False if anonymous is False else None


def client_address(source: str, forwarded: str, zones: Iterable[Zone], *, believed: bool = False) -> str:
    """Whose request it is, where proxies that zones name stand in between.

    Args:
        source: The address that the request came from, as our own gateway or edge says.
        forwarded: ``X-Forwarded-For``. Only what proxies of ours wrote into it is believed, from its end.
        zones: All of them.
        believed: Whether the caller may say for whom it calls, as one with an API token.
    """
    chain = [part.strip() for part in forwarded.split(",") if part.strip()]
    # What stands behind the source was added between it and us.
    while chain and chain[-1] != source:
        chain.pop()
    if not chain:
        chain = [*(part.strip() for part in forwarded.split(",") if part.strip()), source] if believed else [source]
    proxies = [address_set(zone.extent.get("proxies")) for zone in zones if zone.status == "ACTIVE"]
    address = chain.pop()
    passed = believed
    while chain and (passed or any(known.holds(address) for known in proxies)):
        passed = False
        address = chain.pop()
    return address if _number(address) is not None else source
