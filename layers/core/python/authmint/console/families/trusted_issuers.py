"""Issuers outside that a server trusts, and whom each means (docs/protocol.md §45)."""

from collections.abc import Mapping
from typing import Any, Final

from ..fields import Field
from ..resources import Column, Family, Kind, Tab

_ISSUERS: Final = "/api/v1/authorizationServers/{server}/trustedIssuers"
_ISSUER: Final = Field(
    "issuer", "Issuer", least=True, only="new", code=True, hint="An https URL, to the letter as its tokens have it."
)
_KEYS: Final = (
    Field(
        "discovery",
        "Its metadata says where its keys are",
        "flag",
        hint="One of three ways to its keys. It is tried when this is saved.",
    ),
    Field("jwksUri", "Address of its keys", code=True),
    Field("jwks", "Its keys", "json", hint='{"keys": [ … ]}: nobody is asked for them then.', aside=True),
    Field("algorithms", "Algorithms", "list", hint="One on each line.", aside=True),
)
_PEOPLE: Final = (
    Field(
        "subject.match",
        "Whom it means",
        "choice",
        options=(
            ("EXTERNAL_ID", "is said under People"),
            ("USER_ID", "it says by our id"),
            ("LOGIN", "it says by our username"),
            ("CLAIM", "it says by our username, in a claim"),
        ),
    ),
    Field("subject.claim", "That claim", code=True, aside=True),
    Field(
        "subject.matchVerifiedEmail",
        "Also by an address that is verified there and here",
        "flag",
        aside=True,
    ),
    Field(
        "scopeParameter",
        "Clients that ask for less than it says",
        "choice",
        options=(("REFUSE", "are refused"), ("NARROW", "get less")),
        aside=True,
    ),
)
_LIMITS: Final = (
    Field("maxTokenAgeSeconds", "Its tokens count for, seconds", "number", hint="Left empty, as they say.", aside=True),
    Field("clientIds", "Only for these clients", "list", hint="Ids, one on each line; none: for all.", aside=True),
)
_STATUS: Final = Field(
    "status", "Status", "choice", options=(("ACTIVE", "trusted"), ("INACTIVE", "not now")), only="there"
)


def _of_use(_: Any, issuer: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """What an issuer says of programs is about nobody."""
    own = _PEOPLE if (issuer or {}).get("use") == "ID_JAG" else ()
    return (*own, *_LIMITS)


TRUSTED_ISSUERS: Final = Family(
    "/servers/{server}/trusted-issuers",
    _ISSUERS,
    "Trusted issuers",
    "trusted issuer",
    "servers",
    columns=(
        Column("Issuer", "issuer"),
        Column("For", "use"),
        Column("Keys", lambda one: one.get("jwksUri") or ("discovery" if one.get("discovery") else "jwks")),
        Column("Status", "status"),
    ),
    name="issuer",
    kinds=(
        Kind(
            "people",
            "For people",
            "Another company's identity provider, whose word about somebody is redeemed for a token (ID-JAG).",
            (_ISSUER, *_KEYS, *_PEOPLE, *_LIMITS),
            {"use": "ID_JAG"},
        ),
        Kind(
            "programs",
            "For programs",
            "A platform that says which program it is: Kubernetes, GitHub Actions, AWS, SPIFFE.",
            (_ISSUER, *_KEYS, *_LIMITS),
            {"use": "WORKLOAD"},
        ),
    ),
    fields=(_ISSUER, Field("use", "For", only="new", code=True), _STATUS, *_KEYS),
    more=_of_use,
    removal="Nothing that it says counts at this server any more; tokens that were given for it live on.",
    empty="Tokens of an issuer outside count here once it is trusted.",
    guide="workload-identity.md",
    tabs=(Tab("People", "/subjects"),),
)
SUBJECTS: Final = Family(
    "/servers/{server}/trusted-issuers/{issuer}/subjects",
    f"{_ISSUERS}/{{issuer}}/subjects",
    "People",
    "person",
    "servers",
    columns=(Column("Known there as", "sub"), Column("Id here", "userId"), Column("Since", "created")),
    name="sub",
    makes=(
        Field("sub", "Known there as", least=True, code=True, hint="The sub of its tokens, to the letter."),
        Field("userId", "Person", "choice", least=True, source=("/api/v1/users?limit=200", "profile.login")),
    ),
    replaces="",
    removal="The issuer means nobody by this any more.",
    empty="Say whom it means, one by one, where it names people by ids of its own.",
    guide="on-behalf-of.md",
    asks_name=False,
)
FAMILIES: Final = (TRUSTED_ISSUERS, SUBJECTS)
