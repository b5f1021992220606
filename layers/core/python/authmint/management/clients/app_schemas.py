"""``/api/v1/meta/schemas/apps/{id}/default``: what an app's, or an identity provider's, profile of a user may hold."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from ...clock import timestamp
from ...http import Response
from ...provisioning.mapping import typed
from ...storage.app_schemas import AppSchema
from ...storage.errors import Conflict, NotFound
from ...storage.events import Party
from ..administrators.table import Right
from ..directory.profile_owners import Base, Owner, Owners
from ..directory.schema_attributes import (
    ATTRIBUTE_NAME,
    ATTRIBUTE_TYPES,
    BAD_NAME,
    DRAFT,
    check_access,
    check_lengths,
    merged,
    sent_properties,
)
from ..http.call import Call
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields

MOST_ATTRIBUTES: Final = 200
#: Bytes: the schema is one item.
LARGEST: Final = 100_000
_ITEM_TYPES: Final = ("string", "number", "integer", "object")
#: Members that are shown, in this order. Who may see an attribute and where it comes from is checked and not shown:
#: nobody changes profiles of apps' users but administrators.
_SHOWN: Final = (
    "title", "description", "type", "required", "externalName", "externalNamespace", "scope", "items", "enum", "oneOf",
    "minLength", "maxLength", "union",
)  # fmt: skip
#: Members that say what always is so.
_FIXED: Final[Mapping[str, Any]] = {
    "mutability": "READ_WRITE",
    "unique": "NOT_UNIQUE",
}


class AppUserSchemas:
    """Schemas of apps' users and of what providers know: the standard attributes, and others by administrators."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners

    def get(self, call: Call) -> Response:
        owner = self._owner(call, "R")
        return Response.json(200, _schema_json(owner.schemas.get(owner.id), owner, call))

    def update(self, call: Call) -> Response:
        """200. Attributes that are sent are added or replaced; ``null`` removes one; the others stay."""
        base = self._owner(call, "W").base
        definitions = call.body().below("definitions")
        custom = {name: _attribute(name, value, base) for name, value in sent_properties(definitions, "custom").items()}
        required = {name: _required(name, value, base) for name, value in sent_properties(definitions, "base").items()}

        def attempt() -> tuple[AppSchema, Owner]:
            owner = self._owner(call, "W")
            before = owner.schemas.get(owner.id)
            after = replace(
                before,
                custom=merged(before.custom, custom),
                required=tuple(name for name in base if required.get(name, name in before.required)),
            )
            if after == before:
                return before, owner
            if len(after.custom) > MOST_ATTRIBUTES or len(msgspec.json.encode(after.custom)) > LARGEST:
                raise invalid_field("definitions.custom.properties", f"At most {MOST_ATTRIBUTES} attributes.")
            after = replace(after, updated_at=call.now)
            party = Party(owner.id, "AppUserSchema", display_name=owner.label)
            event = call.recorder.event("application.user_schema.update", party, owner.party)
            owner.schemas.save(owner.id, before, after, [event])
            return after, owner

        schema, owner = call.retrying(attempt, on=(Conflict, NotFound))
        call.retrying(lambda: self._align(call), on=(Conflict, NotFound))
        return Response.json(200, _schema_json(schema, owner, call))

    def _align(self, call: Call) -> None:
        """A mapping to the app makes what its schema has, and of the types that it has there."""
        owner = self._owner(call, "W")
        client = owner.client
        if client is not None and client.user_mapping is not None:
            target = owner.attributes
            mapping = {name: typed(one, target[name]) for name, one in client.user_mapping.items() if name in target}
            if mapping != client.user_mapping:
                self._owners.clients.save(client, replace(client, user_mapping=mapping), [])

    def _owner(self, call: Call, right: Right) -> Owner:
        owner = self._owners.find(call.params["appId"])
        if owner is None:
            raise not_found(call.params["appId"], "AppInstance")
        owner.check(call, right)
        if call.params["schemaId"] != "default":
            raise not_found(call.params["schemaId"], "AppUserSchema")
        return owner


