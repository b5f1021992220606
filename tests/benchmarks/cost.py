"""``make cost``: the price of a million requests per route, from calls and bytes counted and ``costs/prices.toml``."""

import contextlib
import io
import itertools
import json
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

from tests.audit.deliveries import delivery
from tests.benchmarks import backchannel, factor_sign_ins, people
from tests.benchmarks.event_load import loaded, size_of
from tests.benchmarks.measure import cpu_of
from tests.benchmarks.pricing import COUNTED, FLOOD, SIZES, Counted, Sink, Tables, Usage, requests_a_second
from tests.functions.assertions import asserted
from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.exchanges import service_at
from tests.functions.faults import prepared
from tests.functions.lists import a_list_of
from tests.support.backend import Deployed, LocalAws, start
from tests.support.dpop import Key

PRICES: Final = Path(__file__).parents[2] / "costs" / "prices.toml"
_ASK: Final = "grant_type=client_credentials&scope=a"
_READ_UNIT: Final = 4_096
_WRITE_UNIT: Final = 1_024
Item = Mapping[str, Mapping[str, Any]]


def read_units(items: list[Item], *, asked: int) -> int:
    """Strongly consistent reads: each item by itself; one that is not there costs one unit as well."""
    return sum(max(1, math.ceil(size_of(item) / _READ_UNIT)) for item in items) + asked - len(items)


def query_units(items: list[Item]) -> int:
    """A strongly consistent Query: all items together; one that finds nothing costs one unit as well."""
    return max(1, math.ceil(sum(map(size_of, items)) / _READ_UNIT))


def write_units(item: Item, *, in_transaction: bool = False) -> int:
    """An item as it is after a write that removes nothing from it. In a transaction every item is written twice."""
    return math.ceil(size_of(item) / _WRITE_UNIT) * (2 if in_transaction else 1)


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

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """What is no part of an operation, in the middle of it."""
        self.on, counting = False, self.on
        yield
        self.on = counting

    def served(self) -> None:
        """A function answered."""
        self.requests += 1

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
        elif name == "Delete":
            # As large as what goes, which is still there.
            self.writes += write_units(self.find(values["TableName"], values["Key"]), in_transaction=True)
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
        self._meter.served()
        return answer


def counted(aws: LocalAws, prices: Mapping[str, Any]) -> Counted:
    """Every route, warm, over a real backend, and what becomes of its events."""
    meter = metered_by(aws)
    found: list[Usage] = []
    lines: dict[str, list[str]] = {}
    with people.watched(meter.watch):
        for operation in [*_of_machines(aws, meter), *of_people(aws, meter)]:
            usage, written = counted_with_lines(operation, meter)
            cpu = cpu_of(operation.work, operation.fresh, rounds=3, seconds=0.2) / 1_000
            found.append(replace(usage, cpu_ms=round(cpu, 2)))
            lines[usage.route] = [line for line in written.splitlines() if '"event":' in line]
        sink = _sink(Functions(aws.fresh()), lines["token"])
    assumed = prices["assumed"]
    loads = {}
    for usage in found:
        busy = usage.cpu_ms / _PART / 1_000 + usage.calls * assumed["dynamodb_milliseconds"] / 1_000
        if lines[usage.route]:
            loads[usage.route] = partial(
                loaded, lines[usage.route], request_seconds=busy, delivery_seconds=assumed["delivery_seconds"]
            )
    rates = [requests_a_second(tokens) for tokens in SIZES]
    return Counted(
        date=time.strftime("%Y-%m-%d"),
        usages=found,
        sink=sink,
        loads={route: load(per_second=rates[-1], seconds=60) for route, load in loads.items()},
        sizes=[loads["token"](per_second=rate, seconds=max(60, 200 / rate), idle=rate < _IDLE) for rate in rates],
        flood=loads["code redemption"](per_second=FLOOD, seconds=10),
        trickle=loads["token"](per_second=_IDLE / 10, seconds=200_000, idle=True),
    )


#: The part of a processor that a function of 512 MB has.
_PART: Final = 0.29
#: Requests a second below which each delivery meets a sink that was just started.
_IDLE: Final = 0.01


