"""docs/protocol.md §47 over TLS itself: ``openid-client`` and ``requests`` show certificates to the local stack."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from authmint.oauth.client_auth.certificates import thumbprint

from tests.flows.packages import CLIENTS, NODE, needs_packages
from tests.support.certificates import Authority, Issued
from tests.support.stack import Running, running_stack

GRANT = {"grant_type": "client_credentials", "scope": "orders:read"}


@dataclass(frozen=True)
class World:
    """A stack with a second door, a client that is known by the name of its certificate, and certificates."""

    stack: Running
    issuer: str
    client: dict[str, Any]
    files: Path
    aliases: dict[str, str]

    def ask(self, url: str, shown: str, form: dict[str, str]) -> requests.Response:
        """A request over the connection of a certificate; empty: of none."""
        pair = (str(self.files / f"{shown}.pem"), str(self.files / f"{shown}.key")) if shown else None
        trusted = str(self.stack.data / "mtls-server.pem")
        return requests.post(url, data=form, cert=pair, verify=trusted, timeout=30)


def written(issued: Issued, path: Path) -> None:
    path.with_suffix(".pem").write_text(issued.pem)
    path.with_suffix(".key").write_text(issued.key_pem)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    files = tmp_path_factory.mktemp("certificates")
    authority, stranger = Authority(int(time.time())), Authority(int(time.time()), "CN=stranger")
    for name, issued in (
        ("authority", authority.own),
        ("tpp", authority.client("CN=tpp,O=Bank,C=DE")),
        ("other", authority.client("CN=other,O=Bank,C=DE")),
        ("foreign", stranger.client("CN=tpp,O=Bank,C=DE")),
    ):
        written(issued, files / name)
    options = ("--mtls-port", "0", "--mtls-ca", str(files / "authority.pem"))
    with running_stack(tmp_path_factory.mktemp("mtls"), options=options) as stack:
        server = "/api/v1/authorizationServers/default"
        stack.made(f"{server}/scopes", {"name": "orders:read"})
        policy = stack.made(
            f"{server}/policies", {"name": "all", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}
        )
        conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
        stack.made(f"{server}/policies/{policy['id']}/rules", {"name": "machines", "conditions": conditions})
        registration = {
            "client_name": "tpp",
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=tpp,O=Bank,C=DE",
            "tls_client_certificate_bound_access_tokens": True,
        }
        client = stack.made("/oauth2/v1/clients", registration)
        issuer = f"{stack.url}/oauth2/default"
        metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=30).json()
        yield World(stack, issuer, client, files, metadata["mtls_endpoint_aliases"])


@needs_packages
def test_openid_client_shows_its_certificate_where_the_metadata_says(world: World) -> None:
    settings = {
        "issuer": world.issuer,
        "clientId": world.client["client_id"],
        "cert": str(world.files / "tpp.pem"),
        "key": str(world.files / "tpp.key"),
        "ca": str(world.stack.data / "mtls-server.pem"),
        "scope": "orders:read",
    }
    done = subprocess.run(
        [str(NODE), "mtls.mjs", json.dumps(settings)],
        cwd=CLIENTS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)

    bound = {"x5t#S256": thumbprint((world.files / "tpp.pem").read_text())}
    assert jwt.decode(seen["accessToken"], options={"verify_signature": False})["cnf"] == bound
    assert (seen["introspected"]["active"], seen["introspected"]["cnf"]) == (True, bound)
    assert seen["hosts"] == [urlsplit(world.aliases["token_endpoint"]).netloc]


def test_who_shows_another_certificate_or_none_or_says_so_in_a_header_gets_nothing(world: World) -> None:
    form = GRANT | {"client_id": world.client["client_id"]}
    token = world.aliases["token_endpoint"]

    assert world.ask(token, "tpp", form).status_code == 200
    assert world.ask(token, "other", form).json()["error"] == "invalid_client"
    assert world.ask(token, "", form).json()["error"] == "invalid_client"
    with pytest.raises(requests.exceptions.ConnectionError):
        world.ask(token, "foreign", form)  # TLS itself refuses whom nobody trusts
    pem = (world.files / "tpp.pem").read_text().replace("\n", " ")
    for header in ("x-amzn-mtls-clientcert", "x-client-cert", "x-forwarded-client-cert", "ssl-client-cert"):
        answer = requests.post(f"{world.issuer}/v1/token", data=form, headers={header: pem}, timeout=30)
        assert answer.json()["error"] == "invalid_client", header
    with_certificate_at_the_plain_host = requests.post(f"{world.issuer}/v1/token", data=form, timeout=30)
    assert with_certificate_at_the_plain_host.status_code == 401
