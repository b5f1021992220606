"""``/api/v1/meta/schemas``: the schemas of users and of groups, as SDKs and Terraform send them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...clock import timestamp
from ...directory.profile import ALWAYS_REQUIRED, required_attributes, standard_attributes
from ...http import Response
from ...storage.events import Party
from ...storage.groups import EVERYONE_GROUP
from ...storage.schemas import ProfileSchema, ProfileSchemas
from ..http.call import Call
from ..http.errors import not_found
from .schema_attributes import DRAFT, changed, custom_attributes, standard_changes, with_defaults
from .user_view import USER_SCHEMA, USER_TYPE

_SINCE: Final = timestamp(EVERYONE_GROUP.created_at)
_GROUP_BASE: Final[Mapping[str, Mapping[str, Any]]] = {
    "name": {"title": "Name", "description": "Name", "type": "string", "required": True, "maxLength": 255},
    "description": {"title": "Description", "description": "Description", "type": "string", "maxLength": 1_024},
}


@dataclass(frozen=True)
class Kind:
    """Whose profiles a schema is of.

    Attributes:
        path: The schema's own, after the organization's URL.
        links: More links: name and path.
        standard: The standard attributes of a schema.
        always: Names of those that must stay required.
        party: What an event names.
    """

    name: str
    title: str
    description: str
    path: str
    links: Mapping[str, str]
    ids: frozenset[str]
    standard: Callable[[ProfileSchema], Mapping[str, Mapping[str, Any]]]
    always: Collection[str]
    party: Party


def _users(schema: ProfileSchema) -> Mapping[str, Mapping[str, Any]]:
    plain = replace(schema, base={})
    shown = {name: with_defaults(one, "READ_WRITE") for name, one in standard_attributes(plain).items()}
    return _with_changes(shown, schema)


def _groups(schema: ProfileSchema) -> Mapping[str, Mapping[str, Any]]:
    return _with_changes({name: with_defaults(one, "READ_WRITE") for name, one in _GROUP_BASE.items()}, schema)


def _with_changes(shown: Mapping[str, Mapping[str, Any]], schema: ProfileSchema) -> Mapping[str, Mapping[str, Any]]:
    merged = {name: {**definition, **schema.base.get(name, {})} for name, definition in shown.items()}
    return {name: {k: v for k, v in one.items() if k != "required" or v} for name, one in merged.items()}


OF_USERS: Final = Kind(
    name="user",
    title="User",
    description="Okta user profile template with default permission settings",
    path=f"/api/v1/meta/schemas/user/{USER_SCHEMA}",
    links={"type": f"/api/v1/meta/types/user/{USER_TYPE}"},
    ids=frozenset({"default", USER_SCHEMA}),
    standard=_users,
    always=ALWAYS_REQUIRED,
    party=Party(USER_SCHEMA, "UserSchema", display_name="user"),
)
OF_GROUPS: Final = Kind(
    name="group",
    title="Okta group",
    description="Okta group profile template",
    path="/api/v1/meta/schemas/group/default",
    links={},
    ids=frozenset({"default"}),
    standard=_groups,
    always=frozenset({"name"}),
    party=Party("default", "GroupSchema", display_name="group"),
)


class Schemas:
    """A schema of profiles: the standard attributes, and an org's own."""

    def __init__(self, schemas: ProfileSchemas, kind: Kind) -> None:
        self._schemas = schemas
        self._kind = kind

    def get(self, call: Call) -> Response:
        self._known(call)
        return Response.json(200, self._json(self._schemas.get(), call))

    def update(self, call: Call) -> Response:
        """200. Attributes that are sent are added or replaced; ``null`` removes one; the others stay."""
        self._known(call)
        definitions = call.body().below("definitions")

        def attempt() -> ProfileSchema:
            before = self._schemas.get()
            standard = self._kind.standard(before)
            custom = custom_attributes(definitions, standard)
            after = changed(before, custom, standard_changes(definitions, standard, self._kind.always))
            if after == before:
                return before
            after = replace(after, updated_at=call.now)
            event = call.recorder.event(f"{self._kind.name}.schema.update", self._kind.party)
            self._schemas.save(before, after, [event])
            return after

        return Response.json(200, self._json(call.retrying(attempt), call))

    def _known(self, call: Call) -> None:
        schema_id = call.params.get("schemaId", "default")
        if schema_id not in self._kind.ids:
            raise not_found(schema_id, self._kind.party.type)

    def _json(self, schema: ProfileSchema, call: Call) -> dict[str, Any]:
        kind = self._kind
        standard = kind.standard(schema)
        href = call.url(kind.path)
        definitions = {
            "custom": _definition("custom", schema.custom, required_attributes(schema.custom)),
            "base": _definition("base", standard, required_attributes(standard)),
        }
        links = {name: {"rel": name, "href": call.url(path), "method": "GET"} for name, path in kind.links.items()}
        return {
            "id": href,
            "$schema": DRAFT,
            "name": kind.name,
            "title": kind.title,
            "description": kind.description,
            "created": _SINCE,
            "lastUpdated": timestamp(schema.updated_at) if schema.updated_at else _SINCE,
            "definitions": definitions,
            "type": "object",
            "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
            "_links": {"self": {"rel": "self", "href": href, "method": "GET"}, **links},
        }


def _definition(name: str, properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"id": f"#{name}", "type": "object", "properties": properties, "required": required}
