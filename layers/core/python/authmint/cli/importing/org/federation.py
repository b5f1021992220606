"""Hooks, identity providers, mappings, and whom providers know."""

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from ...remote import Answer, words
from ..patience import Patient, Unreadable
from .directory import Attributes
from .kinds import Item, Kind, Making, Raw, above, segment, without

_PROVIDERS: Final = frozenset({"OIDC", "GOOGLE", "MICROSOFT"})
_UNTOLD: Final = (
    "the source does not tell its secret: make one of this name here, with its secret, and import again to bring the "
    "rest of it"
)


class InlineHooks(Kind):
    """Inline hooks."""

    word = "inline-hook"
    title = "inline hooks"
    switches = True

    def path(self, parent: Item | None) -> str:
        return "/api/v1/inlineHooks"

    def missing(self, raw: Raw) -> str | None:
        channel = raw.get("channel") or {}
        secret = (channel.get("config") or {}).get("authScheme") or channel.get("type") == "OAUTH"
        return _UNTOLD if secret else None


class EventHooks(InlineHooks):
    """Event hooks."""

    word = "event-hook"
    title = "event hooks"

    def path(self, parent: Item | None) -> str:
        return "/api/v1/eventHooks"

    def body(self, raw: Raw) -> dict[str, Any]:
        return without(super().body(raw), "verificationStatus", "createdBy")

    def note(self, making: Making, made: Raw) -> str | None:
        return "its endpoint has to prove here that it wants the events, before any is sent"


class IdentityProviders(Kind):
    """Identity providers."""

    word = "identity-provider"
    title = "identity providers"
    switches = True
    guarded = (("protocol", "credentials", "client", "client_secret"),)

    def path(self, parent: Item | None) -> str:
        return "/api/v1/idps"

    def query(self) -> str:
        return "?limit=200"

    def lacks(self, raw: Raw) -> str | None:
        return None if raw.get("type") in _PROVIDERS else f"providers of the type {raw.get('type')} are not offered"

    def body(self, raw: Raw) -> dict[str, Any]:
        body = super().body(raw)
        protocol = body.get("protocol") or {}
        credentials = without(protocol.get("credentials") or {}, "signing")  # a key of the source's own
        return body | {"protocol": {**protocol, "credentials": credentials}}

    def missing(self, raw: Raw) -> str | None:
        client = _upstream_client(raw)
        return None if client.get("client_secret") or _has_key(client) else _UNTOLD

    def note(self, making: Making, made: Raw) -> str | None:
        link = ((made.get("_links") or {}).get("clientRedirectUri") or {}).get("href")
        key = ", and its key (credentials/keys)" if _has_key(_upstream_client(made)) else ""
        return f"add its redirect URI at the provider: {link}{key}"


def _upstream_client(raw: Raw) -> Raw:
    found: Raw = ((raw.get("protocol") or {}).get("credentials") or {}).get("client") or {}
    return found


def _has_key(client: Raw) -> bool:
    return client.get("token_endpoint_auth_method") == "private_key_jwt"


class Links(Kind):
    """Whom a provider knows by which name."""

    word = "link"
    title = "links to identity providers"
    parent = "identity-provider"
    replaces = ""
    refers = True
    names_parent = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"/api/v1/idps/{parent.segment}/users"

    def query(self) -> str:
        return "?limit=200"

    def body(self, raw: Raw) -> dict[str, Any]:
        return {"externalId": raw["externalId"]}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.make(f"{self.path(making.parent)}/{segment(making.target_id)}", body)


class ProviderAttributes(Attributes):
    """Attributes of what a provider says of people."""

    word = "provider-attribute"
    title = "attributes of identity providers"
    parent = "identity-provider"

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"/api/v1/meta/schemas/apps/{parent.segment}/default"


class ProviderMappings(Kind):
    """What profiles are made of, attribute by attribute."""

    word = "provider-mapping"
    title = "mappings of identity providers"
    parent = "identity-provider"
    replaces = "POST"
    names_parent = True
    listed_anew = True
    ways: ClassVar[tuple[str, ...]] = ("sourceId",)

    def path(self, parent: Item | None) -> str:
        return "/api/v1/mappings"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        for way in self.ways:
            for mapping_id in _mappings(org, parent, way):
                answer = org.read(f"/api/v1/mappings/{segment(mapping_id)}")
                if answer.status >= 300:
                    raise Unreadable(answer.status, words(answer))
                for name, one in (answer.json().get("properties") or {}).items():
                    yield {"id": f"{way}.{name}", "name": name, "way": way, "mapping": mapping_id, "definition": one}

    def key(self, raw: Raw) -> str:
        return str(raw["id"])

    def body(self, raw: Raw) -> dict[str, Any]:
        kept = {name: raw["definition"].get(name) for name in ("expression", "pushStatus")}
        return {"properties": {raw["name"]: kept}}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        way = str(making.source.raw["way"])
        mapping_id = next(iter(_mappings(org, making.parent, way)), "none")
        return org.change("POST", f"/api/v1/mappings/{segment(mapping_id)}", body)

    def made(self, answer: Answer, making: Making) -> Raw:
        return {**making.source.raw, "mapping": answer.json()["id"]}

    def at(self, item: Item) -> str:
        return f"/api/v1/mappings/{segment(item.raw['mapping'])}"


def _mappings(org: Patient, parent: Item | None, way: str) -> list[str]:
    return [one["id"] for one in org.items(f"/api/v1/mappings?{way}={parent.segment if parent else ''}")]
