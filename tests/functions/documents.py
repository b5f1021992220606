"""Clients that are known by their metadata documents, at the functions; and the web of these documents."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from authmint.oauth.outbound_fetch import Document, FetchFailed

from tests.functions.deployment import form_event
from tests.functions.sign_ins import CHALLENGE, VERIFIER, People
from tests.support.people import CALLBACK, LOGIN, PASSWORD, query_of

URL = "https://app.example/" + "x" * 200 + "/client.json"
DOCUMENT: dict[str, Any] = {
    "client_id": URL,
    "client_name": "Notes",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
}


@dataclass
class Web:
    """What is behind URLs. ``asked``: what was fetched."""

    documents: dict[str, Any] = field(default_factory=lambda: {URL: DOCUMENT})
    asked: list[str] = field(default_factory=list)

    def fetch(self, uri: str, *_: Any, **__: Any) -> Document:
        self.asked.append(uri)
        found = self.documents.get(uri)
        if found is None:
            raise FetchFailed("status 404", withdrawn=True)
        return Document(json.dumps(found).encode())


@contextmanager
def a_web() -> Iterator[Web]:
    """The functions of this process find documents here."""
    web = Web()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("authmint.oauth.outbound_fetch.fetch_document", web.fetch)
        yield web


@dataclass
class Stranger:
    """A client that nobody registered, at a server that takes them all."""

    people: People

    def welcome(self) -> None:
        """What an administrator does."""
        base, admin = f"/api/v1/authorizationServers/{self.people.server}", self.people.functions.admin
        registration = {"metadataDocuments": "OPEN", "scopes": ["openid", "offline_access", "orders"]}
        admin("PUT", f"{base}/security", {"clientRegistration": registration})
        include = {"clients": {"include": ["METADATA_CLIENTS"]}}
        policy = admin("POST", f"{base}/policies", {"name": "Agents", "conditions": include})["id"]
        conditions = {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["authorization_code"]},
            "scopes": {"include": ["*"]},
        }
        admin("POST", f"{base}/policies/{policy}/rules", {"name": "all", "conditions": conditions})

    def code(self, **fields: str) -> str:
        """Asked, signed in where that is needed, agreed."""
        asked = {"client_id": URL, "scope": "orders offline_access"} | fields
        at, page = self.people.authorize(**asked)
        if 'action="/signin"' in page:
            at, page = self.people.submit("/signin", page, username=LOGIN, password=PASSWORD)
        if 'action="/consent"' in page:
            at, page = self.people.submit("/consent", page, decision="allow")
        return query_of(at)["code"]

    def post(self, path: str, **fields: str) -> dict[str, Any]:
        """A call of its own: without a secret."""
        event = form_event(path, self.people.server, urlencode({"client_id": URL} | fields), "", "")
        event["headers"].pop("authorization")
        answer: dict[str, Any] = json.loads(self.people.functions.http("token", event)["body"])
        return answer

    def redeem(self, code: str) -> dict[str, Any]:
        proof = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post("token", grant_type="authorization_code", **proof)

    def refresh(self, token: str) -> dict[str, Any]:
        return self.post("token", grant_type="refresh_token", refresh_token=token)

    def push(self, **fields: str) -> dict[str, Any]:
        asked = {"response_type": "code", "scope": "orders", "redirect_uri": CALLBACK} | fields
        return self.post("par", **asked, code_challenge=CHALLENGE, code_challenge_method="S256")


def every_flow_of_strangers(people: People, web: Web, later: Any) -> None:
    """The whole way, a refresh, a pushed request, another document, a withdrawn one; what administrators see of it.

    ``later`` moves the clock by seconds.
    """
    stranger = Stranger(people)
    stranger.welcome()
    tokens = stranger.redeem(stranger.code())
    assert "refresh_token" in stranger.refresh(tokens["refresh_token"])
    assert people.post("token_status", "introspect", token=tokens["access_token"])["active"]
    assert "request_uri" in stranger.push()
    admin, base = people.functions.admin, f"/api/v1/authorizationServers/{people.server}"
    wish = {"client_id": URL, "grant_type": "authorization_code", "scope": "orders", "user_id": LOGIN}
    assert admin("POST", f"{base}/tokens/preview", wish)["client"]["document"] == "FETCHED"
    assert [one["clientId"] for one in admin("GET", f"{base}/metadataDocuments")] == [URL]
    web.documents[URL] = DOCUMENT | {"client_name": "Else"}
    later(90_100)  # more than a day after the copy was fresh: a client's own call fetches it too
    assert "request_uri" in stranger.push()
    del web.documents[URL]
    later(90_100)
    assert stranger.push()["error"] == "invalid_client"
    web.documents[URL] = DOCUMENT
    later(10)
    stranger.code()
    web.documents[URL] = DOCUMENT | {"client_name": "Else"}
    later(3_600)
    stranger.code()
    admin("POST", f"{base}/metadataClients", {"clientId": URL, "status": "BLOCKED"})
    listed = "https://listed.example/client.json"
    web.documents[listed] = DOCUMENT | {"client_id": listed}
    admin("POST", f"{base}/metadataClients", {"clientId": listed})  # it may push before anybody was there
    assert "request_uri" in stranger.push(client_id=listed)
