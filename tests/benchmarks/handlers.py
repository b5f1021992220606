"""Whole handlers: event in, answer out, the wiring of production, DynamoDB answered at the HTTP boundary."""

import json
import os
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from authmint.dynamo.connection import config
from botocore.awsrequest import AWSResponse
from botocore.session import Session

from tests.benchmarks import people
from tests.benchmarks.measure import bar, cpu, holds, line, quiet
from tests.functions.deployment import Functions, form_event, load_event
from tests.support.backend import LocalAws

ASK: Final = "grant_type=client_credentials&scope=a"


class Stub:
    """DynamoDB at the HTTP boundary: answers to each operation in turn what the backend once answered to it."""

    def __init__(self) -> None:
        self.bodies: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self.clients: list[Any] = []
        self.sent: list[str] = []
        self.on = False

    def __call__(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        self.sent.append(event_name)
        if not self.on:
            return None
        response = AWSResponse(request.url, 200, _HEADERS, None)
        bodies = self.bodies[event_name.rpartition(".")[2]]
        response._content = bodies[0]
        bodies.rotate(-1)
        return response

    def watch(self, client: Any) -> None:
        """Stand before DynamoDB for this client."""
        client.meta.events.register("before-send.dynamodb.*", self)
        client.meta.events.register("before-send.kms.*", self.count)
        self.clients.append(client)

    def count(self, event_name: str, **_: Any) -> None:
        """A call that is let through."""
        self.sent.append(event_name)

    def keep(self, response_dict: Mapping[str, Any], event_name: str, **_: Any) -> None:
        """What the backend answers."""
        self.bodies[event_name.rpartition(".")[2]].append(response_dict["body"])


_HEADERS = {"content-type": "application/x-amz-json-1.0"}


def measure(aws: LocalAws, rsa: float) -> None:
    """Every figure of whole handlers; ``rsa`` is one raw RSA-2048 signature."""
    os.environ |= {
        "AWS_ENDPOINT_URL_DYNAMODB": aws.endpoint,
        "AWS_ENDPOINT_URL_KMS": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    stub = Stub()
    with people.watched(stub.watch):
        for algorithm in ("RS256", "ES256", "EdDSA", "PS256"):
            _whole_handler(aws, algorithm, rsa, stub)
        for algorithm in ("RS256", "ES256"):
            _of_people(aws, algorithm, rsa, stub)


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
    stub.sent.clear()
    with quiet():
        token()
    sent = " / ".join(map(str, counted(stub.sent)))
    spent = cpu(token)
    if algorithm == "RS256":
        holds("calls of a warm token: DynamoDB reads / KMS / writes", sent, "1 / 0 / 0")
        call = _tuned_call(functions, stub)
        line("one tuned botocore BatchGetItem of two, answered by a stub", call)
        bar("whole handler, nothing stale, RS256 (of signature + call)", spent, base=rsa + call, most=1.35)
        _public(functions, server, stub)
        _status(functions, form_event("introspect", server, "token=", client, secret), event, stub, rsa)
    else:
        line(f"whole handler, nothing stale, {algorithm}", spent, ratio=spent / rsa)
    stub.on = False
    stale = Functions(functions.deployed, AUTHMINT_STALENESS_MS="60000")
    token = partial(stale.http, "token", event)
    with quiet():
        assert token()["statusCode"] == 200
        stub.sent.clear()
        token()
    sent = " / ".join(map(str, counted(stub.sent)))
    spent = cpu(token)
    if algorithm == "RS256":
        holds("calls of a warm token with bounded staleness", sent, "0 / 0 / 0")
        bar("whole handler, bounded staleness, RS256 (of a signature)", spent, base=rsa, most=1.5)
    else:
        line(f"whole handler, bounded staleness, {algorithm}", spent, ratio=spent / rsa)


def _of_people(aws: LocalAws, algorithm: str, rsa: float, stub: Stub) -> None:
    """The token endpoint for a person's client. The stub knows nothing of what was used up before."""
    stub.on = False
    with quiet():
        maria = people.signed_in(Functions(aws.fresh()), algorithm)
    for make in (
        people.redemption,
        partial(people.refresh, rotation="ROTATE"),
        partial(people.refresh, rotation="STATIC"),
    ):
        stub.on = False
        with quiet():
            operation = make(maria)
            warm, event = operation.fresh(), operation.fresh()
        work: Callable[[], Any] = partial(operation.work, event)
        _answered_by_stub(work, stub, warm=partial(operation.work, warm))
        spent = cpu(work)
        line(f"{operation.name}, whole handler, {algorithm}", spent, ratio=spent / rsa)
    stub.on = False


def _answered_by_stub(
    work: Callable[[], dict[str, Any]], stub: Stub, *, warm: Callable[[], dict[str, Any]] | None = None
) -> None:
    """From now on the stub gives the answers that the backend gave to this work when warm.

    Args:
        work: May succeed only once in earnest.
        stub: For all clients.
        warm: The same work with something else to use up; without it, ``work`` can be repeated.
    """
    stub.on = False
    with quiet():
        (warm or work)()
    stub.bodies.clear()
    hook = "response-received.dynamodb.*"
    for client in stub.clients:
        client.meta.events.register(hook, stub.keep)
    with quiet():
        work()
    for client in stub.clients:
        client.meta.events.unregister(hook, stub.keep)
    stub.on = True
    with quiet():
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


def _status(functions: Functions, event: dict[str, Any], token_event: dict[str, Any], stub: Stub, rsa: float) -> None:
    """Introspection of a live token: one read of server and client, one of the revocations."""
    stub.on = False
    with quiet():
        token = json.loads(functions.http("token", token_event)["body"])["access_token"]
    event = event | {"body": f"token={token}"}
    work: Callable[[], dict[str, Any]] = partial(functions.http, "token_status", event)
    _answered_by_stub(work, stub)
    assert json.loads(work()["body"])["active"] is True
    spent = cpu(work)
    line("introspection, whole handler, DynamoDB answered by the stub, RS256", spent, ratio=spent / rsa)


def counted(sent: list[str]) -> tuple[int, int, int]:
    """DynamoDB reads, KMS calls, DynamoDB writes."""
    reads = sum(".dynamodb." in name and ("Get" in name or "Query" in name) for name in sent)
    kms = sum(".kms." in name for name in sent)
    return reads, kms, len(sent) - reads - kms
