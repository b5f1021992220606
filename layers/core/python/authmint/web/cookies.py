"""Cookies (RFC 6265): what a browser sends, and how it is told to remember."""

import re
from dataclasses import dataclass
from typing import Final

from ..http import Request

#: Values are of ours: 256 random bits, base64url.
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST: Final = 16_384


@dataclass(frozen=True)
class Cookie:
    """One cookie of ours, for this host and nothing else, out of reach of scripts, not sent with foreign POSTs
    unless it was set so.

    Attributes:
        pattern: What its values look like.
    """

    name: str
    pattern: re.Pattern[str] = _VALUE

    def read(self, request: Request) -> str | None:
        """The value. ``None`` where there is none, one that is not of ours, or several that differ."""
        header = request.header("cookie") or ""
        if len(header) > _LONGEST:
            return None
        name = self._name(request)
        pairs = (part.partition("=") for part in header.split(";"))
        values = {value.strip() for key, _, value in pairs if key.strip() == name}
        value = values.pop() if len(values) == 1 else ""
        return value if self.pattern.fullmatch(value) else None

    def set(
        self, request: Request, value: str, *, seconds: int | None = None, elsewhere: bool = False
    ) -> tuple[str, str]:
        """The ``set-cookie`` header.

        Args:
            request: Of whom.
            value: Of ours.
            seconds: How long it lives; ``None``: as long as the browser stays open.
            elsewhere: Scripts of other sites send it, too, where the connection is not plain.
        """
        age = "" if seconds is None else f"Max-Age={seconds}; "
        return "set-cookie", f"{self._name(request)}={value}; {age}{_attributes(request, elsewhere=elsewhere)}"

    def forget(self, request: Request) -> tuple[str, str]:
        """The ``set-cookie`` header that makes the browser forget it."""
        return "set-cookie", f"{self._name(request)}=; Max-Age=0; {_attributes(request)}"

    def _name(self, request: Request) -> str:
        # With this prefix no subdomain, path or plain connection can plant one (RFC 6265bis §4.1.3.2).
        return self.name if _is_plain(request) else f"__Host-{self.name}"


def _attributes(request: Request, *, elsewhere: bool = False) -> str:
    if _is_plain(request):
        return "Path=/; HttpOnly; SameSite=Lax"
    return f"Path=/; HttpOnly; SameSite={'None' if elsewhere else 'Lax'}; Secure"


def _is_plain(request: Request) -> bool:
    """Only the local stack has such a base URL, and it is configuration, not a header."""
    return request.base_url.startswith("http://")
