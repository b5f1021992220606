"""Signing keys of a server along time: when each is announced, signs, and is kept for what it signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

Phase = Literal["waits", "signs", "retired"]
_DAY: Final = 86_400
#: Of the picture, in pixels: its width is whatever there is room for.
_PITCH: Final = 54
_TOP: Final = 30
#: So many keys are drawn; the table has all of them.
_MOST: Final = 12


@dataclass(frozen=True)
class Span:
    """A phase of a key, in hundredths of the picture's width."""

    phase: Phase
    left: float
    width: float
    since: str
    until: str


@dataclass(frozen=True)
class Line:
    """One key. ``y``: of the top of its bar."""

    kid: str
    status: str
    spans: Sequence[Span]
    y: int


@dataclass(frozen=True)
class Timeline:
    """The picture.

    Attributes:
        now: In hundredths of its width.
        begin, end: Days.
    """

    lines: Sequence[Line]
    now: float
    begin: str
    end: str

    @property
    def height(self) -> int:
        """In pixels, with room for the days."""
        return _TOP + _PITCH * len(self.lines) + 24


def timeline_of(rotation: Mapping[str, Any], now: int) -> Timeline:
    """The picture of what the API tells of a server's keys."""
    keys = rotation["keys"][:_MOST]
    phases = [_phases(key, rotation) for key in keys]
    times = [at for spans in phases for _, since, until in spans for at in (since, until) if at is not None]
    begin, end = min([*times, now]), max([*times, now + _DAY])
    begin, end = begin - (end - begin) // 50, end + (end - begin) // 50
    scale = 100 / (end - begin)

    def place(at: int) -> float:
        return round((at - begin) * scale, 2)

    lines = [
        Line(
            key["kid"],
            key["status"],
            [
                Span(
                    phase,
                    place(since),
                    round(max(place(end if until is None else until) - place(since), 0.6), 2),
                    _day(since),
                    "" if until is None else _day(until),
                )
                for phase, since, until in spans
            ],
            _TOP + number * _PITCH + 20,
        )
        for number, (key, spans) in enumerate(zip(keys, phases, strict=True))
    ]
    return Timeline(lines, place(now), _day(begin), _day(end))


def _phases(key: Mapping[str, Any], rotation: Mapping[str, Any]) -> list[tuple[Phase, int, int | None]]:
    """What it goes through, since when and until when; ``None``: nobody knows yet."""
    published, signs, stopped = (_seconds(key[name]) for name in ("publishedSince", "signsSince", "signedUntil"))
    last, following = _seconds(key["lastTokenExpiresBy"]), key["next"]
    if following["step"] == "stop signing":
        stopped = _seconds(following["at"])
    elif key["status"] == "ACTIVE":
        stopped = _seconds(rotation["nextRotation"])
    begins = _seconds(following["at"]) if following["step"] == "start signing" else signs
    phases: list[tuple[Phase, int, int | None]] = []
    if published is not None and published != signs:
        phases.append(("waits", published, begins))
    if signs is not None:
        phases.append(("signs", signs, stopped))
    if stopped is not None and last is not None:
        phases.append(("retired", stopped, last))
    return phases


def _seconds(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
