"""``/api/v1/zones``: network zones (docs/protocol.md §33.9)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...policy.sign_on.circumstances import Circumstances
from ...policy.sign_on.zones import EXEMPT, BadRange, blocking, interval_of
from ...storage.events import Event, Party
from ...storage.servers import Status
from ...storage.sign_on_policies import PolicyType, SignOnPolicy, SignOnRule
from ...storage.zones import Zone, ZoneType
from ..directory.people import TAKEN
from ..http.call import NO_CONTENT, Call, lifecycle, link
from ..http.errors import ApiError, invalid_field, not_found, read_only
from ..http.fields import Fields
from ..http.filters import parse_filter
from ..http.paging import id_after, limit_of, page
from .policy_changes import PolicyChanges, policy_party
from .rule_conditions import ids_of

PATH: Final = "/api/v1/zones"
MOST: Final = 100
_TYPES: Final[tuple[ZoneType, ...]] = ("IP", "DYNAMIC", "DYNAMIC_V2")
_USAGES: Final = ("POLICY", "BLOCKLIST")
_PROXIES: Final = ("", "Any", "Tor", "NotTorAnonymizer", "TorAnonymizer")
_ENTRIES, _BLOCKED, _OF_SYSTEM, _PLACES = 150, 1_000, 5_000, 75
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_REGION: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_ASN: Final = re.compile(r"\d{1,10}")
_WITH_ZONES: Final[tuple[PolicyType, ...]] = ("OKTA_SIGN_ON", "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL")
_CAUGHT: Final = (
    "You call from inside of this zone and would be refused. Add confirm=true to the query if this is what you want."
)


class ZonesResource:
    """Zones and their lifecycle."""

    def __init__(self, changes: PolicyChanges, ids: Ids) -> None:
        self._changes = changes
        self._applied = changes.applied
        self._ids = ids

    def list(self, call: Call) -> Response:
        """A page, the system's first. ``filter`` is about ``id``, ``usage`` and ``system``."""
        limit, after = limit_of(call.request, default=20, most=200), id_after(call.request)
        text = call.request.query_value("filter") or ""
        condition = parse_filter(text) if text else None
        zones = list(self._applied.all_zones())
        place = next((at + 1 for at, zone in enumerate(zones) if zone.id == after), 0)
        shown = [zone_json(zone, call) for zone in zones[place:]]
        shown = [one for one in shown if condition is None or condition.matches(one)]
        following = shown[limit - 1]["id"] if len(shown) > limit else None
        extra = {"filter": text} if text else {}
        return page(call.request, PATH, shown[:limit], limit=limit, following=following, extra=extra)

    def create(self, call: Call) -> Response:
        """200. ACTIVE, whatever the body says."""
        body = call.body()
        zone_type = body.choice("type", _TYPES, "", required=True)
        body.check()
        made = _read(body, Zone(self._ids.object_id("nzo"), "", zone_type, "POLICY", call.now, call.now))

        def attempt() -> Zone:
            listed = self._applied.zones.all()
            if len(listed.zones) >= MOST:
                raise invalid_field("name", f"There can be at most {MOST} zones.")
            self._check_name(made)
            self._check_caller(made, call)
            self._applied.zones.save(None, made, self._events("create", made, call), seen=listed)
            return made

        return Response.json(200, zone_json(call.retrying(attempt), call))

    def get(self, call: Call) -> Response:
        return Response.json(200, zone_json(self._found(call), call))

    def replace(self, call: Call) -> Response:
        """200; ``type`` and ``status`` stay."""
        self._found(call)
        body = call.body()

        def changed(before: Zone) -> Zone:
            if body.has("type") and body.raw("type") != before.type:
                raise invalid_field("type", "The type of a zone cannot be changed.")
            after = _read(body, before)
            return replace(after, name=before.name, usage=before.usage) if before.system else after

        return self._changed(call, changed, "update")

    def delete(self, call: Call) -> Response:
        """204: only an INACTIVE one, and none that is the only one of a rule. Rules that name others lose it."""

        def attempt() -> None:
            listed = self._applied.zones.all()
            zone = self._found(call)
            if zone.system:
                raise read_only("NetworkZone")
            if zone.status == "ACTIVE":
                raise ApiError("E0000107", causes=["The zone must be deactivated before deletion."])
            self._release(zone, call)
            self._applied.zones.save(zone, None, self._events("delete", zone, call), seen=listed)

        call.retrying(attempt)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        return self._changed(call, lambda before: replace(before, status=status), verb)

    def _changed(self, call: Call, changed: Callable[[Zone], Zone], verb: str) -> Response:
        def attempt() -> Zone:
            listed = self._applied.zones.all()
            before = self._found(call)
            after = changed(before)
            if after == before:
                return before
            self._check_name(after)
            self._check_caller(after, call)
            after = replace(after, updated_at=call.now)
            events = self._events(verb, after, call)
            if after.usage != before.usage:
                word = "make_blacklist" if after.usage == "BLOCKLIST" else "remove_blacklist"
                events = [*events, *self._events(word, after, call)]
            self._applied.zones.save(before, after, events, seen=listed)
            return after

        return Response.json(200, zone_json(call.retrying(attempt), call))

    def _found(self, call: Call) -> Zone:
        zone_id = call.params["zoneId"]
        found = next((zone for zone in self._applied.all_zones() if zone.id == zone_id), None)
        if found is None:
            raise not_found(zone_id, "NetworkZone")
        return found

    def _check_name(self, made: Zone) -> None:
        if any(zone.name == made.name and zone.id != made.id for zone in self._applied.all_zones()):
            raise invalid_field("name", TAKEN)

    def _check_caller(self, made: Zone, call: Call) -> None:
        """Who would shut themselves out by a blocked zone is told first."""
        here: Circumstances = self._applied.circumstances(call.request, device=None)
        if call.request.query_value("confirm") != "true" and blocking([made], here) is not None:
            raise invalid_field("usage", _CAUGHT)

    def _release(self, zone: Zone, call: Call) -> None:
        """Take a zone out of the rules that name it. Raises ApiError (E0000107) where it is the only one of any."""
        naming = [
            (policy, rule)
            for policy_type in _WITH_ZONES
            for policy in self._applied.of_type(policy_type)
            for rule in policy.rules
            if zone.id in ids_of(rule.conditions, "zones")
        ]
        for policy, rule in naming:
            if set(ids_of(rule.conditions, "zones")) == {zone.id}:
                causes = [f"It is the only zone of the rule '{rule.name}' of the policy '{policy.name}'."]
                raise ApiError("E0000107", causes=causes)
        for policy in {policy.id: policy for policy, _ in naming}.values():
            self._save_without(policy, zone, call)

    def _save_without(self, policy: SignOnPolicy, zone: Zone, call: Call) -> None:
        rules = tuple(_without(rule, zone.id) for rule in policy.rules)
        events = [
            call.recorder.event("policy.rule.update", Party(rule.id, "PolicyRule", display_name=rule.name), target)
            for rule, before in zip(rules, policy.rules, strict=True)
            if rule != before
            for target in (policy_party(policy),)
        ]
        self._applied.records.save(policy, replace(policy, rules=rules, updated_at=call.now), events)

    def _events(self, verb: str, zone: Zone, call: Call) -> Sequence[Event]:
        party = Party(zone.id, "NetworkZone", display_name=zone.name)
        return [call.recorder.event(f"zone.{verb}", party, debug={"zone_data": zone_json(zone, call)})]


