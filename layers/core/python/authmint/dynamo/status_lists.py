"""``StatusLists`` in DynamoDB: a counter that is only ever added to, what hangs on what, and what was revoked.

Numbers that a call took and never used, because it failed or was repeated, are lost; none is given away twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from pynamodb.expressions.update import Action

from ..storage.status_lists import DAY, SIZE, Run, StatusList, list_name
from .connection import translated
from .grant_records import GRACE, GrantRecords, Refused
from .items import HEAD
from .records import decode, encode

_LIST: Final = "STATUSLIST"
_ENDS: Final = "STATUSENDS"
_REVOKED: Final = "STATUSREVOKED"
#: Places in one item: each is a number of seven digits at most.
_PLACES: Final = 1_000


class DynamoStatusLists(GrantRecords):
    """``StatusLists``."""

    def reserve(self, server_id: str, day: int, number: int, count: int, *, key: str) -> tuple[StatusList, int] | None:
        item, list_id = self._item, list_name(day, number)
        made = StatusList(server_id, list_id, (day + 1) * DAY, key)
        room = item.uses.does_not_exist() | (item.uses <= SIZE - count)
        actions: list[Action] = [
            item.uses.add(count),
            item.body.set(item.body | encode(made)),
            item.kind.set(_LIST),
            item.expires_at.set(made.expires_at),
            item.ttl.set(made.expires_at + DAY),
        ]
        try:
            after = self._change_once((f"{_LIST}#{server_id}#{list_id}", HEAD), actions, room, creates=True)
        except Refused:
            return None
        return decode(after.body or "", StatusList), int(after.uses or 0) - count

    def get(self, server_id: str, list_id: str) -> StatusList:
        return decode(self._found(_LIST, f"{server_id}#{list_id}").body or "", StatusList)

    def note(self, what: str, run: Run) -> None:
        item = self._item(
            *_noted_at(what, run),
            kind=_ENDS,
            body=encode(run),
            expires_at=run.expires_at,
            ttl=run.expires_at + GRACE,
        )
        with translated():
            item.save()

    def forget(self, what: str, runs: Sequence[Run]) -> None:
        self._tables.delete(self._item, [_noted_at(what, run) for run in runs])

    def under(self, what: str) -> Sequence[Run]:
        with translated():
            found = list(self._item.query(f"{_ENDS}#{what}", consistent_read=True))
        return [decode(item.body or "", Run) for item in found]

    def revoke(self, server_id: str, list_id: str, places: Iterable[int], *, at: int, expires_at: int) -> None:
        rest = iter(places)
        while part := list(islice(rest, _PLACES)):
            item = self._item(
                f"{_REVOKED}#{server_id}#{list_id}",
                f"{at:012}#{self._ids.uuid()}",
                kind=_REVOKED,
                body=encode(part),
                expires_at=expires_at,
                ttl=expires_at + DAY,
            )
            with translated():
                item.save()

    def revoked(self, server_id: str, list_id: str, *, since: int = 0) -> Iterator[int]:
        partition = f"{_REVOKED}#{server_id}#{list_id}"
        with translated():
            for item in self._item.query(partition, self._item.sk >= f"{since:012}", consistent_read=True):
                yield from decode(item.body or "", list[int])


def _noted_at(what: str, run: Run) -> tuple[str, str]:
    return f"{_ENDS}#{what}", f"{run.server_id}#{run.list_id}#{run.first:07}"
