"""Public and private keys, between JWK (RFC 7517, 7518 §6, 8037), DER and ``cryptography``."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from .encoding import b64decode, b64encode

#: Algorithms that servers sign with.
SigningAlgorithm = Literal["RS256", "PS256", "ES256", "EdDSA"]
SIGNING_ALGORITHMS: Final[tuple[SigningAlgorithm, ...]] = get_args(SigningAlgorithm)

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

    key = load_der_public_key(spki)
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "e": _unsigned(numbers.e), "n": _unsigned(numbers.n)}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        point = key.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _unsigned(point.x, 32), "y": _unsigned(point.y, 32)}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64encode(key.public_bytes_raw())}
    raise BadKey("not an RSA, P-256 or Ed25519 key")


def public_key(jwk: Mapping[str, Any]) -> Any:
    """The key of a public JWK: the one judge of keys, for those that are registered and those that are used.

    PyJWT makes it of the public members, once they are what they have to be.

    Raises:
        BadKey: Unknown type, missing or malformed member, too small or too large, or not for verifying.
    """
    try:
        _check_operations(jwk)
        members = _members(jwk)
    except (KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, BadKey) else BadKey("malformed or missing member") from error
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    try:
        return PyJWK(members).key
    except (PyJWTError, ValueError, TypeError) as error:  # a point that is not on its curve, for one
        raise BadKey("malformed or missing member") from error


def may_verify(jwk: Mapping[str, Any]) -> bool:
    """Whether ``use`` and ``key_ops`` allow to verify signatures with the key (RFC 7517 §4.2, §4.3)."""
    operations = jwk.get("key_ops")
    return jwk.get("use", "sig") == "sig" and (
        operations is None or (isinstance(operations, list | tuple) and "verify" in operations)
    )


def _check_operations(jwk: Mapping[str, Any]) -> None:
    """RFC 7517 §4.3: different operations, which agree with ``use``."""
    operations = jwk.get("key_ops")
    if operations is None:
        return
    named = isinstance(operations, list | tuple) and all(isinstance(name, str) for name in operations)
    if not named or len(set(operations)) != len(operations):
        raise BadKey("'key_ops' is not an array of different strings")
    if jwk.get("use", "sig") == "sig" and "verify" not in operations:
        raise BadKey("'key_ops' does not contain 'verify', so the key verifies nothing")


def _members(jwk: Mapping[str, Any]) -> dict[str, str]:
    """The public members, each in its one canonical form. Raises BadKey, KeyError, TypeError, ValueError."""
    key_type, curve = jwk.get("kty"), jwk.get("crv")
    if key_type == "RSA":
        _check_rsa(_number(jwk, "n"), _number(jwk, "e"))
        return {name: jwk[name] for name in ("kty", "n", "e")}
    if key_type == "EC":
        if any(len(b64decode(jwk[member])) != _CURVES[jwk["crv"]] for member in ("x", "y")):
            raise BadKey("coordinate of the wrong length")
        return {name: jwk[name] for name in ("kty", "crv", "x", "y")}
    if key_type == "OKP" and curve == "Ed25519":
        b64decode(jwk["x"])
        return {name: jwk[name] for name in ("kty", "crv", "x")}
    raise BadKey("unknown key type")


def _check_rsa(modulus: int, exponent: int) -> None:
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise BadKey("RSA key length is not supported")
    if modulus % 2 == 0:
        raise BadKey("the RSA modulus is even, so the key verifies nothing")
    if exponent.bit_length() > 33 or exponent < 3 or exponent % 2 == 0:
        raise BadKey("RSA exponent is not supported")


def _number(jwk: Mapping[str, Any], member: str) -> int:
    return int.from_bytes(b64decode(jwk[member]), "big")
