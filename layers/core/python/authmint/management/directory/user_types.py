"""``/api/v1/meta/types/user``: types of users, each with a schema of its own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.events import Event, Party
from ...storage.groups import EVERYONE_GROUP
from ...storage.user_types import UserType, UserTypeList
from ..http.call import NO_CONTENT, Call
from ..http.errors import invalid_field, not_found, read_only
from ..http.fields import Fields
from ..http.paging import whole
from .people import TAKEN, PeopleRecords
from .type_schemas import checked
from .user_view import DEFAULT_TYPE, USER_TYPE, schema_id

PATH: Final = "/api/v1/meta/types/user"
#: Beside the default one.
MOST: Final = 9
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SINCE: Final = EVERYONE_GROUP.created_at
_DEFAULT: Final = UserType(
    USER_TYPE,
    "user",
    "User",
    "Okta user profile template with default permission settings",
    _SINCE,
    "system",
    _SINCE,
    "system",
)


class UserTypes:
    """Types of users. The default one is always there and cannot be changed."""

    def __init__(self, records: PeopleRecords) -> None:
        self._records = records
        self._types = records.user_types

    def list(self, call: Call) -> Response:
        """All of them, the default one first."""
        return whole(call.request, [_json(one, call) for one in (_DEFAULT, *self._types.get().types)])

    def create(self, call: Call) -> Response:
        """**200**."""
        body = call.body()
        name, display_name, description = _name(body), _display_name(body), _description(body)
        body.check()
        by = call.caller.user_id or call.caller.id
        type_id = self._records.ids.object_id("oty")
        made = UserType(type_id, name, display_name, description, call.now, by, call.now, by)

        def attempt() -> UserType:
            before = self._types.get()
            if len(before.types) >= MOST:
                raise invalid_field("name", f"There can be at most {MOST} types beside the default one.")
            if any(one.name == name for one in (_DEFAULT, *before.types)):
                raise invalid_field("name", TAKEN)
            after = checked(replace(before, types=(*before.types, made)))
            self._types.save(before, after, [_event("create", made, call)])
            return made

        return Response.json(200, _json(call.retrying(attempt), call))

    def get(self, call: Call) -> Response:
        return Response.json(200, _json(_found(self._types.get(), call), call))

    def update(self, call: Call) -> Response:
        """POST: what is left out stays as it is. A type's name stays."""
        return self._change(call, merge=True)

    def replace(self, call: Call) -> Response:
        """PUT: a description that is left out is removed. A type's name stays."""
        return self._change(call, merge=False)

    def _change(self, call: Call, *, merge: bool) -> Response:
        _changeable(self._types.get(), call)
        body = call.body()
        if not merge or body.has("displayName"):
            _display_name(body)
        body.check()

        def change(before: UserType) -> UserType:
            if body.has("name") and _name(body) != before.name:
                raise invalid_field("name", "The name of a type cannot be changed.")
            return replace(
                before,
                display_name=_display_name(body) if body.has("displayName") else before.display_name,
                description=_description(body) if body.has("description") or not merge else before.description,
            )

        def attempt() -> UserType:
            listed = self._types.get()
            known = _changeable(listed, call)
            after = change(known)
            if after != known:
                after = replace(after, updated_at=call.now, updated_by=call.caller.user_id or call.caller.id)
                self._save(listed, after, [_event("update", after, call)])
            return after

        return Response.json(200, _json(call.retrying(attempt), call))

    def delete(self, call: Call) -> Response:
        """204. A type with users stays: it takes no more users first, so that none comes while that is looked at."""

        def attempt() -> None:
            listed = self._types.get()
            known = _changeable(listed, call)
            if not known.leaving:
                listed = self._save(listed, replace(known, leaving=True), [])
            if self._types.in_use(known.id):
                self._save(listed, replace(known, leaving=False), [])
                raise invalid_field("id", "A type that has users cannot be deleted.")
            kept = tuple(one for one in listed.types if one.id != known.id)
            self._types.save(listed, replace(listed, types=kept), [_event("delete", known, call)])

        call.retrying(attempt)
        return NO_CONTENT

    def _save(self, listed: UserTypeList, after: UserType, events: Sequence[Event]) -> UserTypeList:
        """The list with the type changed, as it is stored."""
        types = tuple(after if one.id == after.id else one for one in listed.types)
        changed = checked(replace(listed, types=types))
        self._types.save(listed, changed, events)
        return replace(changed, version=listed.version + 1)


def _found(listed: UserTypeList, call: Call) -> UserType:
    type_id = call.params["typeId"]
    known = _DEFAULT if type_id in DEFAULT_TYPE else listed.get(type_id)
    if known is None:
        raise not_found(type_id, "UserType")
    return known


def _changeable(listed: UserTypeList, call: Call) -> UserType:
    known = _found(listed, call)
    if known is _DEFAULT:
        raise read_only("UserType")
    return known


def _name(body: Fields) -> str:
    name = body.text("name", required=True, longest=50) or ""
    if name and not _NAME.fullmatch(name):
        body.problem("name", "must be letters, digits and '_', and must not begin with a digit.")
    return name


def _display_name(body: Fields) -> str:
    return body.text("displayName", required=True, longest=50) or ""


def _description(body: Fields) -> str | None:
    return body.text("description", longest=1_024)


def _event(verb: str, about: UserType, call: Call) -> Event:
    return call.recorder.event(f"user.type.{verb}", Party(about.id, "UserType", display_name=about.name))


def _json(user_type: UserType, call: Call) -> dict[str, Any]:
    schema = schema_id(None if user_type is _DEFAULT else user_type.id)
    links = {"schema": f"/api/v1/meta/schemas/user/{schema}", "self": f"{PATH}/{user_type.id}"}
    return {
        "id": user_type.id,
        "displayName": user_type.display_name,
        "name": user_type.name,
        "description": user_type.description,
        "createdBy": user_type.created_by,
        "lastUpdatedBy": user_type.updated_by,
        "created": timestamp(user_type.created_at),
        "lastUpdated": timestamp(user_type.updated_at),
        "default": user_type is _DEFAULT,
        "_links": {name: {"rel": name, "href": call.url(path), "method": "GET"} for name, path in links.items()},
    }
