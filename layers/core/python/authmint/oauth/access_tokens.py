"""Reading back tokens that one of our servers minted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..jose.jws import BadToken, Jws, kind_of, read, verified_by_key
from ..storage.generations import Generations
from ..storage.servers import AuthorizationServer
from ..storage.token_families import FAMILY
from ..tokens.access_token import JTI_PREFIX, PROFILE_TYPE, generations_in
from ..tokens.id_token import JTI_PREFIX as ID_TOKEN_JTI_PREFIX

#: ``typ`` of what we mint: the profile of RFC 9068 names its tokens, the others have no name.
ACCESS_TOKEN_TYPES: Final = (None, "at+jwt")
ID_TOKEN_TYPES: Final = (None,)


@dataclass(frozen=True)
class AccessToken:
    """An access token of this server whose signature is right and which has not expired.

    Attributes:
        profiled: It says that it is of the profile of RFC 9068, whatever its server does by now.
    """

    jti: str
    client_id: str
    issued_at: int
    expires_at: int
    payload: Mapping[str, Any]
    profiled: bool = False

    @property
    def user_id(self) -> str | None:
        """Whose token it is; ``None``: the client's own."""
        return self.payload.get("uid")

    @property
    def family_id(self) -> str | None:
        """The family that it dies with."""
        last = self.jti.split(".")[-1]
        return last if last.startswith(FAMILY) else None

    @property
    def generations(self) -> Generations:
        """Of client and user when it was minted. A family's tokens name none: the family knows them."""
        return generations_in(self.jti)

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the key that it is bound to (RFC 9449 §6.1); ``None``: whoever has it may use it."""
        bound: str | None = self.payload.get("cnf", {}).get("jkt")
        return bound

    @property
    def certificate(self) -> str | None:
        """The thumbprint of the certificate that it is bound to (RFC 8705 §3.1); ``None``: it is bound to none."""
        bound: str | None = self.payload.get("cnf", {}).get("x5t#S256")
        return bound

    @property
    def is_bound(self) -> bool:
        """Whether having it is not enough to use it."""
        return self.jkt is not None or self.certificate is not None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that the token was granted."""
        return tuple(self.payload.get("scp", ()))


@dataclass(frozen=True)
class IdToken:
    """An ID token of this server whose signature is right."""

    client_id: str
    user_id: str
    issued_at: int
    expires_at: int
    payload: Mapping[str, Any]

    @property
    def generations(self) -> Generations:
        """Of client and user when it was minted."""
        return generations_in(str(self.payload["jti"]))


def recognize(token: str, server: AuthorizationServer, *, issuer: str, now: int) -> AccessToken | None:
    """The token if this server minted it and it lives by itself; ``None`` tells nothing else.

    Whether it was revoked, and whether its client still stands, is not known here.
    """
    found = _signed(token=token, server=server, issuer=issuer, jti_prefix=JTI_PREFIX, types=ACCESS_TOKEN_TYPES)
    if found is None:
        return None
    jws, issued_at, expires_at = found
    client_id = jws.payload.get("cid")
    if not isinstance(client_id, str) or expires_at <= now:
        return None
    return AccessToken(
        jti=jws.payload["jti"],
        client_id=client_id,
        issued_at=issued_at,
        expires_at=expires_at,
        payload=jws.payload,
        profiled=kind_of(jws) == PROFILE_TYPE,
    )


def methods_of(token: AccessToken, server: AuthorizationServer) -> tuple[str, ...]:
    """How the user of a token signed in, where it tells: a claim of the server's own may be called so, too."""
    amr = token.payload.get("amr") if server.is_org or token.profiled else None
    if not isinstance(amr, list) or not all(isinstance(method, str) for method in amr):
        return ()
    return tuple(amr)


def recognize_id_token(token: str, server: AuthorizationServer, *, issuer: str) -> IdToken | None:
    """The ID token if this server minted it, expired or not: a hint may be old (RP-Initiated Logout §2)."""
    found = _signed(token=token, server=server, issuer=issuer, jti_prefix=ID_TOKEN_JTI_PREFIX, types=ID_TOKEN_TYPES)
    if found is None:
        return None
    jws, issued_at, expires_at = found
    client_id, user_id = jws.payload.get("aud"), jws.payload.get("sub")
    if not isinstance(client_id, str) or not isinstance(user_id, str):
        return None
    return IdToken(
        client_id=client_id, user_id=user_id, issued_at=issued_at, expires_at=expires_at, payload=jws.payload
    )


def _signed(
    token: str, server: AuthorizationServer, issuer: str, jti_prefix: str, types: Collection[str | None]
) -> tuple[Jws, int, int] | None:
    """A token of this server and of one kind, with the times in it."""
    try:
        jws = read(token, types=types)
        issued_at, expires_at = jws.date("iat"), jws.date("exp")
    except BadToken:
        return None
    key = next((key for key in server.keys if key.kid == jws.kid), None)
    if key is None or not verified_by_key(jws, {**key.jwk, "alg": key.algorithm}, algorithms=(key.algorithm,)):
        return None
    jti = jws.payload.get("jti")
    if jws.payload.get("iss") != issuer or not isinstance(jti, str) or not jti.startswith(jti_prefix):
        return None
    return None if issued_at is None or expires_at is None else (jws, issued_at, expires_at)
