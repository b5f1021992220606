"""``Outbox`` in DynamoDB: ``OUTBOX#shard``/``id`` of the grants table, where mail waits until it was sent."""

from collections.abc import Sequence
from typing import Final

from pynamodb.transactions import TransactWrite

from ..storage.errors import NotFound, Unavailable
from ..storage.outbox import Mail, Taken
from .items import GrantItem
from .records import decode, encode
from .tables import Tables
from .waiting import KEPT, WaitingRecords, place_of

KIND: Final = "OUTBOX"
GIVEN_UP: Final = "GIVEN_UP"


def put(write: TransactWrite, tables: Tables, mails: Sequence[Mail]) -> None:
    """Store mails in the transaction of what causes them, after everything that has a condition."""
    for mail in mails:
        write.save(_item(tables, mail))


class DynamoOutbox(WaitingRecords):
    """``Outbox``."""

    kind = KIND

    def add(self, mails: Sequence[Mail]) -> None:
        with self._tables.transaction() as write:
            put(write, self._tables, mails)

    def take(self, mail_id: str, *, at: int, until: int) -> Taken:
        item = self._taken(mail_id, at=at, until=until)
        return Taken(decode(item.body or "", Mail), int(item.uses or 0))

    def give_up(self, taken: Taken, *, at: int, because: str) -> None:
        actions = [
            self._item.status.set(GIVEN_UP),
            self._item.revoked_because.set(because),
            self._item.revoked_at.set(at),
            self._item.due_at.remove(),
            self._item.ttl.set(at + KEPT),
        ]
        try:
            self._change_once(place_of(KIND, taken.mail.id), actions)
        except NotFound:
            return

    def revive(self, *, at: int) -> int:
        given_up = list(self._found_by(self._item.status == GIVEN_UP))
        for item in given_up:
            actions = [self._item.status.remove(), self._item.due_at.set(at), self._item.uses.set(0)]
            self._change_once((item.pk, item.sk), actions)
        return len(given_up)


def _item(tables: Tables, mail: Mail) -> GrantItem:
    if tables.grants is None:
        raise Unavailable("this function has no grants table")
    return tables.grants(
        *place_of(KIND, mail.id), kind=KIND, body=encode(mail), due_at=mail.created_at, ttl=mail.expires_at + KEPT
    )
