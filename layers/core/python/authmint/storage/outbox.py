"""Mail that is going to be sent: stored with what causes it, so that none is lost, and none is sent for nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """One message to one person.

    Attributes:
        id: Also that of the message.
        template: Its name (docs/protocol.md §34).
        to: The address.
        values: What the variables of the template stand for. Links and codes among them are secrets.
        language: The user's wish (BCP 47); ``None``: the deployment's.
        expires_at: Unix seconds: later than that it is of no use, and is not sent.
    """

    id: str
    template: str
    to: str
    created_at: int
    expires_at: int
    user_id: str | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    language: str | None = None


class Outbox(Protocol):
    """All mail of a deployment that waits, and what became of it."""

    def add(self, mails: Sequence[Mail]) -> None:
        """Store mail that nothing else is stored with, all or nothing."""
