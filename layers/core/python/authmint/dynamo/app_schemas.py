"""``AppSchemas`` in DynamoDB: one item in the partition of the client or provider, which is swept with it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from ..storage.app_schemas import AppSchema
from ..storage.errors import Conflict, NotFound
from ..storage.events import Event
from .clients import MAX_ID, partition
from .connection import translated
from .items import HEAD
from .memberships import alive
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables

SCHEMA: Final = "SCHEMA"


class DynamoAppSchemas:
    """``AppSchemas``."""

    def __init__(self, tables: Tables, own: Callable[[str], str] = partition) -> None:
        """``own`` gives the partition of an id."""
        self._tables = tables
        self._own = own
        self._item = tables.config

    def get(self, client_id: str) -> AppSchema:
        if not well_formed(client_id, MAX_ID):
            return AppSchema()
        with translated():
            try:
                item = self._item.get(self._own(client_id), SCHEMA, consistent_read=True)
            except self._item.DoesNotExist:
                return AppSchema()
        return decode(item.body or "", AppSchema)

    def save(self, client_id: str, before: AppSchema, after: AppSchema, events: Sequence[Event]) -> None:
        own = self._own(client_id)
        after = replace(after, version=before.version + 1)
        unchanged = self._item.version == before.version if before.version else self._item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                write.condition_check(self._item, own, HEAD, condition=alive(self._item))
                item = self._item(own, SCHEMA, body=encode(after), version=after.version)
                write.save(item, condition=unchanged)
        except ConditionFailed as error:
            if error.failed[0]:
                raise NotFound(client_id) from None
            raise Conflict(client_id) from None
