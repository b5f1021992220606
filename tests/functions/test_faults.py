"""DynamoDB and KMS failing at every call of every operation: the answer is right, or a clear 503, and nothing is lost.

Faults are injected where botocore sends. *Once*: the n-th request fails and the SDK's own retry must save the day.
*From then on*: the n-th request and all after it fail.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.session import Session

from tests.functions.deployment import Functions, form_event, load_event
from tests.functions.test_least_privilege import _asserted
from tests.support.backend import Deployed

ASK = "grant_type=client_credentials&scope=a"
SERVERS = "/api/v1/authorizationServers"


def refusal(code: str, status: int = 400) -> Callable[[Any], AWSResponse]:
    """An error answer of the service, which did nothing."""

    def answer(request: Any) -> AWSResponse:
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "injected"}).encode()
        response = AWSResponse(request.url, status, {"content-type": "application/x-amz-json-1.0"}, None)
        response._content = body
        return response

    return answer


def unreachable(request: Any) -> AWSResponse:
    raise ConnectTimeoutError(endpoint_url=request.url)


def committed_and_lost(request: Any) -> AWSResponse:
    """The service did it, and its answer never arrives."""
    URLLib3Session().send(request)
    raise ReadTimeoutError(endpoint_url=request.url)


FAULTS: dict[str, Callable[[Any], AWSResponse]] = {
    "throttled": refusal("ProvisionedThroughputExceededException"),
    "failing": refusal("InternalServerError", 500),
    "unreachable": unreachable,
    "committed and lost": committed_and_lost,
}


class Faults:
    """Lets requests through until told otherwise."""

    def __init__(self) -> None:
        self.fault: Callable[[Any], AWSResponse] | None = None
        self.first = self.seen = 0
        self.lasting = False

    def arm(self, fault: Callable[[Any], AWSResponse], first: int, *, lasting: bool) -> None:
        self.fault, self.first, self.seen, self.lasting = fault, first, 0, lasting

    def clear(self) -> None:
        self.fault = None
        self.seen = 0

    def __call__(self, request: Any, **_: Any) -> AWSResponse | None:
        self.seen += 1
        if self.fault is None or self.seen < self.first or (self.seen > self.first and not self.lasting):
            return None
        return self.fault(request)


@pytest.fixture
def faults(deployed: Deployed, monkeypatch: pytest.MonkeyPatch, functions: Functions) -> Faults:
    injected = Faults()
    create_client = Session.create_client

    def create(self: Session, service: str, *values: Any, **named: Any) -> Any:
        client = create_client(self, service, *values, **named)
        client.meta.events.register("before-send.*.*", injected)
        return client

    monkeypatch.setattr(Session, "create_client", create)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)  # its pauses between attempts
    return injected


Operation = Callable[[Functions, tuple[str, str, str]], dict[str, Any]]


def _admin(method: str, path: str, body: Any = None) -> Operation:
    def operation(functions: Functions, ready: tuple[str, str, str]) -> dict[str, Any]:
        event = load_event("management") | {
            "httpMethod": method,
            "path": path.format(server=ready[0], client=ready[1]),
            "body": None if body is None else json.dumps(body),
            "multiValueHeaders": {"Authorization": [f"SSWS {functions.token}"]},
        }
        return functions.http("management", event)

    return operation


def _form(function: str, path: str, body: str) -> Operation:
    return lambda functions, ready: functions.http(function, form_event(path, ready[0], body, ready[1], ready[2]))


def _assertion(functions: Functions, ready: tuple[str, str, str]) -> dict[str, Any]:
    client = {"client_id": "hmac-client", "client_secret": "s" * 40}
    return functions.http("token", _asserted(form_event("token", ready[0], ASK, "", ""), ready[0], "token", client))


def _public(function: str) -> Operation:
    event = load_event(function)
    return lambda functions, ready: functions.http(function, event | {"pathParameters": {"authServerId": ready[0]}})


NEW_CLIENT = {"client_name": "new", "application_type": "service", "grant_types": ["client_credentials"]}
OPERATIONS: dict[str, Operation] = {
    "token": _form("token", "token", ASK),
    "token by assertion": _assertion,
    "introspect": _form("token_status", "introspect", "token=x"),
    "revoke": _form("token_status", "revoke", "token=x"),
    "key set": _public("jwks"),
    "metadata": _public("discovery"),
    "create server": _admin("POST", SERVERS, {"name": "new", "audiences": ["a"]}),
    "create scope": _admin("POST", SERVERS + "/{server}/scopes", {"name": "new"}),
    "rotate keys": _admin("POST", SERVERS + "/{server}/credentials/lifecycle/keyRotate", {"use": "sig"}),
    "list servers": _admin("GET", SERVERS),
    "create client": _admin("POST", "/oauth2/v1/clients", NEW_CLIENT),
    "rename client": _admin("PUT", "/oauth2/v1/clients/{client}", NEW_CLIENT),
    "delete client": _admin("DELETE", "/oauth2/v1/clients/{client}"),
    "delete server": _admin("DELETE", SERVERS + "/{server}"),
}
#: What one attempt leaves behind stands in the way of the next one.
CHANGING = {name for name in OPERATIONS if name.startswith(("create", "rename", "delete", "token by"))}


def prepared(functions: Functions) -> tuple[str, str, str]:
    ready = functions.ready()
    functions.admin(
        "POST",
        "/api/v1/apps",
        {
            "label": "hmac",
            "name": "oidc_client",
            "signOnMode": "OPENID_CONNECT",
            "credentials": {
                "oauthClient": {
                    "client_id": "hmac-client",
                    "client_secret": "s" * 40,
                    "token_endpoint_auth_method": "client_secret_jwt",
                }
            },
            "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"]}},
        },
    )
    return ready


def state(functions: Functions, faults: Faults) -> Any:
    """Everything that an administrator can see, but for the times of a change."""
    faults.clear()
    servers = functions.admin("GET", SERVERS)
    below = {
        server["id"]: [functions.admin("GET", f"{SERVERS}/{server['id']}/{part}") for part in ("scopes", "policies")]
        for server in servers
    }
    return sorted(server["name"] for server in servers), below, functions.admin("GET", "/oauth2/v1/clients")


@pytest.mark.parametrize("fault", ["throttled", "committed and lost"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_one_fault_at_any_call_is_survived_by_the_sdk(
    functions: Functions, faults: Faults, deployed: Deployed, name: str, fault: str
) -> None:
    operation, position = OPERATIONS[name], 0
    ready = prepared(functions)
    while True:
        position += 1
        if position > 1 and name in CHANGING:
            ready = prepared(functions.on(deployed.aws.fresh()))
        functions.restart()
        faults.arm(FAULTS[fault], position, lasting=False)

        answer = operation(functions, ready)

        if faults.seen < position:
            return
        assert answer["statusCode"] < 300, (position, answer)
        names = [server["name"] for server in functions.admin("GET", SERVERS)]
        assert names.count("new") == (1 if name == "create server" else 0)


@pytest.mark.parametrize("fault", ["throttled", "unreachable"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_lasting_fault_at_any_call_is_a_503_that_changed_nothing_and_can_be_repeated(
    functions: Functions, faults: Faults, deployed: Deployed, name: str, fault: str
) -> None:
    operation, position = OPERATIONS[name], 0
    ready = prepared(functions)
    while True:
        position += 1
        if position > 1 and name in CHANGING:
            ready = prepared(functions.on(deployed.aws.fresh()))
        functions.restart()
        before = state(functions, faults)
        functions.restart()
        faults.arm(FAULTS[fault], position, lasting=True)

        answer = operation(functions, ready)

        if faults.seen < position:
            return
        if answer["statusCode"] >= 300:
            headers = answer.get("headers") or {k: v[0] for k, v in answer["multiValueHeaders"].items()}
            assert answer["statusCode"] == 503, (position, answer)
            assert "retry-after" in headers
            if name.startswith("token") or name in {"introspect", "revoke"}:
                assert json.loads(answer["body"])["error"] == "temporarily_unavailable"
            if name != "delete server":  # it may be gone already, and is swept later
                assert state(functions, faults) == before, position
        faults.clear()
        assert operation(functions, ready)["statusCode"] in {200, 201, 204, 404}


@pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"])
def test_a_key_that_may_not_be_used_is_a_503_and_tokens_of_warm_instances_go_on(
    functions: Functions, faults: Faults, code: str
) -> None:
    ready = prepared(functions)
    warm = OPERATIONS["token"](functions, ready)
    cold = Functions(functions.deployed, functions.calls)

    def only_kms(request: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        return refusal(code)(request) if name.startswith("TrentService") else None

    faults.arm(only_kms, 1, lasting=True)

    assert warm["statusCode"] == 200
    assert OPERATIONS["token"](functions, ready)["statusCode"] == 200
    assert OPERATIONS["token"](cold, ready)["statusCode"] == 503
    assert OPERATIONS["create server"](functions, ready)["statusCode"] == 503


def test_a_missing_table_is_a_503_without_a_word_about_it(functions: Functions, deployed: Deployed) -> None:
    ready = prepared(functions)
    missing = Functions(deployed, functions.calls, AUTHMINT_CONFIG_TABLE="no-such-table")

    answers = [operation(missing, ready) for operation in (OPERATIONS["token"], OPERATIONS["list servers"])]

    assert [answer["statusCode"] for answer in answers] == [503, 503]
    assert "table" not in "".join(answer["body"] for answer in answers).lower()


def test_transactions_that_keep_conflicting_are_a_503_in_the_end(functions: Functions, faults: Faults) -> None:
    ready = prepared(functions)

    def conflict(request: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        if not name.endswith("TransactWriteItems"):
            return None
        response = AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, None)
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        response._content = json.dumps(
            {"__type": "x#TransactionCanceledException", "message": "m", "CancellationReasons": reasons}
        ).encode()
        return response

    faults.arm(conflict, 1, lasting=True)

    assert OPERATIONS["create scope"](functions, ready)["statusCode"] == 503
    faults.clear()
    assert OPERATIONS["create scope"](functions, ready)["statusCode"] == 201
