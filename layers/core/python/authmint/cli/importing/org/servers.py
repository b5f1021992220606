"""Authorization servers and what stands below them."""

from collections.abc import Iterator
from typing import Any, Final

from ...remote import Answer, words
from ..patience import Patient, Unreadable
from .kinds import Item, Kind, Making, Raw, above, without

_API: Final = "/api/v1/authorizationServers"


class Servers(Kind):
    """Authorization servers. Their keys are born anew."""

    word = "server"
    title = "authorization servers"
    switches = True
    settles = True

    def path(self, parent: Item | None) -> str:
        return _API

    def query(self) -> str:
        return "?limit=200"

    def is_fixed(self, raw: Raw) -> bool:
        return bool(raw.get("default")) or raw["id"] == "default"

    def key(self, raw: Raw) -> str:
        return "default" if self.is_fixed(raw) else f"={raw['name']}"

    def body(self, raw: Raw) -> dict[str, Any]:
        members = (
            "name",
            "description",
            "audiences",
            "issuerMode",
            "accessTokenEncryptedResponseAlgorithm",
            "jwks_uri",
        )
        body = {name: raw[name] for name in members if raw.get(name) is not None}
        signing = (raw.get("credentials") or {}).get("signing") or {}
        kept = {name: signing[name] for name in ("rotationMode", "alg") if signing.get(name)}
        return body | ({"credentials": {"signing": kept}} if kept else {})

    def note(self, making: Making, made: Raw) -> str | None:
        return (
            f"its issuer was {making.source.raw.get('issuer')}, and is {made.get('issuer')} here, with keys of its own"
        )


class _Below(Kind):
    """What stands below a server."""

    parent = "server"
    names_parent = True
    below: str

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{_API}/{parent.segment}/{self.below}"


class Scopes(_Below):
    """Scopes."""

    word = "scope"
    title = "scopes"
    below = "scopes"
    listed_anew = True

    def query(self) -> str:
        return "?limit=200"


class Claims(_Below):
    """Claims."""

    word = "claim"
    title = "claims"
    below = "claims"
    listed_anew = True

    def key(self, raw: Raw) -> str:
        return f"{raw['claimType']} {raw['name']}"

    def body(self, raw: Raw) -> dict[str, Any]:
        return super().body(raw) | {"status": raw.get("status") or "ACTIVE"}


class Resources(_Below):
    """Resources that tokens can be asked for."""

    word = "resource"
    title = "resources"
    below = "resources"
    optional = True

    def name(self, raw: Raw) -> str:
        return str(raw.get("name") or raw["resource"])

    def key(self, raw: Raw) -> str:
        return str(raw["resource"])

    def body(self, raw: Raw) -> dict[str, Any]:
        return super().body(raw) | {"status": raw["status"]}


class MetadataClients(_Below):
    """Clients by metadata document that a server lets in, or keeps out."""

    word = "metadata-client"
    title = "clients by metadata document"
    below = "metadataClients"
    optional = True

    def name(self, raw: Raw) -> str:
        return str(raw["clientId"])

    def body(self, raw: Raw) -> dict[str, Any]:
        return super().body(raw) | {"status": raw["status"]}


class Security(_Below):
    """Settings that only this product has."""

    word = "server-security"
    title = "security settings of servers"
    below = "security"
    optional = True
    listed_anew = True

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        answer = org.read(self.path(parent))
        if answer.status >= 300:
            raise Unreadable(answer.status, words(answer))
        yield {"id": "security", **answer.json()}

    def is_fixed(self, raw: Raw) -> bool:
        return True

    def at(self, item: Item) -> str:
        return self.path(item.parent)

    def body(self, raw: Raw) -> dict[str, Any]:
        return without(raw, "id")


class AssociatedServers(_Below):
    """Which servers' tokens a server trusts."""

    word = "associated-server"
    title = "trusted servers"
    below = "associatedServers"
    replaces = ""
    refers = True

    def query(self) -> str:
        return "?trusted=true&limit=200"

    def body(self, raw: Raw) -> dict[str, Any]:
        return {}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.change("POST", self.path(making.parent), {"trusted": [making.target_id]})


class AccessPolicies(_Below):
    """Access policies."""

    word = "access-policy"
    title = "access policies"
    without = "until it is here, the policies after it decide"
    below = "policies"
    switches = True

    def is_fixed(self, raw: Raw) -> bool:
        return False


class AccessRules(Kind):
    """Rules of access policies."""

    word = "access-rule"
    title = "rules of access policies"
    without = "until it is here, the rules after it decide"
    parent = "access-policy"
    switches = True
    names_parent = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{parent.kind.at(parent)}/rules"

    def is_fixed(self, raw: Raw) -> bool:
        return False

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.make(self.path(making.parent), {**body, "status": making.source.raw.get("status") or "ACTIVE"})
