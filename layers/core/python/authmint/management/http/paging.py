"""Lists that come in pages (docs/protocol.md §23.4): limits, cursors, two separate ``Link`` headers.

Every list ends a page before it is larger than one answer can be, whatever its limit, here and nowhere else.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ...http import Pairs, Request, Response
from .errors import ApiError

_T = TypeVar("_T")
_MAX_CURSOR = 1_024
#: Records that one walk looks at: what a request costs does not grow with the deployment.
MOST_LOOKED_AT: Final = 20_000
#: Bytes of JSON. A function's answer has at most 6 MB, with every quotation mark in it escaped.
LARGEST_ANSWER: Final = 4_500_000
_ID = re.compile(r"[\x21-\x7e]{1,100}")


def limit_of(request: Request, *, default: int, most: int) -> int:
    """The ``limit`` parameter, clamped. Raises ApiError where it is no number."""
    text = request.query_value("limit")
    if not text:
        return default
    try:
        limit = int(text[:12])
    except ValueError:
        raise ApiError("E0000001", "limit", ["limit: must be a number."]) from None
    return default if limit == -1 else max(1, min(limit, most))


def after_of(request: Request) -> str | None:
    """The cursor. Raises ApiError (E0000029) where it cannot be one of ours."""
    after = request.query_value("after")
    if after is None or after == "":
        return None
    if len(after) > _MAX_CURSOR or not after.isprintable():
        raise ApiError("E0000029", causes=["Invalid cursor."])
    return after


def id_after(request: Request) -> str | None:
    """The cursor of a list in order of ids. Raises ApiError (E0000029)."""
    after = after_of(request)
    if after is not None and not _ID.fullmatch(after):
        raise ApiError("E0000029", causes=["Invalid cursor."])
    return after


def scan(
    read: Callable[[str | None, int], Sequence[_T]],
    key: Callable[[_T], str],
    wanted: Callable[[_T], bool],
    *,
    after: str | None,
    limit: int,
    size: int = 200,
    in_time: Callable[[], bool],
) -> tuple[list[_T], str | None]:
    """A page of the wanted ones out of a listing by key, and the cursor of the next page, if there is one.

    A page ends when it is full, when ``MOST_LOOKED_AT`` records were looked at, or when time runs out: then it is
    short, or empty, and its cursor goes on from the last record that was looked at.

    Args:
        read: So many records after a key.
        key: Of a record.
        wanted: Whether to show it.
        after: The cursor of this page.
        limit: Of the page.
        size: How many are read at once: ``limit + 1`` where all are wanted, more where few are.
        in_time: Whether there is time for one more reading.
    """
    found: list[_T] = []
    looked_at = 0
    while True:
        batch = read(after, size)
        looked_at += len(batch)
        found += [record for record in batch if wanted(record)]
        if len(found) > limit:
            return found[:limit], key(found[limit - 1])
        if len(batch) < size:
            return found, None
        after = key(batch[-1])
        if looked_at >= MOST_LOOKED_AT or not in_time():
            return found, after


def fitting(items: Sequence[Mapping[str, Any]]) -> int:
    """How many items one answer can carry: at least one, where there is one."""
    room = LARGEST_ANSWER
    for number, item in enumerate(items):
        room -= len(msgspec.json.encode(item)) + 1
        if room < 0 and number > 0:
            return number
    return len(items)


def page(
    request: Request,
    path: str,
    items: Sequence[Mapping[str, Any]],
    *,
    limit: int,
    following: str | None,
    extra: Mapping[str, str],
    cursor: Callable[[Mapping[str, Any]], str] = itemgetter("id"),
) -> Response:
    """The page, ``self`` first and ``next`` last, each in a header of its own.

    Args:
        request: For the base URL and the cursor of this page.
        path: Of the list.
        items: JSON values.
        limit: In effect.
        following: Cursor of the next page, if there is one.
        extra: Query parameters that narrow the list.
        cursor: Of the page after an item, where not all fit into one answer.
    """
    current = request.query_value("after")
    number = fitting(items)
    if number < len(items):
        items, following = items[:number], cursor(items[number - 1])
    links: Pairs = (link_header(request, path, extra, limit, current or None, "self"),)
    if following is not None:
        links = (*links, link_header(request, path, extra, limit, following, "next"))
    return Response.json(200, list(items), links)


def whole(
    request: Request,
    items: Sequence[Mapping[str, Any]],
    *,
    cursor: Callable[[Mapping[str, Any]], str] = itemgetter("id"),
) -> Response:
    """A list that knows no limit: in one piece, and with links only where one answer cannot carry it.

    Args:
        request: Its path and its query, which the links repeat.
        items: All of them, as JSON values.
        cursor: What names an item.

    Raises:
        ApiError: E0000029: the item after which to go on is not there any more.
    """
    after = after_of(request)
    if after is not None:
        names = [cursor(item) for item in items]
        if after not in names:
            raise ApiError("E0000029", causes=["Invalid cursor."])
        items = items[names.index(after) + 1 :]
    shown = items[: fitting(items)]
    if after is None and len(shown) == len(items):
        return Response.json(200, list(items))
    path, extra = quote(request.path), {name: value for name, value in request.query if name != "after"}
    links: Pairs = (link_header(request, path, extra, None, after, "self"),)
    if len(shown) < len(items):
        links = (*links, link_header(request, path, extra, None, cursor(shown[-1]), "next"))
    return Response.json(200, list(shown), links)


def link_header(
    request: Request, path: str, extra: Mapping[str, str], limit: int | None, after: str | None, relation: str
) -> tuple[str, str]:
    """A ``Link`` header to a page of a list, its query parameters sorted (docs/protocol.md §23.4)."""
    query = dict(extra) | ({} if limit is None else {"limit": str(limit)}) | ({} if after is None else {"after": after})
    return "link", f'<{request.base_url}{path}?{urlencode(sorted(query.items()))}>; rel="{relation}"'
