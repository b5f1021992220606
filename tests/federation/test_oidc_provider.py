"""A provider that nobody here wrote, unmodified (npm ``oidc-provider``), reached by the guarded fetcher itself."""

import http.client
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from authmint.clock import SystemClock
from authmint.http import Request, Response
from authmint.oauth.outbound_fetch import exchange, fetch
from authmint.runtime import wiring

from tests.federation.world import ACME, Browser, Deployment, World
from tests.management.federation.idps import an_idp

CLIENTS = Path(__file__).parents[1] / "clients"
MODULES = CLIENTS / "node_modules"
NODE = next((str(path) for path in MODULES.glob("node-linux-*/bin/node")), shutil.which("node"))
pytestmark = pytest.mark.skipif(
    NODE is None or not (MODULES / "oidc-provider").exists(), reason="needs Node.js, and `npm ci` in tests/clients"
)
CALLBACK = f"{ACME}/oauth2/v1/authorize/callback"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running({"client_secret": "a-secret-of-more-than-32-characters"}) as issuer:
        yield issuer


@contextmanager
def running(proof: dict[str, Any]) -> Iterator[str]:
    """A provider that knows this service by something. Its issuer."""
    client = {"client_id": "authmint", "redirect_uri": CALLBACK, "post_logout_redirect_uris": [CALLBACK], **proof}
    command = [str(NODE), "oidc_provider.mjs", json.dumps(client)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=CLIENTS, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def over_http(request: Request) -> Response:
    """As a browser asks."""
    connection = http.client.HTTPConnection(urlsplit(request.base_url).netloc, timeout=30)
    target = request.path + (f"?{urlencode(request.query)}" if request.query else "")
    connection.request(request.method, target, request.body or None, dict(request.headers))
    answer = connection.getresponse()
    found = Response(answer.status, answer.read(), tuple((name.lower(), value) for name, value in answer.getheaders()))
    connection.close()
    return found


@pytest.fixture
def deployment(issuer: str) -> tuple[World, Deployment, str]:
    world, here = guarded()
    world.hosts[issuer] = over_http
    secret = {"client_id": "authmint", "client_secret": "a-secret-of-more-than-32-characters"}
    made = here.admin.post("/api/v1/idps", an_idp(protocol=protocol_of(issuer, secret)))
    assert made.status == 200, made.json
    return world, here, made.json["id"]


def protocol_of(issuer: str, client: dict[str, Any]) -> dict[str, Any]:
    credentials = {"client": client}
    protocol: dict[str, Any] = {"endpoints": None, "issuer": {"url": issuer}, "credentials": credentials}
    return protocol | {"scopes": ["openid", "email", "profile"]}


def guarded() -> tuple[World, Deployment]:
    """A deployment that asks by the guarded fetcher itself."""
    world = World(SystemClock())
    here = Deployment(world)
    here.parts.settings = replace(here.parts.settings, allow_private_jwks_uri=True)
    here.parts.exchange = _guarded  # type: ignore[method-assign]
    here.parts.fetch = lambda uri: fetch(uri, allow_private=True)  # type: ignore[method-assign]
    here.admin.api = wiring.management_api(here.parts)
    return world, here


def _guarded(method: str, uri: str, **more: Any) -> Any:
    return exchange(method, uri, headers=more["headers"], body=more.get("body"), allow_private=True)


def signed_in(world: World, here: Deployment, idp: str, name: str, **more: str) -> dict[str, Any]:
    browser = Browser(world)
    page = browser.open(here.authorize_uri(idp=idp, **more))
    page = browser.submit(page, login=name, password="any", prompt="login")
    back = browser.submit(page, prompt="consent")
    assert "code" in back.fields, (back.url, back.text)
    return here.tokens(back.fields["code"])


def test_its_people_sign_in(deployment: tuple[World, Deployment, str]) -> None:
    world, here, idp = deployment
    claims = signed_in(world, here, idp, "zoe")

    assert (claims["email"], claims["name"], claims["amr"]) == ("zoe@partner.example", "zoe Partner", ["fed"])
    (stored,) = here.storage.identity_providers.all().providers
    assert (stored.upstream.names_issuer, stored.upstream.auth_method) == (True, "client_secret_basic")
    assert signed_in(world, here, idp, "zoe")["sub"] == claims["sub"]
    assert signed_in(world, here, idp, "ben", login_hint="ben")["sub"] != claims["sub"]


def test_a_provider_that_knows_a_key_and_no_secret() -> None:
    client = {"client_id": "authmint", "token_endpoint_auth_method": "private_key_jwt"}
    world, here = guarded()
    idp = here.admin.made("/api/v1/idps", an_idp(protocol={"credentials": {"client": client}}))["id"]
    path = f"/api/v1/idps/{idp}"
    old = here.admin.get(f"{path}/credentials/keys").json
    new = here.admin.post(f"{path}/credentials/keys/generate?validityYears=2").json
    with running({"jwks": {"keys": [*old, new]}}) as issuer:
        world.hosts[issuer] = over_http
        body = an_idp(protocol=protocol_of(issuer, client))
        assert here.admin.put(path, body).json["protocol"]["credentials"]["signing"] == {"kid": old[0]["kid"]}
        before = signed_in(world, here, idp, "zoe")
        body["protocol"]["credentials"]["signing"] = {"kid": new["kid"]}
        assert here.admin.put(path, body).status == 200
        assert signed_in(world, here, idp, "zoe")["sub"] == before["sub"]


def test_who_signs_out_here_signs_out_there(deployment: tuple[World, Deployment, str]) -> None:
    world, here, idp = deployment
    path = f"/api/v1/idps/{idp}"
    known = here.admin.get(path).json
    known["protocol"]["settings"] = {"participateSlo": True}
    assert here.admin.put(path, known).status == 200
    browser = Browser(world)
    page = browser.submit(browser.open(here.authorize_uri(idp=idp)), login="zoe", password="any", prompt="login")
    assert "code" in browser.submit(page, prompt="consent").fields
    assert "code" in browser.open(here.authorize_uri(idp=idp, prompt="login")).fields or True

    asked = browser.submit(browser.open(f"{ACME}/signout"))
    assert "/session/end?" in asked.url
    back = browser.submit(asked, logout="yes")

    assert back.url == f"{ACME}/signout"
    assert "You are signed out" in back.text
    assert "/interaction/" in browser.open(here.authorize_uri(idp=idp)).url  # there they have to sign in again


def test_who_refuses_there_is_refused_here(deployment: tuple[World, Deployment, str]) -> None:
    world, here, idp = deployment
    browser = Browser(world)
    page = browser.open(here.authorize_uri(idp=idp))
    (abort,) = [link for link in page.links if link.endswith("/abort")]

    back = browser.open(page.url.partition("/interaction")[0] + urlsplit(abort).path)

    assert (back.fields["error"], back.fields["error_description"]) == (
        "access_denied",
        "User canceled the social login request.",
    )


def test_a_wrong_secret_of_ours_signs_nobody_in(deployment: tuple[World, Deployment, str]) -> None:
    world, here, idp = deployment
    path = f"/api/v1/idps/{idp}"
    known = here.admin.get(path).json
    known["protocol"]["credentials"]["client"]["client_secret"] = "another"
    assert here.admin.put(path, known).status == 200
    browser = Browser(world)
    page = browser.submit(browser.open(here.authorize_uri(idp=idp)), login="zoe", password="any", prompt="login")

    back = browser.submit(page, prompt="consent")

    assert back.fields["error"] == "invalid_social_token"
