"""Chunks of the system log as a reader finds them: in the order of recording, and each event once.

An event may be in several chunks of its stream, where it was delivered more than once. It counts where it was
recorded first. A chunk says since when its events can have been recorded at all, so the others are not far: a reader
has them at hand already, or fetches what was recorded right before it began.
"""

import heapq
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Final

from ..storage.events import Recorded, place_of
from .event_chunks import HOUR_MS, NARROW, SPAN, Pack, hour_partition, hours_partition, places, unpacked, wide_shard
from .event_deliveries import Chunks, overlap
from .items import EventItem
from .tables import DAY_MS

#: Milliseconds that a chunk that was passed is kept at hand: longer than any chunk looks back.
_KEPT: Final = 300_000
#: Chunks that are fetched from a partition at once: as many as hold a page in a flood, and a few in a trickle.
_FEWEST, _MOST, _SHARE = 5, 25, 40


@dataclass(eq=False)
class _Chunk:
    item: EventItem
    chunks: Chunks

    @property
    def sk(self) -> str:
        return self.item.sk

    @property
    def order(self) -> tuple[str, str]:
        """Chunks of the same events may come into two partitions within a millisecond."""
        return self.item.sk, self.item.pk

    @property
    def recorded(self) -> int:
        return int(self.item.sk[:14])

    @property
    def mark(self) -> str:
        return self.item.sk[15:23]

    @property
    def since(self) -> int:
        return int(self.item.since)

    @cached_property
    def pack(self) -> Pack:
        return unpacked(self.item.pack)

    @cached_property
    def ids(self) -> frozenset[str]:
        if self.item.pack is None:
            return self.chunks.ids(self.item.pk, self.item.sk)
        return frozenset(event.id for event in self.pack.events)

    def may_repeat(self, other: "_Chunk") -> bool:
        """Whether events of this chunk may be in another one that was recorded earlier."""
        earlier = self.since <= other.recorded and other.order < self.order
        return earlier and overlap(other.item, first=int(self.item.first), last=int(self.item.last))


