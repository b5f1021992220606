"""Each function's flows against its role and the key's policy: nothing denied, nothing unused, nothing forbidden."""

import json
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.clock import SystemClock
from authmint.dynamo.servers import DynamoServers

from tests.functions.deployment import WIRES, Functions, form_event, load_event
from tests.support.backend import Deployed
from tests.support.iam import Need, denied, needs, role, unused

ASK = "grant_type=client_credentials&scope=a"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def everything(functions: Functions, deployed: Deployed) -> None:
    """Every flow of every function."""
    server, client, secret = functions.ready()
    token = json.loads(functions.http("token", form_event("token", server, ASK, client, secret))["body"])[
        "access_token"
    ]
    for path in ("introspect", "revoke", "introspect"):
        functions.http("token_status", form_event(path, server, f"token={token}", client, secret))
    hmac = functions.admin(
        "POST",
        "/oauth2/v1/clients",
        {
            "client_name": "hmac",
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_jwt",
        },
    )
    for function, path, body in (("token", "token", ASK), ("token_status", "introspect", "token=x")):
        functions.http(function, _asserted(form_event(path, server, body, "", ""), server, path, hmac))
    functions.http("discovery", load_event("discovery"))
    functions.http("discovery", load_event("discovery") | {"rawQueryString": f"client_id={client}"})
    functions.http("jwks", load_event("jwks") | {"pathParameters": {"authServerId": server}})
    _administration(functions, server, client)
    _rotation(functions, deployed)


def _asserted(event: dict[str, Any], server: str, path: str, client: Any, *, jti: str | None = None) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": client["client_id"],
        "sub": client["client_id"],
        "aud": f"https://acme.example.com/oauth2/{server}/v1/{path}",
        "exp": now + 60,
        "jti": jti or f"one-{path}",
    }
    assertion = jwt.encode(claims, client["client_secret"], "HS256")
    headers = {name: value for name, value in event["headers"].items() if name != "authorization"}
    body = f"{event['body']}&client_assertion_type={ASSERTION}&client_assertion={assertion}"
    return event | {"headers": headers, "body": body}


def _administration(functions: Functions, server: str, client: str) -> None:
    base = f"/api/v1/authorizationServers/{server}"
    functions.admin("GET", "/api/v1/authorizationServers")
    functions.admin("GET", "/api/v1/apps")
    functions.admin("POST", f"{base}/credentials/lifecycle/keyRotate", {"use": "sig"})
    secrets = functions.admin("GET", f"/api/v1/apps/{client}/credentials/secrets")
    functions.admin("GET", f"/api/v1/apps/{client}/credentials/secrets/{secrets[0]['id']}")
    functions.admin("POST", f"/api/v1/apps/{client}/lifecycle/deactivate")
    functions.admin("DELETE", f"/api/v1/apps/{client}")
    functions.admin("DELETE", base)


def _rotation(functions: Functions, deployed: Deployed) -> None:
    server, _, _ = functions.ready_again()
    servers = DynamoServers(deployed.tables(), SystemClock())
    record = servers.get(server)
    old = replace(record.keys[0], activated_at=1, published_at=1)
    expired = replace(old, kid="gone", status="EXPIRED", expired_at=1, withdraw_at=2)
    servers.save(record, replace(record, keys=(old, expired), rotate_at=1), [])
    functions.direct("key_rotation", {})  # announces, and withdraws the expired key
    record = servers.get(server)
    seen = tuple(replace(key, published_at=1) for key in record.keys)
    servers.save(record, replace(record, keys=seen, rotate_at=1), [])
    functions.direct("key_rotation", {})  # promotes
    # What a crash in the middle of a deletion leaves behind: the schedule sweeps it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoServers, "sweep", lambda *_, **__: False)
        functions.admin("DELETE", f"/api/v1/authorizationServers/{server}")
    assert functions.direct("key_rotation", {})["swept"] == [server]


@pytest.fixture
def made(functions: Functions, deployed: Deployed) -> dict[str, list[Need]]:
    everything(functions, deployed)
    tables = {deployed.config: "ConfigTable", deployed.grants: "GrantsTable", deployed.events: "EventsTable"}
    found: dict[str, list[Need]] = {name: [] for name in WIRES}
    for function, service, operation, parameters in functions.calls.made:
        if function in found:
            found[function] += needs(service, operation, parameters, tables)
    return found


def test_no_call_is_denied_and_no_permission_is_unused(made: dict[str, list[Need]]) -> None:
    assert {name: denied(name, wanted) for name, wanted in made.items()} == {name: [] for name in WIRES}
    assert {name: unused(name, wanted) for name, wanted in made.items()} == {name: [] for name in WIRES}


def permissions(function: str) -> set[str]:
    return {action for statement in role(function) for action in statement.actions}


def test_who_makes_signing_keys_cannot_open_them() -> None:
    context = {"purpose": "signing-key", "server": "aus1", "kid": "k"}

    for function in ("management", "key_rotation"):
        assert denied(function, [Need("kms:Decrypt", "Key", (), context)])
    assert not denied("token", [Need("kms:Decrypt", "Key", (), context)])


def test_who_signs_cannot_make_or_change_keys() -> None:
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}

    assert not {action for action in permissions("token") if action.startswith("kms:")} - {"kms:Decrypt"}
    for function in ("token", "token_status", "discovery", "jwks"):
        assert all(denied(function, [Need(action, "ConfigTable", ("AS#aus1",))]) for action in writing)
    assert denied("token_status", [Need("kms:Decrypt", "Key", (), {"purpose": "signing-key"})])


def test_a_key_call_without_an_encryption_context_is_denied_to_everybody() -> None:
    for function in WIRES:
        for action in ("Decrypt", "Encrypt", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKey"):
            assert denied(function, [Need(f"kms:{action}", "Key")])
