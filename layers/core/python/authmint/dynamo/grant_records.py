"""What all grant records do alike: they are found by key and kind, and used or revoked by one conditional write.

A write may commit and its answer be lost; botocore then repeats it. A transaction is idempotent by its request token, a
single write is not: it leaves a mark of its call, by which the repeated one knows its own work.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from ..ids import Ids
from ..storage.errors import Conflict, NotFound, Unavailable
from .connection import error_code, translated
from .items import HEAD, GrantItem
from .servers import well_formed
from .tables import Tables

#: Seconds that an expired record stays: clocks differ, and a TTL deletion must never come early.
GRACE: Final = 3_600
#: Digests, and ids of every kind; what is longer leads nowhere.
MAX_KEY: Final = 128
#: The URL of a metadata document is an id.
LONGEST_CLIENT_ID: Final = 512


class Refused(Exception):
    """The record is there, and its condition did not hold. Nothing was written."""


class GrantRecords:
    """Items of the grants table.

    Args:
        tables: With the grants table.
        ids: For the marks of writes.
    """

    def __init__(self, tables: Tables, ids: Ids) -> None:
        if tables.grants is None:
            raise Unavailable("this function has no grants table")
        self._tables = tables
        self._item = tables.grants
        self._ids = ids

    def _found(self, kind: str, key: str) -> GrantItem:
        """A record that has a partition of its own. A consistent read.

        Raises:
            NotFound: There is none, or it is of another kind.
        """
        if not well_formed(key, MAX_KEY):
            raise NotFound(kind)
        with translated():
            try:
                item = self._item.get(f"{kind}#{key}", HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(kind) from None
        return _of_kind(item, kind)

    def _put_once(self, item: GrantItem, *, unless_live_at: int | None = None) -> bool:
        """Store the item unless there is one. True when this call stored it."""
        item.writer = self._ids.uuid()
        condition = self._item.pk.does_not_exist()
        if unless_live_at is not None:
            condition |= self._item.expires_at < unless_live_at
        values = item.get_save_kwargs_from_instance(condition, return_values_on_condition_failure="ALL_OLD")
        try:
            self._dispatch("PutItem", values)
        except _ConditionFailed as error:
            return _attribute(error.found, "writer") == item.writer
        return True

    def _change_once(
        self,
        place: tuple[str, str],
        actions: Sequence[Action],
        condition: Condition | None = None,
        *,
        mark: Literal["writer", "spender"] | None = None,
        creates: bool = False,
    ) -> GrantItem:
        """Change an item that is there, where the condition holds; the item as it is afterwards.

        Args:
            place: Partition and sort key.
            actions: What to set.
            condition: Beside that the item is there. Without one, the change may be repeated as it is.
            mark: Where this call leaves its mark: no other change may come after it in the same attribute.
            creates: There may be no item yet.

        Raises:
            NotFound: There is no item.
            Refused: The condition does not hold, and this call is not why.
        """
        own = self._ids.uuid()
        there = self._item.pk.exists()
        needed = there if condition is None else there & condition
        if creates:
            needed = condition
        values = self._item(*place).get_update_kwargs_from_instance(
            actions=[*actions, getattr(self._item, mark).set(own)] if mark else list(actions),
            condition=needed,
            return_values_on_condition_failure="ALL_OLD",
        )
        values["ReturnValues"] = "ALL_NEW"
        try:
            raw = self._dispatch("UpdateItem", values)["Attributes"]
        except _ConditionFailed as error:
            if not error.found:
                raise NotFound(place[0].partition("#")[0]) from None
            if mark is None or _attribute(error.found, mark) != own:
                raise Refused from None
            raw = error.found
        return self._item.from_raw_data(raw)

    def _transact(self, add: Callable[[TransactWrite], None]) -> None:
        """One transaction, tried anew where another one was at the same items.

        Raises:
            ConditionFailed: Nothing was written.
            Unavailable: DynamoDB did not answer, or the others never made way.
        """

        def attempt() -> None:
            with self._tables.transaction() as write:
                add(write)

        self._tables.retrying(attempt)

    def _dispatch(self, operation: str, values: dict[str, Any]) -> dict[str, Any]:
        """A single conditional write, tried anew where a transaction was at the same item."""
        connection = self._item._get_connection().connection

        def attempt() -> dict[str, Any]:
            with translated():
                try:
                    answer: dict[str, Any] = connection.dispatch(operation, values)
                except ClientError as error:
                    code = error_code(error)
                    if code == "ConditionalCheckFailedException":
                        raise _ConditionFailed(getattr(error.__cause__, "response", {}).get("Item", {})) from None
                    if code == "TransactionConflictException":
                        raise Conflict("a transaction is at the item") from error
                    raise
            return answer

        return self._tables.retrying(attempt)


class _ConditionFailed(Exception):
    """A single write's condition did not hold; ``found`` is the raw item that was there, or empty."""

    def __init__(self, found: dict[str, Any]) -> None:
        super().__init__("a condition did not hold")
        self.found = found


def _attribute(raw: dict[str, Any], name: str) -> str | None:
    value: str | None = raw.get(name, {}).get("S")
    return value


def _of_kind(item: GrantItem, kind: str) -> GrantItem:
    if item.kind != kind:
        raise NotFound(kind)
    return item
