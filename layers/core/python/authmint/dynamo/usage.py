"""``UsageRecords`` in DynamoDB: an item for each hour of the log and each day on which its events happened.

With what is added to it comes, in one transaction, the step from one place of the log to the next. Whoever comes second
with a step from the same place writes nothing: so each event counts once, however many count at the same time.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ..clock import Clock
from ..storage.errors import Conflict, Unavailable
from ..storage.events import EVENT_RETENTION
from ..storage.usage import HOUR_MS, HOURS_OF_DAY, Counts, Row
from .connection import translated
from .items import EventItem
from .tables import ConditionFailed, Tables

_STEPS: Final = "USAGE#STEPS"
#: The first byte of a pack says how the rest is written.
_FORM: Final = b"\x01"
_BYTES_OF_PERSON: Final = 8
#: A pack that has more begins another item; with what is added to it, it still fits into one.
_MOST_BYTES: Final = 100_000


@dataclass(frozen=True)
class _Stored:
    """What is compressed. ``people``: by hour, eight bytes each."""

    rows: list[tuple[Row, int]]
    people: dict[int, bytes]


_DECODER: Final = msgspec.json.Decoder(_Stored)


class DynamoUsageRecords:
    """``UsageRecords``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        if tables.events is None:
            raise Unavailable("this function has no events table")
        self._tables = tables
        self._item: type[EventItem] = tables.events
        self._clock = clock

    def reached(self) -> str:
        with translated():
            last = self._item.query(_STEPS, consistent_read=True, scan_index_forward=False, limit=1)
            return next((item.body or "" for item in last), "")

    def add(self, counts: Counts, *, start: str, end: str) -> None:
        ttl = self._clock.now() + EVENT_RETENTION
        kept = [self._kept(day, part, start) for day, part in _by_day(counts)]
        try:
            with self._tables.transaction() as write:
                step = self._item(_STEPS, start, body=end, ttl=ttl)
                write.save(step, condition=self._item.pk.does_not_exist())
                for pk, sk, pack in kept:
                    write.save(self._item(pk, sk, pack=pack, ttl=ttl))
        except ConditionFailed:
            raise Conflict(start) from None

    def _kept(self, day: int, counts: Counts, start: str) -> tuple[str, str, bytes]:
        """Key and pack of what is kept of a day: with what this hour of the log had of it so far, if that has room.

        Nobody else changes that item but by a step from the same place, and one step comes first.
        """
        pk = _partition(day)
        with translated():
            last = next(iter(self._item.query(pk, consistent_read=True, scan_index_forward=False, limit=1)), None)
        if last is None or _hour_of(last.sk) != _hour_of(start) or len(last.pack) > _MOST_BYTES:
            return pk, start, _packed([counts])
        return pk, last.sk, _packed([_unpacked(last.pack), counts])

    def read(self, first_day: int, last_day: int) -> Iterator[Counts]:
        for day in range(first_day, last_day + 1):
            with translated():
                for item in self._item.query(_partition(day), consistent_read=True):
                    yield _unpacked(item.pack)


def _partition(day: int) -> str:
    return f"USAGE#{day:06d}"


def _hour_of(place: str) -> int:
    return int(place[:14]) // HOUR_MS


def _by_day(counts: Counts) -> Iterator[tuple[int, Counts]]:
    rows: defaultdict[int, dict[Row, int]] = defaultdict(dict)
    people: defaultdict[int, dict[int, frozenset[int]]] = defaultdict(dict)
    for row, number in counts.rows.items():
        rows[row.hour // HOURS_OF_DAY][row] = number
    for hour, marks in counts.people.items():
        people[hour // HOURS_OF_DAY][hour] = marks
    for day in sorted(rows.keys() | people.keys()):
        yield day, Counts(rows[day], people[day])


def _packed(parts: Sequence[Counts]) -> bytes:
    """The sum of all parts in as few bytes as there are."""
    rows: Counter[Row] = Counter()
    people: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
    for part in parts:
        rows.update(part.rows)
        for hour, marks in part.people.items():
            people[hour] |= marks
    bytes_of = {hour: b"".join(m.to_bytes(_BYTES_OF_PERSON) for m in sorted(marks)) for hour, marks in people.items()}
    return _FORM + zlib.compress(msgspec.json.encode(_Stored(list(rows.items()), bytes_of)), 9)


def _unpacked(data: Any) -> Counts:
    """Raises ValueError where a later release wrote it."""
    if data[:1] != _FORM:
        raise ValueError(f"usage in a form that this release does not know: {data[:1].hex()}")
    stored = _DECODER.decode(zlib.decompress(data[1:]))
    return Counts(dict(stored.rows), {hour: frozenset(_marks(found)) for hour, found in stored.people.items()})


def _marks(found: bytes) -> Iterator[int]:
    for start in range(0, len(found), _BYTES_OF_PERSON):
        yield int.from_bytes(found[start : start + _BYTES_OF_PERSON])
