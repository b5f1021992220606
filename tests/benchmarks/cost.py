"""``make cost``: the price of a million requests per route, from calls and bytes counted and ``costs/prices.toml``."""

import contextlib
import io
import itertools
import math
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from authmint.local.deployment import deployment
from authmint.local.template import read
from botocore.session import Session

from tests.benchmarks.measure import cpu
from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.faults import prepared
from tests.functions.test_least_privilege import _asserted
from tests.support.backend import LocalAws, start

PRICES: Final = Path(__file__).parents[2] / "costs" / "prices.toml"
_ASK: Final = "grant_type=client_credentials&scope=a"
_READ_UNIT: Final = 4_096
_WRITE_UNIT: Final = 1_024
Item = Mapping[str, Mapping[str, Any]]


def item_bytes(item: Item) -> int:
    """The size of an item as DynamoDB counts it: names and values."""
    size = 0
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        size += len(name.encode())
        size += len(str(value)) // 2 + 1 if kind == "N" else len(str(value).encode())
    return size


def read_units(items: list[Item], *, asked: int) -> int:
    """Strongly consistent reads: each item by itself; one that is not there costs one unit as well."""
    return sum(max(1, math.ceil(item_bytes(item) / _READ_UNIT)) for item in items) + asked - len(items)


@dataclass
class Meter:
    """Counts what the functions' clients call."""

    calls: int = 0
    reads: int = 0
    writes: int = 0
    kms: int = 0
    on: bool = False

    def watch(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build.*.*", self._sent)
        client.meta.events.register("after-call.dynamodb.*", self._answered)

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        self.calls = self.reads = self.writes = self.kms = 0
        self.on = True
        yield
        self.on = False

    def _sent(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if not self.on:
            return
        if model.service_model.service_name == "kms":
            self.kms += 1
            return
        self.calls += 1
        if model.name == "PutItem":
            self.writes += math.ceil(item_bytes(params["Item"]) / _WRITE_UNIT)
        elif model.name == "BatchGetItem":
            self.reads += sum(len(table["Keys"]) for table in params["RequestItems"].values())
        elif model.name == "GetItem":
            self.reads += 1
        else:
            raise NotImplementedError(model.name)

    def _answered(self, parsed: Mapping[str, Any], **_: Any) -> None:
        """Items larger than one unit; the first unit of each was counted when it was asked for."""
        if not self.on:
            return
        found = [item for items in parsed.get("Responses", {}).values() for item in items]
        found += [parsed["Item"]] if "Item" in parsed else []
        self.reads += read_units(found, asked=len(found)) - len(found)


@dataclass(frozen=True)
class Usage:
    """What one warm request of a route takes."""

    route: str
    function: str
    cpu_ms: float
    calls: int
    reads: int
    writes: int
    log_bytes: int


@dataclass(frozen=True)
class Price:
    """Dollars for a million requests, by what they are paid for."""

    http_api: float
    function: float
    dynamodb: float
    logs: float
    kms: float

    @property
    def total(self) -> float:
        return self.http_api + self.function + self.dynamodb + self.logs + self.kms


def price(usage: Usage, memory: int, prices: Mapping[str, Any]) -> Price:
    """A million warm requests and the cold starts among them."""
    assumed, million = prices["assumed"], 1_000_000
    share = min(1.0, memory / assumed["megabytes_per_processor"])
    billed = math.ceil(usage.cpu_ms / share + usage.calls * assumed["dynamodb_milliseconds"])
    cold = million / assumed["requests_per_environment"]
    seconds = (billed * million + assumed["cold_start_milliseconds"] * cold) / 1_000
    units = usage.reads * prices["dynamodb"]["per_million_read_units"]
    units += usage.writes * prices["dynamodb"]["per_million_write_units"]
    written = usage.log_bytes + assumed["platform_log_bytes"] + assumed["access_log_bytes"]
    return Price(
        http_api=prices["http_api"]["per_million_requests"],
        function=prices["lambda"]["per_million_requests"]
        + seconds * memory / 1_024 * prices["lambda"]["per_gb_second"],
        dynamodb=units,
        logs=written * million / 1e9 * prices["logs"]["per_gb"],
        kms=cold / 10_000 * prices["kms"]["per_ten_thousand_requests"] if usage.function == "token" else 0.0,
    )


def usages(aws: LocalAws) -> list[Usage]:
    """Every route, warm, over a real backend."""
    meter = Meter()
    create_client = Session.create_client

    def create(self: Session, service: str, *values: Any, **named: Any) -> Any:
        client = create_client(self, service, *values, **named)
        meter.watch(client)
        return client

    functions = Functions(aws.fresh())
    ready = prepared(functions)
    server, client, secret = ready
    signing = {"credentials": {"signing": {"alg": "RS256"}}}  # what a server has unless told otherwise
    body = {"name": "s", "audiences": ["api://s"], "issuerMode": "ORG_URL"} | signing
    functions.admin("PUT", f"/api/v1/authorizationServers/{server}", body)
    with patch.object(Session, "create_client", create):
        functions.restart()
        stale = Functions(functions.deployed, AUTHMINT_STALENESS_MS="60000")
        event = form_event("token", server, _ASK, client, secret)
        with contextlib.redirect_stdout(io.StringIO()):
            token = functions.http("token", event)["body"].partition('"access_token":"')[2].partition('"')[0]
        public = {"pathParameters": {"authServerId": server}}

        def status(path: str) -> dict[str, Any]:
            return functions.http("token_status", form_event(path, server, f"token={token}", client, secret))

        routes: list[tuple[str, str, Callable[[], dict[str, Any]]]] = [
            ("token", "token", partial(functions.http, "token", event)),
            ("token, bounded staleness", "token", partial(stale.http, "token", event)),
            ("token by client assertion", "token", lambda: functions.http("token", _fresh_assertion(server))),
            ("introspect", "token_status", partial(status, "introspect")),
            ("revoke", "token_status", partial(status, "revoke")),
            ("keys", "jwks", partial(functions.http, "jwks", load_event("jwks") | public)),
            ("metadata", "discovery", partial(functions.http, "discovery", load_event("discovery") | public)),
        ]
        return [_usage(route, function, work, meter) for route, function, work in routes]


_NUMBERS: Final = itertools.count()


def _fresh_assertion(server: str) -> dict[str, Any]:
    client = {"client_id": "hmac-client", "client_secret": "s" * 40}
    event = form_event("token", server, _ASK, "", "")
    return _asserted(event, server, "token", client, jti=f"{time.monotonic_ns()}-{next(_NUMBERS)}")


def _usage(route: str, function: str, work: Callable[[], dict[str, Any]], meter: Meter) -> Usage:
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    with meter.counting(), contextlib.redirect_stdout(io.StringIO()) as written:
        answer = work()
    assert answer["statusCode"] == 200, answer
    calls, reads, writes = meter.calls, meter.reads, meter.writes
    assert meter.kms == 0, "a warm request calls no key management"
    spent = cpu(work, rounds=3, seconds=0.2) / 1_000
    return Usage(route, function, spent, calls, reads, writes, len(written.getvalue().encode()))


def main() -> int:
    prices = tomllib.loads(PRICES.read_text())
    specs = read(deployment().template, parameters={"Stage": "prod"}).functions
    backend = start()
    try:
        os.environ |= {
            "AWS_ENDPOINT_URL_DYNAMODB": backend.endpoint,
            "AWS_ENDPOINT_URL_KMS": backend.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        found = usages(LocalAws(backend.endpoint))
    finally:
        backend.stop()
    entered = f"list prices as entered on {prices['date']} (costs/prices.toml)"
    print(f"US dollars per million requests, {prices['region']}, {entered}\n")
    columns = ("CPU ms", "reads", "writes", "log B", "HTTP API", "Lambda", "DynamoDB", "logs", "KMS", "total")
    print(f"{'route':<27}" + "".join(f"{column:>9}" for column in columns))
    for usage in found:
        cost = price(usage, specs[usage.function].memory, prices)
        counted = f"{usage.cpu_ms:>9.2f}{usage.reads:>9}{usage.writes:>9}{usage.log_bytes:>9}"
        parts = (cost.http_api, cost.function, cost.dynamodb, cost.logs, cost.kms, cost.total)
        print(f"{usage.route:<27}{counted}" + "".join(f"{part:>9.2f}" for part in parts))
    compared = prices["compared"]
    token = price(found[0], specs["token"].memory, prices).total
    print(f"\n{compared['name']}: {compared['per_million_tokens']:.2f} per million ({compared['also']})")
    print(f"  {compared['per_million_tokens'] / token:.0f} times the token route above; source: {compared['source']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
