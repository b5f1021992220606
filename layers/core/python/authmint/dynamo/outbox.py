"""``Outbox`` in DynamoDB: ``OUTBOX#shard``/``id`` of the grants table, where mail waits until it was sent."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from ..storage.errors import NotFound, Unavailable
from ..storage.outbox import Mail, Taken
from .connection import translated
from .grant_records import MAX_KEY, GrantRecords, Refused
from .items import GrantItem
from .records import decode, encode
from .servers import well_formed
from .tables import Tables

KIND: Final = "OUTBOX"
SHARDS: Final = 4
GIVEN_UP: Final = "GIVEN_UP"
#: Seconds that mail stays after it expired, or was given up: as long as a dead-letter queue keeps what it holds.
_KEPT: Final = 1_209_600


def put(write: TransactWrite, tables: Tables, mails: Sequence[Mail]) -> None:
    """Store mails in the transaction of what causes them, after everything that has a condition."""
    for mail in mails:
        write.save(_item(tables, mail))


class DynamoOutbox(GrantRecords):
    """``Outbox``."""

    def add(self, mails: Sequence[Mail]) -> None:
        with self._tables.transaction() as write:
            put(write, self._tables, mails)

    def due(self, *, at: int, limit: int) -> Sequence[str]:
        waits = self._item.due_at <= at
        return [item.sk for item in islice(self._found_by(waits), limit)]

    def take(self, mail_id: str, *, at: int, until: int) -> Taken:
        if not well_formed(mail_id, MAX_KEY):
            raise NotFound(KIND)
        due: Condition = self._item.due_at <= at
        actions = [self._item.due_at.set(until), self._item.uses.add(1)]
        try:
            item = self._change_once(_place(mail_id), actions, due, mark="writer")
        except Refused:
            raise NotFound(KIND) from None
        return Taken(decode(item.body or "", Mail), int(item.uses or 0))

    def delay(self, mail_id: str, *, until: int) -> None:
        try:
            self._change_once(_place(mail_id), [self._item.due_at.set(until)], self._item.due_at.exists())
        except (NotFound, Refused):
            return

    def remove(self, mail_id: str) -> None:
        with translated():
            self._item(*_place(mail_id)).delete()

    def give_up(self, taken: Taken, *, at: int, because: str) -> None:
        actions = [
            self._item.status.set(GIVEN_UP),
            self._item.revoked_because.set(because),
            self._item.revoked_at.set(at),
            self._item.due_at.remove(),
            self._item.ttl.set(at + _KEPT),
        ]
        try:
            self._change_once(_place(taken.mail.id), actions)
        except NotFound:
            return

    def revive(self, *, at: int) -> int:
        given_up = list(self._found_by(self._item.status == GIVEN_UP))
        for item in given_up:
            actions = [self._item.status.remove(), self._item.due_at.set(at), self._item.uses.set(0)]
            self._change_once((item.pk, item.sk), actions)
        return len(given_up)

    def _found_by(self, condition: Condition) -> Iterator[GrantItem]:
        with translated():
            yield from chain.from_iterable(
                self._item.query(_partition(shard), filter_condition=condition, consistent_read=True)
                for shard in range(SHARDS)
            )


def _item(tables: Tables, mail: Mail) -> GrantItem:
    if tables.grants is None:
        raise Unavailable("this function has no grants table")
    return tables.grants(
        *_place(mail.id), kind=KIND, body=encode(mail), due_at=mail.created_at, ttl=mail.expires_at + _KEPT
    )


def _place(mail_id: str) -> tuple[str, str]:
    return _partition(zlib.crc32(mail_id.encode()) % SHARDS), mail_id


def _partition(shard: int) -> str:
    return f"{KIND}#{shard}"
