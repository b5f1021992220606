"""``/api/v1/meta``: the schema of user profiles and the one type of users, as SDKs and Terraform send them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NoReturn

import msgspec

from ...clock import timestamp
from ...directory.profile import BASE, REQUIRED
from ...http import Response
from ...storage.events import Party
from ...storage.groups import EVERYONE_GROUP
from ...storage.schemas import UserSchema
from ..http.call import Call
from ..http.errors import ApiError, invalid, invalid_field, not_found
from ..http.fields import Fields
from .people import PeopleRecords
from .user_view import USER_SCHEMA, USER_TYPE

MOST_ATTRIBUTES: Final = 500
#: Bytes: the schema is one item, read by every change of a user.
LARGEST: Final = 200_000
DRAFT: Final = "http://json-schema.org/draft-04/schema#"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_TYPES: Final = ("string", "boolean", "number", "integer", "array")
_KEPT: Final = (
    "title", "description", "type", "format", "items", "required", "mutability", "externalName", "externalNamespace",
    "unique", "scope", "minLength", "maxLength", "enum", "oneOf", "permissions", "master", "default",
)  # fmt: skip
_SINCE: Final = timestamp(EVERYONE_GROUP.created_at)


class Schemas:
    """The schema of user profiles: the standard attributes, which stay, and an org's own."""

    def __init__(self, records: PeopleRecords) -> None:
        self._schemas = records.schemas

    def get(self, call: Call) -> Response:
        _known(call, "schemaId", {"default", USER_SCHEMA}, "UserSchema")
        return Response.json(200, _schema_json(self._schemas.get(), call))

    def update(self, call: Call) -> Response:
        """200. Attributes that are sent are added or replaced; ``null`` removes one; the others stay."""
        _known(call, "schemaId", {"default", USER_SCHEMA}, "UserSchema")
        definitions = call.body().below("definitions")
        base_changes(definitions, _base())
        sent = definitions.below("custom").raw("properties")
        if sent is not None and not isinstance(sent, dict):
            raise ApiError("E0000003")
        changes = {name: None if value is None else _attribute(name, value) for name, value in (sent or {}).items()}

        def attempt() -> UserSchema:
            before = self._schemas.get()
            custom = {name: value for name, value in before.custom.items() if name not in changes}
            custom |= {name: value for name, value in changes.items() if value is not None}
            if custom == before.custom:
                return before
            if len(custom) > MOST_ATTRIBUTES or len(msgspec.json.encode(custom)) > LARGEST:
                raise invalid_field("definitions.custom.properties", f"At most {MOST_ATTRIBUTES} attributes.")
            after = replace(before, custom=custom, updated_at=call.now)
            party = Party(USER_SCHEMA, "UserSchema", display_name="user")
            self._schemas.save(before, after, [call.recorder.event("user.schema.update", party)])
            return after

        return Response.json(200, _schema_json(call.retrying(attempt), call))

    def types(self, call: Call) -> Response:
        return Response.json(200, [_type_json(call)])

    def change_types(self, _: Call) -> NoReturn:
        """501: there is one type of users, and it stays as it is."""
        raise ApiError("E0000060", causes=["There is one type of users. Others can be neither made nor changed."])

    def type(self, call: Call) -> Response:
        """There is one type, also called ``default``."""
        _known(call, "typeId", {"default", USER_TYPE}, "UserType")
        return Response.json(200, _type_json(call))


def _known(call: Call, parameter: str, names: set[str], kind: str) -> None:
    if call.params[parameter] not in names:
        raise not_found(call.params[parameter], kind)


