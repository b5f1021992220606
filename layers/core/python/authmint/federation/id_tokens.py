"""What an ID token of a provider has to be (OpenID Connect Core §3.1.3.7, §3.1.3.8, RFC 8725)."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..jose.encoding import b64encode
from ..jose.jws import BadToken, Jws, fits, read, verified_by_key
from ..storage.identity_providers import IdentityProvider
from .presets import TENANT
from .refusals import NotBelieved

#: No HMAC, which the holder of our own client secret could make as well, and never ``none``.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
#: Seconds by which clocks may differ where nobody says otherwise.
SKEW: Final = 60
#: Seconds since it was made: it comes fresh from the token endpoint.
OLDEST: Final = 600
_LONGEST_SUBJECT: Final = 255
_TENANT_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HALF: Final = {"EdDSA": hashlib.sha512, "Ed25519": hashlib.sha512}

#: The keys of a provider that are fresh enough to hold a ``kid``.
Keys = Callable[[str | None], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Expected:
    """What the token has to fit.

    Attributes:
        nonce: Of the request.
        access_token: That came with it; ``None``: none did.
        keys: Of the provider.
        now: Unix seconds.
    """

    nonce: str = field(repr=False)
    access_token: str | None = field(repr=False)
    keys: Keys
    now: int


def check_id_token(token: str, provider: IdentityProvider, expected: Expected) -> Mapping[str, Any]:
    """The claims of a token in which everything is right.

    Raises:
        NotBelieved: Something is not.
        Unreachable: The provider's keys cannot be had.
    """
    try:
        jws = read(token, types={None, "jwt"})
        _check_signature(jws, expected.keys)
        _check_times(jws, provider.linking.clock_skew or SKEW, expected.now)
    except BadToken as error:
        raise _not(str(error)) from None
    claims = jws.payload
    _check_issuer(claims, provider.upstream.issuer)
    _check_audience(claims, provider.upstream.client_id)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise _not("nonce")
    _check_access_token(jws, expected.access_token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise _not("sub")
    return claims


def _not(reason: str) -> NotBelieved:
    return NotBelieved("social_profile_not_fetched", f"ID token: {reason}")


def _check_signature(jws: Jws, keys: Keys) -> None:
    if jws.algorithm not in ALGORITHMS:
        raise _not("alg")
    known = [key for key in keys(jws.kid) if jws.kid is None or key.get("kid") == jws.kid]
    fitting = [key for key in known if fits(key, jws.algorithm)]
    if jws.kid is None and len(fitting) > 1:
        raise _not("kid is missing, and there are several keys")
    if not any(verified_by_key(jws, key, algorithms=ALGORITHMS) for key in fitting):
        raise _not("signature")


def _check_times(jws: Jws, skew: int, now: int) -> None:
    expires, issued, begins = (jws.date(name) for name in ("exp", "iat", "nbf"))
    if expires is None or expires + skew <= now:
        raise _not("exp")
    if issued is None or not now - OLDEST - skew <= issued <= now + skew:
        raise _not("iat")
    if begins is not None and begins > now + skew:
        raise _not("nbf")


def _check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    tenant = claims.get("tid")
    if TENANT in issuer:
        if not isinstance(tenant, str) or not _TENANT_ID.fullmatch(tenant):
            raise _not("tid")
        issuer = issuer.replace(TENANT, tenant)
    if claims.get("iss") != issuer:
        raise _not("iss")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience, party = claims.get("aud"), claims.get("azp")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise _not("aud")
    if (len(audiences) > 1 or party is not None) and party != client_id:
        raise _not("azp")


def _check_access_token(jws: Jws, access_token: str | None) -> None:
    """``at_hash``, where there is one: the access token is of the same answer."""
    said = jws.payload.get("at_hash")
    if said is None:
        return
    digest = _HALF.get(jws.algorithm, hashlib.sha256)((access_token or "").encode("utf-8", "surrogatepass")).digest()
    if access_token is None or said != b64encode(digest[: len(digest) // 2]):
        raise _not("at_hash")
