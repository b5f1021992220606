"""Codes that let people in who lost their factors: written down once, good once each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .events import Event
from .outbox import Mail


@dataclass(frozen=True)
class RecoveryCodes:
    """Those of one user that are left.

    Attributes:
        key: What their digests were made with, sealed.
        digests: HMAC-SHA-256 of each, base64url.
        version: Raised by every change. 0: there is no such record.
    """

    user_id: str
    created_at: int = 0
    key: str = field(default="", repr=False)
    digests: tuple[str, ...] = field(default=(), repr=False)
    last_used_at: int | None = None
    version: int = 0


class RecoveryCodesRecord(Protocol):
    """The recovery codes of everybody."""

    def of(self, user_id: str) -> RecoveryCodes:
        """Those of a user; at version 0 where there are none. A consistent read."""

    def save(
        self, before: RecoveryCodes, after: RecoveryCodes, events: Sequence[Event], mails: Sequence[Mail] = ()
    ) -> None:
        """Store a change, its events and its mails, all or nothing, and raise the version.

        Raises:
            Conflict: The record is not at ``before.version`` any more, or there is no such user.
        """

    def remove(self, seen: RecoveryCodes, events: Sequence[Event]) -> None:
        """Remove all of a user. Raises Conflict: the record is not at ``seen.version`` any more."""
