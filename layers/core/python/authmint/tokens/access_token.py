"""Payloads of access tokens (runtime contract §15.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..claims.names import RESERVED
from ..claims.values import Json
from ..ids import Ids
from ..storage.servers import AuthorizationServer

JTI_PREFIX: Final = "AT."
JTI_BYTES: Final = 32
_RESERVED: Final = RESERVED["RESOURCE"]


@dataclass(frozen=True)
class SignedIn:
    """The user of a token and when they signed in (Unix seconds)."""

    user_id: str
    auth_time: int


def access_token_payload(
    server: AuthorizationServer,
    *,
    issuer: str,
    client_id: str,
    scopes: tuple[str, ...],
    lifetime: int,
    now: int,
    ids: Ids,
    claims: Mapping[str, Json],
    user: SignedIn | None = None,
    acr: str | None = None,
    confirmation: Mapping[str, str] | None = None,
    family_id: str | None = None,
) -> dict[str, Any]:
    """The payload, its members in the order of the contract's samples.

    Args:
        server: Its audience becomes ``aud``.
        issuer: ``iss``.
        client_id: ``cid``.
        scopes: Granted.
        lifetime: Seconds.
        now: Unix seconds.
        ids: For ``jti``.
        claims: ``sub`` and the custom claims. A custom claim never takes the place of one of the protocol.
        user: ``None`` for client credentials: neither ``uid`` nor ``auth_time`` then.
        acr: Only where ``acr_values`` was asked for.
        confirmation: ``cnf`` (RFC 9449 §6.1).
        family_id: Of a user's authorization. It stands in ``jti``, so that who reads the token finds what revokes it.
    """
    jti = JTI_PREFIX + ids.opaque(JTI_BYTES)
    payload: dict[str, Any] = {
        "ver": 1,
        "jti": jti if family_id is None else f"{jti}.{family_id}",
        "iss": issuer,
        "aud": issuer if server.is_org else server.audience,
        "iat": now,
        "exp": now + lifetime,
        "cid": client_id,
    }
    if user is not None:
        payload["uid"] = user.user_id
    payload["scp"] = scopes
    if user is not None:
        payload["auth_time"] = user.auth_time
    payload["sub"] = claims["sub"]
    if acr is not None:
        payload["acr"] = acr
    if confirmation is not None:
        payload["cnf"] = confirmation
    for name, value in claims.items():
        if name not in _RESERVED:
            payload[name] = value
    return payload


def endpoints_of(server: AuthorizationServer, base_url: str) -> str:
    """Where the server's endpoints are: the prefix of ``/v1/…`` (runtime contract §1)."""
    return f"{base_url}/oauth2" if server.is_org else f"{base_url}/oauth2/{server.path_id}"


def issuer_of(server: AuthorizationServer, base_url: str) -> str:
    """The issuer URI (runtime contract §1)."""
    return base_url if server.is_org else endpoints_of(server, base_url)
