"""The deployed functions: events in, answers out, and what each token costs in calls (docs/decisions/0001)."""

import base64
import json

import jwt
import pytest

from tests.functions.deployment import Calls, Functions, form_event, load_event
from tests.support.backend import Deployed

ASK = "grant_type=client_credentials&scope=a"


def test_a_warm_token_is_one_read_no_key_management_and_no_write(functions: Functions) -> None:
    server, client, secret = functions.ready()
    event = form_event("token", server, ASK, client, secret)
    assert functions.http("token", event)["statusCode"] == 200
    functions.calls.sent.clear()

    answers = [functions.http("token", event) for _ in range(3)]

    assert [answer["statusCode"] for answer in answers] == [200, 200, 200]
    assert functions.calls.sent == ["dynamodb:BatchGetItem"] * 3


def test_with_bounded_staleness_a_warm_token_is_no_call_at_all(deployed: Deployed, calls: Calls) -> None:
    functions = Functions(deployed, calls, AUTHMINT_STALENESS_MS="60000")
    server, client, secret = functions.ready()
    event = form_event("token", server, ASK, client, secret)
    assert functions.http("token", event)["statusCode"] == 200
    calls.sent.clear()

    assert functions.http("token", event)["statusCode"] == 200

    assert calls.sent == []


def test_a_change_is_effective_in_the_next_token_of_every_instance(functions: Functions, deployed: Deployed) -> None:
    server, client, secret = functions.ready()
    others = [Functions(deployed, functions.calls) for _ in range(2)]
    event = form_event("token", server, ASK, client, secret)
    assert {instance.http("token", event)["statusCode"] for instance in (functions, *others)} == {200}

    functions.admin("POST", f"/api/v1/authorizationServers/{server}/lifecycle/deactivate")

    assert {instance.http("token", event)["statusCode"] for instance in (functions, *others)} == {400}


def test_introspection_and_revocation_across_instances(functions: Functions, deployed: Deployed) -> None:
    server, client, secret = functions.ready()
    token = json.loads(functions.http("token", form_event("token", server, ASK, client, secret))["body"])[
        "access_token"
    ]
    ask = form_event("introspect", server, f"token={token}", client, secret)
    assert json.loads(functions.http("token_status", ask)["body"])["active"] is True

    revoked = functions.http("token_status", form_event("revoke", server, f"token={token}", client, secret))

    other = Functions(deployed, functions.calls)
    assert (revoked["statusCode"], revoked["body"]) == (200, "")
    assert json.loads(other.http("token_status", ask)["body"]) == {"active": False}


def test_a_deleted_servers_tokens_are_refused_with_it(functions: Functions) -> None:
    server, client, secret = functions.ready()
    token = json.loads(functions.http("token", form_event("token", server, ASK, client, secret))["body"])[
        "access_token"
    ]

    functions.admin("DELETE", f"/api/v1/authorizationServers/{server}")

    answer = functions.http("token_status", form_event("introspect", server, f"token={token}", client, secret))
    assert json.loads(answer["body"])["error_description"] == "The authorization server id is invalid."
    assert (
        functions.http("jwks", load_event("jwks") | {"pathParameters": {"authServerId": server}})["statusCode"] == 404
    )


def test_the_schedule_rotates_a_due_server_and_the_next_token_uses_the_new_key(
    functions: Functions, deployed: Deployed
) -> None:
    server, client, secret = functions.ready()
    event = form_event("token", server, ASK, client, secret)
    before = jwt.get_unverified_header(json.loads(functions.http("token", event)["body"])["access_token"])["kid"]
    from dataclasses import replace

    from authmint.clock import SystemClock
    from authmint.dynamo.servers import DynamoServers

    servers = DynamoServers(deployed.tables(), SystemClock())
    record = servers.get(server)
    aged = replace(record.keys[0], activated_at=1, published_at=1)
    servers.save(record, replace(record, keys=(aged,), rotate_at=1), [])

    announced = functions.direct("key_rotation", load_event("schedule"))
    record = servers.get(server)
    ready = tuple(replace(key, published_at=1) for key in record.keys)
    servers.save(record, replace(record, keys=ready, rotate_at=1), [])
    promoted = functions.direct("key_rotation", load_event("schedule"))

    kid = jwt.get_unverified_header(json.loads(functions.http("token", event)["body"])["access_token"])["kid"]
    published = json.loads(
        functions.http("jwks", load_event("jwks") | {"pathParameters": {"authServerId": server}})["body"]
    )
    assert announced["advanced"] == promoted["advanced"] == [server]
    assert kid != before
    assert [key["kid"] for key in published["keys"]][::2] == [kid, before]  # and between them the one after it


def test_the_base_url_is_never_taken_from_a_header(functions: Functions) -> None:
    functions.ready()
    event = load_event("discovery")
    event["headers"] |= {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}

    body = json.loads(functions.http("discovery", event)["body"])

    assert body["issuer"] == "https://acme.example.com/oauth2/default"
    assert "evil" not in json.dumps(body)


def test_a_body_that_is_binary_arrives_as_sent(functions: Functions) -> None:
    server, client, secret = functions.ready()
    event = form_event("token", server, base64.b64encode(ASK.encode()).decode(), client, secret)

    answer = functions.http("token", event | {"isBase64Encoded": True})

    assert answer["statusCode"] == 200


def test_token_events_are_log_lines_without_any_secret(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    server, client, secret = functions.ready()

    token = json.loads(functions.http("token", form_event("token", server, ASK, client, secret))["body"])[
        "access_token"
    ]
    functions.http("token", form_event("token", server, ASK, client, "a-wrong-" + secret))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    events = [line["event"] for line in lines if "event" in line]
    assert [line["message"] for line in lines if "event" in line] == [
        "app.oauth2.as.token.grant.access_token",
        "app.oauth2.as.token.grant",
    ]
    assert events[0]["debug"]["policy"].startswith("00p")
    assert events[1]["reason"] == "invalid_client_secret"
    assert events[1]["actor"]["id"] == client
    assert events[1]["debug"]["authorization_server"] == server
    metrics = [line for line in lines if "_aws" in line]
    assert [name for line in metrics for name in ("TokensIssued", "TokensRefused") if name in line] == [
        "TokensIssued",
        "TokensRefused",
    ]
    for value in (secret, token, token.rpartition(".")[2], functions.token):
        assert value not in json.dumps(lines)
