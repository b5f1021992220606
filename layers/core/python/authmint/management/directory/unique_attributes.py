"""Attributes that become unique, and stop being it (docs/protocol.md §27.4).

From the moment in which an attribute is to be unique, every change of a user holds its value. Users of before are
walked through, and only when each holds theirs is the attribute shown as unique. Each time it gets a new id, under
which values are held: so what was held before means nothing, and an attribute stops being unique at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ...directory.uniqueness import MOST, TYPES, held_values
from ...storage.errors import AlreadyExists, NotFound, Unavailable
from ...storage.schemas import ProfileSchema, ProfileSchemas, UniqueAttribute
from ...storage.users import Users
from ..http.call import Call
from ..http.errors import ApiError, invalid_field, unavailable
from ..http.fields import Fields

UNIQUE: Final = "UNIQUE_VALIDATED"
_PAGE: Final = 500


def check_unique(fields: Fields, kind: str, *, offered: bool) -> bool:
    """Whether an attribute is to be unique; a problem is noted where it cannot be."""
    asked = fields.raw("unique")
    if asked in (None, "", False, "NOT_UNIQUE"):
        return False
    if not offered:
        fields.problem("unique", "Unique attributes are not supported here.")
    elif asked not in (True, UNIQUE):
        fields.problem("unique", f"must be one of [{UNIQUE}, NOT_UNIQUE].")
    elif kind not in TYPES:
        fields.problem("unique", f"An attribute of type {kind} cannot be unique.")
    return True


def with_unique(
    before: ProfileSchema,
    after: ProfileSchema,
    sent: Mapping[str, Mapping[str, Any] | None],
    new_id: Callable[[], str],
) -> ProfileSchema:
    """The schema with what is to be unique; not shown as such before it is.

    Args:
        before: As it was.
        after: With the attributes that were sent.
        sent: These, by name.
        new_id: Of an attribute that becomes unique.

    Raises:
        ApiError: E0000001: too many are.
    """
    unique = {name: one for name, one in before.unique.items() if name in after.custom and name not in sent}
    for name, definition in sent.items():
        if definition is not None and definition.get("unique") == UNIQUE:
            known = before.unique.get(name)
            same = known is not None and before.custom[name].get("type") == definition.get("type")
            unique[name] = known if known is not None and same else UniqueAttribute(new_id())
    if len(unique) > MOST:
        raise invalid_field("definitions.custom.properties", f"At most {MOST} attributes can be unique.")
    changed = {one.id for one in unique.values()} != {one.id for one in before.unique.values()}
    return _shown(replace(after, unique=unique, unique_version=before.unique_version + int(changed)))


def finish(schemas: ProfileSchemas, users: Users, type_id: str | None, call: Call) -> ProfileSchema:
    """Let users hold the values that they have, and show the attributes as unique.

    Raises:
        ApiError: E0000001: two users have one value; the attribute is as it was. E0000010: there were too many users
            for one call; the next one goes on from where this one ended.
    """
    schema = schemas.get()
    waiting = {name: one for name, one in schema.unique.items() if not one.checked}
    if not waiting:
        return schema
    users.expect(type_id, schema.unique_version)
    after = min(one.after or "" for one in waiting.values()) or None
    done = False
    while not done and call.retrying.in_time():
        page = users.list(after=after, limit=_PAGE)
        done = not page
        for user in page:
            if user.type_id == type_id and user.unique != held_values(user.profile, schema):
                if not call.retrying.in_time():
                    break
                _hold(user.id, schemas, users, call)
            after = user.id

    def attempt() -> ProfileSchema:
        known = schemas.get()
        walked = {
            name: replace(one, after=after, checked=done) if waiting.get(name) == one else one
            for name, one in known.unique.items()
        }
        changed = _shown(replace(known, unique=walked))
        if changed != known:
            schemas.save(known, changed, [])
        return changed

    kept = call.retrying(attempt)
    if not done:
        raise unavailable(Unavailable("more users than one call has time for"))
    return kept


def release(before: ProfileSchema, after: ProfileSchema, users: Users) -> None:
    """Forget what was held for attributes that are unique no longer."""
    for gone in {one.id for one in before.unique.values()} - {one.id for one in after.unique.values()}:
        users.release(gone)


def _hold(user_id: str, schemas: ProfileSchemas, users: Users, call: Call) -> None:
    def attempt() -> None:
        try:
            user = users.get(user_id)
        except NotFound:
            return
        schema = schemas.get()
        wanted = held_values(user.profile, schema)
        if user.unique != wanted:
            users.save(user, replace(user, unique=wanted, unique_version=schema.unique_version), [])

    try:
        call.retrying(attempt)
    except AlreadyExists as error:
        raise _given_up(error.field, user_id, schemas, users, call) from None


def _given_up(unique_id: str, user_id: str, schemas: ProfileSchemas, users: Users, call: Call) -> ApiError:
    def attempt() -> str:
        known = schemas.get()
        name = next((name for name, one in known.unique.items() if one.id == unique_id), "")
        left = {each: one for each, one in known.unique.items() if each != name}
        after = _shown(replace(known, unique=left, unique_version=known.unique_version + int(left != known.unique)))
        if after != known:
            schemas.save(known, after, [])
        return name

    name = call.retrying(attempt)
    users.release(unique_id)
    text = f"Values are not unique: that of user '{user_id}' is held by another user too."
    return invalid_field(f"definitions.custom.properties.{name}.unique", text)


def _shown(schema: ProfileSchema) -> ProfileSchema:
    """The schema in which exactly those attributes are shown as unique that are."""

    def definition(name: str, one: Mapping[str, Any]) -> Mapping[str, Any]:
        known = schema.unique.get(name)
        if known is not None and known.checked:
            return {**one, "unique": UNIQUE}
        return {member: value for member, value in one.items() if (member, value) != ("unique", UNIQUE)}

    return replace(schema, custom={name: definition(name, one) for name, one in schema.custom.items()})
