"""The tables of a deployment and the transactions across them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from ..storage.errors import Conflict, Unavailable
from ..storage.events import Event
from .connection import SharedConnection, translated
from .items import ConfigItem, EventItem, GrantItem, bound
from .records import encode

EVENT_RETENTION: Final = 90 * 86_400
#: DynamoDB's own limit is 100 operations; what does not fit must be housekeeping, done afterwards.
MAX_OPERATIONS: Final = 100


class ConditionFailed(Exception):
    """A condition of a transaction did not hold.

    Attributes:
        failed: For each operation, in the order checks, deletes, puts, updates: whether its condition failed.
    """

    def __init__(self, failed: Sequence[bool]) -> None:
        super().__init__("a condition did not hold")
        self.failed = tuple(failed)


@dataclass(frozen=True)
class Tables:
    """Item classes of the tables that a function may use; ``None`` for the others."""

    connection: SharedConnection
    config: type[ConfigItem]
    grants: type[GrantItem] | None = None
    events: type[EventItem] | None = None

    @contextmanager
    def transaction(self, events: Sequence[Event] = ()) -> Iterator[TransactWrite]:
        """One transaction: what the caller adds, and the events of the change.

        Raises:
            ConditionFailed: Nothing was written.
            Conflict: Another transaction was at the same items. Nothing was written.
            Unavailable: DynamoDB did not answer.
        """
        with translated():
            try:
                with TransactWrite(connection=self.connection) as write:
                    yield write
                    for event in events:
                        write.save(self._event(event))
            except TransactWriteError as error:
                codes = [None if reason is None else reason.code for reason in error.cancellation_reasons]
                if "ConditionalCheckFailed" in codes:
                    raise ConditionFailed([code == "ConditionalCheckFailed" for code in codes]) from error
                if "TransactionConflict" in codes:
                    raise Conflict("another transaction is at work") from error
                raise

    def _event(self, event: Event) -> EventItem:
        if self.events is None:
            raise Unavailable("this function has no events table")
        return event_item(self.events, event)


def event_item(table: type[EventItem], event: Event) -> EventItem:
    """An event, in the partition of its hour."""
    seconds, milliseconds = divmod(event.published_ms, 1000)
    return table(
        hour(seconds),
        f"{seconds:011d}{milliseconds:03d}#{event.id}",
        body=encode(event),
        ttl=seconds + EVENT_RETENTION,
    )


def hour(seconds: int) -> str:
    """The partition of the events of an hour: hours since the Unix epoch."""
    return f"HOUR#{seconds // 3600:07d}"


def tables(
    connection: SharedConnection, *, config: str, grants: str | None = None, events: str | None = None
) -> Tables:
    """Bind item classes to table names."""
    return Tables(
        connection,
        bound(ConfigItem, config, connection),
        None if grants is None else bound(GrantItem, grants, connection),
        None if events is None else bound(EventItem, events, connection),
    )
