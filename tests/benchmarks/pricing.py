"""The arithmetic of ``make cost``: from what was counted and what is charged to dollars, and the tables of them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from authmint.local.deployment import deployment
from authmint.local.template import load as template_of
from authmint.local.template import read

from tests.benchmarks.event_load import Load

COUNTED: Final = Path(__file__).parents[2] / "costs" / "counted.json"
MILLION: Final = 1_000_000
_MONTH_SECONDS: Final = 2_628_000
#: For how many months an event is kept.
_MONTHS: Final = 3
#: Tokens a month.
SIZES: Final = (10_000, MILLION, 100 * MILLION)
#: Code redemptions a second, and the bars of what they may write.
FLOOD: Final = 1_000
MOST_UNITS, MOST_OF_A_PARTITION, MOST_IN_A_TRICKLE = 600, 250, 2.0
#: Dollars for a million machine tokens, with the stored log and without it.
MOST_DOLLARS, MOST_WITHOUT = 2.60, 2.20


@dataclass(frozen=True)
class Usage:
    """What one warm operation takes: one request to a function, or several of a browser."""

    route: str
    function: str
    cpu_ms: float
    calls: int
    reads: int
    writes: int
    log_bytes: int
    requests: int = 1
    log_lines: int = 0
    kms: int = 0


@dataclass(frozen=True)
class Sink:
    """What a delivery of one event takes, and what each further one adds."""

    first_ms: float
    further_ms: float
    log_bytes: int


@dataclass(frozen=True)
class Counted:
    """Everything that was counted.

    Attributes:
        loads: Of the routes that log events, in a deployment of the largest size.
        sizes: Of machine tokens, by size.
        flood: A thousand code redemptions a second.
        trickle: One event in each delivery.
    """

    date: str
    usages: Sequence[Usage]
    sink: Sink
    loads: Mapping[str, Load]
    sizes: Sequence[Load]
    flood: Load
    trickle: Load

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Counted":
        raw = json.loads(text)
        return cls(
            raw["date"],
            [Usage(**usage) for usage in raw["usages"]],
            Sink(**raw["sink"]),
            {route: Load(**found) for route, found in raw["loads"].items()},
            [Load(**found) for found in raw["sizes"]],
            Load(**raw["flood"]),
            Load(**raw["trickle"]),
        )


@dataclass(frozen=True)
class Price:
    """Dollars for a million operations, by what they are paid for. ``stored``: the log of events, kept for 90 days."""

    http_api: float
    function: float
    dynamodb: float
    logs: float
    kms: float
    stored: float = 0.0

    @property
    def without(self) -> float:
        return self.http_api + self.function + self.dynamodb + self.logs + self.kms

    @property
    def total(self) -> float:
        return self.without + self.stored


def price(usage: Usage, memory: int, prices: Mapping[str, Any]) -> Price:
    """A million warm operations and the cold starts among them, without what becomes of their events."""
    assumed, requests = prices["assumed"], usage.requests
    spent = usage.cpu_ms / share_of(memory, prices) + usage.calls * assumed["dynamodb_milliseconds"]
    billed = requests * math.ceil(spent / requests)
    cold = MILLION * requests / assumed["requests_per_environment"]
    seconds = (billed * MILLION + assumed["cold_start_milliseconds"] * cold) / 1_000
    units = usage.reads * prices["dynamodb"]["per_million_read_units"]
    units += usage.writes * prices["dynamodb"]["per_million_write_units"]
    around = assumed["platform_log_bytes"] + access_log_bytes(prices)
    written = usage.log_bytes + usage.log_lines * assumed["line_overhead_bytes"] + requests * around
    return Price(
        http_api=requests * prices["http_api"]["per_million_requests"],
        function=requests * prices["lambda"]["per_million_requests"]
        + seconds * memory / 1_024 * prices["lambda"]["per_gb_second"],
        dynamodb=units,
        logs=_logs(written * MILLION, prices),
        kms=_keys(usage, cold) / 10_000 * prices["kms"]["per_ten_thousand_requests"],
    )


def _keys(usage: Usage, cold: float) -> float:
    """Calls of key management: a signing key is opened by each instance that starts, a factor's secret each time."""
    return usage.kms * MILLION + (cold if usage.function == "token" else 0.0)