def _sink(functions: Functions, lines: list[str]) -> Sink:
    """What the function that records deliveries takes."""
    many, few = 40, delivery(*lines)
    full = delivery(*lines * many)
    with contextlib.redirect_stdout(io.StringIO()) as written:
        functions.direct("audit_sink", few)
    size = len(written.getvalue().encode())
    with contextlib.redirect_stdout(io.StringIO()):
        functions.direct("audit_sink", few)
        first, all_of_them = (
            cpu_of(partial(functions.direct, "audit_sink"), partial(dict, event), rounds=3, seconds=0.2)
            for event in (few, full)
        )
    return Sink(round(first / 1_000, 3), round((all_of_them - first) / (many - 1) / 1_000, 4), size)


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
        maria, ann, bob = (people.signed_in(Metered(aws.fresh(), meter), "RS256") for _ in range(3))
        return [
            people.whole_sign_in(maria),
            factor_sign_ins.of_an_app(ann),
            factor_sign_ins.of_a_passkey(bob),
            people.redemption(maria),
            people.refresh(maria, "ROTATE"),
            people.userinfo(maria),
            *backchannel.of_requests(
                maria, waits=backchannel.refused(maria.functions, meter.served), aside=meter.aside
            ),
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

    shared = form_event("token", server, _ASK, *_sharing(functions))
    service = service_at(functions, server)
    listing = _listing(functions)
    with contextlib.redirect_stdout(io.StringIO()):
        listed = json.loads(functions.http("token", listing)["body"])["access_token"]
        own = service.own()
        exchanged = service.exchanged(own)

    return [
        people.Operation("token", "token", lambda _: functions.http("token", event)),
        people.Operation("token, bounded staleness", "token", lambda _: stale.http("token", event)),
        people.Operation(
            "token by client assertion", "token", lambda _: functions.http("token", _fresh_assertion(server))
        ),
        people.Operation("token, shared", "token", lambda _: functions.http("token", shared)),
        people.Operation("token in a status list", "token", lambda _: functions.http("token", listing)),
        people.Operation("token bound to a key", "token", partial(functions.http, "token"), _bound(functions, event)),
        people.Operation("token exchange", "token", lambda _: service.exchange(own)),
        people.Operation("introspect", "token_status", partial(status, "introspect")),
        people.Operation("introspect, exchanged", "token_status", lambda _: service.introspect(exchanged)),
        people.Operation("revoke", "token_status", partial(status, "revoke")),
        people.Operation("status list", "status_list", lambda _: functions.http("status_list", a_list_of(listed))),
        people.Operation("keys", "jwks", lambda _: functions.http("jwks", jwks)),
        people.Operation("metadata", "discovery", lambda _: functions.http("discovery", metadata)),
    ]


def _sharing(functions: Metered) -> tuple[str, str]:
    """A client whose requests share tokens: id and secret."""
    oauth = {"application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"]}
    app = {
        "label": "sharing",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": oauth | {"token_sharing_seconds": 600}},
    }
    client = functions.admin("POST", "/api/v1/apps", app)["credentials"]["oauthClient"]
    return client["client_id"], client["client_secret"]


def _listing(functions: Metered) -> dict[str, Any]:
    """A request for a token at a server with status lists."""
    server, client, secret = functions.ready_again()
    functions.admin("PUT", f"/api/v1/authorizationServers/{server}/security", {"statusList": True})
    return form_event("token", server, _ASK, client, secret)


def _bound(functions: Metered, event: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Makes requests with a proof of possession (RFC 9449) each."""
    key, uri = Key(), f"https://acme.example.com{event['rawPath']}"

    def proven(nonce: str | None) -> dict[str, Any]:
        proof = key.proof(uri, now=int(time.time()), nonce=nonce)
        return event | {"headers": event["headers"] | {"dpop": proof}}

    with contextlib.redirect_stdout(io.StringIO()):
        challenge = Functions.http(functions, "token", proven(None))  # a refusal, which a metered call must not be
        nonce = challenge["headers"]["dpop-nonce"]
    return lambda: proven(nonce)


_NUMBERS: Final = itertools.count()


def _fresh_assertion(server: str) -> dict[str, Any]:
    client = {"client_id": "hmac-client", "client_secret": "s" * 40}
    event = form_event("token", server, _ASK, "", "")
    return asserted(event, server, "token", client, jti=f"{time.monotonic_ns()}-{next(_NUMBERS)}")


def usage_of(operation: people.Operation, meter: Meter) -> Usage:
    """What a warm operation takes, but for the time."""
    return counted_with_lines(operation, meter)[0]


def counted_with_lines(operation: people.Operation, meter: Meter) -> tuple[Usage, str]:
    """The same, and the log lines that it wrote."""
    with contextlib.redirect_stdout(io.StringIO()):
        operation.work(operation.fresh())
        thing = operation.fresh()
    with meter.counting(), contextlib.redirect_stdout(io.StringIO()) as written:
        operation.work(thing)
    assert meter.kms == 0 or operation.function == "authorize", "a warm request calls no key management"
    text = written.getvalue()
    usage = Usage(
        route=operation.name,
        function=operation.function,
        cpu_ms=0.0,
        calls=meter.calls,
        reads=meter.reads,
        writes=meter.writes,
        log_bytes=len(text.encode()),
        requests=meter.requests,
        log_lines=len(text.splitlines()),
        kms=meter.kms,
    )
    return usage, text


def main() -> int:
    prices = tomllib.loads(PRICES.read_text())
    if "--print" not in sys.argv:
        backend = start()
        try:
            os.environ |= {
                "AWS_ENDPOINT_URL_DYNAMODB": backend.endpoint,
                "AWS_ENDPOINT_URL_KMS": backend.endpoint,
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            COUNTED.write_text(counted(LocalAws(backend.endpoint), prices).text())
        finally:
            backend.stop()
    tables = Tables(Counted.parse(COUNTED.read_text()), prices)
    entered = f"list prices as entered on {prices['date']} (costs/prices.toml)"
    print(f"US dollars, {prices['region']}, {entered}; counted on {tables.counted.date} (costs/counted.json)\n")
    print(tables.text())
    for bar, met in tables.bars().items():
        print(f"{'met   ' if met else 'NOT MET'} {bar}")
    unconfirmed = [
        name for name, values in prices.items() if isinstance(values, dict) and not values.get("confirmed", True)
    ]
    print(f"\nprices from memory, not confirmed by a document: {', '.join(unconfirmed)}")
    compared = prices["compared"]
    token = tables.of_route(tables.counted.usages[0]).total
    print(f"{compared['name']}: {compared['per_million_tokens']:.2f} per million ({compared['also']})")
    print(f"  {compared['per_million_tokens'] / token:.0f} times the token route above; source: {compared['source']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
