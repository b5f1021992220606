"""Keys rotate while 16 connections fetch tokens and verify them: no failed verification, no 5xx."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
import requests

from tests.support.stack import Running

CONNECTIONS = 16
SECONDS = 5.0
SERVERS = "/api/v1/authorizationServers"


class Verifier:
    """As every resource server does it: keeps the key set, and fetches it anew for a kid that it does not know."""

    def __init__(self, issuer: str, session: requests.Session) -> None:
        self._issuer = issuer
        self._session = session
        self._keys: dict[str, jwt.PyJWK] = {}

    def verify(self, token: str) -> None:
        kid = jwt.get_unverified_header(token)["kid"]
        if kid not in self._keys:
            answer = self._session.get(f"{self._issuer}/v1/keys", timeout=30)
            assert answer.status_code == 200, answer.status_code
            self._keys = {key["kid"]: jwt.PyJWK(key) for key in answer.json()["keys"]}
        jwt.decode(token, self._keys[kid], algorithms=["ES256"], audience="api://load", issuer=self._issuer)


@pytest.fixture
def client(stack: Running) -> tuple[str, Any]:
    """Server id and the credentials of a client."""
    signing = {"credentials": {"signing": {"alg": "ES256"}}}
    server = stack.made(SERVERS, {"name": "load", "audiences": ["api://load"]} | signing)["id"]
    stack.made(f"{SERVERS}/{server}/scopes", {"name": "a"})
    clients = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = stack.made(f"{SERVERS}/{server}/policies", {"name": "p", "conditions": clients})["id"]
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    stack.made(f"{SERVERS}/{server}/policies/{policy}/rules", {"name": "r", "conditions": conditions})
    body = {"client_name": f"load {server}", "application_type": "service", "grant_types": ["client_credentials"]}
    made = stack.made("/oauth2/v1/clients", body)
    return server, (made["client_id"], made["client_secret"])


def test_rotations_under_load_fail_no_verification(stack: Running, client: tuple[str, Any]) -> None:
    server, credentials = client
    issuer = f"{stack.url}/oauth2/{server}"
    until = time.monotonic() + SECONDS

    def work(_: int) -> set[str]:
        """The kids of the tokens that were fetched and verified."""
        seen: set[str] = set()
        with requests.Session() as session:
            verifier = Verifier(issuer, session)
            kept: list[str] = []
            while time.monotonic() < until:
                answer = session.post(
                    f"{issuer}/v1/token",
                    data={"grant_type": "client_credentials", "scope": "a"},
                    auth=credentials,
                    timeout=30,
                )
                assert answer.status_code == 200, (answer.status_code, answer.text)
                kept = [*kept[-4:], answer.json()["access_token"]]
                for token in kept:  # older ones too, whose key may have stopped signing since
                    verifier.verify(token)
                seen.add(jwt.get_unverified_header(kept[-1])["kid"])
        return seen

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        workers = [pool.submit(work, number) for number in range(CONNECTIONS)]
        rotations = 0
        while time.monotonic() < until - 0.5:
            time.sleep(0.5)  # between rotations tokens have to be made
            answer = stack.admin("POST", f"{SERVERS}/{server}/credentials/lifecycle/keyRotate", {"use": "sig"})
            assert answer.status_code == 200, answer.text
            rotations += 1
        kids: set[str] = set().union(*(worker.result() for worker in workers))

    assert rotations >= 3
    assert len(kids) >= 3
