"""A server as items of one partition: a small head with the version, a table of contents, and an item per object.

``#``          head: the server's own fields; ``version``; when the schedule has to look at it
``CONTENTS``   what belongs to the server, in order, and at which version each was written
``SCOPE#id``   and CLAIM#, RESOURCE#, CIMD#, ISSUER#, POLICY#, RULE#, KEY#: one record each, stamped with ``rev``

A Query is no snapshot: a change that commits between two pages, or between two items of one, shows half of itself.
The contents name the revision of every item, so such a reading is noticed and repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..storage.client_registration import MetadataClient
from ..storage.servers import AuthorizationServer, Claim, Policy, Resource, Rule, Scope, SigningKey
from ..storage.trusted_issuers import TrustedIssuer
from .items import HEAD, ConfigItem
from .records import decode, encode

CONTENTS: Final = "CONTENTS"
Entries = Sequence[tuple[str, int]]
_TYPES: Final[Mapping[str, type[Any]]] = {
    "SCOPE": Scope,
    "CLAIM": Claim,
    "RESOURCE": Resource,
    "CIMD": MetadataClient,
    "ISSUER": TrustedIssuer,
    "POLICY": Policy,
    "RULE": Rule,
    "KEY": SigningKey,
}


class Torn(Exception):
    """The items read do not belong together: a change committed in between."""


def partition(path_id: str) -> str:
    """``path_id`` is what stands in the issuer: the id, or ``default``."""
    return f"AS#{path_id}"


def objects(server: AuthorizationServer) -> dict[str, Any]:
    """Everything below a server by sort key, in the order that the contents keep."""
    found: dict[str, Any] = {f"SCOPE#{scope.id}": scope for scope in server.scopes}
    found |= {f"CLAIM#{claim.id}": claim for claim in server.claims}
    found |= {f"RESOURCE#{resource.id}": resource for resource in server.resources}
    found |= {f"CIMD#{client.id}": client for client in server.metadata_clients}
    found |= {f"ISSUER#{issuer.id}": issuer for issuer in server.trusted_issuers}
    for policy in server.policies:
        found[f"POLICY#{policy.id}"] = replace(policy, rules=())
        found |= {f"RULE#{rule.id}": rule for rule in policy.rules}
    found |= {f"KEY#{key.kid}": key for key in server.keys}
    return found


def head_body(server: AuthorizationServer) -> str:
    """The server's own fields."""
    return encode(replace(_alone(server), keys=(), version=0))


def summary_body(server: AuthorizationServer) -> str:
    """What a list of servers shows: own fields and the keys without their private halves."""
    keys = tuple(replace(key, wrapped="") for key in server.keys)
    return encode(replace(_alone(server), keys=keys))


def _alone(server: AuthorizationServer) -> AuthorizationServer:
    """The server without what is below it, but for its keys."""
    return replace(server, scopes=(), claims=(), resources=(), metadata_clients=(), trusted_issuers=(), policies=())


def entries(item: ConfigItem) -> Entries:
    """The contents: sort key and revision of each object."""
    return decode(item.body or "[]", list[tuple[str, int]])


def listed(items: Mapping[str, ConfigItem]) -> Entries:
    """What belongs to the server.

    Raises:
        Torn: The contents are not those of the head.
    """
    head, contents = items[HEAD], items.get(CONTENTS)
    if contents is None or contents.rev != head.version:
        raise Torn
    return entries(contents)


def assemble(items: Mapping[str, ConfigItem], known: Mapping[str, Any] | None = None) -> AuthorizationServer:
    """The server from the items of its partition, by sort key.

    Args:
        items: Head and contents, and all objects that are not known.
        known: Objects that did not change since they were read.

    Raises:
        Torn: They are not of one version.
    """
    head, known = items[HEAD], known or {}
    found: dict[str, list[Any]] = {kind: [] for kind in _TYPES}
    rules: list[list[Rule]] = []
    for sort_key, revision in listed(items):
        kind = sort_key.partition("#")[0]
        record = known.get(sort_key)
        if record is None:
            item = items.get(sort_key)
            if item is None or item.rev != revision:
                raise Torn
            record = decode(item.body or "", _TYPES[kind])
        if kind == "RULE":
            rules[-1].append(record)
            continue
        if kind == "POLICY":
            rules.append([])
        found[kind].append(record)
    return replace(
        decode(head.body or "", AuthorizationServer),
        version=int(head.version or 0),
        scopes=tuple(found["SCOPE"]),
        claims=tuple(found["CLAIM"]),
        resources=tuple(found["RESOURCE"]),
        metadata_clients=tuple(found["CIMD"]),
        trusted_issuers=tuple(found["ISSUER"]),
        policies=tuple(replace(policy, rules=tuple(own)) for policy, own in zip(found["POLICY"], rules, strict=True)),
        keys=tuple(found["KEY"]),
    )
