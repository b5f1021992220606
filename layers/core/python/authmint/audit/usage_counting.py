"""Adds the system log up: what it says for good is counted once, and the rest whenever somebody asks.

The log is gone through in the order of recording, in which a reader finds each event once, whatever was delivered
twice or late. What has settled never changes, so a stretch of it can be counted and the numbers kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..clock import Clock
from ..storage.errors import Conflict
from ..storage.events import EVENT_RETENTION, SETTLED_AFTER, EventLog, place_of
from ..storage.usage import HOUR_MS, HOURS_OF_DAY, Counts, UsageRecords
from .tally import Tally

#: Milliseconds by which the clocks of two writers may differ.
_SKEW: Final = 60_000
#: Events that are fetched at once, and between two looks at the clock.
_BATCH: Final = 1_000
_GLANCE: Final = 200
#: Events of which the numbers are kept before an hour is over.
_MANY: Final = 500


class TooMuch(Exception):
    """There is more to add up than there is time for."""


@dataclass(frozen=True)
class Stretch:
    """What was counted of a stretch of the log: the place up to which that is, and how many events there were."""

    tally: Tally
    end: str
    events: int


@dataclass(frozen=True)
class UsageCounting:
    """Counts what has settled (function ``audit_sink``, every five minutes).

    Attributes:
        in_time: Whether there is time to go on; a last write is left time for.
    """

    log: EventLog
    usage: UsageRecords
    clock: Clock
    in_time: Callable[[], bool] = lambda: True

    def run(self) -> dict[str, int]:
        """Go on from where the last run stopped, as far as there is time.

        Raises:
            Unavailable: What was kept is kept, and the next run goes on.
        """
        now_ms = self.clock.now_ms()
        end = place_of(max(now_ms - SETTLED_AFTER, 0))
        start = self.usage.reached() or place_of(max(now_ms - EVENT_RETENTION * 1_000, 0))
        steps = rows = 0
        while start < end and self.in_time():
            stretch = _stretch(self.log, start, end, self.in_time)
            if stretch.end == end and not _worth_keeping(stretch, start):
                break
            counts = stretch.tally.counts
            try:
                self.usage.add(counts, start=start, end=stretch.end)
            except Conflict:  # another run was here first
                before, start = start, self.usage.reached()
                if start <= before:
                    break
                continue
            start, steps, rows = stretch.end, steps + 1, rows + len(counts.rows)
        return {"steps": steps, "rows": rows}


def _worth_keeping(stretch: Stretch, start: str) -> bool:
    """A few events are read again as fast as their numbers, until there are more, or an hour is over."""
    return stretch.events >= _MANY or int(stretch.end[:14]) - int(start[:14]) >= HOUR_MS


def _stretch(log: EventLog, start: str, end: str, in_time: Callable[[], bool]) -> Stretch:
    """The events between two places, until the tally is full or time runs out."""
    tally, number = Tally(), 0
    for number, recorded in enumerate(log.read(after=start, before=end, batch=_BATCH), 1):
        tally.add(recorded.event)
        if tally.full or (number % _GLANCE == 0 and not in_time()):
            return Stretch(tally, recorded.place, number)
    return Stretch(tally, end, number)


@dataclass(frozen=True)
class Report:
    """Numbers of some hours. ``counted_until_ms``: events that were recorded later are not in them."""

    parts: tuple[Counts, ...]
    counted_until_ms: int


def report(
    log: EventLog, usage: UsageRecords, *, first: int, last: int, now_ms: int, in_time: Callable[[], bool]
) -> Report:
    """What happened in the hours from ``first`` to ``last``, both inclusive: kept numbers, and the rest of the log.

    Raises:
        TooMuch: Not even what is kept could be read in time.
        Unavailable: At any step.
    """
    reached, parts = _kept(usage, first, last, in_time)
    oldest = max(first * HOUR_MS - _SKEW, now_ms - EVENT_RETENTION * 1_000, 0)
    place, end = max(reached, place_of(oldest)), place_of(now_ms + _SKEW)
    while place < end:
        stretch = _stretch(log, place, end, in_time)
        parts.append(_within(stretch.tally.counts, first, last))
        place = stretch.end
        if not in_time():
            break
    return Report(tuple(parts), min(int(place[:14]), now_ms))


def _kept(usage: UsageRecords, first: int, last: int, in_time: Callable[[], bool]) -> tuple[str, list[Counts]]:
    """The place up to which is counted, and what was up to there."""
    reached = usage.reached()
    while True:
        parts = []
        for counts in usage.read(first // HOURS_OF_DAY, last // HOURS_OF_DAY):
            parts.append(_within(counts, first, last))
            if not in_time():
                raise TooMuch
        before, reached = reached, usage.reached()
        if reached == before:  # nobody has added anything meanwhile
            return reached, parts


def _within(counts: Counts, first: int, last: int) -> Counts:
    rows = {row: number for row, number in counts.rows.items() if first <= row.hour <= last}
    return Counts(rows, {hour: marks for hour, marks in counts.people.items() if first <= hour <= last})
