"""``EventLog`` in DynamoDB: a few partitions per day, read together, and a marker per event: none is there twice."""

import heapq
from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Final

from pynamodb.expressions.condition import Condition

from ..clock import Clock
from ..storage.errors import Unavailable
from ..storage.events import EVENT_RETENTION, Event, Recorded, place_of
from .connection import translated
from .items import HEAD, EventItem
from .records import decode
from .tables import DAY_MS, EVENT_SHARDS, MAX_OPERATIONS, ConditionFailed, Tables, day_partition, event_item

#: Two operations each.
_AT_ONCE: Final = MAX_OPERATIONS // 2


class DynamoEventLog:
    """``EventLog``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        if tables.events is None:
            raise Unavailable("this function has no events table")
        self._tables = tables
        self._item: type[EventItem] = tables.events
        self._clock = clock

    def record(self, events: Sequence[Event]) -> None:
        unique = list({event.id: event for event in events}.values())
        for start in range(0, len(unique), _AT_ONCE):
            self._record(unique[start : start + _AT_ONCE])

    def _record(self, events: list[Event]) -> None:
        """Each event with its marker, all or nothing; what is marked already is left out of the next attempt."""
        left = events
        while left:
            left = self._tables.retrying(partial(self._tried, left))

    def _tried(self, events: list[Event]) -> list[Event]:
        """Those that are not marked yet where others are: nothing was written then. Raises Conflict."""
        now = self._clock.now_ms()
        try:
            with self._tables.transaction() as write:
                for event in events:
                    marker = self._item(f"EVENT#{event.id}", HEAD, ttl=now // 1000 + EVENT_RETENTION)
                    write.save(marker, condition=self._item.pk.does_not_exist())
                    write.save(event_item(self._item, event, now))
        except ConditionFailed as error:
            return [event for event, known in zip(events, error.failed[::2], strict=True) if not known]
        return []

    def read(self, *, after: str, before: str, batch: int, descending: bool = False) -> Iterator[Recorded]:
        first, last = int(after[:14]) // DAY_MS, int(before[:14]) // DAY_MS
        for day in range(last, first - 1, -1) if descending else range(first, last + 1):
            # DynamoDB's BETWEEN is inclusive at both ends; a place followed by a blank comes right after that place.
            low, high = max(f"{after} ", place_of(day * DAY_MS)), min(before, place_of((day + 1) * DAY_MS))
            between = self._item.sk.between(low, high)
            with translated():
                shards = [self._shard(day, number, between, batch, descending) for number in range(EVENT_SHARDS)]
                merged = heapq.merge(*shards, key=attrgetter("sk"), reverse=descending)
                for item in merged:
                    if item.sk != high:
                        yield Recorded(item.sk, decode(item.body or "", Event))

    def _shard(self, day: int, number: int, between: Condition, batch: int, descending: bool) -> Iterator[EventItem]:
        found: Iterator[EventItem] = self._item.query(
            day_partition(day, number),
            between,
            consistent_read=True,
            scan_index_forward=not descending,
            page_size=batch // EVENT_SHARDS + 1,
        )
        return found
