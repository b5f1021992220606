"""Nonces that proofs must carry at the token endpoint (RFC 9449 §8): made of a key and the time, stored nowhere.

A server's nonces are made under a key that is derived from its private signing key, which the functions that give
tokens have in hand anyway: no storage, no call, the same in every region. When another key signs, old nonces are worth
nothing and clients are told the new one, as they are every day.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from ...jose.encoding import b64encode

_LABEL: Final = b"authmint dpop nonce 1\0"
_BYTES: Final = 16
#: Windows in which a nonce is good: the one in which it was made, and those after it.
_WINDOWS: Final = 3


@dataclass(frozen=True, repr=False)
class Nonces:
    """The nonces of one server. Without ``repr``: it holds a key.

    Attributes:
        key: Nobody else has it.
        lifetime: Seconds for which a nonce is good at most; two thirds of it at least.
    """

    key: bytes
    lifetime: int

    def current(self, now: int) -> str:
        """The nonce to hand out."""
        return self._of(self._window(now))

    def accepts(self, nonce: str, now: int) -> bool:
        """Whether a nonce is one of these and not too old."""
        window = self._window(now)
        text = nonce.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(self._of(window - earlier).encode(), text) for earlier in range(_WINDOWS))

    def _window(self, now: int) -> int:
        return now // max(self.lifetime // _WINDOWS, 1)

    def _of(self, window: int) -> str:
        return b64encode(hmac.digest(self.key, _LABEL + str(window).encode(), hashlib.sha256)[:_BYTES])
