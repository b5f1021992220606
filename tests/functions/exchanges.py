"""Token exchange through the deployed functions: a person's token, and services that act with it."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.functions.deployment import Functions, form_event

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_AUDIENCE = "api://s"


@dataclass(frozen=True, repr=False)
class Service:
    """A service that may act for others at a server."""

    functions: Functions
    server: str
    client: str
    secret: str

    def form(self, function: str, path: str, **fields: str) -> dict[str, Any]:
        """A form POST of the service; the answer as API Gateway gets it."""
        event = form_event(path, self.server, urlencode(fields), self.client, self.secret)
        return self.functions.http(function, event)

    def own(self) -> str:
        """A token of its own."""
        return _token(self.form("token", "token", grant_type="client_credentials", scope="a"))

    def exchange(self, token: str) -> dict[str, Any]:
        """Ask for one on behalf of whom another one is of."""
        fields = {"subject_token": token, "subject_token_type": _ACCESS_TOKEN, "audience": _AUDIENCE, "scope": "a"}
        return self.form("token", "token", grant_type=EXCHANGE, **fields)

    def exchanged(self, token: str) -> str:
        """The same, where it is sure to be given."""
        return _token(self.exchange(token))

    def introspect(self, token: str) -> dict[str, Any]:
        """Ask for the state of one."""
        return self.form("token_status", "introspect", token=token)

    def lives(self, token: str) -> bool:
        """Whether it is active."""
        active: bool = json.loads(self.introspect(token)["body"])["active"]
        return active


def service_at(functions: Functions, server: str) -> Service:
    """A new service, and a rule that lets it act for others."""
    base = f"/api/v1/authorizationServers/{server}"
    policy = functions.admin("GET", f"{base}/policies")[0]["id"]
    conditions = {"grantTypes": {"include": ["client_credentials", EXCHANGE]}, "scopes": {"include": ["*"]}}
    functions.admin("POST", f"{base}/policies/{policy}/rules", {"name": "services", "conditions": conditions})
    body = {"client_name": "acting", "application_type": "service", "grant_types": ["client_credentials", EXCHANGE]}
    made = functions.admin("POST", "/oauth2/v1/clients", body)
    return Service(functions, server, made["client_id"], made["client_secret"])


def every_exchange(functions: Functions, server: str, persons: str) -> None:
    """A person's token and the service's own are exchanged, and so is what comes of that; all is looked at."""
    service = service_at(functions, server)
    for token in (persons, service.own()):
        first = service.exchanged(token)
        assert service.lives(service.exchanged(first))
    headers = {"authorization": f"Bearer {first}"}
    event = form_event("userinfo", server, "", "", "")
    assert functions.http("token_status", event | {"headers": event["headers"] | headers})["statusCode"] == 403


def _token(answer: dict[str, Any]) -> str:
    assert answer["statusCode"] == 200, answer
    token: str = json.loads(answer["body"])["access_token"]
    return token