def _without(rule: SignOnRule, zone_id: str) -> SignOnRule:
    conditions = rule.conditions
    if conditions is None or zone_id not in ids_of(conditions, "zones"):
        return rule
    network: dict[str, Any] = {}
    for name, value in conditions["network"].items():
        left = [one for one in value if one != zone_id] if isinstance(value, list | tuple) else value
        if left:
            network[name] = left
    return replace(rule, conditions={**conditions, "network": network})


def zone_json(zone: Zone, call: Call) -> dict[str, Any]:
    """A zone as it is shown."""
    href = call.url(f"{PATH}/{zone.id}")
    extent: Mapping[str, Any] = zone.extent or {"gateways": None, "proxies": None}
    return {
        "type": zone.type,
        "id": zone.id,
        "name": zone.name,
        "status": zone.status,
        "usage": zone.usage,
        "created": timestamp(zone.created_at),
        "lastUpdated": timestamp(zone.updated_at),
        "system": zone.system,
        **({"useAsBlackList": False, "useAsExemptList": True} if zone.id == EXEMPT else {}),
        **extent,
        "_links": {"self": link(href, "GET", "PUT", "DELETE"), **lifecycle(href, zone.status)},
    }


def _read(body: Fields, base: Zone) -> Zone:
    usage = body.choice("usage", _USAGES, base.usage)
    zone = replace(base, name=body.text("name", required=True) or "", usage=usage)
    zone = replace(zone, extent=_EXTENTS[base.type](body, zone))
    body.check()
    return zone


