"""Public and private keys, between JWK (RFC 7517, 7518 §6, 8037), DER and ``cryptography``."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from .encoding import b64decode, b64encode

#: Algorithms that servers sign with.
SigningAlgorithm = Literal["RS256", "PS256", "ES256", "EdDSA"]

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192  # verifying with an enormous modulus is a way to burn CPU
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES: Final = {"P-256": 32, "P-384": 48, "P-521": 66}


class BadKey(ValueError):
    """Not a public key that we take. The message says why."""


def _unsigned(number: int, size: int | None = None) -> str:
    return b64encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def jwk_from_der(spki: bytes) -> dict[str, str]:
    """The public JWK of a SubjectPublicKeyInfo in DER: RSA, P-256 or Ed25519."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return _jwk_of(load_der_public_key(spki), rsa, ec, ed25519)


def _jwk_of(key: Any, rsa: Any, ec: Any, ed25519: Any) -> dict[str, str]:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "e": _unsigned(numbers.e), "n": _unsigned(numbers.n)}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        point = key.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _unsigned(point.x, 32), "y": _unsigned(point.y, 32)}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64encode(key.public_bytes_raw())}
    raise BadKey("not an RSA, P-256 or Ed25519 key")


def private_jwk_pair(algorithm: SigningAlgorithm) -> tuple[dict[str, str], bytes]:
    """A new pair made in this process, for tests: public JWK and private key (PKCS #8, DER)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    private: Any
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = rsa.generate_private_key(65537, 2048)
    pkcs8 = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _jwk_of(private.public_key(), rsa, ec, ed25519), pkcs8


def public_key(jwk: Mapping[str, Any]) -> Any:
    """The ``cryptography`` key of a public JWK.

    Raises:
        BadKey: Unknown type, missing or malformed member, too small or too large.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        if jwk.get("kty") == "RSA":
            modulus, exponent = _number(jwk, "n"), _number(jwk, "e")
            if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
                raise BadKey("RSA key length is not supported")
            if exponent.bit_length() > 33:
                raise BadKey("RSA exponent is not supported")
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        if jwk.get("kty") == "EC":
            size = _CURVES[jwk["crv"]]
            if any(len(b64decode(jwk[member])) != size for member in ("x", "y")):
                raise BadKey("coordinate of the wrong length")
            curves: dict[str, Any] = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
            return ec.EllipticCurvePublicNumbers(
                _number(jwk, "x"), _number(jwk, "y"), curves[jwk["crv"]]()
            ).public_key()
        if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(b64decode(jwk["x"]))
    except BadKey:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise BadKey("malformed or missing member") from error
    raise BadKey("unknown key type")


def _number(jwk: Mapping[str, Any], member: str) -> int:
    return int.from_bytes(b64decode(jwk[member]), "big")
