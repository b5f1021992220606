"""The client by which the console signs administrators in: known to who makes it and to who uses it."""

from typing import Final

CLIENT_ID: Final = "authmint-console"
#: Of a console on somebody's own machine, which can keep no secret (RFC 8252 §8.5).
LAPTOP_CLIENT_ID: Final = "authmint-console-laptop"
LAPTOP_CALLBACK: Final = "http://127.0.0.1/console/callback"
#: Where its people come back to, below the deployment's base URL.
CALLBACK_PATH: Final = "/console/callback"
HOME_PATH: Final = "/console"
#: What it asks for. What of it somebody may do is a matter of roles (docs/protocol.md §35).
SCOPES: Final = (
    "okta.apiTokens.manage",
    "okta.appGrants.manage",
    "okta.apps.manage",
    "okta.authenticators.manage",
    "okta.authorizationServers.manage",
    "okta.behaviors.manage",
    "okta.brands.manage",
    "okta.clients.manage",
    "okta.clients.register",
    "okta.groups.manage",
    "okta.logs.read",
    "okta.networkZones.manage",
    "okta.orgs.manage",
    "okta.policies.manage",
    "okta.roles.manage",
    "okta.schemas.manage",
    "okta.sessions.manage",
    "okta.templates.manage",
    "okta.threatInsights.manage",
    "okta.trustedOrigins.manage",
    "okta.userRisk.manage",
    "okta.userTypes.manage",
    "okta.users.manage",
)


def client_secret(secret: str) -> str:
    """What the console authenticates with, of what its deployment was given."""
    return _derived(secret, b"authmint console: client secret").hex()


def cookie_key(secret: str) -> bytes:
    """32 bytes that seal its cookies, of what its deployment was given."""
    return _derived(secret, b"authmint console: cookies")


def _derived(secret: str, purpose: bytes) -> bytes:
    """HKDF (RFC 5869): whoever learns one learns nothing of the other."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, None, purpose).derive(secret.encode())
