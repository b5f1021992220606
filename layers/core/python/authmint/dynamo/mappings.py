"""``UserMappings`` in DynamoDB: ``MAPPING#id``, one item for each mapping that somebody changed."""

from collections.abc import Sequence
from dataclasses import replace

from ..storage.errors import Conflict
from ..storage.events import Event
from ..storage.mappings import UserMapping
from .clients import MAX_ID, mapping_partition
from .connection import translated
from .items import HEAD
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables


class DynamoUserMappings:
    """``UserMappings``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def get(self, source_id: str) -> UserMapping:
        if not well_formed(source_id, MAX_ID):
            return UserMapping()
        with translated():
            try:
                item = self._item.get(mapping_partition(source_id), HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return UserMapping()
        return decode(item.body or "", UserMapping)

    def save(self, source_id: str, before: UserMapping, after: UserMapping, events: Sequence[Event]) -> None:
        after = replace(after, version=before.version + 1)
        unchanged = self._item.version == before.version if before.version else self._item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                item = self._item(mapping_partition(source_id), HEAD, body=encode(after), version=after.version)
                write.save(item, condition=unchanged)
        except ConditionFailed:
            raise Conflict(source_id) from None

    def forget(self, source_id: str) -> None:
        with translated():
            self._item(mapping_partition(source_id), HEAD).delete()
