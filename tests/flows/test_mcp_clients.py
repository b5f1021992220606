"""MCP clients that nobody here wrote, and the public conformance suite: all of it as it is."""

import json
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from tests.support.document_host import DocumentHost
from tests.support.mcp_remote import mcp_remote
from tests.support.outside import Issuer
from tests.support.people import Deployment, deployment_with_a_person
from tests.support.repository import CHECKOUT
from tests.support.stack import Running

PYTHON = CHECKOUT / ".venv-mcp" / "bin" / "python"
CALLBACK = "http://127.0.0.1:3000/callback"
MODULES = CHECKOUT / "tests" / "clients" / "node_modules"
NODE = next((str(path) for path in MODULES.glob("node-linux-*/bin/node")), shutil.which("node"))
SUITE = MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"


def _is_new_enough() -> bool:
    if NODE is None or not SUITE.exists():
        return False
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.removeprefix("v").partition(".")[0]) >= 22


needs_suite = pytest.mark.skipif(not _is_new_enough(), reason="needs Node.js 22, and `npm ci` in tests/clients")
needs_sdk = pytest.mark.skipif(not PYTHON.exists(), reason="needs the MCP SDK: `make clients`")


@dataclass(frozen=True)
class Notes:
    """An MCP server that runs, and the deployment that its users sign in at."""

    people: Deployment
    resource: str

    @property
    def server(self) -> str:
        return f"/api/v1/authorizationServers/{self.people.server}"


