"""``make bench``: the bars of the design, as ratios measured in one run."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from authmint.dynamo.connection import config
from authmint.jose.keys import SigningAlgorithm
from botocore.awsrequest import AWSResponse
from botocore.session import Session
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.benchmarks.measure import cpu, line
from tests.functions.deployment import Functions, form_event, load_event
from tests.oauth.engine import Engine, Events
from tests.support.backend import LocalAws, start
from tests.support.builders import a_form, a_policy, a_rule, a_server, basic
from tests.support.fakes import pregenerated

ASK = "grant_type=client_credentials&scope=a"
MET: list[bool] = []


def bar(name: str, value: float, *, base: float, most: float) -> None:
    MET.append(line(name, value, ratio=value / base, bar=most))


def raw_signatures() -> tuple[float, float]:
    rsa: Any = load_der_private_key(pregenerated("RS256")[1], None)
    p256: Any = load_der_private_key(pregenerated("ES256")[1], None)
    message = b"x" * 400
    by_rsa = cpu(lambda: rsa.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    by_ec = cpu(lambda: p256.sign(message, ec.ECDSA(hashes.SHA256())))
    line("one raw RSA-2048 signature", by_rsa)
    line("one raw P-256 signature", by_ec)
    return by_rsa, by_ec


class Silent(Events):
    """Events that go nowhere."""

    def emit(self, event: Any) -> None:
        pass


def engine(algorithm: SigningAlgorithm, **changes: Any) -> Callable[[], object]:
    """A warm token request with storage in memory."""
    made = Engine(a_server(algorithm=algorithm, **changes))
    made.token._events = Silent()
    request = a_form({"grant_type": "client_credentials", "scope": "orders:read"}, headers=basic())
    assert made.token(request).status == 200
    return lambda: made.token(request)


class Stub:
    """DynamoDB at the HTTP boundary: answers what the backend answered once to each operation."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.clients: list[Any] = []
        self.on = False

    def __call__(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        if not self.on:
            return None
        response = AWSResponse(request.url, 200, _HEADERS, None)
        response._content = self.bodies[event_name.rpartition(".")[2]]
        return response

    def keep(self, response_dict: Mapping[str, Any], event_name: str, **_: Any) -> None:
        """What the backend answers."""
        self.bodies[event_name.rpartition(".")[2]] = response_dict["body"]


_HEADERS = {"content-type": "application/x-amz-json-1.0"}


def whole_handlers(aws: LocalAws, rsa: float) -> None:
    """Event in, answer out, with the wiring of production."""
    os.environ |= {
        "AWS_ENDPOINT_URL_DYNAMODB": aws.endpoint,
        "AWS_ENDPOINT_URL_KMS": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    stub = Stub()
    create_client = Session.create_client

    def create(self: Session, service: str, *values: Any, **named: Any) -> Any:
        client = create_client(self, service, *values, **named)
        client.meta.events.register("before-send.dynamodb.*", stub)
        stub.clients.append(client)
        return client

    with patch.object(Session, "create_client", create):
        for algorithm in ("RS256", "ES256", "EdDSA", "PS256"):
            _whole_handler(aws, algorithm, rsa, stub)


def _whole_handler(aws: LocalAws, algorithm: str, rsa: float, stub: Stub) -> None:
    stub.on = False
    functions = Functions(aws.fresh())
    server, client, secret = functions.ready()
    signing = {"alg": algorithm}
    body = {"name": "s", "audiences": ["a"], "issuerMode": "ORG_URL", "credentials": {"signing": signing}}
    functions.admin("PUT", f"/api/v1/authorizationServers/{server}", body)
    event = form_event("token", server, ASK, client, secret)
    token: Callable[[], dict[str, Any]] = partial(functions.http, "token", event)
    _answered_by_stub(token, stub)
    spent = cpu(token)
    if algorithm == "RS256":
        call = _tuned_call(functions, stub)
        line("one tuned botocore BatchGetItem of two, answered by a stub", call)
        bar("whole handler, nothing stale, RS256 (of signature + call)", spent, base=rsa + call, most=1.4)
        _public(functions, server, stub)
    else:
        line(f"whole handler, nothing stale, {algorithm}", spent, ratio=spent / rsa)
    stub.on = False
    stale = Functions(functions.deployed, AUTHMINT_STALENESS_MS="60000")
    token = partial(stale.http, "token", event)
    assert token()["statusCode"] == 200
    spent = cpu(token)
    if algorithm == "RS256":
        bar("whole handler, bounded staleness, RS256 (of a signature)", spent, base=rsa, most=2.0)
    else:
        line(f"whole handler, bounded staleness, {algorithm}", spent, ratio=spent / rsa)


def _answered_by_stub(work: Callable[[], dict[str, Any]], stub: Stub) -> None:
    """From now on the stub gives the answers that the backend gave to this work when warm."""
    stub.on = False
    work()
    hook = "response-received.dynamodb.*"
    for client in stub.clients:
        client.meta.events.register(hook, stub.keep)
    work()
    for client in stub.clients:
        client.meta.events.unregister(hook, stub.keep)
    stub.on = True
    assert work()["statusCode"] == 200


def _public(functions: Functions, server: str, stub: Stub) -> None:
    parameters = {"pathParameters": {"authServerId": server}}
    for name in ("jwks", "discovery"):
        work: Callable[[], dict[str, Any]] = partial(functions.http, name, load_event(name) | parameters)
        _answered_by_stub(work, stub)
        line(f"{name}, DynamoDB answered by the stub", cpu(work))


def _tuned_call(functions: Functions, stub: Stub) -> float:
    """What one BatchGetItem of two small items costs a client that does nothing else."""
    session = Session()
    client = session.create_client("dynamodb", config=config())
    keys = [{"pk": {"S": f"AS#aus{i}"}, "sk": {"S": "#"}} for i in range(2)]
    wanted = {functions.deployed.config: {"Keys": keys, "ConsistentRead": True}}
    return cpu(lambda: client.batch_get_item(RequestItems=wanted))


STOCK = """
from pynamodb.models import Model
import botocore.session
session = botocore.session.get_session()
for service in ("dynamodb", "kms"):
    session.create_client(service, region_name="us-east-1")
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from aws_lambda_powertools import Logger, Metrics
Logger(service="x"); Metrics(namespace="x", service="x")
"""
INIT = "import os; from authmint.runtime import wiring; wiring.{0}(os.environ)"


def inits() -> None:
    """Imports and wiring, in fresh processes with bytecode."""
    bare = _process("pass")
    stock = _process(STOCK) - bare
    line("init: pynamodb, two clients, cryptography, powertools, stock", stock / 1000, "ms")
    for name in ("token", "token_status", "key_set", "discovery", "management", "key_rotation"):
        spent = _process(INIT.format(name)) - bare
        if name == "token":
            MET.append(line("init: token", spent / 1000, "ms", ratio=spent / stock, bar=0.9))
        else:
            line(f"init: {name}", spent / 1000, "ms", ratio=spent / stock)


def _process(code: str) -> float:
    """CPU microseconds of a process: the best of several."""
    environment: Mapping[str, str] = os.environ | {
        "AUTHMINT_CONFIG_TABLE": "c",
        "AUTHMINT_GRANTS_TABLE": "g",
        "AUTHMINT_EVENTS_TABLE": "e",
        "AUTHMINT_KMS_KEY_ID": "k",
    }
    measured = f"{code}\nimport resource; u = resource.getrusage(resource.RUSAGE_SELF)\nprint(u.ru_utime + u.ru_stime)"
    found = []
    for _ in range(7):
        out = subprocess.run([sys.executable, "-c", measured], env=environment, capture_output=True, check=True)
        found.append(float(out.stdout.split()[-1]))
    return min(found) * 1e6


def growth() -> None:
    """What a token costs must not depend on what there is besides."""
    base = cpu(engine("ES256"))
    for policies, rules in ((1, 1), (10, 10), (100, 10)):
        last = a_policy(*(a_rule(id=f"r{i}") for i in range(rules)), id="last")
        others = [
            a_policy(*(a_rule(id=f"p{p}r{r}") for r in range(rules)), id=f"p{p}", clients=("someone",))
            for p in range(policies - 1)
        ]
        spent = cpu(engine("ES256", policies=(*others, last)))
        line(f"engine, ES256, {policies} policies x {rules} rules, the last one matches", spent, ratio=spent / base)
    for servers in (1, 100, 10_000):
        made = Engine(a_server(algorithm="ES256"))
        made.token._events = Silent()
        shape = a_server(algorithm="ES256")
        for number in range(servers - 1):
            made.storage.servers._servers[f"aus{number}"] = replace(shape, id=f"aus{number}")
        request = a_form({"grant_type": "client_credentials", "scope": "orders:read"}, headers=basic())
        spent = cpu(partial(made.token, request))
        line(f"engine, ES256, {servers} servers", spent, ratio=spent / base)


def main() -> int:
    print(
        f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; "
        "CPU time, best of 9 rounds\n"
    )
    rsa, _ = raw_signatures()
    bar("engine, storage in memory, RS256 (of a signature)", cpu(engine("RS256")), base=rsa, most=1.5)
    bar("engine, storage in memory, ES256 (of an RSA signature)", cpu(engine("ES256")), base=rsa, most=0.7)
    growth()
    backend = start()
    try:
        whole_handlers(LocalAws(backend.endpoint), rsa)
    finally:
        backend.stop()
    inits()
    print("\nevery bar is met" if all(MET) else "\na bar is missed")
    return 0 if all(MET) else 1


if __name__ == "__main__":
    sys.exit(main())
