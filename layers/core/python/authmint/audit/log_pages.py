"""Pages of the system log: a reader that follows the links misses no event and sees none twice.

Events are read in the order in which they were recorded. What was recorded within the last seconds may still have
earlier neighbours on their way into storage: such events are shown at once, but the cursor stays before them and
remembers which of them were shown.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..jose.encoding import b64decode, b64encode
from ..storage.events import SETTLED_AFTER, Event, EventLog, Recorded, place_of

#: So many unsettled events at most are shown on one page; their ids travel in the cursor.
MAX_REMEMBERED: Final = 50
#: Events read for one page at most; a page may come back short, or empty, and still have a next one.
MAX_READ: Final = 10_000
_BATCH: Final = 1_000


class BadCursor(ValueError):
    """Not a cursor of ours."""


@dataclass(frozen=True)
class Cursor:
    """Where a reader is.

    Attributes:
        place: Everything up to here is done with; descending: everything from here on.
        shown: Ids of events beyond ``place`` that were shown all the same.
    """

    place: str
    shown: tuple[str, ...] = ()

    def text(self) -> str:
        """As it stands in a link."""
        return b64encode(json.dumps([self.place, *self.shown], separators=(",", ":")).encode())

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises BadCursor."""
        try:
            place, *shown = json.loads(b64decode(text))
        except (ValueError, TypeError, RecursionError):
            raise BadCursor from None
        words = [place, *shown]
        if not all(isinstance(word, str) and word.isascii() and len(word) <= 100 for word in words):
            raise BadCursor
        if len(shown) > MAX_REMEMBERED or not (place[:14].isdigit() and len(place) >= 14 and place.isprintable()):
            raise BadCursor
        return cls(place, tuple(shown))


@dataclass(frozen=True)
class Query:
    """Which events, and in which order.

    Attributes:
        since_ms, until_ms: Between which times an event was recorded, or may have been.
        oldest_ms: Before this nothing is kept, whatever a cursor says.
        wanted: Which of them to show.
        limit: Of a page.
        endless: Ascending, with a next page always: a reader who waits for what comes.
    """

    since_ms: int
    until_ms: int
    wanted: Callable[[Event], bool]
    limit: int
    oldest_ms: int = 0
    endless: bool = False
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """Events to show, and where to go on; ``None``: there is nothing more."""

    events: tuple[Event, ...]
    following: Cursor | None


def page(log: EventLog, query: Query, cursor: Cursor | None, *, now_ms: int) -> Page:
    """The page at a cursor, or the first one."""
    return _backwards(log, query, cursor) if query.descending else _forwards(log, query, cursor, now_ms)


def _forwards(log: EventLog, query: Query, cursor: Cursor | None, now_ms: int) -> Page:
    start = place = max(cursor.place if cursor else place_of(query.since_ms), place_of(query.oldest_ms))
    settled = place_of(max(now_ms - SETTLED_AFTER, 0))
    remembered = set(cursor.shown if cursor else ())
    shown: list[Event] = []
    exhausted, stopped = False, query.limit == 0
    read = 0
    while not exhausted and not stopped and read < MAX_READ:
        batch = log.read(after=place, before=place_of(query.until_ms + 1), limit=_BATCH)
        exhausted, read = len(batch) < _BATCH, read + len(batch)
        for recorded in batch:
            fresh = recorded.event.id not in remembered and query.wanted(recorded.event)
            unsettled = recorded.place > settled
            if fresh and (len(shown) == query.limit or (unsettled and len(remembered) >= MAX_REMEMBERED)):
                stopped = True
                break
            place = recorded.place
            if fresh:
                shown.append(recorded.event)
            if fresh and unsettled:
                remembered.add(recorded.event.id)
            elif not unsettled:
                remembered.discard(recorded.event.id)
    done = exhausted and not stopped
    if done and not query.endless:
        return Page(tuple(shown), None)
    # An idle reader moves on with the time, not to read the same empty days with every call.
    place = settled if done else min(place, settled)
    return Page(tuple(shown), Cursor(max(place, start), tuple(sorted(remembered))))


def _backwards(log: EventLog, query: Query, cursor: Cursor | None) -> Page:
    place = min(cursor.place if cursor else "~", place_of(query.until_ms + 1))
    shown: list[Recorded] = []
    exhausted, read = False, 0
    while not exhausted and len(shown) < query.limit and read < MAX_READ:
        oldest = place_of(max(query.since_ms, query.oldest_ms))
        batch = log.read(after=oldest, before=place, limit=_BATCH, descending=True)
        exhausted, read = len(batch) < _BATCH, read + len(batch)
        for recorded in batch:
            if len(shown) == query.limit:
                exhausted = False
                break
            place = recorded.place
            if query.wanted(recorded.event):
                shown.append(recorded)
    return Page(tuple(recorded.event for recorded in shown), None if exhausted else Cursor(place))
