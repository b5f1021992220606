"""Which form the tables have. A function that meets a newer form than it knows says so and answers nothing.

Each table says it in an item of its own; tables that have none have the first form. ``authmint migrate`` raises the
number when everything is there in the new form, so a release from before may serve until then, and not after
(docs/storage.md).
"""

from collections.abc import Mapping
from typing import Any, Final

from ..clock import Clock
from ..storage.errors import Unavailable
from .connection import translated
from .items import HEAD, Item

#: The form that this release writes. It reads the one before as well.
KNOWN: Final = 2
PARTITION: Final = "VERSION"
#: Milliseconds after which a warm instance looks again.
_LOOK_AFTER: Final = 60_000


class TooNew(Unavailable):
    """A later release has changed the tables, and this one would misread or spoil them."""


class SchemaVersion:
    """What one warm instance knows of the form of a table."""

    def __init__(self, item: type[Item], clock: Clock) -> None:
        self._item = item
        self._clock = clock
        self._looked_at: int | None = None

    def due(self) -> bool:
        """Whether it is time to look (again)."""
        return self._looked_at is None or self._clock.now_ms() - self._looked_at >= _LOOK_AFTER

    def meet(self, item: Mapping[str, Any] | None) -> None:
        """Take note of the item as DynamoDB gave it, ``None`` where there is none. Raises TooNew."""
        found = 1 if item is None else int(item["version"]["N"])
        if found > KNOWN:
            raise TooNew(
                f"the table {self._item.Meta.table_name} has form {found}, and this release knows none after {KNOWN}: "
                "deploy a later one"
            )
        self._looked_at = self._clock.now_ms()

    def check(self) -> None:
        """Look, where it is time to.

        Raises:
            TooNew: This function must do nothing.
            Unavailable: DynamoDB did not answer.
        """
        if self.due():
            with translated():
                found = form_of(self._item)
            self.meet({"version": {"N": str(found)}})


def form_of(item: type[Item]) -> int:
    """Which form a table has."""
    found = version_item(item)
    return 1 if found is None else int(found.version or 1)


def version_item(item: type[Item]) -> Item | None:
    """What a table says of its form."""
    try:
        return item.get(PARTITION, HEAD, consistent_read=True)
    except item.DoesNotExist:
        return None
