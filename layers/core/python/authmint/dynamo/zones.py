"""``Zones`` in DynamoDB: the partition ``ZONES``."""

from collections.abc import Sequence

from ..storage.events import Event
from ..storage.zones import Zone, ZoneList
from .listed import Listed
from .tables import Tables


class DynamoZones:
    """``Zones``."""

    def __init__(self, tables: Tables) -> None:
        self._listed = Listed(tables, "ZONES", Zone)

    def all(self) -> ZoneList:
        return ZoneList(*self._listed.read())

    def save(self, before: Zone | None, after: Zone | None, events: Sequence[Event], *, seen: ZoneList) -> None:
        self._listed.change(before, after, events, seen=seen.version)
