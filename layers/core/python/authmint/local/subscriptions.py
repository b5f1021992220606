"""CloudWatch Logs subscriptions: log lines that hold an event are delivered, a few at a time, to a function."""

import asyncio
import base64
import gzip
import json
import sys
import time
import uuid
from typing import Any, Final

from .environments import InvocationFailed, Pool

_EVERY_SECONDS: Final = 0.1
_AT_ONCE: Final = 1_000


class Subscription:
    """Collects the lines of one log group and hands them over. What the function does not take is shown."""

    def __init__(self, log_group: str) -> None:
        self._log_group = log_group
        self._lines: list[dict[str, Any]] = []

    def line(self, line: bytes) -> None:
        """Take a line where it holds an event: the filter pattern of the template."""
        try:
            found = json.loads(line)
            wanted = isinstance(found["event"]["id"], str)
        except (ValueError, TypeError, KeyError):
            return
        if wanted:
            text = line.decode("utf-8").rstrip()
            self._lines.append({"id": uuid.uuid4().hex, "timestamp": int(time.time() * 1000), "message": text})

    async def deliver(self, pool: Pool) -> None:
        """Deliver for ever; when cancelled, what is left."""
        try:
            while True:
                await asyncio.sleep(_EVERY_SECONDS)
                await self.flush(pool)
        finally:
            await self.flush(pool)

    async def flush(self, pool: Pool) -> None:
        """Deliver what there is."""
        while self._lines:
            batch, self._lines = self._lines[:_AT_ONCE], self._lines[_AT_ONCE:]
            try:
                outcome = await pool.invoke(json.dumps(self._delivery(batch)).encode())
            except InvocationFailed as error:
                print(f"authmint: {len(batch)} token events are lost: {error}", file=sys.stderr)
                continue
            if outcome.error:
                text = outcome.body.decode("utf-8", "replace")[:500]
                print(f"authmint: {len(batch)} token events are lost: {text}", file=sys.stderr)

    def _delivery(self, batch: list[dict[str, Any]]) -> dict[str, Any]:
        delivery = {
            "messageType": "DATA_MESSAGE",
            "owner": "local",
            "logGroup": self._log_group,
            "logStream": "local",
            "subscriptionFilters": ["local"],
            "logEvents": batch,
        }
        return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(delivery).encode())).decode("ascii")}}
