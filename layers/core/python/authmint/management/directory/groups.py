"""``/api/v1/groups`` and their members (docs/protocol.md §27.3)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from ...http import Response
from ...storage.errors import AlreadyExists, Conflict, NotFound
from ...storage.events import Event
from ...storage.groups import EVERYONE_GROUP, EVERYONE_ID, Group
from ...storage.users import User, login_key
from ..administrators.access import Reach
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, invalid_field, read_only
from ..http.filters import Condition, equality, parse_filter
from ..http.paging import id_after, limit_of, page, scan
from .group_body import read_group
from .group_view import group_json, group_members
from .narrowed import ReadGroups, first_groups, gone, read_groups
from .people import TAKEN, PeopleRecords, group_party, user_party
from .rule_runs import apply_rules, leave_alone
from .user_view import user_json

PATH: Final = "/api/v1/groups"
_WALK: Final = 1_000


class Groups:
    """Groups. ``Everyone`` is the first of them and cannot be changed."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records

    def list(self, call: Call) -> Response:
        """A page in ascending id, ``Everyone`` first. ``q``, a prefix of the name, and ``filter`` both hold."""
        query = {name: call.request.query_value(name) or "" for name in ("q", "filter", "search")}
        if query["search"] and (query["q"] or query["filter"]):
            raise ApiError("E0000033")
        most = 300 if query["q"] else 10_000
        limit, after = limit_of(call.request, default=most, most=most), id_after(call.request)
        text = query["filter"] or query["search"]
        condition = parse_filter(text) if text else None
        wanted = _wanted(condition, query["q"])
        size = limit + 1 if wanted is _any else _WALK
        reach = call.caller.access.reach("groups")
        read = self._reader(condition, reach)
        groups, following = scan(
            read, lambda group: group.id, wanted, after=after, limit=limit, size=size, in_time=call.retrying.in_time
        )
        items = [group_json(group, call) for group in groups]
        extra = {name: value for name, value in query.items() if value}
        return page(call.request, PATH, items, limit=limit, following=following, extra=extra)

    def _reader(self, condition: Condition | None, reach: Reach) -> ReadGroups:
        """What to walk: all groups within reach, or the one that a condition names."""
        found: Sequence[Group] | None = None
        if condition is not None and (group_id := equality(condition, "id")) is not None:
            found = [EVERYONE_GROUP] if group_id == EVERYONE_ID else self._records.groups.many([group_id])
        elif condition is not None and (name := equality(condition, "profile.name")) is not None:
            found = self._named(name)
        found = None if found is None else [group for group in found if reach.has_group(group.id)]
        first, others = first_groups(reach), read_groups(self._records.groups, reach)

        def read(after: str | None, size: int) -> Sequence[Group]:
            if found is not None:
                return found if after is None else []
            if after is None:
                return [*first, *others(None, size - len(first))] if size > len(first) else first
            return others(None if after == EVERYONE_ID else after, size)

        return read

    def _named(self, name: str) -> Sequence[Group]:
        if login_key(name) == login_key(EVERYONE_GROUP.name):
            return [EVERYONE_GROUP]
        try:
            return [self._records.groups.by_name(name)]
        except NotFound:
            return []

    def create(self, call: Call) -> Response:
        """200 (not 201) with the new group."""
        body = read_group(call.json(), self._records.group_schemas.get())
        group = Group(
            self._records.ids.object_id("00g"),
            body.name,
            call.now,
            call.now,
            call.now,
            body.description,
            custom=body.custom,
        )
        event = call.recorder.event("group.lifecycle.create", group_party(group))
        try:
            call.retrying(lambda: self._records.groups.add(group, [event]))
        except AlreadyExists:
            raise invalid_field("name", TAKEN) from None
        return Response.json(200, group_json(group, call))

    def get(self, call: Call) -> Response:
        return Response.json(200, group_json(self._records.group(call), call))

    def replace(self, call: Call) -> Response:
        self._changeable(call)
        body = read_group(call.json(), self._records.group_schemas.get())

        def attempt() -> Group:
            before = self._changeable(call)
            after = replace(
                before, name=body.name, description=body.description, custom=body.custom, updated_at=call.now
            )
            self._records.groups.save(before, after, [_event("group.profile.update", after, call)])
            return after

        try:
            return Response.json(200, group_json(call.retrying(attempt), call))
        except AlreadyExists:
            raise invalid_field("name", TAKEN) from None

    def delete(self, call: Call) -> Response:
        """204. Memberships and assignments end with it, at once."""

        def attempt() -> None:
            group = self._changeable(call)
            book = self._records.super_admins.group_going(group.id)
            self._records.groups.delete(group, [_event("group.lifecycle.delete", group, call)], book=book)

        call.retrying(attempt)
        return NO_CONTENT

    def _changeable(self, call: Call) -> Group:
        group = self._records.group(call)
        if group.id == EVERYONE_ID:
            raise read_only("UserGroup")
        return group

    def users(self, call: Call) -> Response:
        """Members in ascending id, without deactivated ones."""
        group = self._records.group(call)
        limit, after = limit_of(call.request, default=1_000, most=1_000), id_after(call.request)
        users = self._records.users

        def read(after: str | None, size: int) -> Sequence[User]:
            if group.id == EVERYONE_ID:
                return users.list(after=after, limit=size)
            ids = self._records.groups.members(group.id, after=after, limit=size)
            found = {user.id: user for user in users.many(ids)}
            # One deleted and not yet swept keeps its place, so that the walk goes on; it is not shown.
            return [found.get(user_id) or gone(user_id) for user_id in ids]

        shown, following = scan(
            read,
            lambda user: user.id,
            lambda user: user.status != "DEPROVISIONED",
            after=after,
            limit=limit,
            size=limit + 1,
            in_time=call.retrying.in_time,
        )
        listed = users.sign_ins(shown) if group.id == EVERYONE_ID else shown
        items = [user_json(user, call, listed=True) for user in listed]
        path = f"{PATH}/{group.id}/users"
        return page(call.request, path, items, limit=limit, following=following, extra={})

    def add_user(self, call: Call) -> Response:
        """204, also where the user is a member."""
        return self._membership(call, "add")

    def remove_user(self, call: Call) -> Response:
        """204, also where the user is no member."""
        return self._membership(call, "remove")

    def _membership(self, call: Call, verb: str) -> Response:
        groups, admins = self._records.groups, self._records.super_admins
        if (
            verb == "add"
            and call.caller.person is not None
            and self._records.roles.get().of("GROUP", call.params["groupId"])
        ):
            call.check_two_factors()  # whoever joins is granted the roles of the group

        if verb == "remove":
            leave_alone(self._records, self._changeable(call).id, self._records.user(call).id, call)

        def attempt() -> str:
            group = self._changeable(call)
            user = self._records.user(call)
            events = [call.recorder.event(f"group.user_membership.{verb}", user_party(user), group_party(group))]
            if verb == "add":
                groups.join(group.id, user.id, events, at=call.now)
            else:
                groups.leave(group.id, user.id, events, at=call.now, book=admins.leaving(group.id, user.id))
            return user.id

        apply_rules(self._records, call.retrying(attempt, on=(Conflict, NotFound)), call)
        return NO_CONTENT


def _any(group: Group) -> bool:
    return bool(group.id)


def _wanted(condition: Condition | None, q: str) -> Callable[[Group], bool]:
    """Groups that the condition and ``q`` leave, where there are any: both hold."""
    if condition is None and not q:
        return _any
    prefix = login_key(q)
    return lambda group: (
        login_key(group.name).startswith(prefix) and (condition is None or condition.matches(group_members(group)))
    )


def _event(event_type: str, group: Group, call: Call) -> Event:
    return call.recorder.event(event_type, group_party(group))
