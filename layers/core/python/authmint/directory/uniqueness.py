"""Values that no two users of a type share: which ones a profile holds."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from ..jose.encoding import b64encode
from ..storage.schemas import ProfileSchema
from ..storage.users import login_key

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


def _digest(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    said = json.dumps(login_key(value) if isinstance(value, str) else value)
    return b64encode(hashlib.sha256(said.encode()).digest())
