"""What deleting a user, a group or a client left behind when the deletion could not finish: swept on schedule."""

from ..storage.errors import StorageError
from .memberships import due, sweep
from .tables import Tables


class DynamoCleanup:
    """Finds tombstones and sweeps below them.

    A deleted group may stay among the groups of a client, where it means nothing: the schedule may not write clients.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def run(self) -> tuple[list[str], list[str]]:
        """Partitions of which nothing is left now, and those that failed and are found again next time.

        ``*`` among the latter: which partitions have something left could not be found out.
        """
        swept: list[str] = []
        failed: list[str] = []
        try:
            partitions = due(self._tables)
        except StorageError:
            return swept, ["*"]
        for partition in partitions:
            try:
                if sweep(self._tables, partition):
                    swept.append(partition)
            except StorageError:
                failed.append(partition)
        return swept, failed
