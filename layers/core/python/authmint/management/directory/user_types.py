"""``/api/v1/meta/types/user``: the one type of users."""

from typing import Any, Final, NoReturn

from ...clock import timestamp
from ...http import Response
from ...storage.groups import EVERYONE_GROUP
from ..http.call import Call
from ..http.errors import ApiError, not_found
from .user_view import USER_SCHEMA, USER_TYPE

_SINCE: Final = timestamp(EVERYONE_GROUP.created_at)


class UserTypes:
    """Types of users: there is one."""

    def list(self, call: Call) -> Response:
        return Response.json(200, [_type_json(call)])

    def change(self, _: Call) -> NoReturn:
        """501: there is one type of users, and it stays as it is."""
        raise ApiError("E0000060", causes=["There is one type of users. Others can be neither made nor changed."])

    def get(self, call: Call) -> Response:
        """There is one type, also called ``default``."""
        type_id = call.params["typeId"]
        if type_id not in {"default", USER_TYPE}:
            raise not_found(type_id, "UserType")
        return Response.json(200, _type_json(call))


def _type_json(call: Call) -> dict[str, Any]:
    return {
        "id": USER_TYPE,
        "displayName": "User",
        "name": "user",
        "description": "Okta user profile template with default permission settings",
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
