"""``SignOnHistories`` in DynamoDB: one item beside each user, which goes with the user."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..storage.errors import Conflict, NotFound
from ..storage.events import Event
from ..storage.outbox import Mail
from ..storage.sign_on_history import SignOnHistory
from .connection import translated
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables

_HISTORY: Final = "HISTORY"
_MAX_ID: Final = 100


class DynamoSignOnHistories:
    """``SignOnHistories``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def get(self, user_id: str) -> SignOnHistory:
        if not well_formed(user_id, _MAX_ID):
            raise NotFound(user_id)
        with translated():
            try:
                item = self._item.get(f"USER#{user_id}", _HISTORY, consistent_read=True)
            except self._item.DoesNotExist:
                return SignOnHistory(user_id)
        return decode(item.body or "", SignOnHistory)

    def save(
        self, before: SignOnHistory, after: SignOnHistory, events: Sequence[Event] = (), mails: Sequence[Mail] = ()
    ) -> None:
        after = replace(after, version=before.version + 1)
        unchanged = self._item.version == before.version if before.version else self._item.pk.does_not_exist()
        item = self._item(f"USER#{before.user_id}", _HISTORY, body=encode(after), version=after.version)
        try:
            with self._tables.transaction(events) as write:
                write.save(item, condition=unchanged)
                if mails:
                    from .outbox import put  # most sign-ins are told to nobody

                    put(write, self._tables, mails)
        except ConditionFailed:
            raise Conflict(before.user_id) from None
