"""What deleting a user, a group or a client left behind when the deletion could not finish: swept on schedule."""

from ..clock import Clock
from ..storage.errors import StorageError
from .groups import DynamoGroups
from .links import due, sweep
from .tables import Tables


class DynamoLeftovers:
    """Finds tombstones and sweeps below them."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._groups = DynamoGroups(tables, clock)

    def run(self) -> tuple[list[str], list[str]]:
        """Partitions of which nothing is left now, and those that failed and are found again next time.

        Raises:
            Unavailable: The tombstones could not be found out.
        """
        swept, failed = [], []
        for partition in due(self._tables):
            try:
                done = (
                    self._groups.sweep(partition) if partition.startswith("GROUP#") else sweep(self._tables, partition)
                )
            except StorageError:
                failed.append(partition)
                continue
            if done:
                swept.append(partition)
        return swept, failed
