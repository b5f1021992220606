"""Introspection (RFC 7662) and revocation (RFC 7009): bound to server and client (docs/protocol.md §13, §14.1)."""

import base64
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.jose.encoding import MAX_TOKEN
from authmint.keys.birth import new_key
from authmint.keys.rotation import rotate
from authmint.storage.servers import Claim
from authmint.tokens.signer import MAX_IN_HEADER
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client, a_form, a_server, basic
from tests.support.fakes import NOW, CountingIds, FakeKeyPairs, decoded, pregenerated

INACTIVE = {"active": False}


def revoke(engine: Engine, token: str, client_id: str = CLIENT_ID) -> int:
    return engine.revoke(a_form({"token": token}, headers=basic(client_id), path="revoke")).status


def test_a_live_token_is_described() -> None:
    engine = Engine()

    state = engine.state(engine.access_token())

    assert state | {"jti": ""} == {
        "ver": 1,
        "jti": "",
        "iss": f"{BASE_URL}/oauth2/{SERVER_ID}",
        "aud": "api://orders",
        "iat": NOW,
        "exp": NOW + 3600,
        "cid": CLIENT_ID,
        "scp": ["orders:read"],
        "sub": CLIENT_ID,
        "active": True,
        "token_type": "Bearer",
        "scope": "orders:read",
        "client_id": CLIENT_ID,
    }


def test_another_client_of_the_server_may_ask() -> None:
    engine = Engine()
    engine.storage.clients.add(a_client(id="0oaB"), [])

    request = a_form({"token": engine.access_token()}, headers=basic("0oaB"), path="introspect")

    assert engine.state("", request)["active"] is True


@pytest.mark.parametrize("text", ["nonsense", "a.b.c", "x" * 20_000, "é"])
def test_what_is_no_token_is_inactive(text: str) -> None:
    assert Engine().state(text) == INACTIVE


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize(("large", "most"), [(True, MAX_TOKEN), (False, MAX_IN_HEADER)])
def test_what_is_minted_can_be_introspected_however_large_it_is(algorithm: str, large: bool, most: int) -> None:
    """One limit for writing and for reading, or for sending: up to it a token works, beyond it there is none."""
    claims = (Claim("ocl1", "blob", "RESOURCE", "EXPRESSION", "app.profile.blob"),)
    engine = Engine(a_server(claims=claims, algorithm=algorithm, large_access_tokens=large))

    def ask(size: int) -> Any:
        client = engine.storage.clients.get(CLIENT_ID)
        engine.storage.clients.save(client, replace(client, profile={"blob": "x" * size}), [])
        return decoded(engine.ask().body)

    empty = len(ask(0)["access_token"])
    fits = (most - empty) * 3 // 4 - 3
    while "error" not in ask(fits + 1):
        fits += 1
    token = ask(fits)["access_token"]

    assert most - 4 < len(token) <= most
    assert engine.state(token)["active"] is True
    assert ask(fits + 1) == {
        "error": "server_error",
        "error_description": "The 'blob' user claim could not be evaluated.",
    }
    reason = engine.events.emitted[-1].debug["reason_detail"]
    assert f"characters, and {most} is the most" in reason
    assert ("largeAccessTokens" in reason) is not large


@pytest.mark.parametrize(
    ("typ", "accepted"), [(None, True), ("at+jwt", True), ("JWT", False), ("logout+jwt", False), ("dpop+jwt", False)]
)
def test_only_what_is_an_access_token_by_its_type_is_one(typ: str | None, accepted: bool) -> None:
    """RFC 8725 §3.11: other tokens that are signed with a server's key are none."""
    engine = Engine()
    payload = jwt.decode(engine.access_token(), options={"verify_signature": False})
    server = engine.storage.servers.get(SERVER_ID)
    key: Any = load_der_private_key(pregenerated("RS256")[1], None)

    token = jwt.encode(payload, key, "RS256", {"kid": server.active_key.kid, "typ": typ})

    assert engine.state(token)["active"] is accepted


def test_an_expired_token_is_inactive() -> None:
    engine = Engine()
    token = engine.access_token()

    engine.clock.advance(seconds=3600)

    assert engine.state(token) == INACTIVE


def test_a_token_of_another_server_tells_nothing() -> None:
    engine = Engine()
    engine.storage.servers.add(a_server(id="ausOTHER"), [])
    token = engine.access_token()

    request = a_form({"token": token}, headers=basic(), path="introspect", server_id="ausOTHER")

    assert engine.state("", request) == INACTIVE
    elsewhere = engine.revoke(a_form({"token": token}, headers=basic(), path="revoke", server_id="ausOTHER"))
    assert elsewhere.status == 200
    assert engine.state(token)["active"] is True


