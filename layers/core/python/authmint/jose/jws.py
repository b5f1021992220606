"""Strict reading of a JWS in compact form (RFC 7515 §7.1, RFC 8725).

Stricter than the libraries: canonical base64url, no duplicate names, no ``crit``, no key of the token's own
(``jku``, ``jwk``, ``x5u``, ``x5c``), no ``b64``, no compression, bounded sizes, no kind of token and no algorithm that
the caller did not name. PyJWT verifies the signature; it is loaded when the first one is verified.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from .encoding import MAX_TOKEN, b64decode, strict_json
from .keys import BadKey, may_verify, public_key

#: Seconds that ``iat`` and ``nbf`` may lie ahead, because clocks differ. ``exp`` has no tolerance.
CLOCK_SKEW: Final = 15
_FORBIDDEN_HEADERS: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"})
_HMAC: Final = frozenset({"HS256", "HS384", "HS512"})
#: Type and curve of the key that an algorithm takes.
_KEYS: Final = {
    "RS256": ("RSA", None), "RS384": ("RSA", None), "RS512": ("RSA", None), "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"),
}  # fmt: skip
#: NumericDate values beyond the year 9999 are nonsense (RFC 7519 §2).
_MAX_DATE: Final = 253_402_300_799


class BadToken(ValueError):
    """Not a JWS that we read. The message never contains a part of the token."""


@dataclass(frozen=True)
class Jws:
    """A token that was read, not verified."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signing_input: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        return self.header.get("kid")

    def date(self, claim: str) -> int | None:
        """A NumericDate claim in whole seconds, or ``None`` where it is missing.

        Raises:
            BadToken: It is not a number, or an absurd one.
        """
        value = self.payload.get(claim)
        if value is None and claim not in self.payload:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_DATE:
            raise BadToken(f"{claim} is not a date")
        return int(value)

    def begins_after(self, now: int) -> bool:
        """Whether ``iat`` or ``nbf`` lies further ahead than clocks differ. Raises BadToken: one is not a date."""
        return max(self.date("iat") or 0, self.date("nbf") or 0) > now + CLOCK_SKEW


def read(token: str, *, types: Collection[str | None] | None, own_key: bool = False, longest: int = MAX_TOKEN) -> Jws:
    """Take a compact JWS apart.

    Args:
        token: Of unknown origin.
        types: Values of ``typ`` that are taken, in lower case and without ``application/``; ``None``: it may be
            missing. A token that was made for another purpose is none for this one (RFC 8725 §3.11). No values at
            all: the caller looks at it itself.
        own_key: Whether the token may bring its own key (``jwk``), as proofs of possession do.
        longest: Characters.

    Raises:
        BadToken: Anything about it is malformed, oversized or of a kind that we refuse.
    """
    if len(token) > longest:
        raise BadToken("oversized")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise BadToken("not three segments")
    try:
        header = strict_json(b64decode(parts[0]))
        payload = strict_json(b64decode(parts[1]))
        signature = b64decode(parts[2])
    except (ValueError, RecursionError) as error:
        raise BadToken(f"malformed segment: {type(error).__name__}") from None
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise BadToken("header or payload is not an object")
    if forbidden := (_FORBIDDEN_HEADERS - {"jwk" if own_key else None}) & header.keys():
        raise BadToken(f"header {min(forbidden)} is refused")
    if not isinstance(header.get("alg"), str) or not isinstance(header.get("kid", ""), str):
        raise BadToken("alg or kid is not a string")
    if types is not None and _type(header) not in types:
        raise BadToken("typ is not that of such a token")
    return Jws(header, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def kind_of(jws: Jws) -> str | None:
    """``typ`` of a token that was read whatever its kind."""
    return _type(jws.header)


def _type(header: Mapping[str, Any]) -> str | None:
    """``typ`` as it is compared: media types know no case, and leave ``application/`` out (RFC 7515 §4.1.9)."""
    if "typ" not in header:
        return None
    return str(header["typ"]).lower().removeprefix("application/")


def fits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key may verify signatures of this algorithm (RFC 8725 §3.1)."""
    if algorithm not in _KEYS or not may_verify(jwk):
        return False
    key_type, curve = _KEYS[algorithm]
    if jwk.get("kty") != key_type or (curve is not None and jwk.get("crv") != curve):
        return False
    return bool(_canonical(jwk.get("alg", algorithm)) == _canonical(algorithm))


def _canonical(algorithm: Any) -> Any:
    """One name for the algorithm that has two: ``Ed25519`` is what ``EdDSA`` means with such a key (RFC 9864 §2.2)."""
    return "EdDSA" if algorithm == "Ed25519" else algorithm


def verified_by_secret(jws: Jws, secret: bytes, *, algorithms: Collection[str]) -> bool:
    """Whether the HMAC is right (RFC 7518 §3.2). Compares in constant time."""
    return jws.algorithm in algorithms and jws.algorithm in _HMAC and signed_by(jws, secret)


def verified_by_key(jws: Jws, jwk: Mapping[str, Any], *, algorithms: Collection[str]) -> bool:
    """Whether the signature is right under this public key and the key is of the algorithm's type."""
    if jws.algorithm not in algorithms or not fits(jwk, jws.algorithm):
        return False
    try:
        return signed_by(jws, public_key(jwk))
    except BadKey:
        return False


@cache
def _algorithm(name: str) -> Any:
    from jwt import get_algorithm_by_name

    return get_algorithm_by_name(name)


def signed_by(jws: Jws, key: Any) -> bool:
    """Whether the signature is right under a key of ``public_key`` that fits the algorithm."""
    algorithm = _algorithm(_canonical(jws.algorithm))
    return bool(algorithm.verify(jws.signing_input, key, jws.signature))
