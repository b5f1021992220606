"""``Time`` (docs/protocol.md §12.3). Texts in, texts out; the instant is that of the request, never the system's."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from .errors import EvaluationFailed
from .functions import TEXT, Function
from .joda import offset_of, read, shown
from .run import Run

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Windows counts 100 ns since 1601.
_WINDOWS_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS_PER_MS: Final = 10_000
_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")
_MILLISECOND: Final = timedelta(milliseconds=1)


def _now(run: Run, zone: str = "UTC", pattern: str | None = None) -> str:
    run.note("Time.now", run.facts.now)
    at = _moved(_EPOCH, timedelta(seconds=run.facts.now)).astimezone(_zone(zone))
    return _iso(at) if pattern is None else shown(at, pattern)


def _zone(name: str) -> tzinfo:
    """A zone of IANA's database; ``EST`` is five hours behind the whole year (docs/protocol.md §12.3)."""
    if name in {"UTC", "Z"}:
        return UTC
    import zoneinfo  # reads files, and few claims need it

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise EvaluationFailed("there is no such time zone") from None


def _iso(at: datetime) -> str:
    zone = "Z" if not at.utcoffset() else offset_of(at, colon=True)
    return f"{at.year:04}-{at:%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}{zone}"


def _moved(since: datetime, by: timedelta) -> datetime:
    try:
        return since + by
    except OverflowError:
        raise EvaluationFailed("a date is out of range") from None


def _number(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise EvaluationFailed("a time is not an integer")
    return int(text)


def _span(milliseconds: int) -> timedelta:
    try:
        return timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise EvaluationFailed("a date is out of range") from None


def _from_windows(_: Run, ticks: str) -> str:
    return _iso(_moved(_WINDOWS_EPOCH, _span(_number(ticks) // _TICKS_PER_MS)))


def _from_unix(_: Run, seconds: str) -> str:
    return _iso(_moved(_EPOCH, _span(_number(seconds) * 1000)))


def _from_text(_: Run, text: str, pattern: str) -> str:
    return _iso(read(text, pattern))


def _parsed(text: str) -> datetime:
    """ISO 8601 (RFC 3339 and the like); UTC where no zone is named."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise EvaluationFailed("a time is not of ISO 8601") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _to_windows(_: Run, text: str) -> str:
    return str((_parsed(text) - _WINDOWS_EPOCH) // _MILLISECOND * _TICKS_PER_MS)


def _to_unix(_: Run, text: str) -> str:
    return str((_parsed(text) - _EPOCH) // timedelta(seconds=1))


def _to_text(_: Run, text: str, pattern: str) -> str:
    return shown(_parsed(text), pattern)


FUNCTIONS: Final = (
    Function("Time.now", _now, (TEXT, TEXT), optional=2, constant=False),
    Function("Time.fromWindowsToIso8601", _from_windows, (TEXT,)),
    Function("Time.fromUnixToIso8601", _from_unix, (TEXT,)),
    Function("Time.fromStringToIso8601", _from_text, (TEXT, TEXT)),
    Function("Time.fromIso8601ToWindows", _to_windows, (TEXT,)),
    Function("Time.fromIso8601ToUnix", _to_unix, (TEXT,)),
    Function("Time.fromIso8601ToString", _to_text, (TEXT, TEXT)),
)
