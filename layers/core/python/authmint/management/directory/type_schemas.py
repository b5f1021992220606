"""The schema of one type of users, which stands in the list of types."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from ...storage.errors import Conflict, NotFound
from ...storage.events import Event
from ...storage.schemas import ProfileSchema
from ...storage.user_types import UserTypeList, UserTypes
from ..http.errors import invalid_field

#: Bytes: all types are one item of storage.
LARGEST: Final = 300_000


class TypeSchemas:
    """``ProfileSchemas`` of a type."""

    def __init__(self, types: UserTypes, type_id: str) -> None:
        self._types = types
        self._type_id = type_id

    def get(self) -> ProfileSchema:
        """The schema, at the version of the list. Raises NotFound: the type is gone."""
        listed = self._types.get()
        known = listed.get(self._type_id)
        if known is None:
            raise NotFound(self._type_id)
        return replace(known.schema, version=listed.version)

    def save(self, before: ProfileSchema, after: ProfileSchema, events: Sequence[Event]) -> None:
        listed = self._types.get()
        if listed.version != before.version:
            raise Conflict(self._type_id)
        changed = (replace(one, schema=after) if one.id == self._type_id else one for one in listed.types)
        self._types.save(listed, checked(replace(listed, types=tuple(changed))), events)


def checked(listed: UserTypeList) -> UserTypeList:
    """The list. Raises ApiError (E0000001): it is larger than an item of storage may be."""
    if len(msgspec.json.encode(listed)) > LARGEST:
        raise invalid_field("definitions.custom.properties", "The schemas of all types of users are too large.")
    return listed
