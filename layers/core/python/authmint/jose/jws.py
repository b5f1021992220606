"""Strict reading of a JWS in compact form (RFC 7515 §7.1, RFC 8725).

Stricter than the libraries: canonical base64url, no duplicate names, no ``crit``, no key of the token's own
(``jku``, ``jwk``, ``x5u``, ``x5c``), no ``b64``, no compression, bounded sizes, and no algorithm that the caller did
not name.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .encoding import b64decode, strict_json
from .keys import BadKey, public_key

MAX_TOKEN: Final = 16_384
_FORBIDDEN_HEADERS: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"})
HMAC_HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_KEY_TYPES: Final = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA",
    "ES256": "EC", "ES384": "EC", "ES512": "EC", "EdDSA": "OKP",
}  # fmt: skip
_CURVE_OF: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
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


def read(token: str, *, max_size: int = MAX_TOKEN) -> Jws:
    """Take a compact JWS apart.

    Raises:
        BadToken: Anything about it is malformed, oversized or of a kind that we refuse.
    """
    if len(token) > max_size:
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
    if forbidden := _FORBIDDEN_HEADERS & header.keys():
        raise BadToken(f"header {min(forbidden)} is refused")
    if not isinstance(header.get("alg"), str) or not isinstance(header.get("kid", ""), str):
        raise BadToken("alg or kid is not a string")
    return Jws(header, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def fits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key may verify signatures of this algorithm (RFC 8725 §3.1)."""
    if jwk.get("kty") != _KEY_TYPES.get(algorithm) or jwk.get("alg", algorithm) != algorithm:
        return False
    return algorithm not in _CURVE_OF or jwk.get("crv") == _CURVE_OF[algorithm]


def verified_by_secret(jws: Jws, secret: bytes, *, algorithms: Collection[str]) -> bool:
    """Whether the HMAC is right (RFC 7518 §3.2). Compares in constant time."""
    import hmac

    if jws.algorithm not in algorithms or jws.algorithm not in HMAC_HASHES:
        return False
    expected = hmac.digest(secret, jws.signing_input, HMAC_HASHES[jws.algorithm])
    return hmac.compare_digest(expected, jws.signature)


def verified_by_key(jws: Jws, jwk: Mapping[str, Any], *, algorithms: Collection[str]) -> bool:
    """Whether the signature is right under this public key and the key is of the algorithm's type."""
    if jws.algorithm not in algorithms or not fits(jwk, jws.algorithm):
        return False
    try:
        return _verify(public_key(jwk), jws)
    except BadKey:
        return False


def _verify(key: Any, jws: Jws) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    algorithm, signature, message = jws.algorithm, jws.signature, jws.signing_input
    try:
        if algorithm == "EdDSA":
            key.verify(signature, message)
            return True
        digests: dict[str, Any] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
        digest = digests[algorithm[2:]]()
        if algorithm.startswith("ES"):
            half = (key.key_size + 7) // 8
            if len(signature) != 2 * half:
                return False
            numbers = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
            key.verify(encode_dss_signature(*numbers), message, ec.ECDSA(digest))
        elif algorithm.startswith("PS"):
            salt = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
            key.verify(signature, message, salt, digest)
        else:
            key.verify(signature, message, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True
