"""``/api/v1/logs``: the system log (docs/protocol.md §29)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ...audit.log_cursors import BadCursor, Cursor, Position
from ...audit.log_pages import Page, Query, page
from ...audit.view import event_json
from ...clock import Clock
from ...http import Pairs, Response
from ...storage.events import EVENT_RETENTION, Event, EventLog
from ..http.call import Call
from ..http.errors import ApiError
from ..http.filters import parse_filter
from ..http.instants import instant_of
from ..http.paging import fitting, limit_of, link_header

PATH: Final = "/api/v1/logs"
DEFAULT_LIMIT, MOST = 100, 1_000
_WEEK_MS: Final = 7 * 86_400_000
#: Milliseconds by which the clocks of two writers may differ.
_SKEW: Final = 60_000
#: Milliseconds that an event may take into the log: Lambda repeats a delivery for six hours.
_LATE: Final = 6 * 3_600_000 + _SKEW
_MOST_WORDS, _LONGEST_WORD = 10, 40


class Logs:
    """``/api/v1/logs``: pages of the system log."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self.log = log
        self._clock = clock

    def list(self, call: Call) -> Response:
        """A page. Without ``until`` and ascending it can be polled: there is a next page always.

        With ``until`` or descending, order, ``since`` and ``until`` are about the time at which an event happened, else
        about the time at which it was recorded. A page may be short, or empty, and still have a next one.
        """
        now_ms = self._clock.now_ms()
        limit = _limit(call)
        query = self._query(call, now_ms, limit)
        text = call.request.query_value("after")
        try:
            cursor = query.cursor(text) if text else None
        except BadCursor:
            raise ApiError("E0000029", causes=["Invalid cursor."]) from None
        found, items = self._page(query, cursor, now_ms, call)
        extra = {
            name: value
            for name in ("since", "until", "filter", "q", "sortOrder")
            if (value := call.request.query_value(name))
        }
        links: Pairs = (link_header(call.request, PATH, extra, limit, text or None, "self"),)
        if found.following is not None:
            links = (*links, link_header(call.request, PATH, extra, limit, found.following.text(), "next"))
        return Response.json(200, list(items), links)

    def _page(
        self, query: Query, cursor: Cursor | Position | None, now_ms: int, call: Call
    ) -> tuple[Page, Sequence[dict[str, Any]]]:
        """A page that one answer can carry, and how it is shown."""
        found = page(self.log, query, cursor, now_ms=now_ms, in_time=call.retrying.in_time)
        items = [event_json(event) for event in found.events]
        if (number := fitting(items)) < len(items):
            # Only the log knows where a shorter page would have ended.
            return self._page(replace(query, limit=number), cursor, now_ms, call)
        return found, items

    def _query(self, call: Call, now_ms: int, limit: int) -> Query:
        descending = (call.request.query_value("sortOrder") or "ASCENDING").upper() == "DESCENDING"
        until = instant_of(call.request, "until")
        bounded = until is not None or descending
        until = now_ms if until is None else until
        since = instant_of(call.request, "since")
        since = until - _WEEK_MS if since is None else since
        wanted, oldest = _wanted(call), now_ms - EVENT_RETENTION * 1000
        since = max(since, oldest)
        if not bounded:
            return Query(since, now_ms + _SKEW, wanted, limit, oldest, endless=True)

        def happened(event: Event) -> bool:
            return since <= event.published_ms <= until and wanted(event)

        latest = max(min(until + _LATE, now_ms + _SKEW), oldest)
        return Query(max(since - _SKEW, oldest), latest, happened, limit, oldest, descending=descending)


def _limit(call: Call) -> int:
    return 0 if call.request.query_value("limit") == "0" else limit_of(call.request, default=DEFAULT_LIMIT, most=MOST)


def _wanted(call: Call) -> Callable[[Event], bool]:
    """What ``filter`` and ``q`` leave of the events."""
    condition = parse_filter(text) if (text := call.request.query_value("filter")) else None
    words = (call.request.query_value("q") or "").casefold().split()
    if len(words) > _MOST_WORDS or any(len(word) > _LONGEST_WORD for word in words):
        raise ApiError("E0000001", "q", [f"q: at most {_MOST_WORDS} words of {_LONGEST_WORD} characters."])

    def wanted(event: Event) -> bool:
        if condition is None and not words:
            return True
        shown = event_json(event)
        if condition is not None and not condition.matches(shown):
            return False
        text = " ".join(_texts(shown)).casefold() if words else ""
        return all(word in text for word in words)

    return wanted


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []
