"""An events table in memory, over which time, faults and writes that take a while are in a test's hands.

It knows the few calls that the system log makes. The contract tests hold the same log over a real backend.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authmint.dynamo.connection import SharedConnection
from authmint.dynamo.tables import Tables, tables
from authmint.storage.retrying import Retrying
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.connection.base import Connection

from tests.support.fakes import NOW

Raw = Mapping[str, Mapping[str, Any]]
_BETWEEN = re.compile(r"\(?#\d = (:\d)(?: AND #\d (?:BETWEEN (:\d) AND (:\d)|= (:\d)))?\)?")


@dataclass
class Milliseconds:
    """A clock of which tests move every millisecond."""

    at: int = NOW * 1000

    def now(self) -> int:
        return self.at // 1000

    def now_ms(self) -> int:
        return self.at


@dataclass
class EventTable:
    """The table, seen as a client of DynamoDB.

    Attributes:
        delay: Milliseconds until what is written now can be read.
        fault: Told the name of each call; ``refused``: it is throttled; ``lost``: it is done, and the answer is lost.
        made: Names of the calls so far.
    """

    clock: Milliseconds
    delay: int = 0
    fault: Callable[[str], str | None] = lambda _: None
    made: list[str] = field(default_factory=list)
    written: list[Raw] = field(default_factory=list)
    _items: dict[tuple[str, str], tuple[int, Raw]] = field(default_factory=dict)

    def tables(self) -> Tables:
        """The table as a function sees it, without pauses."""
        connection = _Connection(self)
        retrying = Retrying(sleep=lambda _: None, random=lambda: 1.0)
        return tables(
            connection, config="config", grants="grants", events="events", clock=self.clock, retrying=retrying
        )

    def stored(self) -> set[tuple[str, str]]:
        return set(self._items)

    def partitions(self) -> set[str]:
        return {pk for pk, _ in self._items}

    def _make_api_call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.made.append(operation)
        fault = self.fault(operation)
        if fault == "refused":
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, operation)
        answer: dict[str, Any] = getattr(self, f"_{operation}")(parameters)
        if fault == "lost":
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
        return answer

    def _PutItem(self, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - DynamoDB's name
        self._put(parameters["Item"], parameters["TableName"])
        return {}

    def _GetItem(self, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        _, item = self._items.get(_key(parameters["Key"], parameters["TableName"]), (0, None))
        return {} if item is None else {"Item": item}

    def _BatchWriteItem(self, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Deletes; the last of several is left for another call."""
        asked = parameters["RequestItems"]["events"]
        for request in asked[: max(len(asked) - 1, 1)]:
            self._items.pop(_key(request["DeleteRequest"]["Key"]), None)
        left = asked[max(len(asked) - 1, 1) :]
        return {"UnprocessedItems": {"events": left} if left else {}}

    def batch_write_item(self, **parameters: Any) -> dict[str, Any]:
        """As botocore offers the same call."""
        return self._make_api_call("BatchWriteItem", parameters)

    def _TransactWriteItems(self, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        puts = [operation["Put"] for operation in parameters["TransactItems"]]
        failed = ["ConditionExpression" in put and _key(put["Item"]) in self._items for put in puts]
        if any(failed):
            reasons = [{"Code": "ConditionalCheckFailed" if there else "None"} for there in failed]
            answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(answer, "TransactWriteItems")
        for put in puts:
            self._put(put["Item"])
        return {}

    def _BatchGetItem(self, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        keys = parameters["RequestItems"]["events"]["Keys"]
        found = [self._items[_key(key)][1] for key in keys if _key(key) in self._items]
        return {"Responses": {"events": found}, "UnprocessedKeys": {}}

    def _Query(self, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        condition = parameters["KeyConditionExpression"]
        values = {name: typed["S"] for name, typed in parameters["ExpressionAttributeValues"].items()}
        if " AND " not in condition:
            values |= {":1": "", ":2": "~"}
            condition += " AND #1 BETWEEN :1 AND :2"
        matched = _BETWEEN.fullmatch(condition)
        assert matched, condition
        pk, low, high, exact = (values.get(name or "", "") for name in matched.groups())
        low, high = (exact, exact) if exact else (low, high)
        assert low <= high, "DynamoDB refuses such bounds"
        backwards = not parameters.get("ScanIndexForward", True)
        found = sorted((key for key in self._items if key[0] == pk and low <= key[1] <= high), reverse=backwards)
        found = [key for key in found if self._items[key][0] <= self.clock.at]
        if start := parameters.get("ExclusiveStartKey"):
            place = _key(start)
            found = [key for key in found if (key < place if backwards else key > place)]
        limit = parameters.get("Limit", 1_000_000)
        answer: dict[str, Any] = {"Items": [self._items[key][1] for key in found[:limit]]}
        if "ProjectionExpression" in parameters:
            answer["Items"] = [{n: v for n, v in item.items() if n != "pack"} for item in answer["Items"]]
        if len(found) > limit:
            pk, sk = found[limit - 1]
            answer["LastEvaluatedKey"] = {"pk": {"S": pk}, "sk": {"S": sk}}
        return answer | {"Count": len(answer["Items"]), "ScannedCount": len(answer["Items"])}

    def _put(self, item: Raw, table: str = "events") -> None:
        self.written.append(item)
        visible, _ = self._items.get(_key(item, table), (self.clock.at + self.delay, item))
        self._items[_key(item, table)] = (visible, item)


class _Connection(SharedConnection):
    """pynamodb's connection over the table."""

    def __init__(self, table: EventTable) -> None:
        Connection.__init__(self)
        self._own: Any = table


def _key(item: Raw, table: str = "events") -> tuple[str, str]:
    """Where an item is: among those of the events table, or with the name of another one."""
    pk: str = item["pk"]["S"]
    return pk if table == "events" else f"{table}/{pk}", item["sk"]["S"]