def share_of(memory: int, prices: Mapping[str, Any]) -> float:
    """The part of a processor that a function has."""
    return min(1.0, memory / float(prices["assumed"]["megabytes_per_processor"]))


def access_log_bytes(prices: Mapping[str, Any]) -> int:
    """The line that API Gateway writes of a request, in the form that the template gives it."""
    properties = template_of(deployment().template)["Resources"]["Api"]["Properties"]
    line: str = properties["AccessLogSettings"]["Format"]
    for variable, value in prices["assumed"]["access_log"].items():
        line = line.replace(variable, value)
    if "$context" in line:
        raise ValueError(f"costs/prices.toml does not say what stands for a variable of {line}")
    return len(line) + int(prices["assumed"]["line_overhead_bytes"])


def _logs(size: float, prices: Mapping[str, Any]) -> float:
    """Log lines of so many bytes: taken in, and archived."""
    archived = prices["assumed"]["archived_share"] * _MONTHS * prices["logs"]["archived_per_gb_month"]
    return size / 1e9 * float(prices["logs"]["per_gb"] + archived)


def stored(load: Load, sink: Sink, memory: int, prices: Mapping[str, Any]) -> float:
    """Dollars for a million events in the log: the function, its writes, ninety days of storage, and recovery."""
    deliveries = MILLION / load.batch
    spent = (sink.first_ms + sink.further_ms * (load.batch - 1)) / share_of(memory, prices)
    billed = math.ceil(spent + prices["assumed"]["dynamodb_milliseconds"] * load.calls_of_delivery)
    run = deliveries / MILLION * prices["lambda"]["per_million_requests"]
    run += deliveries * billed / 1_000 * memory / 1_024 * prices["lambda"]["per_gb_second"]
    writes = load.units / load.events * prices["dynamodb"]["per_million_write_units"]
    kept = prices["dynamodb_storage"]["per_gb_month"] + prices["dynamodb_storage"]["recovery_per_gb_month"]
    storage = load.stored / load.events * MILLION / 1e9 * _MONTHS * kept
    return float(run + writes + storage + _logs(deliveries * sink.log_bytes, prices))


@dataclass(frozen=True)
class Standing:
    """What a deployment costs a month while nobody uses it."""

    keys: int
    alarms: int
    dashboards: int
    metrics: int

    @classmethod
    def of_template(cls, prices: Mapping[str, Any]) -> "Standing":
        kinds = [resource["Type"] for resource in template_of(deployment().template)["Resources"].values()]
        return cls(
            keys=3,  # a key, and the two yearly rotations that are charged
            alarms=kinds.count("AWS::CloudWatch::Alarm"),
            dashboards=kinds.count("AWS::CloudWatch::Dashboard"),
            metrics=prices["assumed"]["metrics"],
        )

    def dollars(self, prices: Mapping[str, Any]) -> float:
        watch = prices["cloudwatch"]
        return float(
            self.keys * prices["kms"]["per_key_month"]
            + self.alarms * watch["per_alarm_month"]
            + self.dashboards * watch["per_dashboard_month"]
            + self.metrics * watch["per_metric_month"]
        )


