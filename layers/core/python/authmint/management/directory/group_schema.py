"""``/api/v1/meta/schemas/group/default``: the schema of group profiles, which have no attributes of an org's own."""

from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.groups import EVERYONE_GROUP
from ..http.call import Call
from ..http.errors import ApiError, invalid_field
from .schemas import DRAFT, base_changes

_SINCE: Final = timestamp(EVERYONE_GROUP.created_at)
_OWN: Final = {
    "mutability": "READ_WRITE",
    "scope": "NONE",
    "permissions": [{"principal": "SELF", "action": "READ_WRITE"}],
    "master": {"type": "PROFILE_MASTER"},
}
_BASE: Final[dict[str, dict[str, Any]]] = {
    "name": {
        "title": "Name", "description": "Name", "type": "string", "required": True, "maxLength": 255, **_OWN,
    },
    "description": {
        "title": "Description", "description": "Description", "type": "string", "maxLength": 1_024, **_OWN,
    },
}  # fmt: skip


class GroupSchema:
    """Name and description, and no more."""

    def get(self, call: Call) -> Response:
        return Response.json(200, _json(call))

    def update(self, call: Call) -> Response:
        """200 where nothing is asked for that is not there; else refused, not ignored."""
        definitions = call.body().below("definitions")
        custom = definitions.below("custom").raw("properties") or {}
        if not isinstance(custom, dict):
            raise ApiError("E0000003")
        if any(value is not None for value in custom.values()):
            raise invalid_field("definitions.custom.properties", "Attributes of groups are not supported.")
        base_changes(definitions, _BASE)
        return Response.json(200, _json(call))


def _json(call: Call) -> dict[str, Any]:
    return {
        "id": call.url("/meta/schemas/group/default"),
        "$schema": DRAFT,
        "name": "group",
        "title": "Okta group",
        "description": "Okta group profile template",
        "created": _SINCE,
        "lastUpdated": _SINCE,
        "definitions": {
            "custom": {"id": "#custom", "type": "object", "properties": {}, "required": []},
            "base": {"id": "#base", "type": "object", "properties": _BASE, "required": ["name"]},
        },
        "type": "object",
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
        "_links": {
            "self": {"rel": "self", "href": call.url("/api/v1/meta/schemas/group/default"), "method": "GET"},
        },
    }
