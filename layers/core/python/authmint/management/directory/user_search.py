"""Lists of users: ``q``, ``filter``, ``search`` and pages (docs/protocol.md §23.4, §27.1).

An equality of ``id``, ``profile.login`` or ``profile.email`` is looked up by key. Everything else walks the list of
users, 1,000 at a time: ten reads for ten thousand users, never a Scan of the table.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from ...http import Response
from ...storage.errors import NotFound
from ...storage.users import User, Users, login_key
from ..http.call import Call
from ..http.errors import ApiError
from ..http.filters import Condition, equality, parse_filter
from ..http.paging import id_after, limit_of, page, scan
from .user_view import user_json, user_members

PATH: Final = "/api/v1/users"
_WALK: Final = 1_000
_NAMES: Final = ("firstName", "lastName", "email")


def list_users(users: Users, call: Call) -> Response:
    """A page, in ascending id unless ``sortBy`` says otherwise. Deactivated users only when a condition asks."""
    query = {name: call.request.query_value(name) or "" for name in ("q", "filter", "search", "sortBy", "sortOrder")}
    if query["search"] and (query["q"] or query["filter"]):
        raise ApiError("E0000033")
    limit = limit_of(call.request, default=10 if query["q"] else 200, most=200)
    text = query["filter"] or query["search"]
    condition = parse_filter(text) if text else None
    after = id_after(call.request)
    found = None if condition is None else _by_key(users, condition)
    if found is not None:
        found = [user for user in found if _named(user, query["q"])]
    if query["search"] and query["sortBy"]:
        found = _sorted(_all(users, condition) if found is None else found, query["sortBy"], query["sortOrder"])
        shown, following = _page_of(found, after, limit)
    elif found is not None:
        shown, following = _page_of(sorted(found, key=lambda user: user.id), after, limit)
    else:
        wanted = _wanted(condition, query["q"])
        size = limit + 1 if condition is None and not query["q"] else _WALK
        shown, following = scan(
            lambda after, size: users.list(after=after, limit=size),
            lambda user: user.id,
            wanted,
            after=after,
            limit=limit,
            size=size,
            in_time=call.retrying.in_time,
        )
    items = [user_json(user, call, listed=True) for user in users.sign_ins(shown)]
    extra = {name: value for name, value in query.items() if value}
    return page(call.request, PATH, items, limit=limit, following=following, extra=extra)


def _wanted(condition: Condition | None, q: str) -> Callable[[User], bool]:
    """Users that the condition and ``q`` leave: both hold."""
    if condition is None:
        return lambda user: user.status != "DEPROVISIONED" and _named(user, q)
    return lambda user: condition.matches(user_members(user)) and _named(user, q)


def _named(user: User, q: str) -> bool:
    """Whether first name, last name or e-mail address begin with ``q``."""
    key = login_key(q)
    return not key or any(login_key(str(user.profile.get(name) or "")).startswith(key) for name in _NAMES)


def _by_key(users: Users, condition: Condition) -> list[User] | None:
    """What a condition can match at most, where that takes no walk; ``None`` where it does."""
    found: Sequence[User] | None = None
    if (user_id := equality(condition, "id")) is not None:
        found = users.many([user_id])
    elif (login := equality(condition, "profile.login")) is not None:
        try:
            found = [users.by_login(login)]
        except NotFound:
            found = []
    elif (email := equality(condition, "profile.email")) is not None:
        found = users.by_email(email)
    return None if found is None else [user for user in found if condition.matches(user_members(user))]


def _all(users: Users, condition: Condition | None) -> list[User]:
    found: list[User] = []
    after = None
    while batch := users.list(after=after, limit=_WALK):
        found += [user for user in batch if condition is None or condition.matches(user_members(user))]
        after = batch[-1].id
    return found


def _sorted(found: list[User], by: str, order: str) -> list[User]:
    path = by.split(".")

    def key(user: User) -> tuple[bool, str, str]:
        value: Any = user_members(user)
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value is None, str(value).casefold(), user.id

    return sorted(found, key=key, reverse=order.lower() in {"desc", "descending"})


def _page_of(found: Sequence[User], after: str | None, limit: int) -> tuple[list[User], str | None]:
    """The page after a user, and the cursor of the next one.

    It goes on from the user, not from a count: changes in between shift nothing.
    """
    start = 0
    if after is not None:
        start = next((number + 1 for number, user in enumerate(found) if user.id == after), -1)
        if start < 0:
            raise ApiError("E0000029", causes=["Invalid cursor."])
    shown = list(found[start : start + limit])
    return shown, shown[-1].id if len(found) > start + limit else None
