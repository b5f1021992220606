"""Reading back an access token that one of our servers minted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..jose.jws import BadToken, read, verified_by_key
from ..storage.servers import AuthorizationServer
from ..tokens.access_token import JTI_PREFIX


@dataclass(frozen=True)
class AccessToken:
    """A token of this server whose signature is right and which has not expired."""

    jti: str
    client_id: str
    issued_at: int
    expires_at: int
    payload: Mapping[str, Any]

    @property
    def user_id(self) -> str | None:
        """Whose token it is; ``None``: the client's own."""
        return self.payload.get("uid")


def recognize(token: str, server: AuthorizationServer, *, issuer: str, now: int) -> AccessToken | None:
    """The token if this server minted it and it lives by itself; ``None`` tells nothing else.

    Whether it was revoked, and whether its client still stands, is not known here.
    """
    try:
        jws = read(token)
        issued_at, expires_at = jws.date("iat"), jws.date("exp")
    except BadToken:
        return None
    key = next((key for key in server.keys if key.kid == jws.kid), None)
    if key is None or not verified_by_key(jws, {**key.jwk, "alg": key.algorithm}, algorithms=(key.algorithm,)):
        return None
    jti, client_id = jws.payload.get("jti"), jws.payload.get("cid")
    if jws.payload.get("iss") != issuer or not isinstance(jti, str) or not isinstance(client_id, str):
        return None
    if not jti.startswith(JTI_PREFIX) or issued_at is None or expires_at is None or expires_at <= now:
        return None
    return AccessToken(jti, client_id, issued_at, expires_at, jws.payload)
