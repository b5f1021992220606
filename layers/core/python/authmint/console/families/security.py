"""Zones, behaviours, trusted origins and API tokens."""

from typing import Final

from ..fields import Field
from ..resources import Column, Family
from .servers import SWITCHES

ZONES: Final = Family(
    "/zones",
    "/api/v1/zones",
    "Network zones",
    "network zone",
    "security",
    columns=(Column("Name", "name"), Column("Kind", "type"), Column("Usage", "usage"), Column("Status", "status")),
    makes=(
        Field("name", "Name", least=True),
        Field("type", "Kind", "choice", only="new", options=(("IP", "addresses"), ("DYNAMIC", "places"))),
        Field(
            "usage", "Usage", "choice", options=(("POLICY", "named in policies"), ("BLOCKLIST", "refused everywhere"))
        ),
        Field("gateways", "Addresses", "json", hint='[{"type": "CIDR", "value": "192.0.2.0/24"}]'),
        Field("locations", "Places", "json", hint='[{"country": "DE"}]'),
    ),
    fields=(
        Field("name", "Name", least=True),
        Field(
            "usage", "Usage", "choice", options=(("POLICY", "named in policies"), ("BLOCKLIST", "refused everywhere"))
        ),
        Field("gateways", "Addresses", "json"),
        Field("locations", "Places", "json"),
    ),
    actions=SWITCHES,
    removal="Rules that name it match no more.",
    guide="policies-by-example.md",
)
ORIGINS: Final = Family(
    "/origins",
    "/api/v1/trustedOrigins",
    "Trusted origins",
    "trusted origin",
    "security",
    columns=(Column("Name", "name"), Column("Origin", "origin"), Column("Status", "status")),
    makes=(
        Field("name", "Name", least=True),
        Field("origin", "Origin", least=True, code=True),
        Field("scopes", "For", "json", hint='[{"type": "CORS"}, {"type": "REDIRECT"}]'),
    ),
    fields=(
        Field("name", "Name", least=True),
        Field("origin", "Origin", least=True, code=True),
        Field("scopes", "For", "json"),
    ),
    base={"scopes": [{"type": "CORS"}]},
    actions=SWITCHES,
    guide="people-and-sign-on.md",
)
TOKENS: Final = Family(
    "/tokens",
    "/api/v1/api-tokens",
    "API tokens",
    "API token",
    "security",
    columns=(Column("Name", "name"), Column("Made", "created"), Column("Ends", "expiresAt")),
    replaces="",
    fields=(Field("name", "Name", only="new"), Field("userId", "Acts as", only="new", code=True)),
    removal="Whoever uses it is refused from now on.",
    guide="configuration-as-code.md",
)
FAMILIES: Final = (ZONES, ORIGINS, TOKENS)