def _attribute(name: str, value: Mapping[str, Any] | None, base: Base) -> Mapping[str, Any] | None:
    """The definition of an attribute as it is stored."""
    path = f"definitions.custom.properties.{name[:64]}"
    if not ATTRIBUTE_NAME.fullmatch(name) or name in base:
        raise invalid_field(path, BAD_NAME)
    if value is None:
        return None
    fields = Fields(value, f"{path}.")
    kind = fields.choice("type", ATTRIBUTE_TYPES, "string", required=True)
    fields.text("title", required=True, longest=255)
    fields.text("description", longest=1_024)
    fields.flag("required", default=False)
    fields.choice("scope", ("NONE", "SELF"), "NONE")
    check_lengths(fields, kind)
    _check_values(fields, kind)
    _check_fixed(fields)
    check_access(fields)
    if value.get("pattern") is not None:
        fields.problem("pattern", "Patterns are not supported.")
    fields.check()
    kept = {member: value[member] for member in _SHOWN if value.get(member) not in (None, False)}
    kept.setdefault("scope", "NONE")
    if kind != "array":
        kept.pop("union", None)
    elif kept["items"]["type"] == "object":
        kept["items"] = {**kept["items"], "additionalProperties": True}
    return {member: kept[member] for member in _SHOWN if member in kept}


def _check_values(fields: Fields, kind: str) -> None:
    items = fields.below("items")
    if kind == "array" and items.raw("type") not in _ITEM_TYPES:
        items.problem("type", f"must be one of [{', '.join(_ITEM_TYPES)}].")
    for place in (fields, items):
        for member in ("enum", "oneOf"):
            values = place.raw(member)
            if values is not None and not (isinstance(values, list) and 0 < len(values) <= 200):
                place.problem(member, "must be a list of 1 to 200 values.")


def _check_fixed(fields: Fields) -> None:
    for member, value in _FIXED.items():
        if fields.raw(member) not in (None, "", False, value):
            fields.problem(member, "Another value than the default is not supported.")


def _required(name: str, value: Mapping[str, Any] | None, base: Base) -> bool:
    """Whether a standard attribute must be there; nothing else of it can change."""
    path = f"definitions.base.properties.{name[:64]}"
    known = base.get(name)
    if known is None:
        raise invalid_field(path, "There is no standard attribute of this name.")
    if value is None:
        raise invalid_field(path, "A standard attribute cannot be removed.")
    fields = Fields(value, f"{path}.")
    _check_fixed(fields)
    check_access(fields)
    for member in ("title", "description", "type", "externalName", "scope"):
        if value.get(member) not in (None, "", known.get(member)):
            fields.problem(member, "This cannot be changed of a standard attribute.")
    required = fields.flag("required", default=False)
    fields.check()
    return required


def _schema_json(schema: AppSchema, owner: Owner, call: Call) -> dict[str, Any]:
    base = {
        name: {member: value for member, value in definition.items() if member != "scope"}
        | ({"required": True} if (owner.client and name == "userName") or name in schema.required else {})
        | {"scope": definition["scope"]}
        for name, definition in owner.base.items()
    }
    custom: dict[str, Any] = {"id": "#custom", "type": "object", "properties": schema.custom}
    if schema.custom:
        custom["required"] = [name for name, definition in schema.custom.items() if definition.get("required")]
    required = [name for name, definition in base.items() if definition.get("required")]
    return {
        "id": call.url(f"/meta/schemas/apps/{owner.id}/default"),
        "$schema": DRAFT,
        "name": owner.name,
        "title": f"{owner.label} User",
        "lastUpdated": timestamp(schema.updated_at or owner.created_at),
        "created": timestamp(owner.created_at),
        "definitions": {
            "custom": custom,
            "base": {"id": "#base", "type": "object", "properties": base, "required": required},
        },
        "type": "object",
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
    }
