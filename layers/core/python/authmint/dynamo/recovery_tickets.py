"""``RecoveryTickets`` in DynamoDB."""

from collections.abc import Sequence
from typing import Final

from ..storage.events import Event
from ..storage.outbox import Mail
from ..storage.recovery_tickets import RecoveryTicket
from .grant_records import GRACE, GrantRecords
from .items import HEAD
from .outbox import put
from .records import decode, encode

KIND: Final = "RECOVERY"


class DynamoRecoveryTickets(GrantRecords):
    """``RecoveryTickets``."""

    def add(self, ticket: RecoveryTicket, events: Sequence[Event], mails: Sequence[Mail]) -> None:
        item = self._item(
            f"{KIND}#{ticket.digest}",
            HEAD,
            kind=KIND,
            body=encode(ticket),
            expires_at=ticket.expires_at,
            ttl=ticket.expires_at + GRACE,
        )
        with self._tables.transaction(events) as write:
            write.save(item)
            put(write, self._tables, mails)

    def get(self, digest: str) -> RecoveryTicket:
        return decode(self._found(KIND, digest).body or "", RecoveryTicket)
