"""Values that no two users of a type share: which ones a profile holds."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from ..jose.encoding import b64encode
from ..storage.schemas import ProfileSchema
from ..storage.users import User, login_key
from .profile import BASE, permission_of

#: Types of attributes that can be unique.
TYPES: Final = frozenset({"string", "number", "integer"})
#: Of one schema: each is one operation more in the transaction that makes a user.
MOST: Final = 5


def held_values(profile: Mapping[str, Any], schema: ProfileSchema) -> tuple[tuple[str, str], ...]:
    """What a user with this profile holds: for each unique attribute its id and a digest of the value.

    Texts are compared as logins are. An empty one is no value.
    """
    return tuple(
        (unique.id, _digest(profile[name]))
        for name, unique in sorted(schema.unique.items())
        if profile.get(name) not in (None, "")
    )


def identifies(name: str, schema: ProfileSchema) -> bool:
    """Whether somebody can be told by an attribute: a text of one user alone, that no user writes themselves."""
    unique = schema.unique.get(name)
    if unique is None or not unique.checked or schema.custom[name].get("type") != "string":
        return False
    return permission_of(schema.custom[name], "READ_ONLY") != "READ_WRITE"


def holds_others(before: User, after: User) -> bool:
    """Whether a change can be one of the values held: only attributes that an org defined can be unique."""
    if (before.type_id, before.unique) != (after.type_id, after.unique):
        return True
    return before.profile != after.profile and _defined(before.profile) != _defined(after.profile)


def _defined(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in profile.items() if name not in BASE}


def _digest(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    said = json.dumps(login_key(value) if isinstance(value, str) else value)
    return b64encode(hashlib.sha256(said.encode()).digest())
