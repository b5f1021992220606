"""Zones, behaviours, authenticators, trusted origins, API tokens and administrators."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..fields import Field
from ..resources import Column, Family, Kind, Made
from .servers import SWITCHES

_USAGE: Final = Field(
    "usage", "Usage", "choice", options=(("POLICY", "named in policies"), ("BLOCKLIST", "refused everywhere"))
)
_NAME: Final = Field("name", "Name", least=True)


def _range(line: str) -> Mapping[str, str]:
    return {"type": "RANGE" if "-" in line else "CIDR", "value": line if "-" in line or "/" in line else f"{line}/32"}


def _ranges(label: str, path: str) -> Field:
    return Field(
        path,
        label,
        "list",
        hint="One on each line: 192.0.2.7, 192.0.2.0/24 or 192.0.2.1-192.0.2.9.",
        code=True,
        shows=lambda value: [one["value"] for one in value],
        reads=lambda lines: [{"type": "CIDR", "value": line} if ":" in line else _range(line) for line in lines],
    )


def _place(line: str) -> Mapping[str, str]:
    country, _, rest = line.upper().partition("-")
    return {"country": country, "region": f"{country}-{rest}"} if rest else {"country": country}


_PLACES: Final = Field(
    "locations",
    "Places",
    "list",
    hint="One on each line: DE, or DE-BY for a part of it.",
    code=True,
    shows=lambda value: [one.get("region") or one.get("country") for one in value],
    reads=lambda lines: [_place(line) for line in lines],
)
_ASNS: Final = Field("asns", "Networks of providers (ASN)", "list", code=True, aside=True)


def _of_zone(_: Any, zone: Mapping[str, Any] | None) -> Sequence[Field]:
    match (zone or {}).get("type"):
        case "IP":
            return (_ranges("Addresses", "gateways"), _ranges("Proxies", "proxies"))
        case "DYNAMIC":
            return (_PLACES, _ASNS)
        case _:
            return (Field("locations", "Places", "json"), Field("asns", "Networks of providers (ASN)", "json"))


ZONES: Final = Family(
    "/zones",
    "/api/v1/zones",
    "Network zones",
    "network zone",
    "security",
    columns=(Column("Name", "name"), Column("Kind", "type"), Column("Usage", "usage"), Column("Status", "status")),
    kinds=(
        Kind(
            "addresses",
            "Addresses",
            "An office, a VPN: networks that you know.",
            (_NAME, _USAGE, _ranges("Addresses", "gateways"), _ranges("Proxies", "proxies")),
            {"type": "IP"},
        ),
        Kind(
            "places",
            "Places",
            "Countries and parts of them, by the address of whoever signs in.",
            (_NAME, _USAGE, _PLACES, _ASNS),
            {"type": "DYNAMIC"},
        ),
    ),
    fields=(_NAME, _USAGE, Field("type", "Kind", only="new")),
    more=_of_zone,
    actions=SWITCHES,
    removal="Rules that name it match no more.",
    guide="policies-by-example.md",
)
_EVENTS: Final = (
    Field("settings.maxEventsUsedForEvaluation", "Sign-ins that are compared", "number", hint="The last ones."),
    Field("settings.minEventsNeededForEvaluation", "Sign-ins that are needed to say anything", "number"),
)
_FAR: Final = (
    Field(
        "settings.granularity",
        "Another place is another",
        "choice",
        options=(
            ("LAT_LONG", "circle"),
            ("CITY", "city"),
            ("SUBDIVISION", "part of the country"),
            ("COUNTRY", "country"),
        ),
    ),
    Field("settings.radiusKilometers", "Radius of the circle, kilometres", "decimal"),
)
_FAST: Final = (Field("settings.velocityKph", "Faster than, km/h", "number"),)


def _of_behavior(_: Any, behavior: Mapping[str, Any] | None) -> Sequence[Field]:
    match (behavior or {}).get("type"):
        case "VELOCITY":
            return _FAST
        case "ANOMALOUS_LOCATION":
            return (*_EVENTS, *_FAR)
        case _:
            return _EVENTS


BEHAVIORS: Final = Family(
    "/behaviors",
    "/api/v1/behaviors",
    "Behaviours",
    "behaviour",
    "security",
    columns=(Column("Name", "name"), Column("Kind", "type"), Column("Status", "status")),
    kinds=(
        Kind("device", "New device", "A browser that was not seen.", (_NAME, *_EVENTS), {"type": "ANOMALOUS_DEVICE"}),
        Kind("address", "New address", "An address that was not seen.", (_NAME, *_EVENTS), {"type": "ANOMALOUS_IP"}),
        Kind(
            "place", "New place", "A place that was not seen.", (_NAME, *_EVENTS, *_FAR), {"type": "ANOMALOUS_LOCATION"}
        ),
        Kind("network", "New network", "A provider that was not seen.", (_NAME, *_EVENTS), {"type": "ANOMALOUS_ASN"}),
        Kind("speed", "Too fast", "Further away than anybody travels.", (_NAME, *_FAST), {"type": "VELOCITY"}),
    ),
    fields=(_NAME, Field("type", "Kind", only="new")),
    more=_of_behavior,
    actions=SWITCHES,
    removal="Rules that name it match no more by it.",
    guide="policies-by-example.md",
)
AUTHENTICATORS: Final = Family(
    "/authenticators",
    "/api/v1/authenticators",
    "Authenticators",
    "authenticator",
    "security",
    columns=(Column("Name", "name"), Column("Kind", "key"), Column("Status", "status")),
    fields=(_NAME, Field("key", "Kind", only="new"), Field("settings", "Settings", "json")),
    actions=SWITCHES,
    removes=False,
    removal="Nobody can prove it while it is off.",
    guide="strong-sign-in.md",
    tabs=(),
)


def _origin_kinds(values: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(one.get("type")) for one in values]


ORIGINS: Final = Family(
    "/origins",
    "/api/v1/trustedOrigins",
    "Trusted origins",
    "trusted origin",
    "security",
    columns=(
        Column("Name", "name"),
        Column("Origin", "origin"),
        Column("For", lambda one: _origin_kinds(one.get("scopes") or ())),
        Column("Status", "status"),
    ),
    makes=(
        _NAME,
        Field("origin", "Origin", least=True, code=True, hint="https://app.example.com: scheme, host and port."),
        Field(
            "scopes",
            "For",
            "choices",
            least=True,
            options=(("CORS", "scripts of its pages may call"), ("REDIRECT", "people may be sent there")),
            shows=_origin_kinds,
            reads=lambda kinds: [{"type": kind} for kind in kinds],
        ),
    ),
    base={"scopes": [{"type": "CORS"}]},
    actions=SWITCHES,
    search="q",
    removal="Its scripts are strangers from then on.",
    guide="people-and-sign-on.md",
)
TOKENS: Final = Family(
    "/tokens",
    "/api/v1/api-tokens",
    "API tokens",
    "API token",
    "security",
    columns=(
        Column("Name", "name"),
        Column("Acts as", "userId"),
        Column("Made", "created"),
        Column("Ends", "expiresAt"),
    ),
    replaces="",
    makes=(Field("name", "Name", least=True, hint="Who uses it, and for what."),),
    fields=(
        Field("name", "Name", only="new"),
        Field("userId", "Acts as", only="new", code=True),
        Field("created", "Made", only="new"),
        Field("lastUpdated", "Used", only="new"),
        Field("expiresAt", "Ends", only="new", hint="Thirty days after its last use."),
    ),
    removal="Whoever uses it is refused from then on.",
    empty="Make one for each script that administers. It may do no more than you.",
    guide="configuration-as-code.md",
    made=Made(),
)
ADMINISTRATORS: Final = Family(
    "/administrators",
    "/api/v1/iam/assignees/users",
    "Administrators",
    "administrator",
    "security",
    columns=(Column("Username", lambda one: one["_name"] or one["id"]), Column("Id", "id")),
    items="value",
    names=("/api/v1/users/{id}", "profile.login"),
    leads="/users/{id}/roles",
    replaces="",
    removes=False,
    item_api="/api/v1/users/{id}",
    fields=(Field("profile", "Profile", "json", only="new"),),
    empty="Only API tokens administer so far. Give somebody a role: Directory, People, Roles.",
    guide="administrators.md",
)
FAMILIES: Final = (ZONES, BEHAVIORS, AUTHENTICATORS, ORIGINS, TOKENS, ADMINISTRATORS)
