"""Where a token stands in its list: a permutation by the list's key, so that neighbours in time are none there."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_HALF: Final = 10
_MASK: Final = (1 << _HALF) - 1
_ROUNDS: Final = 4


def place_of(key: str, number: int) -> int:
    """The place of a number below 2^20: a Feistel network, so no two numbers have the same."""
    left, right = number >> _HALF, number & _MASK
    for turn in range(_ROUNDS):
        left, right = right, left ^ _mixed(key, turn, right)
    return left << _HALF | right


def places_of(key: str, first: int, count: int) -> Iterator[int]:
    """The places of numbers that follow each other: for many, at a tenth of the price."""
    rounds = _rounds(key)
    for number in range(first, first + count):
        left, right = number >> _HALF, number & _MASK
        for mixed in rounds:
            left, right = right, left ^ mixed[right]
        yield left << _HALF | right


def _mixed(key: str, turn: int, half: int) -> int:
    digest = hashlib.blake2b(bytes((turn, half >> 8, half & 0xFF)), key=key.encode(), digest_size=2).digest()
    return int.from_bytes(digest, "big") & _MASK


@lru_cache(maxsize=16)
def _rounds(key: str) -> tuple[tuple[int, ...], ...]:
    """What each round makes of every half: 8 KiB times four."""
    return tuple(tuple(_mixed(key, turn, half) for half in range(1 << _HALF)) for turn in range(_ROUNDS))
