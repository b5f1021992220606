"""Applications, who is assigned to them, and what they may do."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ....oauth.console_client import CLIENT_ID, LAPTOP_CLIENT_ID
from ...remote import Answer, words
from ..patience import Patient, Unreadable
from .directory import Attributes
from .federation import ProviderMappings
from .kinds import Item, Kind, Making, Raw, above, path_of, segment, without

_API: Final = "/api/v1/apps"
_KINDS: Final = {
    "SAML_2_0": "SAML applications",
    "SAML_1_1": "SAML applications",
    "WS_FEDERATION": "WS-Federation applications",
    "BOOKMARK": "bookmarks",
    "BASIC_AUTH": "applications with basic authentication",
    "SECURE_PASSWORD_STORE": "applications to which passwords are sent",
    "AUTO_LOGIN": "applications to which passwords are sent",
    "BROWSER_PLUGIN": "applications to which passwords are sent",
}
_OF_KEYS: Final = ("id", "status", "created", "lastUpdated", "_links")
_OUR_OWN: Final = frozenset({CLIENT_ID, LAPTOP_CLIENT_ID})


def _client(raw: Raw) -> Raw:
    found: Raw = (raw.get("credentials") or {}).get("oauthClient") or {}
    return found


class Apps(Kind):
    """OpenID Connect applications. They keep their client ids."""

    word = "app"
    title = "applications"
    switches = True
    guarded = (("credentials", "oauthClient", "client_secret"),)

    def path(self, parent: Item | None) -> str:
        return _API

    def query(self) -> str:
        return "?limit=200"

    def name(self, raw: Raw) -> str:
        return str(raw["label"])

    def key(self, raw: Raw) -> str:
        return str(_client(raw).get("client_id") or raw["id"])

    def lacks(self, raw: Raw) -> str | None:
        mode = str(raw.get("signOnMode"))
        if mode != "OPENID_CONNECT":
            return f"{_KINDS.get(mode, f'applications with the sign-on mode {mode}')} are not offered"
        if raw.get("name") != "oidc_client":
            return f"{raw.get('name')} is an application of a catalogue, or of the product itself"
        return "every deployment has a console of its own" if self.key(raw) in _OUR_OWN else None

    def body(self, raw: Raw) -> dict[str, Any]:
        body = without(super().body(raw), "features", "universalLogout", "credentials", "settings")
        client = {name: value for name, value in _client(raw).items() if name not in {"client_id", "client_secret"}}
        settings = {name: value for name, value in (raw.get("settings") or {}).items() if value is not None}
        settings.pop("emOptInStatus", None)
        oauth = {name: value for name, value in (settings.get("oauthClient") or {}).items() if value is not None}
        if keys := (oauth.get("jwks") or {}).get("keys"):
            oauth["jwks"] = {"keys": [without(one, *_OF_KEYS) for one in keys if one.get("status") != "INACTIVE"]}
        body["credentials"] = {"oauthClient": client}
        if template := (raw.get("credentials") or {}).get("userNameTemplate"):
            body["credentials"]["userNameTemplate"] = template
        return body | {"settings": settings | {"oauthClient": oauth}}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        secrets = [one.raw for one in making.children.get(AppSecrets.word, ()) if one.raw["status"] == "ACTIVE"]
        client = body["credentials"]["oauthClient"] | {"client_id": self.key(making.source.raw)}
        if secrets:
            client |= {"client_secret": secrets[-1]["client_secret"]}
        return super().make(org, {**body, "credentials": {**body["credentials"], "oauthClient": client}}, making)

    def note(self, making: Making, made: Raw) -> str | None:
        if not _client(made).get("client_secret") or making.children.get(AppSecrets.word):
            return None
        return "the source does not tell its secret: it has a new one, to be read here"


class AppSecrets(Kind):
    """Secrets of applications, where the source tells them."""

    word = "app-secret"
    title = "secrets of applications"
    parent = "app"
    replaces = ""
    switches = True
    optional = True
    names_parent = True
    listed_anew = True
    guarded = (("client_secret",),)

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{_API}/{parent.segment}/credentials/secrets"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        method = _client(parent.raw).get("token_endpoint_auth_method") if parent else None
        if method in {"client_secret_basic", "client_secret_post", "client_secret_jwt"}:
            yield from (one for one in super().read(org, parent) if one.get("client_secret"))

    def key(self, raw: Raw) -> str:
        return hashlib.sha256(str(raw["client_secret"]).encode()).hexdigest()

    def body(self, raw: Raw) -> dict[str, Any]:
        return {"client_secret": raw["client_secret"], "status": raw["status"]}


class AppAttributes(Attributes):
    """Attributes of how an application knows people."""

    word = "app-attribute"
    title = "attributes of applications"
    parent = "app"

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"/api/v1/meta/schemas/apps/{parent.segment}/default"


class AppMappings(ProviderMappings):
    """What an application is told of people."""

    word = "app-mapping"
    title = "mappings of applications"
    parent = "app"
    ways = ("sourceId", "targetId")


class GroupsClaims(Kind):
    """The one claim of groups that an application may have at the org's own server."""

    word = "app-groups-claim"
    title = "groups claims of applications"
    parent = "app"
    replaces = "POST"
    optional = True
    names_parent = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"/api/v1/internal/apps/{parent.segment}/settings/oauth/idToken"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        answer = org.read(self.path(parent))
        if answer.status >= 300:
            raise Unreadable(answer.status, words(answer))
        if answer.json().get("name"):
            yield {"id": "idToken", **answer.json()}

    def key(self, raw: Raw) -> str:
        return "idToken"

    def body(self, raw: Raw) -> dict[str, Any]:
        members = ("issuerMode", "name", "valueType", "value", "groupFilterType")
        return {name: raw[name] for name in members if raw.get(name) is not None}

    def at(self, item: Item) -> str:
        return self.path(item.parent)

    def made(self, answer: Answer, making: Making) -> Raw:
        return {"id": "idToken", **answer.json()}


