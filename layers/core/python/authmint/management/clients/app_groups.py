"""``/api/v1/apps/{id}/groups``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...jose.encoding import strict_json
from ...storage.assignments import MOST_MOVED, AppGroup, Assignments
from ...storage.clients import MOST_GROUPS, Client
from ...storage.errors import Conflict, NotFound
from ..directory.people import PeopleRecords, group_party
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import after_of, id_after, limit_of, page
from .app_users import profile_sent
from .app_view import AppView
from .client_changes import ClientChanges, app_party

#: Priority and id of the last group of a page.
_CURSOR: Final = re.compile(r"(\d{1,9})\.([!-~]{1,100})", re.ASCII)


class AppGroups:
    """Groups assigned to an app. Every member may use it."""

    def __init__(self, clients: ClientChanges, records: PeopleRecords, view: AppView) -> None:
        self._clients = clients
        self._records = records
        self._view = view

    def apps(self, call: Call) -> Response:
        """Apps that the group of the URL is assigned to."""
        group = self._records.group(call)
        limit, after = limit_of(call.request, default=20, most=200), id_after(call.request)
        ids = self._records.assignments.clients_of_group(group.id, after=after, limit=limit + 1)
        reach = call.caller.access.reach("assignments")
        shown = [client_id for client_id in ids[:limit] if reach.has_app(client_id)]
        items = self._view.many(self._clients.clients.many(shown), call)
        following = ids[limit - 1] if len(ids) > limit else None
        return page(call.request, f"/api/v1/groups/{group.id}/apps", items, limit=limit, following=following, extra={})

    def list(self, call: Call) -> Response:
        """A page by priority; the cursor is a place in that order."""
        client = self._clients.load(call)
        limit, after = limit_of(call.request, default=20, most=200), _place_after(call)
        found = [
            one for one in _assigned_groups(self._records.assignments, client) if after is None or _place(one) > after
        ]
        items = [_group_json(one, call) for one in found[:limit]]
        following = _cursor(items[-1]) if len(found) > limit else None
        path = f"/api/v1/apps/{client.id}/groups"
        return page(call.request, path, items, limit=limit, following=following, extra={}, cursor=_cursor)

    def get(self, call: Call) -> Response:
        client = self._clients.load(call)
        return Response.json(200, _group_json(self._found(call, client), call))

    def put(self, call: Call) -> Response:
        """200. The body may be empty; a new group takes the first priority that is free then."""
        self._clients.load(call)
        self._records.group(call)
        body = Fields({}) if not call.request.body.strip() else call.body()
        priority = body.number("priority")
        _check_priority(priority)
        sent = profile_sent(body)
        body.check()

        def change(client: Client, before: AppGroup | None, free: int) -> AppGroup:
            default = free if before is None else before.priority
            group_id = call.params["groupId"]
            return AppGroup(client.id, group_id, default if priority is None else priority, call.now, sent or {})

        return Response.json(200, _group_json(self._put(call, change), call))

    def patch(self, call: Call) -> Response:
        """200. JSON Patch (RFC 6902) of ``/priority`` and of members of ``/profile``."""
        self._found(call, self._clients.load(call))
        steps = _patch(call)

        def change(_: Client, before: AppGroup | None, _free: int) -> AppGroup:
            if before is None:
                raise not_found(call.params["groupId"], "ApplicationGroupAssignment")
            after = replace(before, updated_at=call.now)
            for path, value in steps:
                if path == "/priority":
                    after = replace(after, priority=value)
                elif path == "/profile":
                    after = replace(after, profile=value)
                else:
                    profile = {**after.profile, path.removeprefix("/profile/"): value}
                    after = replace(after, profile={k: v for k, v in profile.items() if v is not None})
            return after

        return Response.json(200, _group_json(self._put(call, change), call))

    def _put(self, call: Call, change: Callable[[Client, AppGroup | None, int], AppGroup]) -> AppGroup:
        def attempt() -> AppGroup:
            client = self._clients.load(call)
            group = self._records.group(call)
            known = _assigned_groups(self._records.assignments, client)
            before = next((one for one in known if one.group_id == group.id), None)
            others = [one for one in known if one.group_id != group.id]
            if before is None and len(client.groups) >= MOST_GROUPS:
                raise invalid_field("id", f"An app can have at most {MOST_GROUPS} groups.")
            after = change(client, before, _free(others))
            if before is not None and replace(after, updated_at=before.updated_at) == before:
                return before
            events = []
            if before is None:
                party = app_party(client)
                events.append(call.recorder.event("group.application_assignment.add", group_party(group), party))
            self._records.assignments.put_group(client, after, events, moved=_making_way(after, others))
            return after

        return call.retrying(attempt, on=(Conflict, NotFound))

    def delete(self, call: Call) -> Response:
        """204. Whoever was assigned through the group alone is not assigned any more."""

        def attempt() -> None:
            client = self._clients.load(call)
            group = self._records.group(call)
            self._found(call, client)
            event = call.recorder.event("group.application_assignment.remove", group_party(group), app_party(client))
            self._records.assignments.remove_group(client, group.id, [event])

        call.retrying(attempt, on=(Conflict, NotFound))
        return NO_CONTENT

    def _found(self, call: Call, client: Client) -> AppGroup:
        group = self._records.group(call)
        found = self._assigned(client, group.id)
        if found is None:
            raise not_found(call.params["groupId"], "ApplicationGroupAssignment")
        return found

    def _assigned(self, client: Client, group_id: str) -> AppGroup | None:
        if group_id not in client.groups:
            return None
        try:
            return self._records.assignments.group(client.id, group_id)
        except NotFound:
            return None


def _assigned_groups(assignments: Assignments, client: Client) -> list[AppGroup]:
    """Every group assigned, by priority."""
    found: list[AppGroup] = []
    after: str | None = None
    while batch := assignments.groups(client.id, after=after, limit=MOST_GROUPS):
        found += batch
        if len(batch) < MOST_GROUPS:
            break
        after = batch[-1].group_id
    return sorted((one for one in found if one.group_id in client.groups), key=_place)


def _place(one: AppGroup) -> tuple[int, str]:
    return one.priority, one.group_id


def _cursor(item: Mapping[str, Any]) -> str:
    return f"{item['priority']}.{item['id']}"


def _place_after(call: Call) -> tuple[int, str] | None:
    cursor = after_of(call.request)
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise ApiError("E0000029", causes=["Invalid cursor."])
    return int(match[1]), match[2]


def _free(others: Sequence[AppGroup]) -> int:
    """The first priority that nobody has."""
    taken = {one.priority for one in others}
    return next(priority for priority in range(len(taken) + 1) if priority not in taken)


def _making_way(placed: AppGroup, others: Sequence[AppGroup]) -> list[AppGroup]:
    """The others that move up by one, so that no two have one priority: a run from the place that is taken.

    Raises:
        ApiError: They are more than can move at once.
    """
    moved, free = [], placed.priority + 1
    for one in sorted((one for one in others if one.priority >= placed.priority), key=_place):
        if one.priority >= free:
            break
        moved.append(replace(one, priority=free, updated_at=placed.updated_at))
        free += 1
    if len(moved) > MOST_MOVED:
        raise invalid_field("priority", f"More than {MOST_MOVED} groups would have to make way: choose a free one.")
    return moved


def _check_priority(priority: int | None) -> None:
    if priority is not None and not 0 <= priority <= 1_000_000:
        raise invalid_field("priority", "must be between 0 and 1000000.")


def _patch(call: Call) -> list[tuple[str, Any]]:
    try:
        steps = strict_json(call.request.body[:65_536])
    except (ValueError, RecursionError):
        raise ApiError("E0000003") from None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps) or len(steps) > 100:
        raise ApiError("E0000003")
    read = []
    for step in steps:
        path, value = step.get("path"), step.get("value")
        known = path in {"/priority", "/profile"} or (isinstance(path, str) and path.startswith("/profile/"))
        if step.get("op") not in {"add", "replace", "remove"} or not known:
            raise invalid_field("path", "Only /priority and /profile can be changed.")
        if step["op"] == "remove":
            value = {} if path == "/profile" else None
        if path == "/priority":
            if not isinstance(value, int) or isinstance(value, bool):
                raise ApiError("E0000003")
            _check_priority(value)
        if path == "/profile" and not isinstance(value, dict):
            raise ApiError("E0000003")
        read.append((str(path), value))
    return read


def _group_json(one: AppGroup, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/apps/{one.client_id}")
    return {
        "id": one.group_id,
        "lastUpdated": timestamp(one.updated_at),
        "priority": one.priority,
        "profile": one.profile,
        "_links": {
            "app": {"href": href},
            "self": {"href": f"{href}/groups/{one.group_id}"},
            "group": {"href": call.url(f"/api/v1/groups/{one.group_id}")},
        },
    }
