"""Identifiers and randomness, read in one place so that tests can count instead."""

import base64
import secrets  # noqa: TID251 - the one place
import threading
import uuid  # noqa: TID251 - the one place
from typing import Protocol

from .clock import Clock

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TIME_DIGITS, _SEQUENCE_DIGITS, _RANDOM_DIGITS = 8, 2, 7


class Ids(Protocol):
    """Where identifiers come from."""

    def object_id(self, prefix: str) -> str:
        """A new id (docs/protocol.md §23.1): prefix and 17 characters, later ones sort later."""

    def opaque(self, size: int) -> str:
        """``size`` random bytes, base64url without padding: token ids, kids, secrets."""

    def uuid(self) -> str:
        """A random UUID, for events."""


def base62(number: int, digits: int) -> str:
    """``number`` in ``digits`` characters that sort as the numbers do."""
    out = ""
    for _ in range(digits):
        number, rest = divmod(number, 62)
        out = ALPHABET[rest] + out
    return out


class RandomIds:
    """Ids of 8 characters of time, 2 of sequence within the millisecond and 7 random ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = (0, 0)

    def object_id(self, prefix: str) -> str:
        with self._lock:
            millisecond, sequence = max((self._clock.now_ms(), 0), (self._last[0], self._last[1] + 1))
            if sequence >= 62**_SEQUENCE_DIGITS:
                millisecond, sequence = millisecond + 1, 0
            self._last = (millisecond, sequence)
        return (
            prefix
            + base62(millisecond, _TIME_DIGITS)
            + base62(sequence, _SEQUENCE_DIGITS)
            + base62(secrets.randbelow(62**_RANDOM_DIGITS), _RANDOM_DIGITS)
        )

    def opaque(self, size: int) -> str:
        return base64.urlsafe_b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()

    def uuid(self) -> str:
        return str(uuid.uuid4())
