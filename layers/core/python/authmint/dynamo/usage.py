"""``UsageRecords`` in DynamoDB: an item for each stretch of the log and each day on which its events happened.

With them comes, in one transaction, the step from one place of the log to the next. Whoever comes second with a step
from the same place writes nothing: so each event counts once, however many count at the same time.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ..clock import Clock
from ..storage.errors import Conflict, Unavailable
from ..storage.events import EVENT_RETENTION
from ..storage.usage import HOURS_OF_DAY, Counts, Row
from .connection import translated
from .items import EventItem
from .tables import ConditionFailed, Tables

_STEPS: Final = "USAGE#STEPS"
#: The first byte of a pack says how the rest is written.
_FORM: Final = b"\x01"
_BYTES_OF_PERSON: Final = 8


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
        try:
            with self._tables.transaction() as write:
                step = self._item(_STEPS, start, body=end, ttl=ttl)
                write.save(step, condition=self._item.pk.does_not_exist())
                for day, pack in _packs(counts):
                    write.save(self._item(_partition(day), start, pack=pack, ttl=ttl))
        except ConditionFailed:
            raise Conflict(start) from None

    def read(self, first_day: int, last_day: int, *, before: str) -> Iterator[Counts]:
        for day in range(first_day, last_day + 1):
            with translated():
                for item in self._item.query(_partition(day), consistent_read=True):
                    if item.sk < before:
                        yield _unpacked(item.pack)


def _partition(day: int) -> str:
    return f"USAGE#{day:06d}"


def _packs(counts: Counts) -> Iterator[tuple[int, bytes]]:
    rows: defaultdict[int, list[tuple[Row, int]]] = defaultdict(list)
    people: defaultdict[int, dict[int, bytes]] = defaultdict(dict)
    for row, number in counts.rows.items():
        rows[row.hour // HOURS_OF_DAY].append((row, number))
    for hour, marks in counts.people.items():
        found = b"".join(mark.to_bytes(_BYTES_OF_PERSON) for mark in sorted(marks))
        people[hour // HOURS_OF_DAY][hour] = found
    for day in sorted(rows.keys() | people.keys()):
        yield day, _FORM + zlib.compress(msgspec.json.encode(_Stored(rows[day], people[day])), 9)


def _unpacked(data: Any) -> Counts:
    """Raises ValueError where a later release wrote it."""
    if data[:1] != _FORM:
        raise ValueError(f"usage in a form that this release does not know: {data[:1].hex()}")
    stored = _DECODER.decode(zlib.decompress(data[1:]))
    return Counts(dict(stored.rows), {hour: frozenset(_marks(found)) for hour, found in stored.people.items()})


def _marks(found: bytes) -> Iterator[int]:
    for start in range(0, len(found), _BYTES_OF_PERSON):
        yield int.from_bytes(found[start : start + _BYTES_OF_PERSON])
