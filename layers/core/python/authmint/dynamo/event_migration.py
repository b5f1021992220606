"""The system log from its first form into chunks.

Before, an event of a log line was an item in ``DAY#`` as events of administration are, with a marker ``EVENT#`` beside
it. Here such events are copied into chunks in which each keeps its place, so that readers and their cursors notice
nothing, and deleted afterwards. Markers stay until their lifetime is over: a delivery may still be repeated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from ..storage.errors import Unavailable
from ..storage.events import EVENT_RETENTION, Event, place_of
from .connection import translated
from .event_chunks import HOUR_MS, MOST_BYTES, SPAN, Pack, hour_partition, hours_partition, packed, places, unpacked
from .items import HEAD, EventItem
from .records import decode
from .tables import DAY_MS, EVENT_SHARDS, Tables, day_partition

#: Items that are looked at together: as many keys as one call may ask for.
_AT_ONCE = 100


@dataclass(frozen=True)
class LogIntoChunks:
    """The migration, a day at a time. Every step can be repeated."""

    tables: Tables

    @cached_property
    def _item(self) -> type[EventItem]:
        if self.tables.events is None:
            raise Unavailable("there is no events table")
        return self.tables.events

    def days(self, now_ms: int) -> range:
        """The days that may hold something, the oldest first."""
        return range((now_ms - EVENT_RETENTION * 1000) // DAY_MS, now_ms // DAY_MS + 1)

    def copy(self, day: int) -> int:
        """Copy what of a day is not copied yet. How many events that were."""
        return sum(len(self._copied(shard, batch)) for shard, batch in self._batches(day))

    def clean(self, day: int) -> int:
        """Delete what is copied of a day, and copy before what came since. How many events that were."""
        count = 0
        for shard, batch in self._batches(day):
            self._copied(shard, batch)
            self.tables.delete(self._item, [(item.pk, item.sk) for item in batch])
            count += len(batch)
        return count

    def _batches(self, day: int) -> Iterator[tuple[int, list[EventItem]]]:
        """What of a day came from log lines, with its shard, in the order of places."""
        for shard in range(EVENT_SHARDS):
            with translated():
                found = iter(self._item.query(day_partition(day, shard), consistent_read=True, page_size=_AT_ONCE))
                while batch := list(islice(found, _AT_ONCE)):
                    keys = [(f"EVENT#{_id(item)}", HEAD) for item in batch]
                    marked = {item.pk for item in self._item.batch_get(keys, consistent_read=True)}
                    if delivered := [item for item in batch if f"EVENT#{_id(item)}" in marked]:
                        yield shard, delivered

    def _copied(self, shard: int, batch: Sequence[EventItem]) -> list[EventItem]:
        """Copy those that are not copied yet. Which they were."""
        first, last = _recorded(batch[0]), _recorded(batch[-1])
        hours = range(first // HOUR_MS, last // HOUR_MS + 1)
        there = {place for hour in hours for place in self._there(hour, shard, first, last)}
        missing = [item for item in batch if item.sk not in there]
        for part in _parts(missing):
            self._write(shard, part)
        return missing

    def _there(self, hour: int, shard: int, first: int, last: int) -> Iterator[str]:
        between = self._item.sk.between(place_of(first), place_of(last + 1 + SPAN))
        with translated():
            for chunk in self._item.query(hour_partition(hour, _shard(shard)), between, consistent_read=True):
                yield from (recorded.place for recorded in places(chunk.sk, unpacked(chunk.pack)))

    def _write(self, shard: int, part: Sequence[EventItem]) -> None:
        hour, ttl = _recorded(part[-1]) // HOUR_MS, max(item.ttl or 0 for item in part)
        events = [decode(item.body or "", Event) for item in part]
        pack = packed(Pack(events, [_recorded(item) for item in part]))
        marked = f"{hour:08d}#{_shard(shard)}"
        with translated():
            self._item(hours_partition(hour * HOUR_MS // DAY_MS), marked, ttl=ttl).save()
            # By its last place, so that who looks for what comes after a place finds every chunk that has some of it.
            self._item(hour_partition(hour, _shard(shard)), part[-1].sk, pack=pack, ttl=ttl).save()


def _parts(items: Sequence[EventItem]) -> Iterator[list[EventItem]]:
    """What goes into a chunk each: of one hour, within a minute, and not too large."""
    part: list[EventItem] = []
    for item in items:
        if part and not _fits(item, part):
            yield part
            part = []
        part.append(item)
    if part:
        yield part


def _fits(item: EventItem, part: Sequence[EventItem]) -> bool:
    first, size = _recorded(part[0]), sum(len(other.body or "") for other in part)
    same_hour = first // HOUR_MS == _recorded(item) // HOUR_MS
    return same_hour and _recorded(item) - first <= SPAN and size < MOST_BYTES


def _shard(number: int) -> str:
    """The partition of an hour that holds what was copied; its name is no number, which tells readers."""
    return f"m{number}"


def _recorded(item: EventItem) -> int:
    return int(item.sk[:14])


def _id(item: EventItem) -> str:
    return item.sk[15:]
