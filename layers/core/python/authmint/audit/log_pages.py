"""Pages of the system log: a reader that follows the links misses no event and sees none twice.

Who waits for what comes reads events in the order in which they were recorded. What was recorded within the last
seconds may still have earlier neighbours on their way into storage: such events are shown at once, but the cursor
stays before them and remembers which of them were shown.

A bounded list is in the order in which things happened. Events come into the log a little later than they happen, so
the list is sorted while it is read, within a minute; what came later than that stands where a minute ago is.

A page ends when it is full, or when time runs out: then it has a next one, which goes on where this one stopped.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ..storage.events import SETTLED_AFTER, Event, EventLog, Recorded, place_of
from .log_cursors import MAX_REMEMBERED, Cursor, Position, mark_of

#: Events read for one page at most; a page may come back short, or empty, and still have a next one.
MAX_READ: Final = 10_000
#: Milliseconds by which an event may come into the log later than it happened and still stand where it belongs.
LAG: Final = 60_000
#: Milliseconds by which the clocks of two writers may differ.
SKEW: Final = 5_000
#: Events that are fetched at once: as many as a page shows, within these bounds.
_SMALLEST, _LARGEST = 200, 1_000
#: Events between two looks at the clock.
_GLANCE: Final = 100


@dataclass(frozen=True)
class Query:
    """Which events, and in which order.

    Attributes:
        since_ms, until_ms: Between which times an event was recorded, or may have been.
        oldest_ms: Before this nothing is kept, whatever a cursor says.
        wanted: Which of them to show.
        limit: Of a page.
        endless: In the order of recording, with a next page always: a reader who waits for what comes.
        descending: The newest first; only where the list is bounded.
    """

    since_ms: int
    until_ms: int
    wanted: Callable[[Event], bool]
    limit: int
    oldest_ms: int = 0
    endless: bool = False
    descending: bool = False

    @property
    def batch(self) -> int:
        """How many events are worth fetching at once."""
        return min(max(self.limit + 1, _SMALLEST), _LARGEST)

    def cursor(self, text: str) -> Cursor | Position:
        """The cursor of a link. Raises BadCursor."""
        return Cursor.parse(text) if self.endless else Position.parse(text)


@dataclass(frozen=True)
class Page:
    """Events to show, and where to go on; ``None``: there is nothing more."""

    events: tuple[Event, ...]
    following: Cursor | Position | None


def page(
    log: EventLog,
    query: Query,
    cursor: Cursor | Position | None,
    *,
    now_ms: int,
    in_time: Callable[[], bool] = lambda: True,
) -> Page:
    """The page at a cursor, or the first one. ``in_time``: whether there is time to read on."""
    if isinstance(cursor, Position) or not query.endless:
        return _Ordered(query, cursor if isinstance(cursor, Position) else None).page(log, in_time)
    return _following(log=log, query=query, cursor=cursor, now_ms=now_ms, in_time=in_time)


def _following(log: EventLog, query: Query, cursor: Cursor | None, now_ms: int, in_time: Callable[[], bool]) -> Page:
    start = place = max(cursor.place if cursor else place_of(query.since_ms), place_of(query.oldest_ms))
    settled = place_of(max(now_ms - SETTLED_AFTER, 0))
    remembered = set(cursor.shown if cursor else ())
    shown: list[Event] = []
    stopped = False
    found = log.read(after=place, before=place_of(query.until_ms + 1), batch=query.batch)
    for recorded in _in_time(found, in_time):
        if recorded is None or query.limit == 0:
            stopped = True
            break
        mark, unsettled = mark_of(recorded.event.id), recorded.place > settled
        fresh = mark not in remembered and query.wanted(recorded.event)
        if fresh and (len(shown) == query.limit or (unsettled and len(remembered) >= MAX_REMEMBERED)):
            stopped = True
            break
        place = recorded.place
        if fresh:
            shown.append(recorded.event)
        if fresh and unsettled:
            remembered.add(mark)
        elif not unsettled:
            remembered.discard(mark)
    # An idle reader moves on with the time, not to read the same empty days with every call.
    place = min(place, settled) if stopped else settled
    return Page(tuple(shown), Cursor(max(place, start), frozenset(remembered)))


class _Ordered:
    """One page of a bounded list, sorted by when things happened while it is read in the order of recording."""

    def __init__(self, query: Query, position: Position | None) -> None:
        self._query = query
        self._descending = query.descending
        self._position = position
        self._waiting: list[_Waiting] = []
        self._shown: list[Event] = []

    def page(self, log: EventLog, in_time: Callable[[], bool]) -> Page:
        """Events beyond the position, until the page is full or time runs out."""
        for number, recorded in enumerate(self._read(log), 1):
            reached = int(recorded.place[:14])
            frontier = Position(reached + SKEW if self._descending else reached - LAG)
            self._show(frontier)
            if len(self._shown) == self._query.limit:
                return Page(tuple(self._shown), self._position)
            self._keep(recorded, reached)
            further = self._beyond(frontier)
            if number % _GLANCE == 0 and (not in_time() or (number >= MAX_READ and further)):
                self._position = frontier if further else self._position
                return Page(tuple(self._shown), self._position)
        self._show(None)
        return Page(tuple(self._shown), self._position if self._waiting else None)

    def _read(self, log: EventLog) -> Iterator[Recorded]:
        query, position = self._query, self._position
        first, last = max(query.since_ms, query.oldest_ms), query.until_ms
        if position is not None and self._descending:
            last = min(last, position.at_ms + LAG)
        elif position is not None:
            first = max(first, position.at_ms - SKEW)
        after, before = place_of(first), place_of(last + 1)
        return log.read(after=after, before=before, batch=query.batch, descending=self._descending)

    def _keep(self, recorded: Recorded, recorded_ms: int) -> None:
        event = recorded.event
        position = Position(min(max(event.published_ms, recorded_ms - LAG), recorded_ms + SKEW), event.id)
        if self._beyond(position) and self._query.wanted(event):
            heapq.heappush(self._waiting, _Waiting(position, event, descending=self._descending))

    def _beyond(self, position: Position) -> bool:
        if self._position is None:
            return True
        return position < self._position if self._descending else position > self._position

    def _show(self, frontier: Position | None) -> None:
        """Move to the page what nothing can come before any more: what lies before the frontier. ``None``: all."""
        while self._waiting and len(self._shown) < self._query.limit:
            first = self._waiting[0]
            if frontier is not None and not first.comes_before(frontier):
                return
            heapq.heappop(self._waiting)
            self._shown.append(first.event)
            self._position = first.position


@dataclass(frozen=True)
class _Waiting:
    """An event that may still have to let another one go first."""

    position: Position
    event: Event
    descending: bool

    def comes_before(self, position: Position) -> bool:
        return position < self.position if self.descending else self.position < position

    def __lt__(self, other: "_Waiting") -> bool:
        return self.comes_before(other.position)


def _in_time(found: Iterator[Recorded], in_time: Callable[[], bool]) -> Iterator[Recorded | None]:
    """The events; ``None`` in the place of the first one that is too much for one page, or too late."""
    for number, recorded in enumerate(found, 1):
        yield recorded
        if number == MAX_READ or (number % _GLANCE == 0 and not in_time()):
            yield None
            return
