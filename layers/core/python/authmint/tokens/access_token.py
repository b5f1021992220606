"""Payloads of access tokens (docs/protocol.md §10.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..claims.names import RESERVED
from ..expressions.values import Json
from ..ids import Ids
from ..storage.generations import FIRST, Generations
from ..storage.servers import AuthorizationServer

JTI_PREFIX: Final = "AT."
JTI_BYTES: Final = 32
_GENERATIONS: Final = re.compile(r"\.g([0-9]+)-([0-9]+)$", re.ASCII)
PROFILE_TYPE: Final = "at+jwt"
_RESERVED: Final = RESERVED["RESOURCE"]
#: Claims that the profile says what they mean (RFC 9068 §2.2): a claim of the server's own is none of them.
_RESERVED_BY_PROFILE: Final = _RESERVED | {"client_id", "scope", "amr"}


@dataclass(frozen=True)
class SignedIn:
    """The user of a token and when they signed in (Unix seconds); ``None``: nobody knows."""

    user_id: str
    auth_time: int | None


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
    amr: tuple[str, ...] = (),
    family_id: str | None = None,
    generations: Generations = FIRST,
    audience: str | None = None,
) -> dict[str, Any]:
    """The payload, its members in a fixed order.

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
        amr: How the user signed in (RFC 9068 §2.2.1), where an API asks or the profile says so.
        acr: Only where ``acr_values`` was asked for.
        family_id: Of a user's authorization. It stands in ``jti``, so that who reads the token finds what revokes it.
        generations: Of client and user.
        audience: Of a resource, in the place of the server's.
    """
    payload: dict[str, Any] = {
        "ver": 1,
        "jti": new_jti(JTI_PREFIX, ids, generations, family_id=family_id),
        "iss": issuer,
        "aud": issuer if server.is_org else audience or server.audience,
        "iat": now,
        "exp": now + lifetime,
        "cid": client_id,
    }
    if user is not None:
        payload["uid"] = user.user_id
    payload["scp"] = scopes
    if user is not None and user.auth_time is not None:
        payload["auth_time"] = user.auth_time
    payload["sub"] = claims["sub"]
    if acr is not None:
        payload["acr"] = acr
    if amr:
        payload["amr"] = amr
    reserved = _RESERVED
    if server.access_token_profile == "RFC9068":
        payload |= {"client_id": client_id, "scope": " ".join(scopes)}
        reserved = _RESERVED_BY_PROFILE
    for name, value in claims.items():
        if name not in reserved:
            payload[name] = value
    return payload


def type_of(server: AuthorizationServer) -> str | None:
    """``typ`` of the server's access tokens (RFC 9068 §2.1); ``None``: they name none."""
    return PROFILE_TYPE if server.access_token_profile == "RFC9068" else None


def new_jti(prefix: str, ids: Ids, generations: Generations, *, family_id: str | None = None) -> str:
    """A random token id, and what whoever checks the token needs to know of its beginning.

    Tokens of a family name it, and it knows the generations; others name the generations, once there was more than
    one: ``AT.<random>``, ``AT.<random>.<family>``, ``AT.<random>.g<client>-<user>``.
    """
    jti = prefix + ids.opaque(JTI_BYTES)
    if family_id is not None:
        return f"{jti}.{family_id}"
    return jti if generations == FIRST else f"{jti}.g{generations.client}-{generations.user}"


def generations_in(jti: str) -> Generations:
    """The generations that a token id names."""
    found = _GENERATIONS.search(jti)
    return FIRST if found is None else Generations(int(found[1]), int(found[2]))
