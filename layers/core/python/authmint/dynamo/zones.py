"""``Zones`` in DynamoDB: one partition, with an item per zone, and a head that tells whether any of them changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..storage.errors import Conflict
from ..storage.events import Event
from ..storage.zones import Zone, ZoneList
from .connection import translated
from .items import HEAD
from .records import decode, encode
from .tables import ConditionFailed, Tables

_ZONES: Final = "ZONES"


class DynamoZones:
    """``Zones``. A warm instance keeps them for as long as the head says that nothing changed."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config
        self._kept = ZoneList()

    def all(self) -> ZoneList:
        with translated():
            try:
                head = self._item.get(_ZONES, HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return ZoneList()
            version = int(head.version or 0)
            if self._kept.version != version:
                found = self._item.query(_ZONES, self._item.sk > HEAD, consistent_read=True)
                self._kept = ZoneList(tuple(decode(item.body or "", Zone) for item in found), version)
        return self._kept

    def save(self, before: Zone | None, after: Zone | None, events: Sequence[Event], *, seen: ZoneList) -> None:
        about = before if after is None else after
        if about is None:
            raise ValueError("neither before nor after")
        item = self._item
        unchanged = item.version == seen.version if seen.version else item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                if after is None:
                    write.delete(item(_ZONES, about.id))
                else:
                    stored = replace(after, version=(before.version if before is not None else 0) + 1)
                    write.save(item(_ZONES, about.id, body=encode(stored), version=stored.version))
                write.save(item(_ZONES, HEAD, version=seen.version + 1), condition=unchanged)
        except ConditionFailed:
            raise Conflict(_ZONES) from None
