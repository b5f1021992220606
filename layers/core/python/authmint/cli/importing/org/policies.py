"""Policies of people and their rules."""

from collections.abc import Iterator
from typing import Any, Final

from ..patience import Patient, Unreadable
from .kinds import Item, Kind, Raw, above, without

_API: Final = "/api/v1/policies"
_TYPES: Final = ("OKTA_SIGN_ON", "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL", "PROFILE_ENROLLMENT", "IDP_DISCOVERY")
#: What another deployment may have of types that there are none of here.
_OTHERS: Final = (
    "CLIENT_UPDATE",
    "CONTINUOUS_ACCESS",
    "DEVICE_SIGNAL_COLLECTION",
    "ENTITY_RISK",
    "POST_AUTH_SESSION",
    "SESSION_VIOLATION_DETECTION",
    "USER_LIFECYCLE",
)
_OF_APPS: Final = frozenset({"ACCESS_POLICY", "PROFILE_ENROLLMENT"})


class Policies(Kind):
    """Policies of people."""

    word = "policy"
    title = "policies of people"
    without = "until it is here, the policies after it decide"
    switches = True

    def path(self, parent: Item | None) -> str:
        return _API

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        for one in (*_TYPES, *_OTHERS):
            try:
                found = list(org.items(f"{_API}?type={one}"))
            except Unreadable as error:
                if error.status < 300 or (error.status == 403 and one in _TYPES):
                    raise
                continue  # an org that has none of it refuses the type
            yield from sorted(found, key=lambda raw: int(raw.get("priority") or 0))

    def name(self, raw: Raw) -> str:
        return f"{raw['type']}: {raw['name']}"

    def key(self, raw: Raw) -> str:
        return f"{raw['type']} system" if raw.get("system") else f"{raw['type']}={raw['name']}"

    def lacks(self, raw: Raw) -> str | None:
        return None if raw["type"] in _TYPES else f"policies of the type {raw['type']} are not offered"

    def status(self, raw: Raw) -> str | None:
        return None if raw.get("system") else super().status(raw)

    def body(self, raw: Raw) -> dict[str, Any]:
        body = super().body(raw)
        if raw.get("system"):
            return without(body, "conditions", "priority", "name", "description") | {"name": raw["name"]}
        return without(body, "priority") if raw["type"] in _OF_APPS else body


class PolicyRules(Kind):
    """Rules of people's policies."""

    word = "policy-rule"
    title = "rules of people's policies"
    without = "until it is here, the rules after it decide"
    parent = "policy"
    switches = True
    names_parent = True
    listed_anew = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"{_API}/{parent.segment}/rules"

    def key(self, raw: Raw) -> str:
        return "system" if raw.get("system") else f"={raw['name']}"

    def status(self, raw: Raw) -> str | None:
        return None if raw.get("system") else super().status(raw)

    def body(self, raw: Raw) -> dict[str, Any]:
        body = super().body(raw)
        return without(body, "conditions", "priority") if raw.get("system") else body
