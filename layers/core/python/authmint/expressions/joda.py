"""Date and time patterns as Joda-Time writes them, both ways (docs/protocol.md §12.3). Fields of numbers and zones."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from .errors import EvaluationFailed

_PIECE: Final = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+")
_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS: Final = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
#: Letters of numeric fields: what they show, and the most digits they read.
_NUMBERS: Final[dict[str, tuple[Callable[[datetime], int], int]]] = {
    "y": (lambda at: at.year, 4),
    "Y": (lambda at: at.year, 4),
    "M": (lambda at: at.month, 2),
    "d": (lambda at: at.day, 2),
    "D": (lambda at: at.timetuple().tm_yday, 3),
    "e": (lambda at: at.isoweekday(), 1),
    "H": (lambda at: at.hour, 2),
    "k": (lambda at: at.hour or 24, 2),
    "K": (lambda at: at.hour % 12, 2),
    "h": (lambda at: at.hour % 12 or 12, 2),
    "m": (lambda at: at.minute, 2),
    "s": (lambda at: at.second, 2),
    "S": (lambda at: at.microsecond // 1000, 3),
}
_LONGEST: Final = 100
_READABLE: Final = frozenset("yYMdHkKhmsSaZz")
_OFFSET: Final = re.compile(r"Z|[+-][0-9]{2}:?[0-9]{2}")


@dataclass(frozen=True)
class _Piece:
    """A field (letter and how many of it), or literal text where ``letter`` is empty."""

    letter: str
    text: str

    @property
    def is_number(self) -> bool:
        return self.letter in _NUMBERS and not (self.letter == "M" and len(self.text) > 2)


def _pieces(pattern: str) -> list[_Piece]:
    if len(pattern) > _LONGEST:
        raise EvaluationFailed("a date pattern is too long")
    pieces: list[_Piece] = []
    at = 0
    while at < len(pattern):
        match = _PIECE.match(pattern, at)
        if match is None:
            raise EvaluationFailed("a date pattern has an open quote")
        text = match[0]
        if match[1]:
            if match[1] not in _NUMBERS and match[1] not in "aEzZ":
                raise EvaluationFailed("a date pattern has a letter that means nothing")
            pieces.append(_Piece(match[1], text))
        else:
            pieces.append(
                _Piece("", "'" if text == "''" else text[1:-1].replace("''", "'") if text[0] == "'" else text)
            )
        at = match.end()
    return pieces


def shown(at: datetime, pattern: str) -> str:
    """The instant, in its own zone, as the pattern says."""
    return "".join(_shown(at, piece) for piece in _pieces(pattern))


def _shown(at: datetime, piece: _Piece) -> str:  # noqa: PLR0911 - one branch for each letter that is no plain number
    count = len(piece.text)
    if not piece.letter:
        return piece.text
    if piece.letter == "S":
        return f"{at.microsecond // 1000:03}"[:count].ljust(count, "0")
    if piece.letter == "a":
        return "AM" if at.hour < 12 else "PM"
    if piece.letter == "E":
        name = _DAYS[at.weekday()]
        return name if count > 3 else name[:3]
    if piece.letter == "Z":
        return offset_of(at, colon=count > 1)
    if piece.letter == "z":
        return at.tzname() or ""
    if piece.letter == "M" and count > 2:
        name = _MONTHS[at.month - 1]
        return name if count > 3 else name[:3]
    value = _NUMBERS[piece.letter][0](at)
    if piece.letter in "yY" and count == 2:
        value %= 100
    return str(value).rjust(count, "0")


def offset_of(at: datetime, *, colon: bool) -> str:
    """``+01:00``."""
    minutes = int((at.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{':' if colon else ''}{abs(minutes) % 60:02}"


def read(text: str, pattern: str) -> datetime:
    """The instant that a text means; UTC where the pattern names no zone.

    One pass from left to right without a second try, so that no text takes long.
    """
    pieces = _pieces(pattern)
    fields: dict[str, int] = {}
    zone: tzinfo = UTC
    at = 0
    for position, piece in enumerate(pieces):
        if not piece.letter:
            if not text.startswith(piece.text, at):
                raise EvaluationFailed("a date is not as its pattern says")
            at += len(piece.text)
        elif piece.letter not in _READABLE:
            raise EvaluationFailed("a date pattern has a field that can only be shown")
        elif piece.letter in "Zz":
            zone, at = _read_offset(text, at)
        elif not piece.is_number:
            fields[piece.letter], at = _read_name(text, at, piece)
        else:
            adjacent = position + 1 < len(pieces) and pieces[position + 1].is_number
            most = len(piece.text) if adjacent or piece.letter == "S" else _NUMBERS[piece.letter][1]
            fields[piece.letter], at = _read_number(text, at, most, piece)
    if at != len(text):
        raise EvaluationFailed("a date is longer than its pattern")
    return _instant(fields, zone)


def _read_number(text: str, at: int, most: int, piece: _Piece) -> tuple[int, int]:
    end = at
    while end < len(text) and end - at < most and "0" <= text[end] <= "9":
        end += 1
    if end == at:
        raise EvaluationFailed("a date has no digits where its pattern has a number")
    if piece.letter == "S":
        return int(text[at:end].ljust(3, "0")[:3]), end
    value = int(text[at:end])
    if piece.letter in "yY" and len(piece.text) == 2 and end - at == 2:
        value += 2000
    return value, end


def _read_name(text: str, at: int, piece: _Piece) -> tuple[int, int]:
    names = ["AM", "PM"] if piece.letter == "a" else _MONTHS
    for number, name in enumerate(names):
        for spelling in (name, name[:3]):
            if text[at : at + len(spelling)].casefold() == spelling.casefold():
                return number + (piece.letter == "M"), at + len(spelling)
    raise EvaluationFailed("a date has no name where its pattern has one")


def _read_offset(text: str, at: int) -> tuple[tzinfo, int]:
    match = _OFFSET.match(text, at)
    if match is None:
        raise EvaluationFailed("a date has no zone where its pattern has one")
    if match[0] == "Z":
        return UTC, match.end()
    digits = match[0].replace(":", "")
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    if offset >= timedelta(days=1):
        raise EvaluationFailed("a date has an offset of a day or more")
    return timezone(-offset if digits[0] == "-" else offset), match.end()


def _instant(fields: dict[str, int], zone: tzinfo) -> datetime:
    hour = fields.get("H", fields.get("k", 0) % 24)
    if "h" in fields or "K" in fields:
        hour = fields.get("K", fields.get("h", 0) % 12) + 12 * fields.get("a", 0)
    try:
        return datetime(
            fields.get("y", fields.get("Y", 1970)),
            fields.get("M", 1),
            fields.get("d", 1),
            hour,
            fields.get("m", 0),
            fields.get("s", 0),
            fields.get("S", 0) * 1000,
            zone,
        )
    except ValueError:
        raise EvaluationFailed("a date does not exist") from None
