"""Deliveries of log lines as chunks: each event once, however often and in whatever parts it is delivered.

What comes on time is written without a look. The chunk says since when its events can be in the log at all, and a
reader who finds an earlier chunk of the same stream since then leaves out what that one holds.

What comes late (a delivery that is repeated, or waited in a queue) is looked for first: among what came on time when
it happened, and among what of the stream came late as well, by an entry that is written with each late chunk. Since
when its events can be in the log is then the time of that look.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final

from ..clock import Clock
from ..storage.errors import Throttled
from ..storage.events import EVENT_RETENTION, SETTLED_AFTER, Event, place_of
from .connection import translated
from .event_chunks import (
    HOUR_MS,
    NARROW,
    ON_TIME,
    SKEW,
    SPAN,
    Pack,
    chunk_key,
    events_mark,
    hour_partition,
    hours_partition,
    packed,
    parts,
    stream_mark,
    unpacked,
    wide_shard,
)
from .items import HEAD, EventItem
from .tables import DAY_MS, ConditionFailed, Tables

#: Bytes of a write unit, and milliseconds for each after which a writer uses the partition for a trickle again.
_UNIT: Final = 1_024
_NARROW_PAUSE: Final = 50
#: Keys that one call may ask for.
_AT_ONCE: Final = 100
_HEAD_OF_CHUNK: Final = ["pk", "sk", "first", "last", "since"]


class Chunks:
    """Chunks as they are stored."""

    def __init__(self, item: type[EventItem]) -> None:
        self._item = item

    def heads(self, shard: str, low: int, high: int) -> Iterator[EventItem]:
        """What was recorded between two times, both inclusive, without the events."""
        for hour in range(max(low, 0) // HOUR_MS, high // HOUR_MS + 1):
            with translated():
                yield from self._item.query(
                    hour_partition(hour, shard),
                    self._item.sk.between(place_of(max(low, 0)), place_of(high + 1)),
                    consistent_read=True,
                    attributes_to_get=_HEAD_OF_CHUNK,
                )

    def ids(self, pk: str, sk: str) -> frozenset[str]:
        """Which events a chunk holds. None where it is not there (its retention is over)."""
        with translated():
            found = next(iter(self._item.query(pk, self._item.sk == sk, consistent_read=True, limit=1)), None)
        return frozenset() if found is None else frozenset(event.id for event in unpacked(found.pack).events)


def overlap(chunk: EventItem, *, first: int, last: int) -> bool:
    """Whether events of a chunk happened between two times."""
    return int(chunk.first) <= last and int(chunk.last) >= first


class Deliveries:
    """Writes chunks."""

    def __init__(self, tables: Tables, item: type[EventItem], clock: Clock) -> None:
        self._tables = tables
        self._item = item
        self._clock = clock
        self._chunks = Chunks(item)
        self._used: set[tuple[int, str]] = set()
        self._narrow_from = 0

    def store(self, events: Sequence[Event], stream: str) -> None:
        """``EventLog.deliver``."""
        mark = stream_mark(stream)
        for part in parts(events):
            self._tables.retrying(partial(self._store, part, mark), on=(Throttled,))

    def _store(self, events: list[Event], mark: str) -> None:
        pack = packed(Pack(events))
        shard = self._shard(mark, len(pack))
        now = self._recording(shard)
        if now - events[0].published_ms <= ON_TIME:
            chunk = self._chunk(events, mark, shard, now, pack=pack, since=min(events[0].published_ms, now) - SKEW)
            with translated():
                chunk.save()
            return
        known = self._known(events, mark)
        fresh = [event for event in events if event.id not in known]
        if fresh:
            self._store_late(fresh, mark, shard, since=now - SETTLED_AFTER)

    def _store_late(self, events: list[Event], mark: str, shard: str, *, since: int) -> None:
        chunk = self._chunk(events, mark, shard, self._recording(shard), pack=packed(Pack(events)), since=since)
        key = f"{place_of(events[0].published_ms)}#{events_mark(events)}"
        entry = self._item(f"LATE#{mark}", key, body=f"{chunk.pk} {chunk.sk}", ttl=chunk.ttl)
        try:
            with self._tables.transaction() as write:
                write.save(entry, condition=self._item.pk.does_not_exist())
                write.save(chunk)
        except ConditionFailed:
            return  # the same delivery came twice at once, and the other was first

    def _chunk(
        self, events: list[Event], mark: str, shard: str, recorded: int, *, pack: bytes, since: int
    ) -> EventItem:
        return self._item(
            hour_partition(recorded // HOUR_MS, shard),
            chunk_key(recorded, mark, events),
            pack=pack,
            since=max(since, 0),
            first=events[0].published_ms,
            last=events[-1].published_ms,
            ttl=recorded // 1000 + EVENT_RETENTION,
        )

    def _shard(self, mark: str, size: int) -> str:
        """A writer puts twenty units a second at most into the partition for a trickle."""
        now = self._clock.now_ms()
        if now < self._narrow_from:
            return wide_shard(mark)
        self._narrow_from = now + (size // _UNIT + 1) * _NARROW_PAUSE
        return NARROW

    def _recording(self, shard: str) -> int:
        """The time, once it is written down that there is something in a partition of this hour."""
        while True:
            now = self._clock.now_ms()
            hour = now // HOUR_MS
            if (hour, shard) in self._used:
                return now
            mark = self._item(hours_partition(now // DAY_MS), f"{hour:08d}#{shard}", ttl=now // 1000 + EVENT_RETENTION)
            with translated():
                mark.save()
            self._used = {used for used in self._used if used[0] >= hour} | {(hour, shard)}

    def _known(self, events: list[Event], mark: str) -> set[str]:
        """Which of the events are in the log."""
        known = self._marked(events)
        first, last = events[0].published_ms, events[-1].published_ms
        on_time = (self._chunks.heads(shard, first - SKEW, last + ON_TIME) for shard in (NARROW, wide_shard(mark)))
        for head in chain.from_iterable(on_time):
            if f"#{mark}#" in head.sk and overlap(head, first=first, last=last):
                known |= self._chunks.ids(head.pk, head.sk)
        with translated():
            between = self._item.sk.between(place_of(max(first - SPAN, 0)), place_of(last + 1))
            for entry in self._item.query(f"LATE#{mark}", between, consistent_read=True):
                known |= self._chunks.ids(*(entry.body or "").split(" "))
        return known

    def _marked(self, events: list[Event]) -> set[str]:
        """Which of the events a release before this one recorded: it wrote a marker with each."""
        known: set[str] = set()
        keys = [(f"EVENT#{event.id}", HEAD) for event in events]
        with translated():
            for start in range(0, len(keys), _AT_ONCE):
                found = self._item.batch_get(keys[start : start + _AT_ONCE], consistent_read=True)
                known |= {item.pk.removeprefix("EVENT#") for item in found}
        return known
