"""``UndeliverableAddresses`` in DynamoDB: ``UNDELIVERABLE#digest`` of the grants table."""

from collections.abc import Sequence
from typing import Final

from ..storage.clients import secret_digest
from ..storage.events import Event
from ..storage.undeliverable import Because, Undeliverable
from ..storage.users import login_key
from .connection import translated
from .grant_records import GrantRecords
from .items import HEAD
from .records import decode, encode

_KIND: Final = "UNDELIVERABLE"


class DynamoUndeliverableAddresses(GrantRecords):
    """``UndeliverableAddresses``."""

    def mark(self, address: str, because: Because, *, at: int) -> None:
        record = Undeliverable(_digest(address), because, at)
        with translated():
            self._item(*_place(record.digest), kind=_KIND, body=encode(record)).save()

    def find(self, address: str) -> Undeliverable | None:
        with translated():
            try:
                item = self._item.get(*_place(_digest(address)), consistent_read=True)
            except self._item.DoesNotExist:
                return None
        return decode(item.body or "", Undeliverable)

    def clear(self, address: str, events: Sequence[Event]) -> None:
        with self._tables.transaction(events) as write:
            write.delete(self._item(*_place(_digest(address))))


def _place(digest: str) -> tuple[str, str]:
    return f"{_KIND}#{digest}", HEAD


def _digest(address: str) -> str:
    return secret_digest(login_key(address))
