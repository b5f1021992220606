"""``UserSchemas`` in DynamoDB: one item."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..storage.errors import Conflict
from ..storage.events import Event
from ..storage.schemas import UserSchema
from .connection import translated
from .items import HEAD
from .records import decode, encode
from .tables import ConditionFailed, Tables

SCHEMA: Final = "SCHEMA#user"


class DynamoUserSchemas:
    """``UserSchemas``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def get(self) -> UserSchema:
        with translated():
            try:
                item = self._item.get(SCHEMA, HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return UserSchema()
        return decode(item.body or "", UserSchema)

    def save(self, before: UserSchema, after: UserSchema, events: Sequence[Event]) -> None:
        after = replace(after, version=before.version + 1)
        unchanged = self._item.version == before.version if before.version else self._item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                item = self._item(SCHEMA, HEAD, body=encode(after), version=after.version)
                write.save(item, condition=unchanged)
        except ConditionFailed:
            raise Conflict("user schema") from None
