"""Clients that register themselves, at the functions."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.functions.deployment import form_event, load_event
from tests.functions.sign_ins import VERIFIER, People
from tests.support.people import CALLBACK, LOGIN, PASSWORD, query_of

BODY: dict[str, Any] = {
    "client_name": "Notes",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
}


@dataclass
class Newcomer:
    """A client that registers itself, at a server that lets it."""

    people: People

    @property
    def base(self) -> str:
        """Of the server, for administrators."""
        return f"/api/v1/authorizationServers/{self.people.server}"

    def welcome(self, dynamic: str = "OPEN", **changes: Any) -> None:
        """What an administrator does."""
        admin = self.people.functions.admin
        self.switch(dynamic, **changes)
        include = {"clients": {"include": ["DYNAMIC_CLIENTS"]}}
        policy = admin("POST", f"{self.base}/policies", {"name": "Newcomers", "conditions": include})["id"]
        conditions = {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["authorization_code"]},
            "scopes": {"include": ["*"]},
        }
        admin("POST", f"{self.base}/policies/{policy}/rules", {"name": "all", "conditions": conditions})

    def switch(self, dynamic: str, **changes: Any) -> None:
        registration = {
            "dynamic": dynamic,
            "httpsRedirectHosts": ["app.example.com"],
            "scopes": ["offline_access", "orders"],
        }
        self.people.functions.admin("PUT", f"{self.base}/security", {"clientRegistration": registration | changes})

    def event(self, body: Any = BODY, *, token: str = "", address: str = "203.0.113.7") -> dict[str, Any]:
        """A registration as it arrives."""
        event, path = load_event("token"), f"/oauth2/{self.people.server}/v1/register"
        event |= {"rawPath": path, "pathParameters": {"authServerId": self.people.server}}
        event |= {"body": json.dumps(body), "isBase64Encoded": False}
        event["headers"] = {"content-type": "application/json"}
        if token:
            event["headers"]["authorization"] = f"Bearer {token}"
        event["requestContext"]["http"] |= {"method": "POST", "path": path, "sourceIp": address}
        return event

    def registers(self, body: Any = BODY, **more: Any) -> dict[str, Any]:
        return self.people.functions.http("registration", self.event(body, **more))

    def registered(self, body: Any = BODY, **more: Any) -> str:
        """The id of the client."""
        answer = self.registers(body, **more)
        assert answer["statusCode"] == 201, answer
        return str(json.loads(answer["body"])["client_id"])

    def code(self, client_id: str) -> str:
        """Asked, signed in where that is needed, agreed."""
        at, page = self.people.authorize(client_id=client_id, scope="orders offline_access")
        if 'action="/signin"' in page:
            at, page = self.people.submit("/signin", page, username=LOGIN, password=PASSWORD)
        if 'action="/consent"' in page:
            at, page = self.people.submit("/consent", page, decision="allow")
        return query_of(at)["code"]

    def post(self, client_id: str, **fields: str) -> dict[str, Any]:
        """A call of its own: without a secret."""
        event = form_event("token", self.people.server, urlencode({"client_id": client_id} | fields), "", "")
        event["headers"].pop("authorization")
        answer: dict[str, Any] = json.loads(self.people.functions.http("token", event)["body"])
        return answer

    def tokens(self, client_id: str) -> dict[str, Any]:
        """The whole way."""
        proof = {"code": self.code(client_id), "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post(client_id, grant_type="authorization_code", **proof)


def every_flow_of_newcomers(people: People) -> None:
    """The whole way; with and without a token, at a full server; what administrators see and do."""
    newcomer = Newcomer(people)
    newcomer.welcome()
    client_id = newcomer.registered()
    assert newcomer.registered() == client_id
    tokens = newcomer.tokens(client_id)
    assert "refresh_token" in newcomer.post(
        client_id, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert people.post("token_status", "introspect", token=tokens["access_token"])["active"]
    admin, base = people.functions.admin, newcomer.base
    assert [one["id"] for one in admin("GET", f"{base}/dynamicClients")] == [client_id]
    assert admin("GET", f"{base}/dynamicClients/{client_id}")["lastUsed"]
    newcomer.switch("TOKEN")
    token = admin("POST", f"{base}/registrationTokens", {"name": "ci"})
    newcomer.registered(BODY | {"client_name": "Second"}, token=token["token"])
    newcomer.switch("OPEN", maxDynamicClients=2)
    assert newcomer.registers(BODY | {"client_name": "Third"})["statusCode"] == 429
    assert admin("GET", f"{base}/registrationTokens/{token['id']}")["status"] == "SPENT"
    assert len(admin("GET", f"{base}/registrationTokens")) == 1
    admin("DELETE", f"{base}/registrationTokens/{token['id']}")
    admin("DELETE", f"{base}/dynamicClients/{client_id}")
    assert newcomer.registers()["statusCode"] == 400
    assert not people.post("token_status", "introspect", token=tokens["access_token"])["active"]
    admin("POST", f"{base}/dynamicClients/{client_id}/lifecycle/unblock")
    assert newcomer.registered() == client_id
