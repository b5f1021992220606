"""Records that are few: one partition, with an item each, and a head that tells whether any of them changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from ..storage.errors import Conflict, NotFound
from ..storage.events import Event
from .connection import translated
from .items import HEAD
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables

_R = TypeVar("_R")
_LONGEST_ID = 200


class Listed(Generic[_R]):
    """The records of one kind: dataclasses with ``id`` and ``version``.

    A warm instance keeps them for as long as the head says that nothing changed.
    """

    def __init__(self, tables: Tables, partition: str, kind: type[_R]) -> None:
        self._tables = tables
        self._item = tables.config
        self._partition = partition
        self._kind: type[_R] = kind
        self._kept: tuple[tuple[_R, ...], int] = ((), 0)

    def read(self) -> tuple[tuple[_R, ...], int]:
        """All of them in ascending id, and the version of the list: 0 as long as there was none ever."""
        with translated():
            try:
                head = self._item.get(self._partition, HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return (), 0
            version = int(head.version or 0)
            if self._kept[1] != version:
                found = self._item.query(self._partition, self._item.sk > HEAD, consistent_read=True)
                self._kept = tuple(decode(item.body or "", self._kind) for item in found), version
        return self._kept

    def one(self, record_id: str) -> _R:
        """One of them. Raises NotFound."""
        if not well_formed(record_id, _LONGEST_ID) or record_id <= HEAD:
            raise NotFound(self._partition)
        with translated():
            try:
                item = self._item.get(self._partition, record_id, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(record_id) from None
        return decode(item.body or "", self._kind)

    def change(self, before: Any, after: Any, events: Sequence[Event], *, seen: int) -> None:
        """Store a change of one: ``None`` before it is new, ``None`` after it is removed.

        Raises:
            Conflict: The list is not at version ``seen`` any more.
        """
        about = before if after is None else after
        if about is None:
            raise ValueError("neither before nor after")
        item = self._item
        unchanged = item.version == seen if seen else item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                if after is None:
                    write.delete(item(self._partition, about.id))
                else:
                    stored = replace(after, version=(before.version if before is not None else 0) + 1)
                    write.save(item(self._partition, about.id, body=encode(stored), version=stored.version))
                write.save(item(self._partition, HEAD, version=seen + 1), condition=unchanged)
        except ConditionFailed:
            raise Conflict(self._partition) from None
