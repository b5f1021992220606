"""DynamoDB streams on their way to a function, as Lambda reads them: what was stored is told at once, in batches."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from .environments import InvocationFailed, Pool
from .template import StreamSpec

_EVERY_SECONDS: Final = 0.2
_BATCH: Final = 10


class StreamReader:
    """Reads the stream of one table from now on, and hands over what its function wants of it.

    Args:
        dynamodb: A client of the tables.
        streams: A client of their streams.
        spec: Which function wants what.
    """

    def __init__(self, dynamodb: Any, streams: Any, spec: StreamSpec) -> None:
        self._dynamodb = dynamodb
        self._streams = streams
        self._spec = spec
        self._iterators: dict[str, str | None] = {}

    async def deliver(self, pool: Pool) -> None:
        """Deliver for ever."""
        while True:
            try:
                wanted = await asyncio.to_thread(self.read)
            except (BotoCoreError, ClientError) as error:
                print(f"authmint: the stream of {self._spec.table} cannot be read: {error}", file=sys.stderr)
                wanted = []
                self._iterators.clear()
            for start in range(0, len(wanted), _BATCH):
                await self._invoke(pool, wanted[start : start + _BATCH])
            await asyncio.sleep(_EVERY_SECONDS)

    def read(self) -> list[Any]:
        """What was stored since the last look that the function wants."""
        if not any(self._iterators.values()):
            self._iterators = dict(self._newest())
        found: list[Any] = []
        for shard, iterator in self._iterators.items():
            if iterator is not None:
                answer = self._streams.get_records(ShardIterator=iterator)
                self._iterators[shard] = answer.get("NextShardIterator")
                found += [record for record in answer["Records"] if self._wants(record)]
        return found

    def _newest(self) -> Iterator[tuple[str, str]]:
        arn = self._dynamodb.describe_table(TableName=self._spec.table)["Table"]["LatestStreamArn"]
        for shard in self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "LATEST"}
            yield shard["ShardId"], self._streams.get_shard_iterator(**place)["ShardIterator"]

    def _wants(self, record: Any) -> bool:
        key: str = record["dynamodb"]["Keys"]["pk"]["S"]
        return record["eventName"] == "INSERT" and key.startswith(self._spec.prefix)

    async def _invoke(self, pool: Pool, records: list[Any]) -> None:
        told = [
            {
                "eventName": one["eventName"],
                "eventSource": "aws:dynamodb",
                "dynamodb": {"Keys": one["dynamodb"]["Keys"]},
            }
            for one in records
        ]
        try:
            outcome = await pool.invoke(json.dumps({"Records": told}).encode())
        except InvocationFailed as error:
            print(f"authmint: {self._spec.function} was not told of {len(told)} items: {error}", file=sys.stderr)
            return
        if outcome.error:
            text = outcome.body.decode("utf-8", "replace")[:500]
            print(f"authmint: {self._spec.function} failed: {text}", file=sys.stderr)