def test_a_tampered_token_is_inactive() -> None:
    engine = Engine()
    head, body, signature = engine.access_token().split(".")

    assert engine.state(f"{head}.{body[:-2]}AA.{signature}") == INACTIVE


def test_a_revoked_token_is_inactive_and_revoking_again_is_no_error() -> None:
    engine = Engine()
    token = engine.access_token()

    assert [revoke(engine, token), revoke(engine, token), revoke(engine, "nonsense")] == [200, 200, 200]

    assert engine.state(token) == INACTIVE
    assert [event.type for event in engine.events.emitted].count("app.oauth2.as.token.revoke") == 1


def test_another_clients_token_cannot_be_revoked() -> None:
    engine = Engine()
    engine.storage.clients.add(a_client(id="0oaB"), [])
    token = engine.access_token()

    assert revoke(engine, token, "0oaB") == 200

    assert engine.state(token)["active"] is True


def test_tokens_of_a_deactivated_client_stay_dead_after_reactivation() -> None:
    engine = Engine()
    engine.storage.clients.add(a_client(id="0oaB"), [])
    token = engine.access_token()
    asking = a_form({"token": token}, headers=basic("0oaB"), path="introspect")
    client = engine.storage.clients.get(CLIENT_ID)

    engine.storage.clients.save(client, replace(client, token_generation=1), [])
    while_off = engine.state("", asking)
    client = engine.storage.clients.get(CLIENT_ID)
    engine.storage.clients.save(client, replace(client, status="ACTIVE"), [])

    assert (while_off, engine.state(token)) == (INACTIVE, INACTIVE)
    engine.clock.advance(seconds=1)
    assert engine.state(engine.access_token())["active"] is True


def test_tokens_of_a_deleted_client_are_inactive() -> None:
    engine = Engine()
    engine.storage.clients.add(a_client(id="0oaB"), [])
    token = engine.access_token()

    engine.storage.clients.delete(engine.storage.clients.get(CLIENT_ID), [])

    assert engine.state("", a_form({"token": token}, headers=basic("0oaB"), path="introspect")) == INACTIVE


def test_tokens_of_an_expired_key_live_and_of_a_withdrawn_one_do_not() -> None:
    engine = Engine()
    token = engine.access_token()
    before = engine.storage.servers.get(SERVER_ID)
    rotated = rotate(before, NOW, [new_key(SERVER_ID, "ES256", FakeKeyPairs(), CountingIds(), NOW)])
    engine.storage.servers.save(before, rotated, [])

    assert engine.state(token)["active"] is True
    seen = engine.storage.servers.get(SERVER_ID)
    engine.storage.servers.save(seen, replace(seen, keys=seen.keys[1:]), [])
    assert engine.state(token) == INACTIVE


def test_a_deactivated_server_answers_nothing() -> None:
    engine = Engine()
    token = engine.access_token()
    before = engine.storage.servers.get(SERVER_ID)
    engine.storage.servers.save(before, replace(before, status="INACTIVE"), [])

    assert engine.state(token)["error_description"] == "The authorization server id is invalid."


@pytest.mark.parametrize("path", ["introspect", "revoke"])
def test_the_token_is_required_and_so_is_the_client(path: str) -> None:
    engine = Engine()
    endpoint = engine.introspect if path == "introspect" else engine.revoke

    missing = endpoint(a_form({"x": "y"}, headers=basic(), path=path))
    anonymous = endpoint(a_form({"token": "x"}, path=path))

    assert decoded(missing.body)["error_description"] == "The 'token' parameter is required."
    assert anonymous.status == 401


@pytest.mark.parametrize("named", [CLIENT_ID, f"{CLIENT_ID}:"])
def test_a_public_client_may_be_named_by_basic_without_a_secret(named: str) -> None:
    """Official browser clients do so at revocation and introspection."""
    engine = Engine(client=a_client(auth_method="none", application_type="browser"))
    headers = {"authorization": f"Basic {base64.b64encode(named.encode()).decode()}"}

    assert engine.state("", a_form({"token": "x"}, headers=headers, path="introspect")) == INACTIVE
    assert engine.revoke(a_form({"token": "x"}, headers=headers, path="revoke")).status == 200


@pytest.mark.parametrize("named", [CLIENT_ID, f"{CLIENT_ID}:", ":", "", f":{CLIENT_ID}"])
def test_a_client_with_a_secret_has_to_show_it(named: str) -> None:
    engine = Engine()
    headers = {"authorization": f"Basic {base64.b64encode(named.encode()).decode()}"}

    answer = engine.introspect(a_form({"token": engine.access_token()}, headers=headers, path="introspect"))

    assert (answer.status, decoded(answer.body)["error"]) == (401, "invalid_client")
