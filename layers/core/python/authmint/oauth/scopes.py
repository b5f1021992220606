"""The ``scope`` parameter (RFC 6749 §3.3, docs/protocol.md §8)."""

import re
from typing import Final

from ..storage.admin_scopes import ADMIN_SCOPES, OWN_ACCOUNT_SCOPES
from ..storage.client_registration import class_of
from ..storage.clients import Client
from ..storage.servers import AuthorizationServer, Scope
from .errors import OAuthError
from .nearest import unknown

MAX_LENGTH: Final = 4096
#: Scopes about a signed-in user (docs/protocol.md §8.1): never for a client alone.
OPENID_SCOPES: Final = frozenset({"openid", "profile", "email", "address", "phone", "offline_access", "device_sso"})
#: Scopes that say something about the user, and so are for OpenID Connect requests only (docs/protocol.md §8.2).
_ABOUT_USERS: Final = frozenset({"profile", "email", "address", "phone"})
#: What clients that nobody registered can have beside what a server publishes.
_USUAL: Final = frozenset({"openid", "offline_access"})
#: Known to every server, and not served.
NOT_SERVED: Final = frozenset({"device_sso"})
#: Known to the org server alone: its claim about groups is a setting of the app.
ORG_SCOPES: Final = ("groups",)
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
        OAuthError: None was named, one is no such scope, or none is granted (docs/protocol.md §6.5).
    """
    if not names:
        raise OAuthError("missing_scopes")
    if any(name in OPENID_SCOPES for name in names):
        raise OAuthError("openid_not_allowed_client_creds")
    if wrong := [name for name in names if name not in ADMIN_SCOPES]:
        raise OAuthError("illegal_custom_scope", reason=unknown("scope", wrong[0], ADMIN_SCOPES))
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
    if wrong := [name for name in names if name not in known]:
        raise OAuthError("no_matching_scope", reason=unknown("scope", wrong[0], known))
    if consent := [name for name in names if known[name].consent == "REQUIRED"]:
        raise OAuthError("consent_required_client_credentials", ", ".join(consent))
    return names


def for_user(server: AuthorizationServer, client: Client, names: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes of a request in a user's name: those named, or the default ones (docs/protocol.md §8.2, §8.3).

    Raises:
        OAuthError: Unknown, not to be had by this client, without ``openid`` where it is needed, or none at all.
    """
    if class_of(client.id) != "REGISTERED":
        return _for_unregistered(server, client, names)
    known = known_to(server, client)
    if server.is_org:
        names = still_granted(client, names)
    if not names:
        names = tuple(scope.name for scope in server.scopes if scope.default)
        if not names:
            raise OAuthError("no_default_scopes")
    if wrong := [name for name in names if name not in known]:
        error = "illegal_custom_scope" if server.is_org else "no_matching_scope"
        raise OAuthError(error, reason=unknown("scope", wrong[0], known))
    if "openid" not in names and not _ABOUT_USERS.isdisjoint(names):
        raise OAuthError("openid_scope_required_access_token")
    not_allowed = [name for name in names if name in NOT_SERVED]
    if "offline_access" in names and "refresh_token" not in client.grant_types:
        not_allowed.append("offline_access")
    if not_allowed:
        raise OAuthError("illegal_scope", ", ".join(not_allowed))
    return names


def known_to(server: AuthorizationServer, client: Client | None = None) -> frozenset[str]:
    """Every scope that people's tokens of a server can have; of a client, also those that it is granted anywhere."""
    own = frozenset(scope.name for scope in server.scopes)
    if server.is_org:
        return own.union(ORG_SCOPES, ADMIN_SCOPES)
    if client is None:
        return own
    return own.union(grant.scope for grant in client.scope_grants if grant.scope in OWN_ACCOUNT_SCOPES)


def still_granted(client: Client, names: tuple[str, ...]) -> tuple[str, ...]:
    """Without the ``okta.*`` scopes that administrators do not grant the client. What its user may do is not asked.

    Raises:
        OAuthError: Such were named, and nothing is left.
    """
    if ADMIN_SCOPES.isdisjoint(names):
        return names
    granted = {grant.scope for grant in client.scope_grants}
    left = tuple(name for name in names if name not in ADMIN_SCOPES or name in granted)
    if not left:
        raise OAuthError("no_org_scopes_granted")
    return left


def open_scopes(server: AuthorizationServer) -> frozenset[str]:
    """All that a client can have which no administrator registered: what is listed, or what is published anyway."""
    limit = server.registration.scopes
    return frozenset(
        scope.name
        for scope in server.scopes
        if (scope.name in limit if limit else scope.metadata_publish == "ALL_CLIENTS" or scope.name in _USUAL)
    ).difference(NOT_SERVED)


def _for_unregistered(server: AuthorizationServer, client: Client, names: tuple[str, ...]) -> tuple[str, ...]:
    """Of the scopes named, or the default ones, those that such a client can have: the others count as not asked for.

    Such clients ask for whatever lists they came across (docs/protocol.md §8.2).

    Raises:
        OAuthError: None of them is left.
    """
    can_have = set(open_scopes(server))
    if client.scopes is not None:
        can_have.intersection_update(client.scopes)
    if "refresh_token" not in client.grant_types:
        can_have.discard("offline_access")
    asked = names or tuple(scope.name for scope in server.scopes if scope.default)
    if not asked:
        raise OAuthError("no_default_scopes")
    if "openid" not in asked or "openid" not in can_have:
        can_have -= _ABOUT_USERS
    left = tuple(name for name in asked if name in can_have)
    if not left:
        raise OAuthError("illegal_scope", ", ".join(asked))
    return left


def for_browser(
    server: AuthorizationServer, client: Client, names: tuple[str, ...], response_types: frozenset[str]
) -> tuple[str, ...]:
    """The scopes of an authorization request (docs/protocol.md §8.2).

    ``offline_access`` without a code counts as not asked for.

    Raises:
        OAuthError: As ``for_user``, or an ID token is wanted without ``openid``.
    """
    if not names and server.is_org:
        raise OAuthError("missing_scopes")
    asked = _within(names, response_types)
    if names and not asked:
        raise OAuthError("missing_scopes", reason="offline_access alone, without a code")
    asked = _within(for_user(server, client, asked), response_types)
    if "id_token" in response_types and "openid" not in asked:
        raise OAuthError("openid_scope_required_access_token")
    return asked


def _within(names: tuple[str, ...], response_types: frozenset[str]) -> tuple[str, ...]:
    if "code" in response_types:
        return names
    return tuple(name for name in names if name != "offline_access")


def in_need_of_consent(server: AuthorizationServer, client: Client, names: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes that a user has to agree to before this client gets them (docs/protocol.md §8.4)."""
    if client.consent_method == "TRUSTED" or server.is_org:
        return ()
    asked = frozenset(names)
    return tuple(scope.name for scope in server.scopes if scope.name in asked and asks_about(client, scope))


def asks_about(client: Client, scope: Scope) -> bool:
    """Whether a user has to be asked about a scope. Who is not known here is asked about with everything."""
    return scope.consent != "IMPLICIT" or class_of(client.id) != "REGISTERED"
