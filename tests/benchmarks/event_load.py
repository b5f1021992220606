"""What the system log writes under a load: real log lines, delivered as CloudWatch Logs would, to a counted table."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from authmint.audit.lines import instant
from authmint.audit.sink import AuditSink
from authmint.clock import SystemClock
from authmint.dynamo.event_log import DynamoEventLog
from authmint.ids import RandomIds

from tests.audit.deliveries import delivery
from tests.support.event_table import EventTable, Milliseconds

WRITE_UNIT = 1_024
#: Bytes that DynamoDB adds to every item that it stores.
OVERHEAD = 100


def size_of(item: Any) -> int:
    """The size of an item as DynamoDB counts it: names and values."""
    size = 0
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        size += len(name.encode())
        size += len(str(value)) // 2 + 1 if kind == "N" else len(value if kind == "B" else str(value).encode())
    return size


@dataclass(frozen=True)
class Load:
    """What was counted.

    Attributes:
        requests, events, deliveries: How many there were.
        calls: Of DynamoDB.
        units, stored: Write units and stored bytes.
        hottest: Write units a second of the busiest partition.
    """

    requests: int
    events: int
    deliveries: int
    calls: int
    units: int
    stored: int
    hottest: float
    seconds: float

    @property
    def batch(self) -> float:
        """Events of a delivery, on average."""
        return self.events / self.deliveries

    @property
    def events_of_request(self) -> float:
        return self.events / self.requests

    @property
    def calls_of_delivery(self) -> float:
        return self.calls / self.deliveries


def loaded(
    lines: Sequence[str],
    *,
    per_second: float,
    request_seconds: float,
    delivery_seconds: float,
    seconds: float,
    idle: bool = False,
) -> Load:
    """Requests at random times, in as many environments as they need twice, each a log stream of its own.

    Args:
        lines: Of one request, as a function wrote them.
        request_seconds: How long an environment is busy with one.
        delivery_seconds: After how long CloudWatch Logs hands over what came in a stream.
        seconds: How long the load lasts.
        idle: Whether the sink is started anew for each delivery.
    """
    random = Random(1)  # noqa: S311 - a load, the same each time
    clock = Milliseconds()
    start = clock.at
    table = EventTable(clock)
    log = DynamoEventLog(table.tables(), clock)
    handed: dict[tuple[float, str], list[str]] = defaultdict(list)
    environments = max(1, math.ceil(per_second * request_seconds * 2))
    phases = [random.random() for _ in range(environments)]
    events = requests = 0
    for at, environment in _requests(random, per_second, seconds, environments):
        fresh = list(_varied(lines, start + round(at * 1_000), random))
        window = math.floor(at / delivery_seconds + phases[environment]) + 1
        handed[((window - phases[environment]) * delivery_seconds, f"stream-{environment}")] += fresh
        events += len(fresh)
        requests += 1
    units: Counter[str] = Counter()
    for (at, stream), messages in sorted(handed.items()):
        clock.at = max(clock.at, start + round(at * 1_000))
        if idle:
            log = DynamoEventLog(table.tables(), clock)
        AuditSink(log)(delivery(*messages, logStream=stream))
    stored = 0
    for item in table.written:
        units[item["pk"]["S"]] += math.ceil(size_of(item) / WRITE_UNIT)
        stored += size_of(item) + OVERHEAD
    return Load(
        requests=requests,
        events=events,
        deliveries=len(handed),
        calls=len(table.made),
        units=units.total(),
        stored=stored,
        hottest=max(units.values()) / seconds,
        seconds=seconds,
    )


def _requests(random: Random, rate: float, seconds: float, environments: int) -> Iterator[tuple[float, int]]:
    at = 0.0
    while (at := at + random.expovariate(rate)) < seconds:
        yield at, random.randrange(environments)


_IDS = RandomIds(SystemClock())


def _varied(lines: Sequence[str], at_ms: int, random: Random) -> Iterator[str]:
    """The lines of another request: everything that differs between two is as random as it is in life."""
    request, user = _IDS.opaque(11), _IDS.object_id("00u")
    login = f"{_IDS.opaque(6)}@example.org"
    address = ".".join(str(random.randrange(256)) for _ in range(4))
    for text in lines:
        line = json.loads(text)
        event = line["event"]
        line["timestamp"] = instant(at_ms)
        event |= {"id": _IDS.uuid(), "request_id": request, "source_ip": address}
        for party in (event["actor"], *event.get("targets", [])):
            if party["type"] == "User":
                party |= {"id": user, "alternate_id": login}
            elif "detail" in party:
                party["id"] = _IDS.opaque(32)
                party["detail"] |= {"expires": at_ms // 1_000 + 3_600} if "expires" in party["detail"] else {}
                party["detail"] |= {"subject": login} if "subject" in party["detail"] else {}
        yield json.dumps(line, separators=(",", ":"))
