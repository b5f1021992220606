"""Network zones, behaviours, trusted origins, authenticators."""

from collections.abc import Iterator
from typing import Any, Final

from ..patience import Patient
from .kinds import Item, Kind, Raw, above, without

_OFFERED: Final = frozenset({"okta_email", "google_otp", "okta_password", "webauthn", "security_question"})


class Zones(Kind):
    """Network zones."""

    word = "zone"
    title = "network zones"
    switches = True

    def path(self, parent: Item | None) -> str:
        return "/api/v1/zones"

    def query(self) -> str:
        return "?limit=200"

    def body(self, raw: Raw) -> dict[str, Any]:
        return without(super().body(raw), "useAsBlackList", "useAsExemptList")


class Behaviors(Kind):
    """Behaviours."""

    word = "behavior"
    title = "behaviours"
    switches = True

    def path(self, parent: Item | None) -> str:
        return "/api/v1/behaviors"

    def query(self) -> str:
        return "?limit=200"


class TrustedOrigins(Kind):
    """Trusted origins."""

    word = "trusted-origin"
    title = "trusted origins"
    switches = True

    def path(self, parent: Item | None) -> str:
        return "/api/v1/trustedOrigins"

    def query(self) -> str:
        return "?limit=200"

    def key(self, raw: Raw) -> str:
        return str(raw["origin"]).casefold()


class Authenticators(Kind):
    """Authenticators: which are on, and their settings."""

    word = "authenticator"
    title = "authenticators"
    switches = True

    def path(self, parent: Item | None) -> str:
        return "/api/v1/authenticators"

    def key(self, raw: Raw) -> str:
        return str(raw["key"])

    def is_fixed(self, raw: Raw) -> bool:
        return True

    def lacks(self, raw: Raw) -> str | None:
        return None if raw.get("key") in _OFFERED else f"authenticators of the kind {raw.get('key')} are not offered"

    def body(self, raw: Raw) -> dict[str, Any]:
        settings = {name: value for name, value in (raw.get("settings") or {}).items() if value is not None}
        kept = {name: value for name, value in settings.items() if name in {"allowedFor", "tokenLifetimeInMinutes"}}
        return {"name": raw["name"]} | ({"settings": kept} if kept else {})


class AuthenticatorMethods(Kind):
    """What kind of passkeys people may have."""

    word = "authenticator-method"
    title = "methods of authenticators"
    parent = "authenticator"
    names_parent = True

    def path(self, parent: Item | None) -> str:
        parent = above(parent)
        return f"/api/v1/authenticators/{parent.segment}/methods"

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        if parent is not None and parent.raw.get("key") == "webauthn":
            yield from super().read(org, parent)

    def id_of(self, raw: Raw) -> str:
        return str(raw["type"])

    def name(self, raw: Raw) -> str:
        return str(raw["type"])

    def is_fixed(self, raw: Raw) -> bool:
        return True

    def body(self, raw: Raw) -> dict[str, Any]:
        settings = {name: value for name, value in (raw.get("settings") or {}).items() if value not in (None, [], {})}
        return {"settings": settings} if settings else {}
