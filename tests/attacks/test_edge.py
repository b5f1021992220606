"""Behind CloudFront: whoever goes around it gets nothing, and nobody chooses the address that he is braked by."""

import itertools
import json
from typing import Any

import pytest
from authmint.runtime.gateway_events import EDGE_HEADER

from tests.functions.deployment import Functions, form_event, load_event
from tests.support.backend import Deployed

SECRET = "s" * 32
ASK = "grant_type=client_credentials&scope=a"
HTTP = ("discovery", "jwks", "token", "authorize", "registration", "token_status", "management", "console")


def from_edge(event: dict[str, Any], viewer: str = "198.51.100.10:46532", secret: str = SECRET) -> dict[str, Any]:
    """The event as it comes through CloudFront."""
    said = {EDGE_HEADER: secret, "cloudfront-viewer-address": viewer}
    if "multiValueHeaders" in event:
        return event | {"multiValueHeaders": event["multiValueHeaders"] | {k: [v] for k, v in said.items()}}
    return event | {"headers": event["headers"] | said}


@pytest.fixture
def ready(functions: Functions) -> tuple[str, str, str]:
    return functions.ready()


@pytest.fixture
def behind(functions: Functions, deployed: Deployed, ready: tuple[str, str, str]) -> Functions:
    """The same deployment with an edge in front, and one failed authentication a minute."""
    settings = {"AUTHMINT_EDGE_SECRET": SECRET, "AUTHMINT_CLIENT_FAILURES": "1"}
    return Functions(deployed, functions.calls, **settings)


def event_of(function: str, ready: tuple[str, str, str]) -> dict[str, Any]:
    server, client, secret = ready
    if function in {"token", "token_status"}:
        path, body = ("token", ASK) if function == "token" else ("introspect", "token=x")
        return form_event(path, server, body, client, secret)
    if function == "management":
        headers = {"Authorization": ["SSWS an-api-token-of-more-than-32-characters"]}
        return load_event("management") | {
            "httpMethod": "GET",
            "path": "/api/v1/authorizationServers",
            "multiValueHeaders": headers,
        }
    event = load_event("jwks") | {"pathParameters": {"authServerId": server}}
    paths = {
        "authorize": "/",
        "registration": f"/oauth2/{server}/v1/register",
        "console": "/console",
        "discovery": f"/oauth2/{server}/.well-known/openid-configuration",
    }
    return event | {"rawPath": paths.get(function, event["rawPath"])}


def test_around_the_edge_every_function_refuses(behind: Functions, ready: tuple[str, str, str]) -> None:
    for function, secret in itertools.product(HTTP, [None, "", "x" * 32, SECRET + "x"]):
        event = event_of(function, ready)
        sent = event if secret is None else from_edge(event, secret=secret)

        answer = behind.invoke(function, sent)

        assert (answer["statusCode"], answer["body"]) == (403, '{"message":"Forbidden"}'), (function, secret)


def test_through_the_edge_every_function_answers(behind: Functions, ready: tuple[str, str, str]) -> None:
    # One takes POST alone, the other one is off.
    expected = {"registration": 405, "console": 404}

    answers = {function: behind.invoke(function, from_edge(event_of(function, ready))) for function in HTTP}

    assert {name: one["statusCode"] for name, one in answers.items()} == {
        name: expected.get(name, 200) for name in HTTP
    }


def test_the_log_has_the_address_that_cloudfront_saw_and_not_the_secret(
    behind: Functions, ready: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    behind.invoke("token", from_edge(event_of("token", ready)))

    out = capsys.readouterr().out
    (event,) = (json.loads(line)["event"] for line in out.splitlines())
    assert event["source_ip"] == "198.51.100.10"
    assert SECRET not in out


def test_who_is_braked_cannot_choose_another_address(behind: Functions, ready: tuple[str, str, str]) -> None:
    server, client, secret = ready
    wrong = form_event("token", server, ASK, client, "wrong")

    claimed = itertools.count(1)

    def status(event: dict[str, Any], viewer: str) -> int:
        event = from_edge(event, viewer)
        address = f"192.0.2.{next(claimed)}"
        event["headers"] |= {"x-forwarded-for": address, "forwarded": f"for={address}", "x-real-ip": address}
        return int(behind.invoke("token", event)["statusCode"])

    attacker, other = "198.51.100.10:1000", "203.0.113.7:1000"

    assert [status(wrong, attacker) for _ in range(3)][1:] == [429, 429]
    assert status(wrong, "198.51.100.10:2000") == 429  # another port is the same client
    assert status(form_event("token", server, ASK, client, secret), other) == 200


def test_without_an_edge_its_headers_mean_nothing(
    functions: Functions, ready: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    answer = functions.invoke("token", from_edge(event_of("token", ready)))

    assert answer["statusCode"] == 200
    (event,) = (json.loads(line)["event"] for line in capsys.readouterr().out.splitlines())
    assert event["source_ip"] == load_event("token")["requestContext"]["http"]["sourceIp"]
