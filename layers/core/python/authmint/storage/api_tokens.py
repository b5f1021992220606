"""API tokens of administrators (management contract §3.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .events import Event
from .servers import Status


@dataclass(frozen=True)
class ApiToken:
    """An administrator's token. ``digest`` is SHA-256 of the token (256 random bits), base64url."""

    id: str
    name: str
    user_id: str
    digest: str
    created_at: int
    status: Status = "ACTIVE"


class ApiTokens(Protocol):
    """All API tokens of a deployment."""

    def find(self, digest: str) -> ApiToken:
        """Raises NotFound."""

    def any(self) -> bool:
        """Whether there is one at all."""

    def add(self, token: ApiToken, events: Sequence[Event]) -> None:
        """Raises AlreadyExists."""
