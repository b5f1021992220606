"""Clients that nobody here wrote do FAPI 2.0 Message Signing: PAR, DPoP, JAR and JARM, by ``openid-client`` and
``oauth4webapi`` as they are.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.support.dpop import Key
from tests.support.people import CALLBACK, LOGIN, SCOPES, Deployment, deployment_with_a_person
from tests.support.stack import Running

CLIENTS = Path(__file__).parents[1] / "clients"
NODE = shutil.which("node")


@pytest.fixture
def bank(stack: Running) -> Deployment:
    """A server that signs by PS256, of which message signing is asked."""
    people = deployment_with_a_person(stack)
    path = f"/api/v1/authorizationServers/{people.server}"
    server = stack.admin("GET", path).json()
    server["credentials"]["signing"]["alg"] = "PS256"
    stack.admin("PUT", path, server).raise_for_status()
    stack.admin("PUT", f"{path}/security", {"profile": "FAPI2_MESSAGE_SIGNING"}).raise_for_status()
    return people


def registered(bank: Deployment, key: Key) -> tuple[str, dict[str, Any]]:
    """A client with this key, and the private half as its library takes it."""
    public: dict[str, Any] = {**key.jwk, "kid": "k1", "use": "sig"}
    algorithm = "EdDSA" if key.algorithm == "Ed25519" else key.algorithm
    private: Any = jwt.get_algorithm_by_name(algorithm).to_jwk(key.private, as_dict=True)
    members: dict[str, Any] = {name: private[name] for name in ("kty", "crv", "x", "y", "d") if name in private}
    client = bank.client(
        auth_method="private_key_jwt",
        jwks={"keys": [public]},
        security_profile="FAPI2_MESSAGE_SIGNING",
        authorization_signed_response_alg="PS256",
    )
    return client["client_id"], {**members, "kid": "k1"}


@pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules").exists(), reason="needs Node.js, and `npm ci` in tests/clients"
)
@pytest.mark.parametrize(
    ("script", "algorithm"), [("fapi_openid_client.mjs", "ES256"), ("fapi_oauth4webapi.mjs", "Ed25519")]
)
def test_a_standard_library_pushes_signed_requests_and_reads_signed_answers(
    bank: Deployment, script: str, algorithm: str
) -> None:
    client_id, jwk = registered(bank, Key(algorithm))
    settings = {"issuer": bank.issuer, "clientId": client_id, "jwk": jwk, "redirectUri": CALLBACK, "scope": SCOPES}
    with subprocess.Popen(
        [str(NODE), script, json.dumps(settings)],
        cwd=CLIENTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        start = process.stdout.readline()
        assert start, process.stderr.read()
        url = json.loads(start)["url"]
        back = bank.browser().sign_in(url)
        process.stdin.write(back + "\n")
        process.stdin.flush()
        end = process.stdout.readline()
        assert end, process.stderr.read()
    seen = json.loads(end)

    assert set(parse_qs(urlsplit(url).query)) == {"client_id", "request_uri"}
    assert set(parse_qs(urlsplit(back).query)) == {"response"}
    assert (seen["sub"], seen["email"]) == (bank.user, LOGIN)
    assert (seen["tokenType"], seen["kept"], seen["active"]) == ("dpop", True, [True, False])
    assert seen["boundTo"] == seen["jkt"]
    again = requests.get(url, allow_redirects=False, timeout=30)
    assert again.status_code == 400  # a request is answered once
