"""What waits in the grants table to be delivered: ``KIND#shard``/``id``, taken by one call at a time."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import ClassVar, Final

from pynamodb.expressions.condition import Condition

from ..storage.errors import NotFound
from .connection import translated
from .grant_records import MAX_KEY, GrantRecords, Refused
from .items import GrantItem
from .servers import well_formed

SHARDS: Final = 4
#: Seconds that something stays after it expired, or was given up: as long as a dead-letter queue keeps what it holds.
KEPT: Final = 1_209_600


def place_of(kind: str, key: str) -> tuple[str, str]:
    """Partition and sort key of something that waits."""
    return _partition(kind, zlib.crc32(key.encode()) % SHARDS), key


class WaitingRecords(GrantRecords):
    """What waits of one kind: all that does not depend on what it is."""

    kind: ClassVar[str]

    def due(self, *, at: int, limit: int) -> Sequence[str]:
        """Ids of what waits and is due."""
        return [item.sk for item in islice(self._found_by(self._item.due_at <= at), limit)]

    def delay(self, key: str, *, until: int) -> None:
        """Put something that was taken back until then. Nothing where it is gone."""
        try:
            self._change_once(place_of(self.kind, key), [self._item.due_at.set(until)], self._item.due_at.exists())
        except (NotFound, Refused):
            return

    def remove(self, key: str) -> None:
        """Forget something."""
        with translated():
            self._item(*place_of(self.kind, key)).delete()

    def _taken(self, key: str, *, at: int, until: int) -> GrantItem:
        """What its taker has now. Raises NotFound: it is not due."""
        if not well_formed(key, MAX_KEY):
            raise NotFound(self.kind)
        due: Condition = self._item.due_at <= at
        actions = [self._item.due_at.set(until), self._item.uses.add(1)]
        try:
            return self._change_once(place_of(self.kind, key), actions, due, mark="writer")
        except Refused:
            raise NotFound(self.kind) from None

    def _found_by(self, condition: Condition) -> Iterator[GrantItem]:
        with translated():
            yield from chain.from_iterable(
                self._item.query(_partition(self.kind, shard), filter_condition=condition, consistent_read=True)
                for shard in range(SHARDS)
            )


def _partition(kind: str, shard: int) -> str:
    return f"{kind}#{shard}"
