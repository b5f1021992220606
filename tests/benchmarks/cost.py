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
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from authmint.local.deployment import deployment
from authmint.local.template import read

from tests.benchmarks import people
from tests.benchmarks.measure import cpu_of
from tests.functions.assertions import asserted
from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.faults import prepared
from tests.support.backend import Deployed, LocalAws, start

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


def query_units(items: list[Item]) -> int:
    """A strongly consistent Query: all items together; one that finds nothing costs one unit as well."""
    return max(1, math.ceil(sum(map(item_bytes, items)) / _READ_UNIT))


def write_units(item: Item, *, in_transaction: bool = False) -> int:
    """An item as it is after a write that removes nothing from it. In a transaction every item is written twice."""
    return math.ceil(item_bytes(item) / _WRITE_UNIT) * (2 if in_transaction else 1)


@dataclass
class Meter:
    """Counts what the functions' clients call.

    Attributes:
        find: The item of a table by its key, by a client that is not watched: an update does not say how large it is.
        requests: Answers of functions.
    """

    find: Callable[[str, Item], Item]
    requests: int = 0
    calls: int = 0
    reads: int = 0
    writes: int = 0
    kms: int = 0
    on: bool = False
    _changed: list[tuple[Mapping[str, Any], bool]] = field(default_factory=list)

    def watch(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build.*.*", self.sent)
        client.meta.events.register("after-call.dynamodb.*", self.answered)

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        self.requests = self.calls = self.reads = self.writes = self.kms = 0
        self.on = True
        yield
        self.on = False

    def sent(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """botocore's event: one call, whose parameters are known."""
        if not self.on:
            return
        if model.service_model.service_name == "kms":
            self.kms += 1
            return
        self.calls += 1
        if model.name == "PutItem":
            self.writes += write_units(params["Item"])
        elif model.name == "UpdateItem":
            self._changed.append((params, False))
        elif model.name == "TransactWriteItems":
            for operation in params["TransactItems"]:
                self._sent_in_transaction(operation)
        elif model.name == "BatchGetItem":
            self.reads += sum(len(table["Keys"]) for table in params["RequestItems"].values())
        elif model.name in ("GetItem", "Query"):
            self.reads += 1
        else:
            raise NotImplementedError(model.name)

    def _sent_in_transaction(self, operation: Mapping[str, Any]) -> None:
        ((name, values),) = operation.items()
        if name == "Put":
            self.writes += write_units(values["Item"], in_transaction=True)
        elif name == "Update":
            self._changed.append((values, True))
        else:
            raise NotImplementedError(name)

    def answered(self, parsed: Mapping[str, Any], **_: Any) -> None:
        """botocore's event: what was found that is larger than one unit, which was counted when it was asked for."""
        if not self.on:
            return
        found = [item for items in parsed.get("Responses", {}).values() for item in items]
        found += [parsed["Item"]] if "Item" in parsed else []
        self.reads += read_units(found, asked=len(found)) - len(found)
        self.reads += query_units(parsed.get("Items", [])) - 1
        for values, in_transaction in self._changed:
            self.writes += write_units(self.find(values["TableName"], values["Key"]), in_transaction=in_transaction)
        self._changed.clear()


class Metered(Functions):
    """Functions whose answers are counted, and are what they should be."""

    def __init__(self, deployed: Deployed, meter: Meter, **environment: str) -> None:
        super().__init__(deployed, None, **environment)
        self._meter = meter

    def http(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = super().http(name, event)
        assert answer["statusCode"] < 400, answer
        self._meter.requests += 1
        return answer


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
    """A million warm operations and the cold starts among them."""
    assumed, million, requests = prices["assumed"], 1_000_000, usage.requests
    share = min(1.0, memory / assumed["megabytes_per_processor"])
    spent = usage.cpu_ms / share + usage.calls * assumed["dynamodb_milliseconds"]
    billed = requests * math.ceil(spent / requests)
    cold = million * requests / assumed["requests_per_environment"]
    seconds = (billed * million + assumed["cold_start_milliseconds"] * cold) / 1_000
    units = usage.reads * prices["dynamodb"]["per_million_read_units"]
    units += usage.writes * prices["dynamodb"]["per_million_write_units"]
    written = usage.log_bytes + requests * (assumed["platform_log_bytes"] + assumed["access_log_bytes"])
    return Price(
        http_api=requests * prices["http_api"]["per_million_requests"],
        function=requests * prices["lambda"]["per_million_requests"]
        + seconds * memory / 1_024 * prices["lambda"]["per_gb_second"],
        dynamodb=units,
        logs=written * million / 1e9 * prices["logs"]["per_gb"],
        kms=cold / 10_000 * prices["kms"]["per_ten_thousand_requests"] if usage.function == "token" else 0.0,
    )


def usages(aws: LocalAws) -> list[Usage]:
    """Every route, warm, over a real backend."""
    meter = metered_by(aws)
    with people.watched(meter.watch):
        found = [_usage(operation, meter) for operation in _of_machines(aws, meter)]
        return found + [_usage(operation, meter) for operation in of_people(aws, meter)]


def metered_by(aws: LocalAws) -> Meter:
    """A meter that reads by a client of its own. Make it before clients are watched."""
    dynamodb = aws.session().create_client("dynamodb", endpoint_url=aws.endpoint)

    def find(table: str, key: Item) -> Item:
        found: Item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
        return found

    return Meter(find)


def of_people(aws: LocalAws, meter: Meter) -> list[people.Operation]:
    """What a sign-in takes, and what follows it."""
    with contextlib.redirect_stdout(io.StringIO()):
        maria = people.signed_in(Metered(aws.fresh(), meter), "RS256")
        return [
            people.whole_sign_in(maria),
            people.redemption(maria),
            people.refresh(maria, "ROTATE"),
            people.userinfo(maria),
        ]


def _of_machines(aws: LocalAws, meter: Meter) -> list[people.Operation]:
    functions = Metered(aws.fresh(), meter)
    server, client, secret = prepared(functions)
    signing = {"credentials": {"signing": {"alg": "RS256"}}}  # what a server has unless told otherwise
    body = {"name": "s", "audiences": ["api://s"], "issuerMode": "ORG_URL"} | signing
    functions.admin("PUT", f"/api/v1/authorizationServers/{server}", body)
    functions.restart()
    stale = Metered(functions.deployed, meter, AUTHMINT_STALENESS_MS="60000")
    event = form_event("token", server, _ASK, client, secret)
    with contextlib.redirect_stdout(io.StringIO()):
        token = functions.http("token", event)["body"].partition('"access_token":"')[2].partition('"')[0]
    public = {"pathParameters": {"authServerId": server}}
    jwks, metadata = (load_event(name) | public for name in ("jwks", "discovery"))

    def status(path: str, _: object) -> dict[str, Any]:
        return functions.http("token_status", form_event(path, server, f"token={token}", client, secret))

    return [
        people.Operation("token", "token", lambda _: functions.http("token", event)),
        people.Operation("token, bounded staleness", "token", lambda _: stale.http("token", event)),
        people.Operation(
            "token by client assertion", "token", lambda _: functions.http("token", _fresh_assertion(server))
        ),
        people.Operation("introspect", "token_status", partial(status, "introspect")),
        people.Operation("revoke", "token_status", partial(status, "revoke")),
        people.Operation("keys", "jwks", lambda _: functions.http("jwks", jwks)),
        people.Operation("metadata", "discovery", lambda _: functions.http("discovery", metadata)),
    ]


_NUMBERS: Final = itertools.count()


def _fresh_assertion(server: str) -> dict[str, Any]:
    client = {"client_id": "hmac-client", "client_secret": "s" * 40}
    event = form_event("token", server, _ASK, "", "")
    return asserted(event, server, "token", client, jti=f"{time.monotonic_ns()}-{next(_NUMBERS)}")


def _usage(operation: people.Operation, meter: Meter) -> Usage:
    usage = counted(operation, meter)
    return replace(usage, cpu_ms=cpu_of(operation.work, operation.fresh, rounds=3, seconds=0.2) / 1_000)


def counted(operation: people.Operation, meter: Meter) -> Usage:
    """What a warm operation takes, but for the time."""
    with contextlib.redirect_stdout(io.StringIO()):
        operation.work(operation.fresh())
        thing = operation.fresh()
    with meter.counting(), contextlib.redirect_stdout(io.StringIO()) as written:
        operation.work(thing)
    assert meter.kms == 0, "a warm request calls no key management"
    logged = len(written.getvalue().encode())
    return Usage(
        operation.name, operation.function, 0.0, meter.calls, meter.reads, meter.writes, logged, meter.requests
    )


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
    columns = (
        "requests",
        "CPU ms",
        "reads",
        "writes",
        "log B",
        "HTTP API",
        "Lambda",
        "DynamoDB",
        "logs",
        "KMS",
        "total",
    )
    print(f"{'route':<27}" + "".join(f"{column:>9}" for column in columns))
    for usage in found:
        cost = price(usage, specs[usage.function].memory, prices)
        taken = f"{usage.requests:>9}{usage.cpu_ms:>9.2f}{usage.reads:>9}{usage.writes:>9}{usage.log_bytes:>9}"
        parts = (cost.http_api, cost.function, cost.dynamodb, cost.logs, cost.kms, cost.total)
        print(f"{usage.route:<27}{taken}" + "".join(f"{part:>9.2f}" for part in parts))
    compared = prices["compared"]
    token = price(found[0], specs["token"].memory, prices).total
    print(f"\n{compared['name']}: {compared['per_million_tokens']:.2f} per million ({compared['also']})")
    print(f"  {compared['per_million_tokens'] / token:.0f} times the token route above; source: {compared['source']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
