"""What a request may say about a group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...directory.profile import custom_problems
from ...storage.groups import EVERYONE_GROUP
from ...storage.schemas import ProfileSchema
from ...storage.users import login_key
from ..http.errors import ApiError, invalid, invalid_field
from ..http.fields import Fields
from .people import TAKEN

_MEMBERS: Final = frozenset(
    {"profile", "id", "created", "lastUpdated", "lastMembershipUpdated", "objectClass", "type", "_links", "_embedded"}
)
_STANDARD: Final = frozenset({"name", "description"})
_LONGEST_KEY: Final = 1_000


@dataclass(frozen=True)
class GroupBody:
    """A body, read. ``custom`` holds the attributes that the schema of groups defines."""

    name: str
    description: str | None
    custom: Mapping[str, Any]


def read_group(body: Mapping[str, Any], schema: ProfileSchema) -> GroupBody:
    """Raises ApiError: E0000003 for a member that nobody knows; E0000001 for a profile that the schema refuses."""
    if not body.keys() <= _MEMBERS or not isinstance(body.get("profile") or {}, dict):
        raise ApiError("E0000003")
    profile = Fields(body).below("profile")
    sent: Mapping[str, Any] = body.get("profile") or {}
    for name, value in sent.items():
        if name not in _STANDARD and name not in schema.custom and value is not None:
            raise invalid("profile", f"Property name '{name[:100]}' is not defined in profile")
    custom = {name: value for name, value in sent.items() if name in schema.custom and value is not None}
    name = profile.text("name", required=True, longest=255) or ""
    description = profile.text("description", longest=1_024)
    if problems := [*profile.problems, *custom_problems(custom, schema)]:
        field, message = problems[0]
        raise invalid_field(field.rpartition(".")[2], message)
    if login_key(name) == login_key(EVERYONE_GROUP.name):
        raise invalid_field("name", TAKEN)
    if len(login_key(name).encode()) > _LONGEST_KEY:
        raise invalid_field("name", "The field is too long")
    return GroupBody(name, description, custom)
