"""Where a token stands in its list: a permutation by the list's key, so that neighbours in time are none there."""

import hashlib
from typing import Final

_HALF: Final = 10
_MASK: Final = (1 << _HALF) - 1
_ROUNDS: Final = 4


def place_of(key: str, number: int) -> int:
    """The place of a number below 2^20: a Feistel network, so no two numbers have the same."""
    secret = key.encode()
    left, right = number >> _HALF, number & _MASK
    for turn in range(_ROUNDS):
        mixed = hashlib.blake2b(bytes((turn, right >> 8, right & 0xFF)), key=secret, digest_size=2).digest()
        left, right = right, left ^ (int.from_bytes(mixed, "big") & _MASK)
    return left << _HALF | right
