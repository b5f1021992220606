"""Payloads of ID tokens (OpenID Connect Core §2, docs/protocol.md §10.3)."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from ..claims.names import RESERVED
from ..expressions.values import Json
from ..ids import Ids
from ..jose.encoding import b64encode
from ..jose.keys import SigningAlgorithm
from ..storage.generations import FIRST, Generations
from .access_token import SignedIn, new_jti

JTI_PREFIX: Final = "ID."
#: Seconds (docs/protocol.md §9.4).
LIFETIME: Final = 3600
_RESERVED: Final = RESERVED["IDENTITY"]


def id_token_payload(
    *,
    issuer: str,
    client_id: str,
    user: SignedIn,
    amr: tuple[str, ...],
    idp: str,
    now: int,
    ids: Ids,
    claims: Mapping[str, Json],
    algorithm: SigningAlgorithm = "RS256",
    nonce: str | None = None,
    access_token: str | None = None,
    code: str | None = None,
    acr: str | None = None,
    sid: str | None = None,
    lifetime: int = LIFETIME,
    generations: Generations = FIRST,
) -> dict[str, Any]:
    """The payload of an ID token, its members in a fixed order.

    Args:
        issuer: ``iss``.
        client_id: ``aud``.
        user: ``sub`` is always the user's id, unlike an access token's.
        amr: How the user signed in.
        idp: Id of the org, or of an external identity provider.
        now: Unix seconds.
        ids: For ``jti``.
        claims: Those that the server's claims gave. None takes the place of one of the protocol.
        algorithm: That signs the token; it decides how ``at_hash`` and ``c_hash`` are made.
        nonce: As the client sent it.
        access_token: Issued in the same response.
        code: Issued in the same response, from the authorization endpoint.
        acr: Only where ``acr_values`` was asked for.
        sid: Session.
        lifetime: Seconds.
        generations: Of client and user.
    """
    payload: dict[str, Any] = {
        "sub": user.user_id,
        "ver": 1,
        "iss": issuer,
        "aud": client_id,
        "iat": now,
        "exp": now + lifetime,
        "jti": new_jti(JTI_PREFIX, ids, generations),
        "amr": amr,
        "idp": idp,
    }
    if user.auth_time is not None:
        payload["auth_time"] = user.auth_time
    hashes = with_hashes({} if nonce is None else {"nonce": nonce}, algorithm, access_token=access_token, code=code)
    optional = {"acr": acr, "sid": sid}
    payload |= hashes | {name: value for name, value in optional.items() if value is not None}
    payload |= {name: value for name, value in claims.items() if name not in _RESERVED}
    return payload


def with_hashes(
    payload: Mapping[str, Any], algorithm: SigningAlgorithm, *, access_token: str | None, code: str | None = None
) -> dict[str, Any]:
    """The payload, bound to what is issued in the same response."""
    bound = {"at_hash": access_token, "c_hash": code}
    return {**payload, **{name: half_hash(one, algorithm) for name, one in bound.items() if one is not None}}


def half_hash(value: str, algorithm: SigningAlgorithm) -> str:
    """``at_hash`` or ``c_hash`` (OpenID Connect Core §3.3.2.11): the left half of the hash of the token's algorithm.

    Ed25519 hashes with SHA-512.
    """
    digest = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(value.encode("ascii")).digest()
    return b64encode(digest[: len(digest) // 2])
