"""Cookies that only this console can read: what it knows of a browser, sealed (AES-256-GCM, NIST SP 800-38D)."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..jose.encoding import b64decode, b64encode
from ..web.cookies import Cookie

_SEALED: Final = re.compile(r"[A-Za-z0-9_-]{38,3900}")
_NONCE: Final = 12


@dataclass(frozen=True)
class SealedCookie:
    """One cookie with members that its browser cannot read, change, or use in another one's place.

    Attributes:
        name: Also what the seal is bound to.
        lifetime: Seconds; an older one is none.
    """

    name: str
    lifetime: int
    key: bytes = field(repr=False)
    clock: Clock
    ids: Ids

    def read(self, request: Request) -> dict[str, Any] | None:
        """Its members; ``None``: there is none, or it is not of ours, or too old."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        sent = self._cookie.read(request)
        if sent is None:
            return None
        try:
            sealed = b64decode(sent)
            opened = AESGCM(self.key).decrypt(sealed[:_NONCE], sealed[_NONCE:], self.name.encode())
            members: dict[str, Any] = json.loads(opened)
        except (InvalidTag, ValueError):
            return None
        age = self.clock.now() - members["at"]
        return members if 0 <= age < self.lifetime else None

    def set(self, request: Request, members: dict[str, Any]) -> tuple[str, str]:
        """The ``set-cookie`` header. ``at``, where it is given, is since when it counts."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        at = members.get("at", self.clock.now())
        text = json.dumps(members | {"at": at}, separators=(",", ":")).encode()
        nonce = b64decode(self.ids.opaque(_NONCE))
        sealed = nonce + AESGCM(self.key).encrypt(nonce, text, self.name.encode())
        return self._cookie.set(request, b64encode(sealed))

    def forget(self, request: Request) -> tuple[str, str]:
        """The header that makes the browser forget it."""
        return self._cookie.forget(request)

    @property
    def _cookie(self) -> Cookie:
        return Cookie(self.name, _SEALED)
