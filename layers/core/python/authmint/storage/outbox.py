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


@dataclass(frozen=True)
class Taken:
    """A mail that its taker is to send now.

    Attributes:
        attempts: How often it was taken, this time included.
    """

    mail: Mail
    attempts: int


class Outbox(Protocol):
    """All mail of a deployment that waits, and what was given up."""

    def add(self, mails: Sequence[Mail]) -> None:
        """Store mail that nothing else is stored with, all or nothing."""

    def due(self, *, at: int, limit: int) -> Sequence[str]:
        """Ids of mail that waits and is due, some of it where there is more than ``limit``."""

    def take(self, mail_id: str, *, at: int, until: int) -> Taken:
        """Take one to send it: of calls at once, one has it. Who does not finish leaves it to others at ``until``.

        Raises:
            NotFound: It is not due, was sent, or was given up.
        """

    def delay(self, mail_id: str, *, until: int) -> None:
        """Put one that was taken back until then. Nothing where it is gone."""

    def remove(self, mail_id: str) -> None:
        """Forget one: it was sent, or is of no use any more."""

    def give_up(self, taken: Taken, *, at: int, because: str) -> None:
        """Keep one for an operator to look at; it is not due any more."""

    def revive(self, *, at: int) -> int:
        """Make what was given up due again; how many there were."""
