"""Services act on behalf of Maria, with clients that nobody here wrote: ``openid-client``, then Authlib behind it."""

import json
import subprocess
import time
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authmint.verifier import Refused, Verifier

from tests.flows.packages import CLIENTS, NODE, needs_packages
from tests.support.people import CALLBACK, Deployment, deployment_with_a_person, query_of
from tests.support.stack import Running

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
POST = "client_secret_post"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
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
    for settings in (base, there):
        assert stack.admin("PUT", f"{settings}/security", {"statusList": True}).status_code == 200
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
    """The last token names the chain; when the user's sign-in is revoked, all of them are inactive, and in lists."""
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
    chain = [world.tokens["access_token"], seen["accessToken"], tokens["access_token"]]
    assert Verifier(world.ledger, "api://ledger").verify(f"Bearer {chain[2]}")["act"] == last["act"]
    assert listed(chain) == {"lists": 2, "statuses": [0, 0, 0]}
    credentials = (world.app["client_id"], world.app["client_secret"])
    form = {"token": world.tokens["refresh_token"]}
    requests.post(f"{world.people.issuer}/v1/revoke", data=form, auth=credentials, timeout=30).raise_for_status()
    assert state() == {"active": False}

    until = time.monotonic() + 60
    while listed(chain)["statuses"] != [1, 1, 1]:
        assert time.monotonic() < until, "the lists do not show it"
    with pytest.raises(Refused, match="revoked"):
        Verifier(world.ledger, "api://ledger").verify(f"Bearer {chain[2]}")


def listed(tokens: list[str]) -> Any:
    """What a library that nobody here wrote reads in the lists of tokens."""
    command = [str(NODE), "status_list.mjs", json.dumps(tokens)]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_app_takes_its_user_from_the_org_server_to_another_one(
    stack: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authlib asks the org server for an assertion (ID-JAG), and another server for a token by it: once."""
    bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    people = deployment_with_a_person(stack)
    base = f"/api/v1/authorizationServers/{people.server}"
    stack.made(f"{base}/scopes", {"name": "notes.read"})
    conditions = {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": [bearer]},
        "scopes": {"include": ["notes.read"]},
    }
    stack.made(f"{base}/policies/{people.policy}/rules", {"name": "assertions", "conditions": conditions})
    there = people.client(auth_method=POST, grant_types=["authorization_code", bearer])
    connection = {"audience": people.issuer, "client_id": there["client_id"], "scopes": ["notes.read"]}
    wiki = people.client(auth_method=POST, grant_types=["authorization_code", EXCHANGE], app_connections=[connection])
    query = f"client_id={wiki['client_id']}&response_type=code&scope=openid&state=s&redirect_uri={CALLBACK}&nonce=n"
    back = people.browser().sign_in(f"{stack.url}/oauth2/v1/authorize?{query}")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    here = OAuth2Session(
        wiki["client_id"], wiki["client_secret"], redirect_uri=CALLBACK, token_endpoint_auth_method=POST
    )
    signed_in = here.fetch_token(f"{stack.url}/oauth2/v1/token", code=query_of(back)["code"])
    metadata = requests.get(f"{stack.url}/.well-known/oauth-authorization-server", timeout=30).json()
    assert metadata["identity_chaining_requested_token_types_supported"] == [ID_JAG]

    asserted = here.fetch_token(
        metadata["token_endpoint"],
        grant_type=EXCHANGE,
        requested_token_type=ID_JAG,
        subject_token=signed_in["id_token"],
        subject_token_type="urn:ietf:params:oauth:token-type:id_token",
        audience=people.issuer,
    )
    assert (asserted["token_type"], asserted["issued_token_type"]) == ("N_A", ID_JAG)
    elsewhere = OAuth2Session(there["client_id"], there["client_secret"], token_endpoint_auth_method=POST)
    form = {"grant_type": bearer, "assertion": asserted["access_token"]}
    token = elsewhere.fetch_token(f"{people.issuer}/v1/token", **form)

    state = elsewhere.introspect_token(f"{people.issuer}/v1/introspect", token=token["access_token"]).json()
    assert (state["active"], state["uid"], state["scope"]) == (True, people.user, "notes.read")
    with pytest.raises(OAuthError, match="invalid_grant"):
        elsewhere.fetch_token(f"{people.issuer}/v1/token", **form)
