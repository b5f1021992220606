"""``/api/v1/usage``: what was used how much by whom (docs/protocol.md §36)."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ...audit.usage_counting import Report, TooMuch, report
from ...audit.usage_report import NAMES, NUMBERS, TIMES, Group, Key, Question
from ...clock import Clock, timestamp
from ...http import Pairs, Response
from ...storage.events import EVENT_RETENTION, EventLog
from ...storage.usage import HOUR_MS, UsageRecords
from ..http.call import Call
from ..http.errors import ApiError
from ..http.instants import instant_of
from ..http.paging import after_of, fitting, limit_of, link_header

PATH: Final = "/api/v1/usage"
DEFAULT_LIMIT, MOST = 200, 1_000
_WEEK_MS: Final = 7 * 86_400_000
_MOST_BY: Final = 3
_LONGEST: Final = 200
#: What a spreadsheet would take for a formula.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


class Counted:
    """Numbers of the hours that a call asks for."""

    def __init__(self, log: EventLog, usage: UsageRecords, clock: Clock) -> None:
        self._log = log
        self._usage = usage
        self._clock = clock

    def hours(self, call: Call, *, default_ms: int) -> tuple[int, int]:
        """The first and the last hour of ``since`` and ``until``. Raises ApiError."""
        now_ms = self._clock.now_ms()
        until = instant_of(call.request, "until")
        until = now_ms if until is None else min(until, now_ms)
        since = instant_of(call.request, "since")
        since = until - default_ms if since is None else since
        if since > until:
            raise ApiError("E0000001", "since", ["since: must not be later than until."])
        since = max(since, now_ms - EVENT_RETENTION * 1_000, 0)
        # An hour that ends where the time does is the one before.
        return since // HOUR_MS, max((until - 1) // HOUR_MS, since // HOUR_MS)

    def report(self, call: Call, first: int, last: int) -> Report:
        """Raises ApiError: it is more than can be added up in one call."""
        in_time = call.retrying.in_time
        now_ms = self._clock.now_ms()
        try:
            return report(self._log, self._usage, first=first, last=last, now_ms=now_ms, in_time=in_time)
        except TooMuch:
            raise ApiError("E0000001", "since", ["since: too much was used since then; ask for fewer days."]) from None


class Usage:
    """``/api/v1/usage``."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def get(self, call: Call) -> Response:
        """200 with numbers, told apart by what ``by`` names, page by page; as CSV where that is asked for."""
        question, as_csv = _question(call), _as_csv(call)
        limit, after = limit_of(call.request, default=DEFAULT_LIMIT, most=MOST), _cursor(call, question)
        first, last = self._counted.hours(call, default_ms=_WEEK_MS)
        found = self._counted.report(call, first, last)
        groups = question.answer(found.parts)
        keys = sorted(key for key in groups if after is None or key > after)
        rows = [_row(question, key, groups[key]) for key in keys[:limit]]
        rows = rows[: fitting(rows)]
        following = json.dumps(keys[len(rows) - 1]) if len(rows) < len(keys) else None
        links = _links(call, limit, following)
        if as_csv:
            body = _csv(question, rows).encode()
            return Response(200, body, (("content-type", "text/csv; charset=utf-8"), *links))
        answer = {
            "since": timestamp(first * HOUR_MS // 1_000),
            "until": timestamp((last + 1) * HOUR_MS // 1_000),
            "countedUntil": timestamp(found.counted_until_ms // 1_000),
            "by": list(question.by),
            "groups": rows,
            "next": following,
        }
        return Response.json(200, answer, links)


def _question(call: Call) -> Question:
    """Raises ApiError."""
    text = (call.request.query_value("by") or "").strip()
    by = tuple(dict.fromkeys(name.strip() for name in text.split(","))) if text else ()
    known = (*NAMES, *TIMES)
    if len(by) > _MOST_BY or any(name not in known for name in by):
        raise ApiError("E0000001", "by", [f"by: at most {_MOST_BY} of {', '.join(known)}."])
    where = {name: value for name in NAMES if (value := call.request.query_value(name)) is not None}
    for name, value in where.items():
        if len(value) > _LONGEST:
            raise ApiError("E0000001", name, [f"{name}: must have at most {_LONGEST} characters."])
    return Question(by, where)


def _as_csv(call: Call) -> bool:
    wanted = call.request.query_value("format")
    if wanted not in {None, "", "json", "csv"}:
        raise ApiError("E0000001", "format", ["format: must be json or csv."])
    return wanted == "csv" if wanted else "text/csv" in (call.request.header("accept") or "").casefold()


def _cursor(call: Call, question: Question) -> Key | None:
    """The values of the last group of the page before. Raises ApiError."""
    text = after_of(call.request)
    if text is None:
        return None
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != len(question.by) or not all(isinstance(v, str) for v in values):
        raise ApiError("E0000029", causes=["Invalid cursor."])
    return tuple(values)


def _row(question: Question, key: Key, group: Group) -> dict[str, Any]:
    return {**dict(zip(question.by, key, strict=True)), **group.values(people=question.about_people)}


def _links(call: Call, limit: int, following: str | None) -> Pairs:
    names = ("since", "until", "by", "format", *NAMES)
    extra = {name: value for name in names if (value := call.request.query_value(name)) is not None}
    links: Pairs = (link_header(call.request, PATH, extra, limit, call.request.query_value("after"), "self"),)
    if following is not None:
        links = (*links, link_header(call.request, PATH, extra, limit, following, "next"))
    return links


def _csv(question: Question, rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180 §2
    names = (*question.by, *NUMBERS)
    writer.writerow(names)
    writer.writerows([list(_cells(row, names)) for row in rows])
    return text.getvalue()


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> Iterator[Any]:
    for name in names:
        value = row[name]
        yield f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
