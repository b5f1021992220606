"""Status list tokens (Token Status List §5.1): one bit a token, compressed and signed. Written here, and read back."""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ...jose.encoding import b64decode, b64encode

#: ``typ`` of the token, and what its media type ends in.
TYPE: Final = "statuslist+jwt"
MEDIA_TYPE: Final = f"application/{TYPE}"
#: Seconds that a list can be believed, and after which a verifier should fetch it anew.
LIFETIME: Final = 86_400
TTL: Final = 300
#: Characters of a token that are read: twice what a list of 2^20 bits takes that cannot be compressed at all.
LONGEST: Final = 524_288
#: Bytes of a list that are read, uncompressed: 2^23 bits, eight lists of ours.
_LARGEST: Final = 1 << 20


class BadList(ValueError):
    """A status list that is malformed. The message never contains a part of it."""


def mark(bits: bytearray, places: Iterable[int]) -> bool:
    """Set the bits of revoked tokens, the first of a byte in its lowest bit (§4.1). Whether one was not set before."""
    changed = False
    for place in places:
        byte, bit = place >> 3, 1 << (place & 7)
        if not bits[byte] & bit:
            bits[byte] |= bit
            changed = True
    return changed


def payload_of(uri: str, bits: bytes | bytearray, *, now: int) -> dict[str, Any]:
    """Payload of a status list token."""
    return {
        "sub": uri,
        "iat": now,
        "exp": now + LIFETIME,
        "ttl": TTL,
        "status_list": {"bits": 1, "lst": b64encode(zlib.compress(bytes(bits), 9))},
    }


def unpacked(status_list: Any) -> bytes:
    """The bits of a list of one bit a token: no more than a list may have, whatever it was compressed from.

    Raises:
        BadList: It is malformed, has more bits a token, or is too large.
    """
    if not isinstance(status_list, Mapping) or status_list.get("bits") != 1 or isinstance(status_list["bits"], bool):
        raise BadList("no list of one bit a token")
    text = status_list.get("lst")
    if not isinstance(text, str):
        raise BadList("lst is no text")
    inflater = zlib.decompressobj()
    try:
        bits = inflater.decompress(b64decode(text), _LARGEST)
    except (ValueError, zlib.error):
        raise BadList("lst is not base64url of zlib") from None
    if not inflater.eof or inflater.unused_data:
        raise BadList("lst is too large, cut off, or followed by something")
    return bits


def is_revoked(bits: bytes, place: int) -> bool:
    """Whether the token at a place is. Raises IndexError: the list does not go that far."""
    if place < 0:
        raise IndexError(place)
    return bool(bits[place >> 3] >> (place & 7) & 1)
