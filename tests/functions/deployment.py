"""The deployed functions in this process, over a real backend: events in, answers out, calls counted."""

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from authmint.local.deployment import deployment
from authmint.runtime import wiring
from authmint.runtime.entrypoint import Function, entrypoint
from authmint.runtime.gateway_events import answer_of, request_of
from botocore.client import BaseClient

from tests.support.backend import Deployed

WIRES: dict[str, Callable[[Any], Function]] = {
    "discovery": wiring.discovery,
    "jwks": wiring.key_set,
    "status_list": wiring.status_list,
    "token": wiring.token,
    "authorize": wiring.authorize,
    "registration": wiring.registration,
    "token_status": wiring.token_status,
    "management": wiring.management,
    "key_rotation": wiring.key_rotation,
    "audit_sink": wiring.audit_sink,
    "mailer": wiring.mailer,
    "hooks": wiring.hooks,
    "backchannel_logout": wiring.backchannel_logout,
    "console": wiring.console,
}


_NUMBERS = itertools.count()
#: ES256: the backend makes its keys in no time.
NEW_SERVER = {"name": "s", "audiences": ["api://s"], "credentials": {"signing": {"alg": "ES256"}}}


@dataclass
class Calls:
    """What went over the wire to AWS: counted where botocore sends, retries included.

    Attributes:
        sent: Service and operation.
        made: Function, service, operation and parameters, for the least-privilege check.
        owner: The function whose clients are being made.
    """

    sent: list[str] = field(default_factory=list)
    made: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)
    owner: str = ""

    @contextmanager
    def of(self, function: str) -> Iterator[None]:
        """Clients that are made meanwhile are this function's."""
        self.owner = function
        try:
            yield
        finally:
            self.owner = "the test"

    def watch(self, client: BaseClient) -> None:
        service, owner = client.meta.service_model.service_name, self.owner
        client.meta.events.register("before-send.*.*", lambda request, **_: self._note(service, request))
        client.meta.events.register(
            "before-parameter-build.*.*",
            lambda params, model, **_: self.made.append((owner, service, model.name, dict(params))),
        )

    def _note(self, service: str, request: Any) -> None:
        if service in {"sesv2", "lambda"}:
            self.sent.append(f"{service}:{request.url.rpartition('/')[2]}")
            return
        target = request.headers["X-Amz-Target"]
        name = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        self.sent.append(f"{service}:{name}")


class Functions:
    """One warm instance of every function."""

    _functions: dict[str, Function]

    def __init__(self, deployed: Deployed, calls: Calls | None = None, **environment: str) -> None:
        self.calls = calls or Calls()
        self._changes = environment
        self.on(deployed)
        self.token = "an-api-token-of-more-than-32-characters"

    def on(self, deployed: Deployed) -> "Functions":
        """Serve another deployment from now on, by new instances."""
        self.deployed = deployed
        self._environment = {**deployed.environment(), **self._changes}
        self._functions = {}
        return self

    def restart(self, *names: str) -> None:
        """New instances, of these functions or of all, which know nothing."""
        for name in names or tuple(self._functions):
            self._functions.pop(name, None)

    def function(self, name: str) -> Function:
        if name not in self._functions:
            # Powertools keeps one logger per service and process, bound to the stream of its first use.
            environment = self._environment | {"POWERTOOLS_SERVICE_NAME": f"{name}-{next(_NUMBERS)}"}
            with self.calls.of(name):
                self._functions[name] = WIRES[name](environment)
        return self._functions[name]

    def http(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """The answer as API Gateway gets it."""
        function = self.function(name)
        assert function.http is not None
        with self.calls.of(name):  # some clients are made when they are first needed
            response = function.http(request_of(event, function.base_url))
        told = [value for header, value in response.headers if header == "location" and "temporarily_unav" in value]
        # Another's host that is in trouble is no outage of ours: nobody here should be woken up for it.
        others = any(word in response.body for word in (b"client metadata document", b"The inline hook"))
        ours = (response.status >= 500 or told) and not others
        assert (response.fault is not None) == bool(ours), "an outage leaves a trace"
        return answer_of(response, event)

    def invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """The answer of the function's ``lambda_handler``: as Lambda calls it, failures answered."""
        return entrypoint(lambda _: self.function(name))(event, None)

    def direct(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        function = self.function(name)
        assert function.direct is not None
        with self.calls.of(name):
            return function.direct(event)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the management API that succeeds."""
        path, _, query = path.partition("?")
        event = load_event("management") | {
            "httpMethod": method,
            "path": path,
            "multiValueQueryStringParameters": parse_qs(query),
            "body": None if body is None else json.dumps(body),
            "multiValueHeaders": {"Authorization": [f"SSWS {self.token}"]},
        }
        answer = self.http("management", event)
        assert answer["statusCode"] < 300, answer
        return json.loads(answer["body"]) if answer["body"] else None

    def ready(self) -> tuple[str, str, str]:
        """A server that gives machines tokens, and a client: server id, client id, secret. The first of all."""
        self.direct("management", {"action": "bootstrap", "token": self.token})
        return self.ready_again()

    def ready_again(self) -> tuple[str, str, str]:
        """The same once more."""
        server = self.admin("POST", "/api/v1/authorizationServers", NEW_SERVER)["id"]
        base = f"/api/v1/authorizationServers/{server}"
        self.admin("POST", f"{base}/scopes", {"name": "a"})
        clients = {"clients": {"include": ["ALL_CLIENTS"]}}
        policy = self.admin("POST", f"{base}/policies", {"name": "p", "conditions": clients})["id"]
        conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
        self.admin("POST", f"{base}/policies/{policy}/rules", {"name": "r", "conditions": conditions})
        registration = {
            "client_name": f"c {server}",
            "application_type": "service",
            "grant_types": ["client_credentials"],
        }
        client = self.admin("POST", "/oauth2/v1/clients", registration)
        return server, client["client_id"], client["client_secret"]


def load_event(name: str) -> dict[str, Any]:
    """One of ``events/``."""
    checkout = deployment().checkout
    assert checkout is not None
    event: dict[str, Any] = json.loads(Path(checkout, "events", f"{name}.json").read_text())
    return event


def form_event(path: str, server: str, body: str, client: str, secret: str) -> dict[str, Any]:
    """A form POST with HTTP Basic, through API Gateway."""
    credentials = base64.b64encode(f"{client}:{secret}".encode()).decode()
    event = load_event("token")
    return event | {
        "rawPath": f"/oauth2/{server}/v1/{path}",
        "pathParameters": {"authServerId": server},
        "headers": event["headers"] | {"authorization": f"Basic {credentials}"},
        "body": body,
        "isBase64Encoded": False,
    }