@dataclass(frozen=True)
class Tables:
    """What ``make cost`` prints, and ``docs/cost.md`` holds."""

    counted: Counted
    prices: Mapping[str, Any]
    memory: Mapping[str, int] = field(default_factory=lambda: _memory())

    def of_route(self, usage: Usage) -> Price:
        """Dollars for a million operations of a route."""
        found = price(usage, self.memory[usage.function], self.prices)
        load = self.counted.loads.get(usage.route)
        if load is None:
            return found
        events = load.events_of_request
        return replace(found, stored=events * stored(load, self.counted.sink, self.memory["audit_sink"], self.prices))

    def routes(self) -> list[str]:
        lines = [
            "| a million of | requests | HTTP API | Lambda | DynamoDB | log lines | KMS | without the stored log "
            "| stored log | total |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for usage in self.counted.usages:
            found = self.of_route(usage)
            parts = (found.http_api, found.function, found.dynamodb, found.logs, found.kms, found.without)
            figures = " | ".join(f"{part:.2f}" for part in (*parts, found.stored, found.total))
            lines.append(f"| {usage.route} | {usage.requests} | {figures} |")
        return lines

    def months(self) -> list[str]:
        usage = self.counted.usages[0]
        found = price(usage, self.memory[usage.function], self.prices)
        standing = Standing.of_template(self.prices)
        idle = standing.dollars(self.prices)
        lines = [
            "| tokens a month | requests and their log lines | stored log | standing | a month | for a million |",
            "|---|---|---|---|---|---|",
        ]
        for tokens, load in zip(SIZES, self.counted.sizes, strict=True):
            served = found.without * tokens / MILLION
            kept = stored(load, self.counted.sink, self.memory["audit_sink"], self.prices) * tokens / MILLION
            total = served + kept + idle
            row = (f"{served:.2f}", f"{kept:.2f}", f"{idle:.2f}", f"{total:.2f}", f"{total * MILLION / tokens:.2f}")
            lines.append(f"| {tokens:,} | " + " | ".join(row) + " |")
        told = f"{standing.keys} keys (one, rotated twice), {standing.alarms} alarms, "
        told += f"{standing.metrics} metrics, {standing.dashboards} dashboard"
        return [*lines, "", f"Standing is what is paid while nobody comes: {told}."]

    def load(self) -> list[str]:
        flood, trickle = self.counted.flood, self.counted.trickle
        per_second, each = flood.units / flood.seconds, trickle.units / trickle.events
        return [
            "| events table | figure | bar |",
            "|---|---|---|",
            f"| {FLOOD:,} code redemptions a second ({flood.events / flood.seconds:,.0f} events), "
            f"{flood.batch:.0f} events in a delivery: write units a second | {per_second:.0f} | {MOST_UNITS} |",
            f"| the same, busiest partition, of 1,000 | {flood.hottest:.0f} | {MOST_OF_A_PARTITION} |",
            f"| the same, write units of an event | {flood.units / flood.events:.2f} | |",
            f"| one event in a delivery, each by a function that was just started: write units of an event "
            f"| {each:.2f} | {MOST_IN_A_TRICKLE:.0f} |",
            f"| bytes stored of an event, in a flood / in a trickle | {flood.stored / flood.events:.0f} / "
            f"{trickle.stored / trickle.events:.0f} | |",
        ]

    def bars(self) -> dict[str, bool]:
        """Whether each bar is met."""
        token, flood, trickle = self.of_route(self.counted.usages[0]), self.counted.flood, self.counted.trickle
        return {
            f"a million machine tokens: {token.total:.2f} of {MOST_DOLLARS:.2f}": token.total <= MOST_DOLLARS,
            f"without the stored log: {token.without:.2f} of {MOST_WITHOUT:.2f}": token.without <= MOST_WITHOUT,
            "write units a second in a flood": flood.units / flood.seconds <= MOST_UNITS,
            "busiest partition": flood.hottest <= MOST_OF_A_PARTITION,
            "write units of an event in a trickle": trickle.units / trickle.events <= MOST_IN_A_TRICKLE,
        }

    def text(self) -> str:
        """All of it."""
        return "\n".join([*self.routes(), "", *self.months(), "", *self.load()]) + "\n"


def _memory() -> dict[str, int]:
    functions = read(deployment().template, parameters={"Stage": "prod"}).functions
    return {name: spec.memory for name, spec in functions.items()}


def requests_a_second(tokens: int) -> float:
    """Tokens a month, evenly."""
    return tokens / _MONTH_SECONDS