def _addresses(body: Fields, zone: Zone) -> dict[str, Any]:
    most = _OF_SYSTEM if zone.system else _BLOCKED if zone.usage == "BLOCKLIST" else _ENTRIES
    return {name: _ranges(body, name, most) or None for name in ("gateways", "proxies")}


def _ranges(body: Fields, name: str, most: int) -> Sequence[dict[str, str]]:
    found = []
    for one in body.objects(name, most=most):
        kind = one.choice("type", ("CIDR", "RANGE"), "CIDR")
        value = (one.text("value", required=True) or "").strip()
        if kind == "RANGE" and value and "-" not in value:
            value = f"{value}-{value}"
        try:
            interval_of(value)
        except BadRange:
            one.problem("value", "must be an address, a range of addresses or a network.")
        found.append({"type": kind, "value": value})
    return found


def _places(body: Fields, _: Zone) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "locations": _locations(body, "locations") or None,
        "proxyType": body.choice("proxyType", _PROXIES, ""),
    }
    if asns := _asns(body, "asns"):
        shown["asns"] = asns
    return shown


def _enhanced(body: Fields, _: Zone) -> dict[str, Any]:
    readers: Mapping[str, Callable[[Fields, str], Sequence[Any]]] = {
        "locations": _locations,
        "ipServiceCategories": lambda fields, name: list(fields.texts(name, longest=100) or ()),
        "asns": _asns,
    }
    return {
        name: {part: read(body.below(name), part) for part in ("include", "exclude")} for name, read in readers.items()
    }


def _locations(body: Fields, name: str) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in body.objects(name, most=_PLACES):
        country, region = one.text("country", required=True) or "", one.text("region")
        if country and not _COUNTRY.fullmatch(country):
            one.problem("country", "must be two capital letters (ISO 3166-1).")
        if region is not None and not (_REGION.fullmatch(region) and region.startswith(f"{country}-")):
            one.problem("region", "must be a region of the country, as in US-CA (ISO 3166-2).")
        found.append({"country": country, "region": region})
    whole = {one["country"] for one in found if one["region"] is None}
    if any(one["region"] is not None and one["country"] in whole for one in found):
        body.problem(name, "A location is a part of another one.")
    return found


def _asns(body: Fields, name: str) -> Sequence[str]:
    asns = list(body.texts(name, longest=10, most=_PLACES) or ())
    if any(not _ASN.fullmatch(asn) for asn in asns):
        body.problem(name, "must be numbers of networks.")
    return asns


_EXTENTS: Final[Mapping[ZoneType, Callable[[Fields, Zone], dict[str, Any]]]] = {
    "IP": _addresses,
    "DYNAMIC": _places,
    "DYNAMIC_V2": _enhanced,
}