@contextmanager
def serving_notes(stack: Running) -> Iterator[Notes]:
    people = deployment_with_a_person(stack)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    notes = Notes(people, f"http://127.0.0.1:{port}/mcp")
    scope = {"name": "notes.read", "default": True, "metadataPublish": "ALL_CLIENTS"}
    stack.made(f"{notes.server}/scopes", scope)
    stack.made(f"{notes.server}/resources", {"resource": notes.resource, "scopes": ["notes.read"]})
    stack.made(f"{notes.server}/resources", {"resource": f"{notes.resource}/other"})
    switched = stack.admin("PUT", f"{notes.server}/security", {"resourceIndicators": "ON"})
    assert switched.json()["resourceIndicators"] == "ON"
    command = [str(PYTHON), str(CHECKOUT / "examples" / "mcp_server.py"), people.issuer, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline().strip() == f"Serving {notes.resource}"
            line = process.stderr.readline()
            while line and "Uvicorn running" not in line:
                line = process.stderr.readline()
            yield notes
        finally:
            process.kill()


@pytest.fixture
def notes(stack: Running) -> Iterator[Notes]:
    with serving_notes(stack) as running:
        yield running


def signed_in(notes: Notes, **client: str) -> Any:
    """What the SDK's client saw. ``client``: its id, or the URL of its document; neither: it registers itself."""
    settings = client | {
        "redirectUri": CALLBACK,
        "issuer": notes.people.issuer,
        "resource": notes.resource,
    }
    return talked(notes, [str(PYTHON), str(CHECKOUT / "tests" / "clients" / "mcp_client.py")], settings)


def talked(notes: Notes, program: list[str], settings: dict[str, str]) -> Any:
    """What a program saw that says where its user has to go, and reads where the browser was sent."""
    command = [*program, json.dumps(settings)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        start = process.stdout.readline()
        assert start, process.stderr.read()
        url = json.loads(start)["url"]
        process.stdin.write(notes.people.browser().sign_in(url, agree="clientId" not in settings) + "\n")
        process.stdin.flush()
        end = process.stdout.readline()
        assert end, process.stderr.read()
    return json.loads(end)


def test_every_address_that_clients_look_for_metadata_at_answers_them(stack: Running) -> None:
    server = stack.made("/api/v1/authorizationServers", {"name": "agents", "audiences": ["a"]})["id"]
    documents = ("oauth-authorization-server", "openid-configuration")
    own = [
        path
        for name in documents
        for path in (f"/.well-known/{name}/oauth2/{server}", f"/oauth2/{server}/.well-known/{name}")
    ]
    org = [f"/.well-known/{name}" for name in documents]
    nowhere = [
        *(path.replace(server, "ausNobody") for path in own),
        *(
            f"/.well-known/{name}"
            for name in ("oauth-protected-resource", "oauth-protected-resource/mcp", "anything/else")
        ),
        f"/.well-known/openid-configuration/{server}",
        f"/oauth2/{server}/.well-known/anything",
        f"/oauth2/{server}/v1/nothing",
    ]

    for path in (*own, *org, *nowhere):
        answer = requests.get(stack.url + path, headers={"origin": "https://inspector.example"}, timeout=30)
        assert answer.status_code == (404 if path in nowhere else 200), path
        assert answer.headers["content-type"].partition(";")[0] == "application/json", path
        assert answer.headers["access-control-allow-origin"] == "*", path
        if path not in nowhere:
            assert answer.json()["issuer"] == (stack.url if path in org else f"{stack.url}/oauth2/{server}"), path
            assert answer.json()["code_challenge_methods_supported"] == ["S256"]
            assert answer.json()["authorization_response_iss_parameter_supported"] is True
            wanted = {"access-control-request-method": "GET", "access-control-request-headers": "mcp-protocol-version"}
            preflight = requests.options(stack.url + path, headers={"origin": "https://i.example"} | wanted, timeout=30)
            assert preflight.status_code == 204, path
            assert preflight.headers["access-control-allow-headers"] == "mcp-protocol-version", path


@needs_sdk
def test_the_mcp_sdk_signs_in_calls_a_tool_and_refreshes(notes: Notes) -> None:
    rotated = {"rotation_type": "ROTATE", "leeway": 30}
    public: dict[str, Any] = {
        "application_type": "native",
        "auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/callback"],
    }
    client = notes.people.client(**public, refresh_token=rotated)

    seen = signed_in(notes, clientId=client["client_id"])

    assert seen["said"] == ["Water the plants.", "Water the plants."]
    for tokens in (seen["first"], seen["second"]):
        claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
        assert (claims["aud"], claims["iss"]) == (notes.resource, notes.people.issuer)
        assert set(tokens["scope"].split()) == set(claims["scp"]) == {"notes.read", "offline_access"}
    assert seen["first"]["refresh_token"] != seen["second"]["refresh_token"]


@needs_sdk
def test_the_mcp_sdk_brings_a_document_instead_of_a_registration(notes: Notes, document_host: DocumentHost) -> None:
    stack, redirect_uris = notes.people.stack, ["http://127.0.0.1/callback"]
    grants = ["authorization_code", "refresh_token"]
    path = f"/{notes.people.server}/client.json"
    url = document_host.publish(path, client_name="Notes", redirect_uris=redirect_uris, grant_types=grants)
    registration = {"metadataDocuments": "OPEN"}
    settings = {"resourceIndicators": "ON", "clientRegistration": registration}
    assert stack.admin("PUT", f"{notes.server}/security", settings).ok
    policy = stack.admin("GET", f"{notes.server}/policies/{notes.people.policy}").json()
    policy["conditions"]["clients"]["include"] = ["METADATA_CLIENTS"]
    assert stack.admin("PUT", f"{notes.server}/policies/{policy['id']}", policy).ok

    seen = signed_in(notes, clientMetadataUrl=url)

    assert (seen["clientId"], seen["said"]) == (url, ["Water the plants.", "Water the plants."])
    for tokens in (seen["first"], seen["second"]):
        claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
        assert (claims["aud"], claims["cid"]) == (notes.resource, url)
    assert document_host.documents[path]
    assert [by for asked, by in document_host.asked if asked == path] == [f"authmint (+{notes.people.issuer})"]


def opened(notes: Notes) -> None:
    """Clients may register themselves."""
    stack = notes.people.stack
    settings = {"resourceIndicators": "ON", "clientRegistration": {"dynamic": "OPEN"}}
    assert stack.admin("PUT", f"{notes.server}/security", settings).ok
    policy = stack.admin("GET", f"{notes.server}/policies/{notes.people.policy}").json()
    policy["conditions"]["clients"]["include"] = ["DYNAMIC_CLIENTS"]
    assert stack.admin("PUT", f"{notes.server}/policies/{policy['id']}", policy).ok


@needs_sdk
@needs_suite
def test_the_mcp_sdk_for_typescript_registers_itself(notes: Notes) -> None:
    opened(notes)
    program = [str(NODE), str(CHECKOUT / "tests" / "clients" / "mcp_sdk.mjs")]

    seen = talked(notes, program, {"redirectUri": CALLBACK, "resource": notes.resource})

    assert seen["said"] == "Water the plants."
    assert seen["client"]["token_endpoint_auth_method"] == "none"  # it asked for a secret, and does without
    claims = jwt.decode(seen["tokens"]["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["cid"]) == (notes.resource, seen["client"]["client_id"])


@needs_sdk
def test_the_mcp_sdk_registers_itself(notes: Notes) -> None:
    stack = notes.people.stack
    opened(notes)

    seen = signed_in(notes)
    again = signed_in(notes)

    assert seen["said"] == ["Water the plants.", "Water the plants."]
    assert seen["clientId"] == again["clientId"]
    assert [one["id"] for one in stack.admin("GET", f"{notes.server}/dynamicClients").json()] == [seen["clientId"]]
    for tokens in (seen["first"], seen["second"]):
        claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
        assert (claims["aud"], claims["cid"]) == (notes.resource, seen["clientId"])


@needs_sdk
@needs_suite
def test_mcp_remote_registers_itself_and_calls_the_tool(notes: Notes, tmp_path: Path) -> None:
    opened(notes)
    browser = partial(notes.people.browser().sign_in, agree=True)

    with mcp_remote(
        str(NODE), MODULES / "mcp-remote" / "dist" / "proxy.js", notes.resource, tmp_path, browser
    ) as remote:
        client = {"name": "a test", "version": "1"}
        started = remote.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        remote.tell("notifications/initialized")
        answer = remote.ask("tools/call", name="read_note", arguments={})

    assert started["serverInfo"]["name"] == "notes"
    assert answer["content"][0]["text"] == "Water the plants."
    (visited,) = remote.visited
    assert "client_id=dcr_" in visited


@needs_sdk
def test_a_token_for_another_resource_of_the_same_server_opens_nothing(notes: Notes) -> None:
    stack, people = notes.people.stack, notes.people
    machine = stack.made(
        "/oauth2/v1/clients", {"client_name": f"agent of {people.server}", "application_type": "service"}
    )
    rule = {
        "name": "machines",
        "conditions": {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["notes.read"]}},
    }
    stack.made(f"{notes.server}/policies/{people.policy}/rules", rule)

    def opened(**named: str) -> int:
        form = {"grant_type": "client_credentials", "scope": "notes.read"} | named
        credentials = (machine["client_id"], machine["client_secret"])
        answer = requests.post(f"{people.issuer}/v1/token", data=form, auth=credentials, timeout=30)
        assert answer.ok, answer.text
        hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"},
        }}  # fmt: skip
        headers = {
            "authorization": f"Bearer {answer.json()['access_token']}",
            "accept": "application/json, text/event-stream",
        }
        return requests.post(notes.resource, json=hello, headers=headers, timeout=30).status_code

    assert opened(resource=notes.resource) == 200
    assert opened(resource=f"{notes.resource}/other") == opened() == 401


