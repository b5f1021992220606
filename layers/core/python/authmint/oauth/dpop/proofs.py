"""Proofs of possession (RFC 9449 §4): what one is, and the checks that need nothing but the request."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from ...http import Request
from ...jose.encoding import b64decode, b64encode
from ...jose.jws import BadToken, Jws, fits, read, signed_by
from ...jose.keys import PRIVATE_MEMBERS, BadKey, public_key
from ...storage.servers import DPOP_ALGORITHMS
from ..errors import OAuthError
from . import htu

TYPE: Final = "dpop+jwt"
#: Seconds that a proof may be old.
MAX_AGE: Final = 300
MAX_LENGTH: Final = 8_192
MAX_JTI: Final = 256
#: Public keys that a warm instance keeps.
_KEYS_KEPT: Final = 1_000
#: Members that a thumbprint is made of, in this order (RFC 7638 §3.2).
_THUMBPRINT: Final = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True)
class Proof:
    """A proof that is right by itself.

    Attributes:
        jkt: SHA-256 thumbprint of its key (RFC 7638), base64url.
        jti: Of the proof.
        uri: What it was made for.
        issued_at: Unix seconds.
        nonce: Of ours, if it has one.
        ath: Digest of the access token that it goes with, if it says.
    """

    jkt: str
    jti: str
    uri: str
    issued_at: int
    nonce: str | None = None
    ath: str | None = None

    @property
    def single_use(self) -> str:
        """What must not come twice: a proof's ``jti`` counts for its URI."""
        return f"{self.uri}\0{self.jti}"


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638: SHA-256 of the members that make the key, base64url. Raises KeyError: it is of no kind that we know."""
    return b64encode(hashlib.sha256(_canonical(jwk)).digest())


def _canonical(jwk: Mapping[str, Any]) -> bytes:
    """The members that make the key, in the one form that is hashed (RFC 7638 §3)."""
    members = {name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}
    return msgspec.json.encode(members, order="sorted")


@lru_cache(maxsize=_KEYS_KEPT)
def _key(canonical: bytes) -> Any:
    """The key, made once: a client sends the same one with every request. Raises BadKey."""
    return public_key(msgspec.json.decode(canonical))


def digest_of(access_token: str) -> str:
    """``ath`` of an access token (RFC 9449 §4.2)."""
    return b64encode(hashlib.sha256(access_token.encode("ascii")).digest())


def presented(request: Request, *, now: int, algorithms: Collection[str] = DPOP_ALGORITHMS) -> Proof | None:
    """The proof that a request carries; ``None``: it carries none.

    Args:
        request: Its method and URI are what the proof has to be for.
        now: Unix seconds.
        algorithms: That are taken.

    Raises:
        OAuthError: ``invalid_dpop_proof`` in one of its many forms. Nothing was read or written.
    """
    text = request.header("dpop")
    if text is None:
        return None
    if "," in text:  # two headers of one name are joined on their way here, and no JWT has a comma
        raise OAuthError("invalid_dpop_proof_multiple_headers_not_allowed")
    jws = _read(text)
    jkt = _checked_key(jws, algorithms)
    jti = jws.payload.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise OAuthError("invalid_dpop_proof_invalid_jti")
    if jws.payload.get("htm") != request.method:
        raise OAuthError("invalid_dpop_proof_invalid_htm")
    uri = request.base_url + request.path
    if not htu.is_for(jws.payload.get("htu"), uri):
        raise OAuthError("invalid_dpop_proof_invalid_htu")
    issued_at = _checked_times(jws, now)
    return Proof(jkt, jti, uri, issued_at, nonce=_text(jws, "nonce"), ath=_text(jws, "ath"))


def _read(text: str) -> Jws:
    if len(text) > MAX_LENGTH:
        raise OAuthError("invalid_dpop_proof_invalid_jwt", reason="oversized")
    try:
        jws = read(text, types=None, own_key=True)
    except BadToken as error:
        raise OAuthError("invalid_dpop_proof_invalid_jwt", reason=str(error)) from None
    if jws.header.get("typ") != TYPE:
        raise OAuthError("invalid_dpop_proof_invalid_type")
    return jws


def _checked_key(jws: Jws, algorithms: Collection[str]) -> str:
    """The thumbprint of the key, once the signature is right under it."""
    if jws.algorithm not in algorithms:
        raise OAuthError("invalid_dpop_proof_invalid_signature_algorithm")
    jwk = jws.header.get("jwk")
    if not isinstance(jwk, dict) or PRIVATE_MEMBERS & jwk.keys():
        raise OAuthError("invalid_dpop_proof_invalid_jwt", reason="no public key")
    bare = {name: value for name, value in jwk.items() if name not in {"use", "key_ops", "alg", "kid"}}
    try:
        if not fits(bare, jws.algorithm) or not all(_minimal(bare[name]) for name in ("n", "e") if name in bare):
            raise OAuthError("invalid_dpop_proof_invalid_signature_algorithm", reason="the key is of another kind")
        canonical = _canonical(bare)
        right = signed_by(jws, _key(canonical))
    except BadKey:
        raise OAuthError("invalid_dpop_proof_invalid_signature", reason="no such key") from None
    except (KeyError, TypeError, ValueError):
        raise OAuthError("invalid_dpop_proof_invalid_jwt", reason="malformed key") from None
    if not right:
        raise OAuthError("invalid_dpop_proof_invalid_signature")
    return b64encode(hashlib.sha256(canonical).digest())


def _minimal(number: str) -> bool:
    """Whether a number is written without leading zeros: else one key would have many thumbprints (RFC 7518 §2)."""
    return b64decode(number)[:1] != b"\0"


def _checked_times(jws: Jws, now: int) -> int:
    try:
        issued_at, expires_at, ahead = jws.date("iat"), jws.date("exp"), jws.begins_after(now)
    except BadToken:
        raise OAuthError("invalid_dpop_proof_invalid_iat") from None
    if issued_at is None:
        raise OAuthError("invalid_dpop_proof_invalid_iat")
    if ahead:
        raise OAuthError("invalid_dpop_proof_jwt_issued_in_future")
    if issued_at < now - MAX_AGE:
        raise OAuthError("invalid_dpop_proof_jwt_too_old")
    if expires_at is not None and expires_at <= now:
        raise OAuthError("invalid_dpop_proof_jwt_expired")
    return issued_at


def _text(jws: Jws, claim: str) -> str | None:
    value = jws.payload.get(claim)
    return value if isinstance(value, str) else None
