"""Tables restored from their point-in-time backups, under names of their own, ready to be deployed with.

What is given once, or can be ended, must not come back: a code that was redeemed after the moment of the backup would
be good again, and a session that was ended would go on. So of the grants only those return that refuse (used
assertions, revoked tokens, status lists) and those that people would be asked for again (consents).
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

#: What a deployment keeps, by what it is for.
KINDS: Final = ("config", "grants", "events")
#: Partitions of the grants that come back.
KEPT: Final = ("CONSENT#", "JTI#", "REVOKED#", "STATUSLIST#", "STATUSENDS#", "STATUSREVOKED#")
#: Tables whose items expire, and by which attribute.
_EXPIRING: Final = {"grants": "ttl", "events": "ttl"}
_PAUSE: Final = 10.0


class RestoreFailed(Exception):
    """A table could not be restored. The message says which, and why."""


@dataclass(frozen=True)
class Restoring:
    """Restores the tables of one deployment.

    Attributes:
        dynamodb: A client of DynamoDB, as boto3 makes it.
        sources: Names of the tables as they were, by kind.
        suffix: Of the restored tables' names.
        sleep: Waits so many seconds: a restore takes from minutes to hours.
    """

    dynamodb: Any
    sources: Mapping[str, str]
    suffix: str
    sleep: Callable[[float], None] = time.sleep

    @property
    def targets(self) -> Mapping[str, str]:
        """Names of the restored tables, by kind."""
        return {kind: f"{name}-{self.suffix}" for kind, name in self.sources.items()}

    def restore(self, at: datetime | None = None, *, resume: bool = False) -> Counter[str]:
        """Restore every table, as it was at a moment or as late as possible.

        Args:
            at: The moment.
            resume: Whether tables that are there already are those of a restore that was cut off. Without it they are
                left alone: they may be the ones that serve, and the grants of a restored table are emptied.

        Returns:
            How many grants did not come back, by their kind.

        Raises:
            RestoreFailed: A backup cannot be had, or a table of the name is there. Nothing was begun then.
        """
        if not resume and (there := [name for name in self.targets.values() if self._exists(name)]):
            raise RestoreFailed(
                f"{there[0]} exists: choose another --suffix, or --resume a restore that was cut off "
                "(never into tables that serve: sessions and refresh tokens in them would be deleted)"
            )
        for kind, source in self.sources.items():
            self._begin(source, self.targets[kind], at)
        for target in self.targets.values():
            self._wait(target)
        for kind, target in self.targets.items():
            self._protect(kind, target)
        return self._void(self.targets["grants"])

    def remove(self) -> None:
        """Delete the restored tables: they were for practice."""
        for target in self.targets.values():
            self.dynamodb.delete_table(TableName=target)

    def _exists(self, table: str) -> bool:
        try:
            self.dynamodb.describe_table(TableName=table)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return False
        return True

    def _begin(self, source: str, target: str, at: datetime | None) -> None:
        moment: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
        try:
            self.dynamodb.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=target, **moment)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"TableAlreadyExistsException", "TableInUseException"}:
                raise RestoreFailed(f"{source}: {error.response['Error']['Message']}") from error

    def _wait(self, target: str) -> None:
        while self.dynamodb.describe_table(TableName=target)["Table"]["TableStatus"] != "ACTIVE":
            self.sleep(_PAUSE)

    def _protect(self, kind: str, target: str) -> None:
        """A restored table has none of what its source had beside its items."""
        if attribute := _EXPIRING.get(kind):
            found = self.dynamodb.describe_time_to_live(TableName=target)["TimeToLiveDescription"]
            if found["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
                specification = {"Enabled": True, "AttributeName": attribute}
                self.dynamodb.update_time_to_live(TableName=target, TimeToLiveSpecification=specification)
        self.dynamodb.update_continuous_backups(
            TableName=target, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )

    def _void(self, grants: str) -> Counter[str]:
        removed: Counter[str] = Counter()
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=grants, ProjectionExpression="pk, sk", ConsistentRead=True
        )
        for page in pages:
            gone = [item for item in page["Items"] if not item["pk"]["S"].startswith(KEPT)]
            for start in range(0, len(gone), _AT_ONCE):
                self._delete(grants, gone[start : start + _AT_ONCE])
            removed.update(item["pk"]["S"].partition("#")[0] for item in gone)
        return removed

    def _delete(self, table: str, keys: list[Any]) -> None:
        wanted: Any = {table: [{"DeleteRequest": {"Key": {"pk": key["pk"], "sk": key["sk"]}}} for key in keys]}
        while wanted:
            wanted = self.dynamodb.batch_write_item(RequestItems=wanted).get("UnprocessedItems")
            if wanted:
                self.sleep(1.0)


#: Items that one call may delete.
_AT_ONCE: Final = 25
