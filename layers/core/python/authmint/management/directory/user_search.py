"""Lists of users: ``q``, ``filter``, ``search`` and pages (docs/protocol.md §23.4, §27.1).

An equality of ``id``, ``profile.login`` or ``profile.email`` is looked up by key. Everything else walks the list of
users, 4,000 at a time and never by a Scan of the table: a page ends after so many that it is answered in time, however
many users there are, and only then. An order other than that of the list needs them all, so there is one only where
they are few.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ...http import Response
from ...storage.directory import Directory
from ...storage.errors import NotFound
from ...storage.groups import Groups
from ...storage.users import User, Users, login_key
from ..http.call import Call
from ..http.errors import ApiError
from ..http.filters import Condition, equality, parse_filter
from ..http.paging import MOST_LOOKED_AT, id_after, limit_of, page, scan
from .narrowed import ReadUsers, read_users
from .user_view import user_json, user_members

PATH: Final = "/api/v1/users"
#: Users at once. They come from as many Queries as their list has partitions, however few they are.
_WALK: Final = 4_000
_NAMES: Final = ("firstName", "lastName", "email")
#: What ascends with the order of the list.
_LISTED_BY: Final = frozenset({"id", "created"})
TOO_MANY: Final = (
    f"'sortBy' is served where at most {MOST_LOOKED_AT} users have to be looked at. Leave it out, sort by 'id' or "
    "'created', or search by 'id eq', 'profile.login eq' or 'profile.email eq'."
)


def list_users(users: Users, groups: Groups, directory: Directory, call: Call) -> Response:
    """A page, in ascending id unless ``sortBy`` says otherwise. Deactivated users only when a condition asks."""
    query = {name: call.request.query_value(name) or "" for name in ("q", "filter", "search", "sortBy", "sortOrder")}
    if query["search"] and (query["q"] or query["filter"]):
        raise ApiError("E0000033")
    limit = limit_of(call.request, default=10 if query["q"] else 200, most=200)
    text = query["filter"] or query["search"]
    condition = parse_filter(text) if text else None
    after = id_after(call.request)
    reach = call.caller.access.reach("users")
    read = read_users(users, groups, reach)
    found = None if condition is None else _by_key(users, condition)
    if found is not None:
        found = [user for user in found if _named(user, query["q"])]
        if not reach.everything:
            found = [user for user in found if reach.has_member(directory.person(user.id).group_ids)]
    if query["search"] and query["sortBy"] and (found is not None or not _is_listed_so(query)):
        every = _all(read, condition, call) if found is None else found
        found = _sorted(every, query["sortBy"], query["sortOrder"])
        shown, following = _page_of(found, after, limit)
    elif found is not None:
        shown, following = _page_of(sorted(found, key=lambda user: user.id), after, limit)
    else:
        wanted = _wanted(condition, query["q"])
        size = limit + 1 if condition is None and not query["q"] else _WALK
        shown, following = scan(
            read,
            lambda user: user.id,
            lambda user: user.version > 0 and wanted(user),
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


def _is_listed_so(query: Mapping[str, str]) -> bool:
    """Whether users are listed in the order that is asked for: ids rise with the time at which they were made."""
    return query["sortBy"] in _LISTED_BY and not _descends(query["sortOrder"])


def _all(read: ReadUsers, condition: Condition | None, call: Call) -> list[User]:
    """Everybody whom the condition matches. Raises ApiError (E0000031): that takes looking at too many."""
    found, following = scan(
        read,
        lambda user: user.id,
        lambda user: user.version > 0 and (condition is None or condition.matches(user_members(user))),
        after=None,
        limit=MOST_LOOKED_AT,
        size=_WALK,
        in_time=call.retrying.in_time,
    )
    if following is not None:
        raise ApiError("E0000031", "search", [TOO_MANY])
    return found


def _sorted(found: list[User], by: str, order: str) -> list[User]:
    path = by.split(".")

    def key(user: User) -> tuple[bool, str, str]:
        value: Any = user_members(user)
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value is None, str(value).casefold(), user.id

    return sorted(found, key=key, reverse=_descends(order))


def _descends(order: str) -> bool:
    return order.lower() in {"desc", "descending"}


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
