"""Reading back an ID token that one of our servers minted: as a hint of whom a request is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..jose.jws import BadToken, read, verified_by_key
from ..storage.servers import AuthorizationServer
from ..tokens.id_token import JTI_PREFIX


@dataclass(frozen=True)
class HintedIdToken:
    """An ID token of this server whose signature is right. It may have expired."""

    user_id: str
    client_id: str
    payload: Mapping[str, Any]


def recognize_hint(token: str, server: AuthorizationServer, *, issuer: str) -> HintedIdToken | None:
    """The token if this server minted it, however long ago, and still publishes the key that signed it.

    Expired ones are hints too (OpenID Connect Core §3.1.2.1). An access token is none: ``jti`` tells them apart.
    """
    try:
        jws = read(token)
    except BadToken:
        return None
    key = next((key for key in server.keys if key.kid == jws.kid), None)
    if key is None or not verified_by_key(jws, {**key.jwk, "alg": key.algorithm}, algorithms=(key.algorithm,)):
        return None
    jti, user_id, client_id = (jws.payload.get(name) for name in ("jti", "sub", "aud"))
    if not (isinstance(jti, str) and isinstance(user_id, str) and isinstance(client_id, str)):
        return None
    if jws.payload.get("iss") != issuer or not jti.startswith(JTI_PREFIX):
        return None
    return HintedIdToken(user_id, client_id, jws.payload)
