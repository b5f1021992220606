"""``CodeTries`` in DynamoDB: beside the sign-ins of a user (``users``)."""

from collections.abc import Sequence

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ..storage.errors import Conflict
from .connection import error_code, translated
from .items import ConfigItem
from .tables import Tables
from .users import SIGN_INS, partition


class DynamoCodeTries:
    """``CodeTries``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def take(self, user_id: str, *, most: int, at: int) -> int:
        tried = self._item.failed_codes
        room: Condition = tried.does_not_exist() | (tried < most)
        actions = [tried.add(1), self._item.code_tried_at.set(at)]
        counts = self._update(user_id, actions, self._item.pk.exists() & room)
        if counts is None:
            raise Conflict(user_id)
        return int(counts.failed_codes or 0)

    def give_back(self, user_id: str) -> None:
        self._update(user_id, [self._item.failed_codes.add(-1)], self._item.failed_codes > 0)

    def clear(self, user_id: str) -> None:
        self._update(user_id, [self._item.failed_codes.set(0)], self._item.failed_codes > 0)

    def _update(self, user_id: str, actions: Sequence[Action], condition: Condition) -> ConfigItem | None:
        """The counts afterwards; ``None`` where the condition does not hold."""

        def attempt() -> ConfigItem | None:
            counts = self._item(partition(user_id), SIGN_INS)
            with translated():
                try:
                    counts.update(list(actions), condition=condition)
                except UpdateError as error:
                    code = error_code(error)
                    if code == "TransactionConflictException":
                        raise Conflict(user_id) from error
                    if code != "ConditionalCheckFailedException":
                        raise
                    return None
            return counts

        return self._tables.retrying(attempt)
