"""The tables of a deployment and the transactions across them."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from ..clock import Clock, SystemClock
from ..storage.errors import Conflict, Throttled, Unavailable
from ..storage.events import EVENT_RETENTION, Event, place_of
from ..storage.retrying import Retrying
from .connection import THROTTLING, SharedConnection, translated
from .items import ConfigItem, EventItem, GrantItem, Item, bound
from .records import encode

DAY_MS: Final = 86_400_000
#: Partitions per day of events that are recorded one by one.
EVENT_SHARDS: Final = 4
#: Seconds of pauses for a transaction that was throttled. With the longest time that an attempt takes, this is less
#: than ``SETTLED_AFTER``: its events were given their places before.
_PATIENCE: Final = 3.0
#: DynamoDB's own limit of writes that are independent of each other.
_MOST_WRITES: Final = 25
#: DynamoDB's own limit is 100 operations; what does not fit must be housekeeping, done afterwards.
MAX_OPERATIONS: Final = 100


class ConditionFailed(Exception):
    """A condition of a transaction did not hold.

    Attributes:
        failed: For each operation, in the order checks, deletes, puts, updates: whether its condition failed.
        there: For each operation that asked for ``ALL_OLD`` and failed: whether there was an item at all.
    """

    def __init__(self, failed: Sequence[bool], there: Sequence[bool] = ()) -> None:
        super().__init__("a condition did not hold")
        self.failed = tuple(failed)
        self.there = tuple(there)


@dataclass(frozen=True)
class Tables:
    """Item classes of the tables that a function may use; ``None`` for the others."""

    connection: SharedConnection
    clock: Clock
    config: type[ConfigItem]
    grants: type[GrantItem] | None = None
    events: type[EventItem] | None = None
    retrying: Retrying = field(default_factory=Retrying)

    @contextmanager
    def transaction(self, events: Sequence[Event] = ()) -> Iterator[TransactWrite]:
        """One transaction: what the caller adds, and the events of the change.

        Raises:
            ConditionFailed: Nothing was written.
            Conflict: Another transaction was at the same items. Nothing was written.
            Unavailable: DynamoDB did not answer, or throttled for long. botocore does not repeat what was canceled
                because it was throttled, so that is done here.
        """
        write = _Transaction(connection=self.connection)
        with translated():
            yield write
        for event in events:
            write.save(self._event(event))
        self.retrying(partial(_commit, write), on=(Throttled,), patience=_PATIENCE)

    def delete(self, item: type[Item], keys: Sequence[tuple[str, str]]) -> None:
        """Delete items one by one, without conditions. What DynamoDB leaves undone for now is asked for again.

        Raises:
            Unavailable: Some may be deleted.
        """
        name = item.Meta.table_name
        for start in range(0, len(keys), _MOST_WRITES):
            part = keys[start : start + _MOST_WRITES]
            left = {name: [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in part]}
            while left:
                left = self.retrying(partial(self._written, left), on=(Throttled,))

    def _written(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """What is left; nothing is where some were done, so that pauses begin anew."""
        with translated():
            answer = self.connection.client.batch_write_item(RequestItems=wanted)
        left: dict[str, Any] = answer.get("UnprocessedItems") or {}
        if left == wanted:
            raise Throttled("DynamoDB BatchWriteItem: nothing was written")
        return left

    def _event(self, event: Event) -> EventItem:
        if self.events is None:
            raise Unavailable("this function has no events table")
        return event_item(self.events, event, self.clock.now_ms())


class _Transaction(TransactWrite):
    """Collects operations until it is told to write them."""

    def commit(self) -> None:
        self._commit()


def _commit(write: _Transaction) -> None:
    with translated():
        try:
            write.commit()
        except TransactWriteError as error:
            codes = [None if reason is None else reason.code for reason in error.cancellation_reasons]
            if "ConditionalCheckFailed" in codes:
                there = [bool(reason and reason.raw_item) for reason in error.cancellation_reasons]
                raise ConditionFailed([code == "ConditionalCheckFailed" for code in codes], there) from error
            if "TransactionConflict" in codes:
                raise Conflict("another transaction is at work") from error
            if not THROTTLING.isdisjoint(codes):
                raise Throttled("DynamoDB: TransactionCanceledException") from error
            raise


def event_item(table: type[EventItem], event: Event, recorded_ms: int) -> EventItem:
    """An event, in one of the partitions of the day on which it is recorded."""
    return table(
        day_partition(recorded_ms // DAY_MS, zlib.crc32(event.id.encode()) % EVENT_SHARDS),
        place_of(recorded_ms, event.id),
        body=encode(event),
        ttl=recorded_ms // 1000 + EVENT_RETENTION,
    )


def day_partition(day: int, shard: int) -> str:
    """A partition of the events of a day: days since the Unix epoch."""
    return f"DAY#{day:06d}#{shard}"


def tables(
    connection: SharedConnection,
    *,
    config: str,
    grants: str | None = None,
    events: str | None = None,
    clock: Clock | None = None,
    retrying: Retrying | None = None,
) -> Tables:
    """Bind item classes to table names."""
    return Tables(
        connection,
        clock or SystemClock(),
        bound(ConfigItem, config, connection),
        None if grants is None else bound(GrantItem, grants, connection),
        None if events is None else bound(EventItem, events, connection),
        retrying or Retrying(),
    )
