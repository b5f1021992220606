"""Sites of others that a deployment trusts: whose scripts may sign people in here, and where people may be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

from .events import Event
from .servers import Status

OriginScope = Literal["CORS", "REDIRECT"]
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class TrustedOrigin:
    """One site of others that administrators trust.

    Attributes:
        origin: As the administrator wrote it.
        scopes: What it is trusted with.
    """

    id: str
    name: str
    origin: str
    scopes: tuple[OriginScope, ...]
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    status: Status = "ACTIVE"


@dataclass(frozen=True)
class OriginList:
    """All of them, in ascending id."""

    origins: tuple[TrustedOrigin, ...] = ()
    version: int = 0

    def trusts(self, origin: str, scope: OriginScope) -> bool:
        """Whether an ACTIVE one is this origin, as a browser names it, and is trusted with so much."""
        named = serialized(origin)
        return named is not None and any(
            one.status == "ACTIVE" and scope in one.scopes and serialized(one.origin) == named for one in self.origins
        )


class TrustedOrigins(Protocol):
    """The trusted origins of a deployment."""

    def get(self) -> OriginList:
        """The list. A consistent read."""

    def save(self, before: OriginList, after: OriginList, events: Sequence[Event]) -> None:
        """Raises Conflict: the list is not at ``before.version`` any more."""


def serialized(origin: str) -> str | None:
    """The origin as browsers write it (RFC 6454 §6.2); ``None``: it is none of a site."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"}:
        return None
    if parts.query or parts.fragment or "@" in parts.netloc or not origin.isascii() or not origin.isprintable():
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" if port in {None, _PORTS[parts.scheme]} else f"{parts.scheme}://{host}:{port}"
