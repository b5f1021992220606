"""Providers that everybody knows: where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..storage.identity_providers import IdpType

#: In the issuer of a provider with many tenants: the id of the one that the token is of (``tid``).
TENANT: Final = "{tenantid}"


@dataclass(frozen=True)
class Preset:
    """Where a provider is."""

    issuer: str
    authorization: str
    token: str
    jwks: str
    user_info: str | None = None


PRESETS: Final[Mapping[IdpType, Preset]] = {
    "GOOGLE": Preset(
        issuer="https://accounts.google.com",
        authorization="https://accounts.google.com/o/oauth2/auth",
        token="https://www.googleapis.com/oauth2/v3/token",
        jwks="https://www.googleapis.com/oauth2/v3/certs",
    ),
    # Of every tenant. One tenant alone is a provider of type OIDC, whose issuer names it.
    "MICROSOFT": Preset(
        issuer=f"https://login.microsoftonline.com/{TENANT}/v2.0",
        authorization="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token="https://login.microsoftonline.com/common/oauth2/v2.0/token",
        jwks="https://login.microsoftonline.com/common/discovery/v2.0/keys",
    ),
}
