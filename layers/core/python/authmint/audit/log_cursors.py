"""Where a reader of the system log is, as it travels in a link: a place, and at most a short digest."""

import hashlib
from dataclasses import dataclass
from typing import Final

from ..jose.encoding import b64decode, b64encode

#: So many unsettled events at most are shown before they settle; their marks travel in the cursor.
MAX_REMEMBERED: Final = 50
#: Bytes of a mark: two of fifty events are taken for each other once in twenty billion times.
_MARK: Final = 5
_DIGITS: Final = 14


class BadCursor(ValueError):
    """Not a cursor of ours."""


def mark_of(event_id: str) -> bytes:
    """What a cursor remembers of an event."""
    return hashlib.sha256(event_id.encode()).digest()[:_MARK]


@dataclass(frozen=True)
class Cursor:
    """Where a reader is who waits for what comes.

    Attributes:
        place: Everything up to here is done with.
        shown: Marks of events beyond ``place`` that were shown all the same.
    """

    place: str
    shown: frozenset[bytes] = frozenset()

    def text(self) -> str:
        """As it stands in a link."""
        return b64encode(self.place.encode() + b"\n" + b"".join(sorted(self.shown)))

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises BadCursor."""
        place, marks = _parts(text)
        if len(marks) % _MARK or len(marks) > MAX_REMEMBERED * _MARK:
            raise BadCursor
        return cls(place, frozenset(marks[at : at + _MARK] for at in range(0, len(marks), _MARK)))


@dataclass(frozen=True, order=True)
class Position:
    """The last event that was shown of a list in the order in which things happened: when, and its id."""

    at_ms: int
    event_id: str = ""

    def text(self) -> str:
        """As it stands in a link."""
        return b64encode(f"{self.at_ms:0{_DIGITS}d}#{self.event_id}\n".encode())

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Raises BadCursor."""
        place, marks = _parts(text)
        if marks or place[_DIGITS : _DIGITS + 1] != "#":
            raise BadCursor
        return cls(int(place[:_DIGITS]), place[_DIGITS + 1 :])


def _parts(text: str) -> tuple[str, bytes]:
    try:
        head, end, marks = b64decode(text).partition(b"\n")
        place = head.decode("ascii")
    except (ValueError, TypeError):
        raise BadCursor from None
    if not end or len(place) > 100 or not place.isprintable() or len(place) < _DIGITS or not place[:_DIGITS].isdigit():
        raise BadCursor
    return place, marks
