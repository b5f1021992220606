"""Endpoints by exact path and method; preflights, other methods and other paths (Fetch, RFC 9110 §15.5.6)."""

import pytest
from authmint.http import Request, Response
from authmint.oauth.routing import Route, Routes, below_server

from tests.support.fakes import CountingIds, decoded

SERVER = {"authServerId": "ausA"}


def echo(request: Request) -> Response:
    return Response.json(200, request.method)


ROUTES = Routes(
    {
        "/v1/token": Route(echo, shared=False),
        "/v1/userinfo": Route(echo, ("GET", "POST")),
        "/v1/authorize": Route(echo, ("GET", "POST"), scripts=False),
        "/.well-known/openid-configuration": Route(echo, ("GET",)),
    },
    CountingIds(),
)


def ask(method: str, path: str, *, org: bool = False, **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return ROUTES(Request(method, path, path_parameters={} if org else SERVER, headers=names))


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("/oauth2/ausA/v1/token", SERVER, "/v1/token"),
        ("/oauth2/v1/token", {}, "/v1/token"),
        ("/oauth2/a/b/v1/token", {"authServerId": "a/b"}, "/v1/token"),
        ("/oauth2/a%2Fb/v1/token", {"authServerId": "a/b"}, "/v1/token"),
        ("/oauth2/v1/v1/token", {"authServerId": "v1"}, "/v1/token"),
        ("/oauth2/ausA/.well-known/openid-configuration", SERVER, "/.well-known/openid-configuration"),
        ("/.well-known/openid-configuration/oauth2/ausA", SERVER, "/.well-known/openid-configuration"),
        ("/.well-known/openid-configuration", {}, "/.well-known/openid-configuration"),
    ],
)
def test_what_follows_the_server(path: str, parameters: dict[str, str], expected: str) -> None:
    assert below_server(Request("GET", path, path_parameters=parameters)) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/oauth2/ausA/v1/token/",
        "/oauth2/ausA/v1/x/token",
        "/oauth2/ausA/v1/mytoken",
        "/oauth2/ausA/v1/TOKEN",
        "/oauth2/.well-known/openid-configuration",
        "/.well-known/openid-configurations",
        "/v1/token/",
        "",
    ],
)
def test_no_other_path_leads_to_an_endpoint(path: str) -> None:
    answer = ROUTES(Request("POST", path, path_parameters={} if "ausA" not in path else SERVER))

    assert answer.status == 404
    assert decoded(answer.body)["errorCode"] == "E0000008"
    assert dict(answer.headers)["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/oauth2/ausA/v1/token", "POST"),
        ("PUT", "/oauth2/ausA/v1/userinfo", "GET, HEAD, POST"),
        ("post", "/oauth2/ausA/v1/token", "POST"),
        ("DELETE", "/.well-known/openid-configuration/oauth2/ausA", "GET, HEAD"),
    ],
)
def test_another_method_is_refused_with_those_that_are_allowed(method: str, path: str, allow: str) -> None:
    answer = ask(method, path, origin="https://app.example")

    headers = dict(answer.headers)
    assert (answer.status, headers["allow"]) == (405, allow)
    assert decoded(answer.body)["errorCode"] == "E0000022"
    assert headers["access-control-allow-origin"] == "*"


def test_a_preflight_lets_a_script_send_whatever_headers_it_wants() -> None:
    wanted = "mcp-protocol-version, traceparent,baggage, sentry-trace, cache-control, x-requested-with, dpop"

    answer = ask(
        "OPTIONS", "/oauth2/ausA/v1/userinfo", origin="https://app.example", access_control_request_headers=wanted
    )

    headers = dict(answer.headers)
    assert (answer.status, answer.body) == (204, b"")
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "GET, POST"
    assert headers["access-control-allow-headers"] == wanted.replace(",baggage", ", baggage")
    assert "access-control-allow-credentials" not in headers


def test_a_preflight_gives_back_names_of_headers_only() -> None:
    answer = ask(
        "OPTIONS", "/oauth2/v1/token", org=True, access_control_request_headers="x-a, b c, d\r\ne: f, , \u00e4"
    )

    assert dict(answer.headers)["access-control-allow-headers"] == "x-a"


def test_answers_to_scripts_carry_what_the_preflight_promised() -> None:
    headers = dict(ask("POST", "/oauth2/ausA/v1/userinfo").headers)

    assert headers["access-control-allow-origin"] == "*"
    assert "WWW-Authenticate" in headers["access-control-expose-headers"]


def test_what_browsers_visit_is_not_for_scripts() -> None:
    assert "access-control-allow-origin" not in dict(ask("GET", "/oauth2/ausA/v1/authorize").headers)
    preflight = ask("OPTIONS", "/oauth2/ausA/v1/authorize")
    assert preflight.status == 405
    assert "access-control-allow-origin" not in dict(preflight.headers)


def test_the_token_endpoint_decides_itself_who_may_read() -> None:
    assert "access-control-allow-origin" not in dict(ask("POST", "/oauth2/ausA/v1/token").headers)
