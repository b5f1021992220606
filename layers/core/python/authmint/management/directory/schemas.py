"""``/api/v1/meta/schemas``: the schemas of users and of groups, as SDKs and Terraform send them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...clock import timestamp
from ...directory.profile import ALWAYS_REQUIRED, first_permission, required_attributes, standard_attributes
from ...http import Response
from ...storage.events import Party
from ...storage.groups import EVERYONE_GROUP
from ...storage.schemas import ProfileSchema, ProfileSchemas
from ...storage.user_types import UserType
from ..http.call import Call
from ..http.errors import not_found
from .people import PeopleRecords
from .schema_attributes import DRAFT, changed, custom_attributes, standard_changes, with_defaults
from .type_schemas import TypeSchemas
from .unique_attributes import finish, release, with_unique
from .user_view import USER_SCHEMA, USER_TYPE, schema_id

_SINCE: Final = timestamp(EVERYONE_GROUP.created_at)
_GROUP_BASE: Final[Mapping[str, Mapping[str, Any]]] = {
    "name": {"title": "Name", "description": "Name", "type": "string", "required": True, "maxLength": 255},
    "description": {"title": "Description", "description": "Description", "type": "string", "maxLength": 1_024},
}


@dataclass(frozen=True)
class Kind:
    """Whose profiles a schema is of.

    Attributes:
        id: Of the schema, as a path after the organization's URL. Nothing is served there.
        path: Where the schema is served.
        links: More links: name and path.
        standard: The standard attributes of a schema.
        always: Names of those that must stay required.
        party: What an event names.
        event: Its type.
        user_type: Id of the type of users that it is of; ``None`` is the default type.
    """

    id: str
    name: str
    title: str
    description: str
    path: str
    links: Mapping[str, str]
    standard: Callable[[ProfileSchema], Mapping[str, Mapping[str, Any]]]
    always: Collection[str]
    party: Party
    event: str
    user_type: str | None = None


def _users(schema: ProfileSchema) -> Mapping[str, Mapping[str, Any]]:
    plain = replace(schema, base={})
    shown = {name: with_defaults(one, first_permission(name)) for name, one in standard_attributes(plain).items()}
    return _with_changes(shown, schema)


def _groups(schema: ProfileSchema) -> Mapping[str, Mapping[str, Any]]:
    return _with_changes({name: with_defaults(one, "READ_WRITE") for name, one in _GROUP_BASE.items()}, schema)


def _with_changes(shown: Mapping[str, Mapping[str, Any]], schema: ProfileSchema) -> Mapping[str, Mapping[str, Any]]:
    merged = {name: {**definition, **schema.base.get(name, {})} for name, definition in shown.items()}
    return {name: {k: v for k, v in one.items() if k != "required" or v} for name, one in merged.items()}


OF_USERS: Final = Kind(
    id="/meta/schemas/user/default",
    name="user",
    title="User",
    description="Okta user profile template with default permission settings",
    path=f"/api/v1/meta/schemas/user/{USER_SCHEMA}",
    links={"type": f"/api/v1/meta/types/user/{USER_TYPE}"},
    standard=_users,
    always=ALWAYS_REQUIRED,
    party=Party(USER_SCHEMA, "UserSchema", display_name="user"),
    event="user.schema.update",
)
OF_GROUPS: Final = Kind(
    id="/meta/schemas/group/default",
    name="group",
    title="Okta group",
    description="Okta group profile template",
    path="/api/v1/meta/schemas/group/default",
    links={},
    standard=_groups,
    always=frozenset({"name"}),
    party=Party("default", "GroupSchema", display_name="group"),
    event="group.schema.update",
)


class Schemas:
    """A schema of profiles: the standard attributes, and an org's own."""

    def __init__(
        self, find: Callable[[Call], tuple[ProfileSchemas, Kind]], records: PeopleRecords | None = None
    ) -> None:
        """``find`` gives what a call is about, or raises ApiError (E0000007).

        With ``records``, the schemas are of users, and attributes of theirs can be unique.
        """
        self._find = find
        self._records = records

    def get(self, call: Call) -> Response:
        schemas, kind = self._find(call)
        return Response.json(200, _json(schemas.get(), kind, call))

    def update(self, call: Call) -> Response:
        """200. Attributes that are sent are added or replaced; ``null`` removes one; the others stay."""
        self._find(call)
        definitions = call.body().below("definitions")

        records = self._records

        def attempt() -> tuple[ProfileSchema, ProfileSchema, Kind]:
            schemas, kind = self._find(call)
            before = schemas.get()
            standard = kind.standard(before)
            custom = custom_attributes(definitions, standard, uniqueness=records is not None)
            after = changed(before, custom, standard_changes(definitions, standard, kind.always))
            if records is not None:
                after = with_unique(before, after, custom, lambda: records.ids.object_id("unq"))
            if after != before:
                after = replace(after, updated_at=call.now)
                schemas.save(before, after, [call.recorder.event(kind.event, kind.party)])
            return before, after, kind

        before, after, kind = call.retrying(attempt)
        if records is not None:
            release(before, after, records.users)
            after = finish(self._find(call)[0], records.users, kind.user_type, call)
        return Response.json(200, _json(after, kind, call))


def of_groups(records: PeopleRecords) -> Schemas:
    """The schema of groups."""
    return Schemas(lambda _: (records.group_schemas, OF_GROUPS))


def of_users(records: PeopleRecords) -> Schemas:
    """The schema of users of the default type, or of the one whose schema the URL names."""

    def find(call: Call) -> tuple[ProfileSchemas, Kind]:
        named = call.params["schemaId"]
        if named in {"default", USER_SCHEMA}:
            return records.schemas, OF_USERS
        for one in records.user_types.get().types:
            if schema_id(one.id) == named:
                return TypeSchemas(records.user_types, one.id), _of_type(one)
        raise not_found(named, "UserSchema")

    return Schemas(find, records)


def _of_type(user_type: UserType) -> Kind:
    return replace(
        OF_USERS,
        id=f"/meta/schemas/user/{schema_id(user_type.id)}",
        name=user_type.name,
        title=user_type.display_name,
        description=user_type.description or "",
        path=f"/api/v1/meta/schemas/user/{schema_id(user_type.id)}",
        links={"type": f"/api/v1/meta/types/user/{user_type.id}"},
        party=Party(schema_id(user_type.id), "UserSchema", display_name=user_type.name),
        user_type=user_type.id,
    )


def _json(schema: ProfileSchema, kind: Kind, call: Call) -> dict[str, Any]:
    standard = kind.standard(schema)
    href = call.url(kind.path)
    definitions = {
        "custom": _definition("custom", schema.custom, required_attributes(schema.custom)),
        "base": _definition("base", standard, required_attributes(standard)),
    }
    links = {name: {"rel": name, "href": call.url(path), "method": "GET"} for name, path in kind.links.items()}
    return {
        "id": call.url(kind.id),
        "$schema": DRAFT,
        "name": kind.name,
        "title": kind.title,
        "description": kind.description,
        "lastUpdated": timestamp(schema.updated_at) if schema.updated_at else _SINCE,
        "created": _SINCE,
        "definitions": definitions,
        "type": "object",
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
        "_links": {"self": {"rel": "self", "href": href, "method": "GET"}, **links},
    }


def _definition(name: str, properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"id": f"#{name}", "type": "object", "properties": properties, "required": required}
