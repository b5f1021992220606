"""``HookDeliveries`` in DynamoDB: ``HOOKPROGRESS#hook`` and ``HOOKDEAD#hook``/``place`` of the grants table."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from pynamodb.transactions import TransactWrite

from ..storage.errors import Conflict, NotFound
from ..storage.events import EVENT_RETENTION
from ..storage.hook_deliveries import DeadLetter, Progress
from .connection import translated
from .grant_records import GrantRecords
from .items import HEAD
from .records import decode, encode
from .tables import ConditionFailed

PROGRESS: Final = "HOOKPROGRESS"
DEAD: Final = "HOOKDEAD"
#: Seconds that a dead letter stays: as long as a dead-letter queue keeps what it holds.
_KEPT: Final = 1_209_600


class DynamoHookDeliveries(GrantRecords):
    """``HookDeliveries``."""

    def progress(self, hook_id: str) -> Progress:
        try:
            item = self._found(PROGRESS, hook_id)
        except NotFound:
            return Progress(hook_id)
        return decode(item.body or "", Progress)

    def save(self, progress: Progress, *, letter: DeadLetter | None = None) -> Progress:
        after = replace(progress, version=progress.version + 1)
        item = self._item(
            f"{PROGRESS}#{after.hook_id}",
            HEAD,
            kind=PROGRESS,
            body=encode(after),
            version=after.version,
            # What the log has forgotten nobody needs to find a place in.
            ttl=after.saved_at + EVENT_RETENTION,
        )
        unchanged = self._item.version == progress.version if progress.version else self._item.pk.does_not_exist()

        def add(write: TransactWrite) -> None:
            write.save(item, condition=unchanged)
            if letter is not None:
                write.save(
                    self._item(
                        f"{DEAD}#{letter.hook_id}",
                        letter.place,
                        kind=DEAD,
                        body=encode(letter),
                        ttl=letter.given_up_at + _KEPT,
                    )
                )

        try:
            self._transact(add)
        except ConditionFailed:
            raise Conflict(after.hook_id) from None
        return after

    def dead_letters(self, hook_id: str, *, limit: int) -> Sequence[DeadLetter]:
        with translated():
            found = self._item.query(f"{DEAD}#{hook_id}", consistent_read=True)
            return [decode(item.body or "", DeadLetter) for item in islice(found, limit)]

    def forget(self, letter: DeadLetter) -> None:
        with translated():
            self._item(f"{DEAD}#{letter.hook_id}", letter.place).delete()