@dataclass
class ChunkReading:
    """One read of chunks between two places."""

    item: type[EventItem]
    after: str
    before: str
    batch: int
    descending: bool
    #: Chunks at hand, by stream and order, in the order in which they were found, and down to when all of a shard are.
    _at_hand: dict[str, dict[tuple[str, str], _Chunk]] = field(default_factory=dict)
    _found: deque[_Chunk] = field(default_factory=deque)
    _down_to: dict[str, int] = field(default_factory=dict)

    @cached_property
    def _chunks(self) -> Chunks:
        return Chunks(self.item)

    @property
    def _page(self) -> int:
        return min(max(self.batch // _SHARE, _FEWEST), _MOST)

    def of_day(self, day: int) -> Iterator[Recorded]:
        """The events of the chunks of a day, in the order of their places."""
        low, high = max(int(self.after[:14]), day * DAY_MS), min(int(self.before[:14]), (day + 1) * DAY_MS - 1)
        if low > high:
            return
        marks = self.item.query(
            hours_partition(day),
            self.item.sk.between(f"{low // HOUR_MS:08d}", f"{high // HOUR_MS:08d}#~"),
            consistent_read=True,
            scan_index_forward=not self.descending,
        )
        for hour, marked in groupby(marks, key=lambda mark: int(mark.sk[:8])):
            shards = [mark.sk[9:] for mark in marked]
            live = self._live(hour, [shard for shard in shards if shard.isdigit()])
            moved = [self._moved(hour, shard) for shard in shards if not shard.isdigit()]
            yield from heapq.merge(live, *moved, key=attrgetter("place"), reverse=self.descending)

    def _moved(self, hour: int, shard: str) -> Iterator[Recorded]:
        """The events of one partition that a migration wrote: each has its own place.

        Chunks are in the order of their last places, and none is longer than ``SPAN``.
        """
        waiting: list[Recorded] = []
        for chunk in self._of(hour, shard, span=SPAN):
            waiting += places(chunk.sk, chunk.pack)
            waiting.sort(key=attrgetter("place"))
            # What comes further on lies before the chunk's last place, or within a minute before it and after.
            frontier = chunk.sk if self.descending else place_of(max(chunk.recorded - SPAN, 0))
            cut = bisect_right(waiting, frontier, key=attrgetter("place"))
            if self.descending:
                yield from reversed(waiting[cut:])
                waiting = waiting[:cut]
            else:
                yield from waiting[:cut]
                waiting = waiting[cut:]
        yield from reversed(waiting) if self.descending else waiting

    def _live(self, hour: int, shards: list[str]) -> Iterator[Recorded]:
        """The events of the chunks of an hour, without what is a repetition."""
        merged = heapq.merge(
            *(self._of(hour, shard) for shard in shards), key=attrgetter("order"), reverse=self.descending
        )
        for chunk in self._backwards(merged, hour) if self.descending else self._forwards(merged):
            repeated: set[str] = set()
            for other in list(self._at_hand.get(chunk.mark, {}).values()):
                if chunk.may_repeat(other):
                    repeated |= other.ids
            found = [recorded for recorded in places(chunk.sk, chunk.pack) if recorded.event.id not in repeated]
            yield from reversed(found) if self.descending else found

    def _of(self, hour: int, shard: str, *, span: int = 0) -> Iterator[_Chunk]:
        low = max(self.after[:14], place_of(hour * HOUR_MS))
        high = min(place_of(int(self.before[:14]) + 1 + span), place_of((hour + 1) * HOUR_MS))
        found = self.item.query(
            hour_partition(hour, shard),
            self.item.sk.between(low, high),
            consistent_read=True,
            scan_index_forward=not self.descending,
            page_size=self._page,
        )
        return (_Chunk(item, self._chunks) for item in found)

    def _forwards(self, chunks: Iterator[_Chunk]) -> Iterator[_Chunk]:
        """Each chunk, once the earlier ones that it may repeat are at hand."""
        for chunk in chunks:
            self._keep(chunk)
            self._forget(chunk.recorded)
            self._look_back(chunk, at_hand=int(self.after[:14]))
            yield chunk

    def _backwards(self, chunks: Iterator[_Chunk], hour: int) -> Iterator[_Chunk]:
        """The same for who reads backwards: earlier chunks come later, so chunks wait for them."""
        waiting: deque[_Chunk] = deque()
        for chunk in chunks:
            self._keep(chunk)
            waiting.append(chunk)
            while waiting and waiting[0].since > chunk.recorded:
                yield waiting.popleft()
            self._forget(waiting[0].recorded if waiting else chunk.recorded)
        for chunk in waiting:
            self._look_back(chunk, at_hand=max(int(self.after[:14]), hour * HOUR_MS))
            yield chunk

    def _keep(self, chunk: _Chunk) -> None:
        self._at_hand.setdefault(chunk.mark, {})[chunk.order] = chunk
        self._found.append(chunk)

    def _forget(self, at: int) -> None:
        """Let go of what no chunk from here on looks back to."""
        while abs(self._found[0].recorded - at) > _KEPT:
            gone = self._found.popleft()
            of_stream = self._at_hand.get(gone.mark, {})
            of_stream.pop(gone.order, None)
            if not of_stream:
                self._at_hand.pop(gone.mark, None)

    def _look_back(self, chunk: _Chunk, *, at_hand: int) -> None:
        """Fetch the heads of what was recorded before the time since which all chunks are at hand."""
        for shard in (NARROW, wide_shard(chunk.mark)):
            known = min(self._down_to.get(shard, at_hand), at_hand)
            if chunk.since >= known:
                continue
            for head in self._chunks.heads(shard, chunk.since, known):
                found = _Chunk(head, self._chunks)
                self._at_hand.setdefault(found.mark, {}).setdefault(found.order, found)
            self._down_to[shard] = chunk.since
