"""Faults where botocore sends, and the operations that are tried with them."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from tests.functions.assertions import asserted
from tests.functions.deployment import Functions, form_event, load_event
from tests.support.backend import Items

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


def slow(request: Any) -> AWSResponse:
    """No answer within the time-out."""
    raise ReadTimeoutError(endpoint_url=request.url)


def committed_and_lost(request: Any) -> AWSResponse:
    """The service did it, and its answer never arrives."""
    URLLib3Session().send(request)
    raise ReadTimeoutError(endpoint_url=request.url)


FAULTS: dict[str, Callable[[Any], AWSResponse]] = {
    "throttled": refusal("ProvisionedThroughputExceededException"),
    "failing": refusal("InternalServerError", 500),
    "unreachable": unreachable,
    "slow": slow,
    "committed and lost": committed_and_lost,
}


class Faults:
    """Lets requests through until told otherwise.

    Attributes:
        sent: What was sent since it was told, of an attempt that meets no fault.
    """

    def __init__(self) -> None:
        self.fault: Callable[[Any], AWSResponse | None] | None = None
        self.first = self.seen = 0
        self.lasting = False
        self.sent: list[str] = []

    def positions(self) -> Iterator[int]:
        """Calls at which an attempt is to fail, one attempt for each: the first is one that meets none.

        Of reads of the shards of one list, which follow each other, the first and the last are enough.
        """
        yield NEVER
        sent = ["", *self.sent, ""]
        assert len(sent) > 2, "nothing was called"
        for position in range(1, len(sent) - 1):
            if not sent[position - 1] == sent[position] == sent[position + 1]:
                yield position

    def arm(self, fault: Callable[[Any], AWSResponse | None], first: int, *, lasting: bool) -> None:
        self.fault, self.first, self.seen, self.lasting = fault, first, 0, lasting
        self.sent = []

    def clear(self) -> None:
        self.fault = None
        self.seen = 0

    def __call__(self, request: Any, **_: Any) -> AWSResponse | None:
        self.seen += 1
        self.sent.append(_without_shard(request))
        if self.fault is None or self.seen < self.first or (self.seen > self.first and not self.lasting):
            return None
        return self.fault(request)


#: What no attempt comes to.
NEVER = 1_000_000
_SHARD = re.compile(rb'#[0-9]"')


def _without_shard(request: Any) -> str:
    """What a request asks: the same of each shard of a list."""
    body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    target = request.headers.get("X-Amz-Target") or request.url
    return f"{target} {_SHARD.sub(b'', body)!r}"


Operation = Callable[[Functions, tuple[str, str, str]], dict[str, Any]]


def admin(method: str, path: str, body: Any = None) -> Operation:
    def operation(functions: Functions, ready: tuple[str, str, str]) -> dict[str, Any]:
        event = load_event("management") | {
            "httpMethod": method,
            "path": path.format(server=ready[0], client=ready[1]),
            "body": None if body is None else json.dumps(body),
            "multiValueHeaders": {"Authorization": [f"SSWS {functions.token}"]},
        }
        return functions.http("management", event)

    return operation


def directory(functions: Functions, method: str, path: str, body: Any = None) -> Operation:
    """A call of a directory that provisions, with a token that is made now."""
    token = functions.admin("POST", "/api/v1/api-tokens", {"name": "directory", "type": "SCIM"})["token"]
    event = load_event("management") | {
        "httpMethod": method,
        "path": path,
        "body": None if body is None else json.dumps(body),
        "multiValueHeaders": {"Authorization": [f"Bearer {token}"]},
    }
    return lambda functions, _: functions.http("management", event)


def form(function: str, path: str, body: str) -> Operation:
    return lambda functions, ready: functions.http(function, form_event(path, ready[0], body, ready[1], ready[2]))


def _assertion(functions: Functions, ready: tuple[str, str, str]) -> dict[str, Any]:
    client = {"client_id": "hmac-client", "client_secret": "s" * 40}
    return functions.http("token", asserted(form_event("token", ready[0], ASK, "", ""), ready[0], "token", client))


def public(function: str) -> Operation:
    event = load_event(function)
    return lambda functions, ready: functions.http(function, event | {"pathParameters": {"authServerId": ready[0]}})


NEW_CLIENT = {
    "client_name": "new",
    "application_type": "service",
    "grant_types": ["client_credentials"],
    "response_types": [],
    "token_endpoint_auth_method": "client_secret_basic",
}
OPERATIONS: dict[str, Operation] = {
    "token": form("token", "token", ASK),
    "token by assertion": _assertion,
    "introspect": form("token_status", "introspect", "token=x"),
    "revoke": form("token_status", "revoke", "token=x"),
    "key set": public("jwks"),
    "metadata": public("discovery"),
    "create server": admin("POST", SERVERS, {"name": "new", "audiences": ["a"]}),
    "create scope": admin("POST", SERVERS + "/{server}/scopes", {"name": "new"}),
    "rotate keys": admin("POST", SERVERS + "/{server}/credentials/lifecycle/keyRotate", {"use": "sig"}),
    "list servers": admin("GET", SERVERS),
    "create client": admin("POST", "/oauth2/v1/clients", NEW_CLIENT),
    "rename client": admin("PUT", "/oauth2/v1/clients/{client}", NEW_CLIENT),
    "delete client": admin("DELETE", "/oauth2/v1/clients/{client}"),
    "delete server": admin("DELETE", SERVERS + "/{server}"),
}
#: What one attempt leaves behind stands in the way of the next one.
CHANGING = {name for name in OPERATIONS if name.startswith(("create", "rename", "delete", "token by"))}


#: What ``prepared`` made first, by backend: every deployment after that one gets a copy of its items.
_PREPARED: dict[str, tuple[tuple[str, str, str], Items]] = {}


def prepared(functions: Functions) -> tuple[str, str, str]:
    """A new deployment with a server, its client (server id, client id, secret) and a client with a shared key."""
    deployed = functions.deployed
    if known := _PREPARED.get(deployed.aws.endpoint):
        ready, items = known
        deployed.restore(items)
    else:
        ready = _made(functions)
        _PREPARED[deployed.aws.endpoint] = ready, deployed.items()
    return ready


def _made(functions: Functions) -> tuple[str, str, str]:
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


def only_kms(fault: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def injected(request: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        return fault(request) if name.startswith("TrentService") else None

    return injected


KMS_FAULTS = {
    "denied": refusal("AccessDeniedException"),
    "disabled": refusal("DisabledException"),
    "down": FAULTS["unreachable"],
    "slow": FAULTS["slow"],
}
