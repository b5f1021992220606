"""``/api/v1/apps/{id}/users`` (docs/protocol.md §26.7)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.assignments import AppUser
from ...storage.clients import Client
from ...storage.directory import Person, is_assigned
from ...storage.errors import AlreadyExists, NotFound
from ...storage.users import User
from ..directory.people import PeopleRecords, user_party
from ..directory.user_view import user_json
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, not_found
from ..http.fields import Fields
from ..http.paging import id_after, limit_of, page
from .app_profiles import AppProfiles
from .client_changes import ClientChanges, app_party

#: Characters of JSON.
_LARGEST: Final = 8_192


class AppUsers:
    """Users assigned to an app directly. Who is assigned by a group is found by id, and not listed."""

    def __init__(self, clients: ClientChanges, records: PeopleRecords) -> None:
        self._clients = clients
        self._records = records
        self._profiles = AppProfiles(records)

    def list(self, call: Call) -> Response:
        client = self._clients.load(call)
        limit, after = limit_of(call.request, default=50, most=500), id_after(call.request)
        expand = call.request.query_value("expand") or ""
        if expand not in {"", "user"}:
            raise ApiError("E0000001", "RequestParams", ["Expand query is malformed."])
        found = self._records.assignments.users(client.id, after=after, limit=limit + 1)
        users = {user.id: user for user in self._records.users.many([one.user_id for one in found[:limit]])}
        items = [
            self._json(client, one, self._profiles.person(client, users[one.user_id]), call)
            for one in found[:limit]
            if one.user_id in users
        ]
        if expand:
            items = [item | {"_embedded": {"user": user_json(users[item["id"]], call)}} for item in items]
        following = found[limit - 1].user_id if len(found) > limit else None
        extra = {"expand": expand} if expand else {}
        return page(call.request, f"/api/v1/apps/{client.id}/users", items, limit=limit, following=following,
                    extra=extra)  # fmt: skip

    def create(self, call: Call) -> Response:
        """**200**. E0000062 where the user is assigned directly already."""
        client = self._clients.load(call)
        body = call.body()
        user_id = body.text("id", required=True, longest=64) or ""
        user_name, profile = _read_user(body)
        body.check()
        try:
            user = self._records.users.get(user_id)
        except NotFound:
            raise not_found(user_id, "User") from None
        _check_active(user)
        person = self._profiles.person(client, user)
        kept, problems = self._profiles.at_assignment(client, person, profile or {}, call)
        assigned = AppUser(client.id, user.id, user_name or user.login, call.now, call.now, kept)
        event = call.recorder.event("application.user_membership.add", user_party(user), app_party(client))
        try:
            call.retrying(lambda: self._records.assignments.add_user(assigned, [event, *problems]))
        except AlreadyExists:
            raise ApiError("E0000062") from None
        except NotFound:
            raise not_found(user_id, "User") from None
        return Response.json(200, self._json(client, assigned, person, call))

    def get(self, call: Call) -> Response:
        """Also who is assigned by a group: ``scope`` is ``GROUP`` then."""
        client = self._clients.load(call)
        person = self._records.person(call)
        if client.id in person.app_users:
            return Response.json(200, self._json(client, person.app_users[client.id], person, call))
        if not is_assigned(person, client):
            raise not_found(call.params["userId"], "AppUser")
        assigned = AppUser(client.id, person.user.id, person.user.login, client.created_at, client.updated_at)
        return Response.json(200, self._json(client, assigned, person, call, scope="GROUP"))

    def update(self, call: Call) -> Response:
        client = self._clients.load(call)
        user = self._records.user(call)
        body = call.body()
        user_name, profile = _read_user(body)
        body.check()
        _check_active(user)
        person = self._profiles.person(client, user)
        if profile is not None:
            self._profiles.checked(client, person, profile, call)
        event = call.recorder.event("application.user_membership.update", user_party(user), app_party(client))

        def attempt() -> AppUser:
            before = self._records.assignments.user(client.id, user.id)
            kept = before.profile if profile is None else profile
            name = user_name or before.user_name
            after = replace(before, user_name=name, profile=kept, updated_at=call.now)
            self._records.assignments.change_user(before, after, [event])
            return after

        try:
            return Response.json(200, self._json(client, call.retrying(attempt), person, call))
        except NotFound:
            raise not_found(call.params["userId"], "AppUser") from None

    def delete(self, call: Call) -> Response:
        """204. Who is assigned by a group too stays assigned by it."""
        client = self._clients.load(call)
        user = self._records.user(call)
        event = call.recorder.event("application.user_membership.remove", user_party(user), app_party(client))
        try:
            call.retrying(lambda: self._records.assignments.remove_user(client.id, user.id, [event]))
        except NotFound:
            raise not_found(call.params["userId"], "AppUser") from None
        return NO_CONTENT

    def _json(self, client: Client, one: AppUser, person: Person, call: Call, *, scope: str = "USER") -> dict[str, Any]:
        return _user_json(one, self._profiles.whole(client, person, one, call), call, scope=scope)


def _read_user(body: Fields) -> tuple[str | None, Mapping[str, Any] | None]:
    name = body.below("credentials").text("userName", longest=100)
    body.choice("scope", ("USER", "GROUP"), "USER")
    return name or None, profile_sent(body)


def profile_sent(body: Fields) -> Mapping[str, Any] | None:
    """The profile for this app: anything, within bounds; ``None`` where it is left out. Claims read it."""
    sent = body.free("profile", longest=_LARGEST)
    return sent if body.has("profile") else None


def _check_active(user: User) -> None:
    if user.status == "DEPROVISIONED":
        raise ApiError("E0000117")


def _user_json(one: AppUser, profile: Mapping[str, Any], call: Call, *, scope: str) -> dict[str, Any]:
    return {
        "id": one.user_id,
        "externalId": None,
        "created": timestamp(one.created_at),
        "lastUpdated": timestamp(one.updated_at),
        "scope": scope,
        "status": "ACTIVE",
        "statusChanged": timestamp(one.created_at),
        "passwordChanged": None,
        "syncState": "DISABLED",
        "credentials": {"userName": one.user_name},
        "profile": profile,
        "_links": {
            "app": {"href": call.url(f"/api/v1/apps/{one.client_id}")},
            "user": {"href": call.url(f"/api/v1/users/{one.user_id}")},
        },
    }
