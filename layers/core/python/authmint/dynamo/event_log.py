"""``EventLog`` in DynamoDB: events of administration one by one, events of log lines in chunks, read as one."""

import heapq
from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter

from ..clock import Clock
from ..storage.errors import Throttled, Unavailable
from ..storage.events import Event, Recorded, place_of
from .connection import translated
from .event_deliveries import Deliveries
from .event_reading import ChunkReading
from .items import EventItem
from .records import decode
from .tables import DAY_MS, EVENT_SHARDS, Tables, day_partition, event_item


class DynamoEventLog:
    """``EventLog``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        if tables.events is None:
            raise Unavailable("this function has no events table")
        self._tables = tables
        self._item: type[EventItem] = tables.events
        self._clock = clock
        self._deliveries = Deliveries(tables, self._item, clock)

    def record(self, events: Sequence[Event]) -> None:
        for event in events:
            self._tables.retrying(partial(self._record, event), on=(Throttled,))

    def _record(self, event: Event) -> None:
        with translated():
            event_item(self._item, event, self._clock.now_ms()).save()

    def deliver(self, events: Sequence[Event], *, stream: str) -> None:
        self._deliveries.store(events, stream)

    def read(self, *, after: str, before: str, batch: int, descending: bool = False) -> Iterator[Recorded]:
        if after >= before:
            return
        first, last = int(after[:14]) // DAY_MS, int(before[:14]) // DAY_MS
        chunks = ChunkReading(self._item, after=after, before=before, batch=batch, descending=descending)
        previous = ""
        with translated():
            for day in range(last, first - 1, -1) if descending else range(first, last + 1):
                singles = [self._singles(day, n, after, before, batch, descending) for n in range(EVENT_SHARDS)]
                merged = heapq.merge(*singles, chunks.of_day(day), key=attrgetter("place"), reverse=descending)
                for recorded in merged:
                    # While a log is migrated an event may be there in both forms, at one place.
                    if after < recorded.place < before and recorded.place != previous:
                        previous = recorded.place
                        yield recorded

    def _singles(
        self, day: int, shard: int, after: str, before: str, batch: int, descending: bool
    ) -> Iterator[Recorded]:
        """The events of one partition of a day that were recorded one by one."""
        low, high = max(after, place_of(day * DAY_MS)), min(before, place_of((day + 1) * DAY_MS))
        found = self._item.query(
            day_partition(day, shard),
            self._item.sk.between(low, high),
            consistent_read=True,
            scan_index_forward=not descending,
            page_size=batch // EVENT_SHARDS + 1,
        )
        for item in found:
            yield Recorded(item.sk, decode(item.body or "", Event))
