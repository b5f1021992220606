"""Tickets that were mailed to somebody who asked for help: a forgotten password, a locked account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .events import Event
from .outbox import Mail

#: ``registration``: an account that somebody wished for.
#: ``nothing``: what is stored where there is nobody to help, so that storing takes the same time.
TicketKind = Literal["password", "unlock", "registration", "nothing"]


@dataclass(frozen=True)
class RecoveryTicket:
    """``digest`` is SHA-256 of what was mailed, base64url.

    Attributes:
        user_id: Whose; of ``nothing``: nobody's.
        bound: What of the user it was made for, as a digest: it is void as soon as that is another one.
        onward: Where the browser goes in the end, that asked for it.
    """

    digest: str
    kind: TicketKind
    user_id: str
    bound: str
    created_at: int
    expires_at: int
    onward: Mapping[str, str] = field(default_factory=dict)


class RecoveryTickets(Protocol):
    """All tickets of a deployment. Nothing spends one: what it is good for makes it void."""

    def add(self, ticket: RecoveryTicket, events: Sequence[Event], mails: Sequence[Mail]) -> None:
        """Store a new one, its events and its mails, all or nothing."""

    def get(self, digest: str) -> RecoveryTicket:
        """A consistent read. Expired ones are found too, for a while. Raises NotFound."""