@needs_suite
@pytest.mark.parametrize("resource", [None, "http://127.0.0.1:8000/mcp"])
def test_the_conformance_suite_of_mcp_passes(stack: Running, resource: str | None) -> None:
    people = deployment_with_a_person(stack)
    server = f"/api/v1/authorizationServers/{people.server}"
    stack.made(f"{server}/scopes", {"name": "notes.read", "default": True})
    stack.made(f"{server}/resources", {"resource": "http://127.0.0.1:8000/mcp", "scopes": ["notes.read"]})
    stack.admin("PUT", f"{server}/security", {"resourceIndicators": "ON"}).raise_for_status()
    client = people.client(application_type="native", auth_method="none", redirect_uris=["http://127.0.0.1/callback"])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    command = [str(NODE), str(SUITE), "authorization", "--url", people.issuer, "--client-id", client["client_id"]]
    command += ["-p", port, *(["--resource", resource] if resource else [])]
    said: list[str] = []
    back, listens = "", False
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith(f"{people.issuer}/v1/authorize?"):
                back = people.browser().sign_in(line.strip())
            listens = listens or line.startswith("Callback server started")
            if back and listens:
                assert requests.get(back, timeout=30).ok
                back = ""

    assert process.returncode == 0, "".join(said)
    assert re.search(r"^Total: 2 passed, 0 failed$", "".join(said), re.MULTILINE), "".join(said)


