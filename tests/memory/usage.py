"""What was added up from the system log, in memory."""

from collections.abc import Iterator
from threading import Lock

from authmint.storage.errors import Conflict
from authmint.storage.usage import HOURS_OF_DAY, Counts


class MemoryUsageRecords:
    """``UsageRecords``."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._steps: dict[str, tuple[str, Counts]] = {}

    def reached(self) -> str:
        return self._steps[max(self._steps)][0] if self._steps else ""

    def add(self, counts: Counts, *, start: str, end: str) -> None:
        with self._lock:
            if start in self._steps:
                raise Conflict(start)
            self._steps[start] = (end, counts)

    def read(self, first_day: int, last_day: int) -> Iterator[Counts]:
        def wanted(hour: int) -> bool:
            return first_day <= hour // HOURS_OF_DAY <= last_day

        for _, (_, counts) in sorted(self._steps.items()):
            rows = {row: number for row, number in counts.rows.items() if wanted(row.hour)}
            yield Counts(rows, {hour: marks for hour, marks in counts.people.items() if wanted(hour)})
