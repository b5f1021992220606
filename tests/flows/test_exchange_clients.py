"""Services act on behalf of Maria, with clients that nobody here wrote: ``openid-client``, then Authlib behind it."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session

from tests.flows.packages import CLIENTS, NODE, needs_packages
from tests.support.people import CALLBACK, Deployment, deployment_with_a_person, query_of
from tests.support.stack import Running

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
POST = "client_secret_post"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@dataclass(frozen=True)
class World:
    """Maria's token, the server that it is of, and one that trusts it; two services."""

    people: Deployment
    ledger: str
    tokens: dict[str, Any]
    app: dict[str, Any]
    services: list[dict[str, Any]]


@pytest.fixture
def world(stack: Running) -> World:
    people = deployment_with_a_person(stack)
    base = f"/api/v1/authorizationServers/{people.server}"
    stack.made(f"{base}/scopes", {"name": "orders:read"})
    ledger = stack.made("/api/v1/authorizationServers", {"name": "ledger", "audiences": ["api://ledger"]})["id"]
    there = f"/api/v1/authorizationServers/{ledger}"
    stack.made(f"{there}/scopes", {"name": "ledger:read"})
    stack.made(f"{there}/associatedServers", {"trusted": [people.server]})
    all_clients = {"name": "all", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}
    theirs = stack.made(f"{there}/policies", all_clients)["id"]
    conditions = {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": [EXCHANGE]},
        "scopes": {"include": ["*"]},
    }
    for policy in (f"{base}/policies/{people.policy}", f"{there}/policies/{theirs}"):
        stack.made(f"{policy}/rules", {"name": "services", "conditions": conditions})
    app = people.client()
    query = f"client_id={app['client_id']}&response_type=code&scope=openid+orders:read+offline_access&state=s"
    back = people.browser().sign_in(f"{people.issuer}/v1/authorize?{query}&redirect_uri={CALLBACK}&nonce=n")
    grant = {"grant_type": "authorization_code", "code": query_of(back)["code"], "redirect_uri": CALLBACK}
    credentials = (app["client_id"], app["client_secret"])
    tokens = requests.post(f"{people.issuer}/v1/token", data=grant, auth=credentials, timeout=30).json()
    body = {
        "application_type": "service",
        "grant_types": [EXCHANGE],
        "token_endpoint_auth_method": POST,
    }
    services = [stack.made("/oauth2/v1/clients", body | {"client_name": f"service {n} of {ledger}"}) for n in (1, 2)]
    return World(people, f"{stack.url}/oauth2/{ledger}", tokens, app, services)


@needs_packages
def test_a_service_behind_a_service_behind_a_user(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last token names the chain; when the user's sign-in is revoked, all of them are inactive."""
    first, second = world.services
    settings = {
        "issuer": world.people.issuer,
        "clientId": first["client_id"],
        "clientSecret": first["client_secret"],
        "subjectToken": world.tokens["access_token"],
        "audience": "api://people",
        "scope": "orders:read",
    }
    done = subprocess.run(
        [str(NODE), "exchange.mjs", json.dumps(settings)],
        cwd=CLIENTS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["advertised"], seen["issuedTokenType"], seen["introspected"]["active"]) == (True, ACCESS_TOKEN, True)
    assert 0 < seen["expiresIn"] <= 3600

    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    session = OAuth2Session(second["client_id"], second["client_secret"], token_endpoint_auth_method=POST)
    tokens = session.fetch_token(
        f"{world.ledger}/v1/token",
        grant_type=EXCHANGE,
        subject_token=seen["accessToken"],
        subject_token_type=ACCESS_TOKEN,
        audience="api://ledger",
        scope="ledger:read",
    )

    def state() -> Any:
        return session.introspect_token(f"{world.ledger}/v1/introspect", token=tokens["access_token"]).json()

    last = state()
    assert last["act"] == {"sub": second["client_id"], "act": {"sub": first["client_id"]}}
    assert (last["uid"], last["active"], last["username"]) == (world.people.user, True, "maria@example.org")
    credentials = (world.app["client_id"], world.app["client_secret"])
    form = {"token": world.tokens["refresh_token"]}
    requests.post(f"{world.people.issuer}/v1/revoke", data=form, auth=credentials, timeout=30).raise_for_status()
    assert state() == {"active": False}
