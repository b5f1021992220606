"""Time, read in one place so that tests can hold it still."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from. A request reads it once and passes it down."""

    def now(self) -> int:
        """Seconds since the Unix epoch (RFC 7519 §2, NumericDate)."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch; only for ordering and for log lines."""


class SystemClock:
    """Reads the clock of the machine."""

    def now(self) -> int:
        return int(time.time())  # noqa: TID251 - the one place

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def timestamp(seconds: int) -> str:
    """The form of times in the management API (docs/protocol.md §23.1): ``2026-03-02T09:15:07.000Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