def _attribute(name: str, value: Any) -> Mapping[str, Any]:
    """The definition of an attribute as it is stored, with what is left out filled in."""
    path = f"definitions.custom.properties.{name[:64]}"
    if not _NAME.fullmatch(name) or name in BASE:
        raise invalid_field(path, "The name must be letters, digits and '_', and not that of a standard attribute.")
    if not isinstance(value, dict):
        raise ApiError("E0000003")
    fields = Fields(value, f"{path}.")
    kind = fields.choice("type", _TYPES, "string", required=True)
    fields.text("title", required=True, longest=255)
    fields.text("description", longest=1_024)
    fields.flag("required", default=False)
    for bound in ("minLength", "maxLength"):
        length = fields.number(bound)
        if length is not None and not (0 <= length <= 32_768 and kind == "string"):
            fields.problem(bound, "must be between 0 and 32768, of a string.")
    if value.get("pattern") is not None:
        fields.problem("pattern", "Patterns are not supported.")
    if value.get("unique") not in (None, "", False, "NOT_UNIQUE"):
        fields.problem("unique", "Unique attributes are not supported.")
    allowed = value.get("enum")
    if allowed is not None and not (isinstance(allowed, list) and 0 < len(allowed) <= 200):
        fields.problem("enum", "must be a list of 1 to 200 values.")
    if kind == "array" and fields.below("items").raw("type") not in ("string", "number", "integer"):
        fields.problem("items.type", "must be one of [string, number, integer].")
    if problems := fields.problems:
        raise invalid(problems[0][0], *(f"{field}: {message}" for field, message in problems))
    given = {member: value[member] for member in _KEPT if value.get(member) is not None}
    return {
        "mutability": "READ_WRITE",
        "scope": "NONE",
        "permissions": [{"principal": "SELF", "action": "READ_ONLY"}],
        "master": {"type": "PROFILE_MASTER"},
    } | given


def base_changes(definitions: Fields, shown: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse changes of standard attributes; clients may send them back as they were shown.

    Raises:
        ApiError: E0000001, with the attribute and the member; an attribute that is none.
    """
    sent = definitions.below("base").raw("properties") or {}
    if not isinstance(sent, dict):
        raise ApiError("E0000003")
    for name, value in sent.items():
        path = f"definitions.base.properties.{str(name)[:64]}"
        if name not in shown:
            raise invalid_field(path, "There is no such standard attribute.")
        if not isinstance(value, dict):
            raise invalid_field(path, "Standard attributes cannot be changed.")
        for member, asked in value.items():
            if asked != shown[name].get(member) and asked not in (None, False, "", []):
                raise invalid_field(f"{path}.{str(member)[:64]}", "Standard attributes cannot be changed.")


def _base() -> dict[str, dict[str, Any]]:
    return {
        name: {
            **definition,
            "mutability": "READ_WRITE",
            "scope": "NONE",
            "permissions": [{"principal": "SELF", "action": "READ_WRITE"}],
            "master": {"type": "PROFILE_MASTER"},
        }
        for name, definition in BASE.items()
    }


def _schema_json(schema: UserSchema, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/meta/schemas/user/{USER_SCHEMA}")
    required = [name for name, definition in schema.custom.items() if definition.get("required")]
    return {
        "id": href,
        "$schema": DRAFT,
        "name": "user",
        "title": "User",
        "description": "Profile of users",
        "created": _SINCE,
        "lastUpdated": timestamp(schema.updated_at) if schema.updated_at else _SINCE,
        "definitions": {
            "custom": {"id": "#custom", "type": "object", "properties": schema.custom, "required": required},
            "base": {"id": "#base", "type": "object", "properties": _base(), "required": list(REQUIRED)},
        },
        "type": "object",
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
        "_links": {
            "self": {"rel": "self", "href": href, "method": "GET"},
            "type": {"rel": "type", "href": call.url(f"/api/v1/meta/types/user/{USER_TYPE}"), "method": "GET"},
        },
    }


def _type_json(call: Call) -> dict[str, Any]:
    return {
        "id": USER_TYPE,
        "displayName": "User",
        "name": "user",
        "description": "The profile that all users have",
        "createdBy": "system",
        "lastUpdatedBy": "system",
        "created": _SINCE,
        "lastUpdated": _SINCE,
        "default": True,
        "_links": {
            "schema": {
                "rel": "schema",
                "href": call.url(f"/api/v1/meta/schemas/user/{USER_SCHEMA}"),
                "method": "GET",
            },
            "self": {"rel": "self", "href": call.url(f"/api/v1/meta/types/user/{USER_TYPE}"), "method": "GET"},
        },
    }
