"""``make run`` over HTTP: tokens per second on 16 connections, and the memory of each function afterwards."""

import base64
import http.client
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import requests

from tests.benchmarks.measure import line
from tests.functions.sign_ins import CHALLENGE
from tests.support.people import CALLBACK, deployment_with_a_person
from tests.support.stack import Running, running_stack

CONNECTIONS: Final = 16
SECONDS: Final = 5.0
SERVERS: Final = "/api/v1/authorizationServers"


def measure() -> None:
    """Throughput of this machine with its clients on it: says something about an idle machine only."""
    with (
        tempfile.TemporaryDirectory() as directory,
        running_stack(Path(directory), AUTHMINT_LOG_LEVEL="ERROR") as stack,
    ):
        for algorithm in ("RS256", "ES256"):
            server, authorization = _ready(stack, algorithm)
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                _run(pool, stack, server, authorization, 1.0)  # starts the environments
                tokens = _run(pool, stack, server, authorization, SECONDS)
            line(f"make run, {CONNECTIONS} connections, {algorithm}", tokens / SECONDS, "tokens/s")
            _others(stack, server, authorization)
        _sign_in(stack)
        for name, memory in sorted(_memory(stack).items()):
            line(f"peak resident memory under load: {name}", memory, "MB")


def _run(pool: ThreadPoolExecutor, stack: Running, server: str, authorization: str, seconds: float) -> int:
    until = time.monotonic() + seconds

    def work(_: int) -> int:
        connection = http.client.HTTPConnection(stack.url.removeprefix("http://"), timeout=30)
        headers = {"authorization": authorization, "content-type": "application/x-www-form-urlencoded"}
        done = 0
        while time.monotonic() < until:
            body = "grant_type=client_credentials&scope=a"
            connection.request("POST", f"/oauth2/{server}/v1/token", body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            done += 1
        connection.close()
        return done

    return sum(pool.map(work, range(CONNECTIONS)))


def _ready(stack: Running, algorithm: str) -> tuple[str, str]:
    """A server, and the header of a client that it gives tokens."""
    signing: dict[str, Any] = {"credentials": {"signing": {"alg": algorithm}}}
    server = stack.made(SERVERS, {"name": algorithm, "audiences": ["api://bench"]} | signing)["id"]
    stack.made(f"{SERVERS}/{server}/scopes", {"name": "a"})
    clients = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = stack.made(f"{SERVERS}/{server}/policies", {"name": "p", "conditions": clients})["id"]
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    stack.made(f"{SERVERS}/{server}/policies/{policy}/rules", {"name": "r", "conditions": conditions})
    body = {"client_name": algorithm, "application_type": "service", "grant_types": ["client_credentials"]}
    made = stack.made("/oauth2/v1/clients", body)
    encoded = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    return server, f"Basic {encoded}"


def _others(stack: Running, server: str, authorization: str) -> None:
    """One request to each of the other functions."""
    requests.get(f"{stack.url}/oauth2/{server}/v1/keys", timeout=30)
    requests.get(f"{stack.url}/oauth2/{server}/.well-known/openid-configuration", timeout=30)
    headers = {"authorization": authorization}
    requests.post(f"{stack.url}/oauth2/{server}/v1/introspect", {"token": "x"}, headers=headers, timeout=30)


def _sign_in(stack: Running) -> None:
    """One, with its password."""
    people = deployment_with_a_person(stack)
    query = {"client_id": people.client()["client_id"], "redirect_uri": CALLBACK, "response_type": "code"}
    query |= {"scope": "openid", "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    people.browser().sign_in(f"{people.issuer}/v1/authorize?{urlencode(query)}")


def _memory(stack: Running) -> dict[str, float]:
    """Peak resident megabytes of the execution environments, by function."""
    found: dict[str, float] = {}
    for directory in Path("/proc").iterdir():
        try:
            if not directory.name.isdigit() or "awslambdaric" not in (directory / "cmdline").read_text():
                continue
            parent = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
            if parent != stack.process.pid:
                continue
            status = (directory / "status").read_text()
            name = (directory / "cwd").readlink().name
        except OSError:
            continue
        peak = int(status.partition("VmHWM:")[2].split()[0]) / 1_024
        found[name] = max(found.get(name, 0.0), peak)
    return found