class AppScopes(Kind):
    """What an application may do at the management API."""

    word = "app-scope"
    title = "scopes of applications"
    parent = "app"
    replaces = ""
    names_parent = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{_API}/{parent.segment}/grants"

    def name(self, raw: Raw) -> str:
        return str(raw["scopeId"])

    def body(self, raw: Raw) -> dict[str, Any]:
        return {"scopeId": raw["scopeId"]}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.make(self.path(making.parent), {**body, "issuer": org.url})


class AppGroups(Kind):
    """Groups that may use an application."""

    word = "app-group"
    title = "groups of applications"
    parent = "app"
    refers = True
    names_parent = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{_API}/{parent.segment}/groups"

    def query(self) -> str:
        return "?limit=200"

    def body(self, raw: Raw) -> dict[str, Any]:
        return {name: raw[name] for name in ("priority", "profile") if raw.get(name) is not None}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.change("PUT", f"{self.path(making.parent)}/{segment(making.target_id)}", body)


class AppUsers(Kind):
    """People who may use an application by themselves. What its mapping makes of them is left to the mapping."""

    word = "app-user"
    title = "users of applications"
    parent = "app"
    replaces = "POST"
    refers = True
    names_parent = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{_API}/{parent.segment}/users"

    def query(self) -> str:
        return "?limit=200"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        mapped: set[str] | None = None
        for raw in super().read(org, parent):
            if raw.get("scope") == "GROUP":
                continue
            if mapped is None and raw.get("profile"):
                mapped = {one["name"] for one in AppMappings().read(org, parent) if one["way"] == "targetId"}
            profile = {name: value for name, value in (raw.get("profile") or {}).items() if name not in (mapped or ())}
            yield {**raw, "profile": profile}

    def body(self, raw: Raw) -> dict[str, Any]:
        profile = {name: value for name, value in raw["profile"].items() if value is not None}
        name = (raw.get("credentials") or {}).get("userName")
        return {"credentials": {"userName": name}, "profile": profile} if name else {"profile": profile}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.make(self.path(making.parent), {**body, "id": making.target_id, "scope": "USER"})


class AppPolicies(Kind):
    """Which policies of people an application has."""

    word = "app-policy"
    title = "policies of applications"
    without = "until it is here, the application has the default one"
    parent = "app"
    replaces = ""
    refers = True
    names_parent = True
    listed_anew = True
    links: Sequence[str] = ("accessPolicy", "profileEnrollment")

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{_API}/{parent.segment}/policies"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        links = (parent.raw.get("_links") or {}) if parent else {}
        for name in self.links:
            href = (links.get(name) or {}).get("href")
            if href:
                yield {"id": path_of(href).rpartition("/")[2]}

    def body(self, raw: Raw) -> dict[str, Any]:
        return {}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        return org.change("PUT", f"{self.path(making.parent)}/{segment(making.target_id)}")