@needs_sdk
def test_the_sdk_calls_a_tool_by_what_an_identity_provider_asserts(notes: Notes) -> None:
    """Enterprise-managed authorization: nobody signs in here; the assertion is for this resource, and counts once."""
    stack, idp = notes.people.stack, Issuer()
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    app = {"client_name": f"agent {uuid.uuid4()}", "application_type": "service", "grant_types": [grant]}
    client = stack.made("/oauth2/v1/clients", app | {"token_endpoint_auth_method": "client_secret_post"})
    entry = {"issuer": idp.url, "use": "ID_JAG", "jwks": {"keys": [idp.jwk]}}
    trusted = stack.made(f"{notes.server}/trustedIssuers", entry)["id"]
    stack.made(f"{notes.server}/trustedIssuers/{trusted}/subjects", {"sub": "u-1", "userId": notes.people.user})
    conditions = {
        "people": {"users": {"include": [notes.people.user]}},
        "grantTypes": {"include": [grant]},
        "scopes": {"include": ["*"]},
    }
    rules = f"{notes.server}/policies/{notes.people.policy}/rules"
    stack.made(rules, {"name": "assertions", "conditions": conditions})
    settings = {
        "issuer": notes.people.issuer,
        "resource": notes.resource,
        "clientId": client["client_id"],
        "clientSecret": client["client_secret"],
    }
    command = [str(PYTHON), "mcp_identity.py", json.dumps(settings)]
    with subprocess.Popen(
        command, cwd=MODULES.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        asked = process.stdout.readline()
        assert asked, process.stderr.read()
        assert json.loads(asked) == {"audience": notes.people.issuer, "resource": notes.resource}
        now = int(time.time())
        said = {"sub": "u-1", "aud": notes.people.issuer, "client_id": client["client_id"], "scope": "notes.read"}
        assertion = idp.token({"typ": "oauth-id-jag+jwt"}, **said, resource=notes.resource, iat=now, exp=now + 120)
        process.stdin.write(f"{assertion}\n")
        process.stdin.flush()
        end = process.stdout.readline()
        assert end, process.stderr.read()
    seen = json.loads(end)

    token = jwt.decode(seen["token"], options={"verify_signature": False})
    assert (token["aud"], token["uid"], token["scp"]) == (notes.resource, notes.people.user, ["notes.read"])
    assert seen["refresh"] is None
    form = {"grant_type": grant, "assertion": assertion, "client_id": client["client_id"]}
    again = requests.post(
        f"{notes.people.issuer}/v1/token", data=form | {"client_secret": client["client_secret"]}, timeout=30
    )
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
