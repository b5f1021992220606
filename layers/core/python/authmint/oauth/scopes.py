"""The ``scope`` parameter (RFC 6749 §3.3, runtime contract §16)."""

import re
from typing import Final

from ..storage.admin_scopes import ADMIN_SCOPES
from ..storage.clients import Client
from ..storage.servers import AuthorizationServer
from .errors import OAuthError

MAX_LENGTH: Final = 4096
#: Scopes about a signed-in user (§16.1): never for a client alone.
OPENID_SCOPES: Final = frozenset({"openid", "profile", "email", "address", "phone", "offline_access", "device_sso"})
_SCOPE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


def requested(parameter: str) -> tuple[str, ...]:
    """The scopes of a request, in order, without repetitions; empty where there is none.

    Raises:
        OAuthError: Malformed or too long.
    """
    if len(parameter) > MAX_LENGTH:
        raise OAuthError("invalid_scope", reason="too long")
    names = tuple(dict.fromkeys(name for name in parameter.split(" ") if name))
    if not all(_SCOPE.fullmatch(name) for name in names):
        raise OAuthError("invalid_scope", reason="malformed")
    return names


def granted_by_administrators(client: Client, names: tuple[str, ...]) -> tuple[str, ...]:
    """Of the ``okta.*`` scopes requested of the org server those that an administrator granted the client.

    Raises:
        OAuthError: None was named, one is no such scope, or none is granted (§5.3).
    """
    if not names:
        raise OAuthError("missing_scopes")
    if any(name in OPENID_SCOPES for name in names):
        raise OAuthError("openid_not_allowed_client_creds")
    if any(name not in ADMIN_SCOPES for name in names):
        raise OAuthError("illegal_custom_scope")
    granted = {grant.scope for grant in client.scope_grants}
    allowed = tuple(name for name in names if name in granted)
    if not allowed:
        raise OAuthError("no_org_scopes_granted")
    return allowed


def for_client_alone(server: AuthorizationServer, names: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes of a request without a user: those named, or the server's default ones.

    Raises:
        OAuthError: Unknown, about a user, in need of consent, or neither named nor default.
    """
    if any(name in OPENID_SCOPES for name in names):
        raise OAuthError("openid_not_allowed_client_creds")
    known = {scope.name: scope for scope in server.scopes}
    if not names:
        names = tuple(s.name for s in server.scopes if s.default and s.name not in OPENID_SCOPES)
        if not names:
            raise OAuthError("no_default_scopes")
    if any(name not in known for name in names):
        raise OAuthError("no_matching_scope")
    if consent := [name for name in names if known[name].consent == "REQUIRED"]:
        raise OAuthError("consent_required_client_credentials", ", ".join(consent))
    return names
