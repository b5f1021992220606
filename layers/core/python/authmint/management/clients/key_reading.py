"""Public keys as administrators register them: normalised here, because readers of tokens are strict (RFC 7517)."""

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from ...jose.encoding import b64encode
from ...jose.keys import MIN_RSA_BITS, PRIVATE_MEMBERS, BadKey, public_key
from ..http.errors import ApiError, invalid

_SHORT: Final = "RSA key length in the 'jwks' is less than '2,048' bits for the given key."
#: What answers add to a key and clients send back.
_NOT_OF_THE_KEY: Final = frozenset({"id", "status", "created", "lastUpdated", "_links"})
#: Bytes of a coordinate: the curve that it is of (RFC 7518 §6.2.1.1).
_CURVES: Final = {32: "P-256", 48: "P-384", 66: "P-521"}
_SIZES: Final = {curve: size for size, curve in _CURVES.items()}
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}")


def refused(cause: str) -> ApiError:
    """E0000001 about a key."""
    return invalid("JsonWebKey", cause)


def read_jwk(jwk: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A public key, normalised, and those of its members that were written differently.

    Raises:
        ApiError: E0000001, ``JsonWebKey``: no public key, or one that can verify nothing.
    """
    if not isinstance(jwk, Mapping):
        raise refused("Each key must be an object.")
    sent = {name: value for name, value in jwk.items() if name not in _NOT_OF_THE_KEY and value is not None}
    if PRIVATE_MEMBERS & sent.keys():
        raise refused("A private or symmetric key must not be sent. Send the public key only.")
    for name in ("kid", "use", "alg"):
        if name in sent and (not isinstance(sent[name], str) or not 0 < len(sent[name]) <= 255):
            raise refused(f"''{name}'' must be a string of 1 to 255 characters.")
    if any(not isinstance(value, str | list) for value in sent.values()) or len(str(sent)) > 8_192:
        raise refused("The key is malformed.")
    if sent.get("use", "sig") not in {"sig", "enc"}:
        raise refused("''use'' must be 'sig' or 'enc'.")
    kept = _normalised(sent)
    try:
        public_key(kept)
    except BadKey as error:
        raise refused(f"The key is not valid: {error}.") from None
    return kept, {name: value for name, value in sent.items() if kept[name] != value}


def _normalised(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The key in the one spelling that readers take."""
    kept = dict(sent)
    kind = kept.get("kty")
    if kind == "RSA":
        modulus = _unsigned(kept, "n").lstrip(b"\0")
        if int.from_bytes(modulus, "big").bit_length() < MIN_RSA_BITS:
            raise refused(_SHORT)
        kept |= {"n": b64encode(modulus), "e": b64encode(_unsigned(kept, "e").lstrip(b"\0"))}
    elif kind == "EC":
        x, y = _unsigned(kept, "x"), _unsigned(kept, "y")
        curve = kept.get("crv") or _CURVES.get(len(x))
        if curve is None:
            raise refused("''crv'' is missing, and the coordinates are of no known curve: the key verifies nothing.")
        size = _SIZES.get(str(curve), 0)
        kept |= {"crv": curve, "x": b64encode(x.rjust(size, b"\0")), "y": b64encode(y.rjust(size, b"\0"))}
    elif kind == "OKP":
        kept |= {"x": b64encode(_unsigned(kept, "x"))}
    return kept


def _unsigned(key: Mapping[str, Any], member: str) -> bytes:
    """The number of a member, in base64url with or without padding and with whatever its last, unused bits are."""
    text = key.get(member, "")
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text.rstrip("=")) % 4 == 1:
        raise refused(f"''{member}'' must be base64url.")
    text = text.rstrip("=")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
