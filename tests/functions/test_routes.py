"""Every route of the template, by every method: what scripts may read, what HEAD gives, what is not allowed."""

import json
from typing import Any

import pytest
from authmint.local.deployment import deployment
from authmint.local.template import Route, read
from authmint.runtime.gateway_events import request_of

from tests.functions.deployment import Functions, load_event

ROUTES = read(deployment().template, parameters={}).routes
VISITED = ("/authorize", "/logout", "/v1/authorize/callback", "/bc/approve")
ORIGIN = "https://app.example"


def event_of(route: Route, method: str, server: str, **headers: str) -> dict[str, Any]:
    path = route.path.replace("{authServerId}", server).replace("{proxy+}", "nothing")
    headers = {"origin": ORIGIN, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if route.payload_format == "1.0":
        return load_event("management") | {
            "httpMethod": method,
            "path": path,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": None,
        }
    event = load_event("jwks")
    parameters = {"authServerId": server} if "{authServerId}" in route.path else {}
    http = event["requestContext"]["http"] | {"method": method}
    context = event["requestContext"] | {"http": http}
    return event | {"rawPath": path, "pathParameters": parameters, "headers": headers, "requestContext": context}


def headers_of(answer: dict[str, Any]) -> dict[str, str]:
    if "headers" in answer:
        return dict(answer["headers"])
    return {name: values[-1] for name, values in answer["multiValueHeaders"].items()}


def is_protocol(route: Route) -> bool:
    return route.path.startswith(("/oauth2/", "/.well-known/o")) and not route.path.endswith(
        (*VISITED, "okta-organization")
    )


def test_what_the_preflight_promises_the_answer_keeps(functions: Functions) -> None:
    server, _, _ = functions.ready()
    protocol = [route for route in ROUTES if is_protocol(route) and "{proxy+}" not in route.path]
    assert len(protocol) > 15
    for route in protocol:
        wanted = {"access_control_request_method": "POST", "access_control_request_headers": "traceparent"}
        preflight = functions.invoke(route.function, event_of(route, "OPTIONS", server, **wanted))
        assert preflight["statusCode"] == 204, route
        promised = headers_of(preflight)
        assert promised["access-control-allow-headers"] == "traceparent", route
        methods = promised["access-control-allow-methods"].split(", ")
        for method in {"GET", "POST", "PUT", *methods}:
            answer = functions.invoke(route.function, event_of(route, method, server))
            readable = "access-control-allow-origin" in headers_of(answer)
            # At the token endpoint the client's own site may read, and nobody is one without a client.
            assert readable == (not route.path.endswith("/token") or method != "POST"), (route, method, answer)
            assert (answer["statusCode"] == 405) == (method not in methods), (route, method, answer)


@pytest.mark.parametrize("path", ["/oauth2/{proxy+}", "/.well-known/{proxy+}"])
def test_paths_that_lead_nowhere_say_so_to_scripts_too(functions: Functions, path: str) -> None:
    route = next(route for route in ROUTES if route.path == path)

    answer = functions.invoke(route.function, event_of(route, "GET", "x"))

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["errorCode"] == "E0000008"
    assert headers_of(answer)["access-control-allow-origin"] == "*"


def test_head_is_get_without_the_content(functions: Functions) -> None:
    server, _, _ = functions.ready()
    for route in ROUTES:
        got = functions.invoke(route.function, event_of(route, "GET", server))
        head = functions.invoke(route.function, event_of(route, "HEAD", server))

        assert head["statusCode"] == got["statusCode"], route
        assert head["body"] == "", route
        assert headers_of(head).keys() == headers_of(got).keys(), route


def test_what_nobody_expected_is_readable_wherever_answers_are(functions: Functions) -> None:
    for route in ROUTES:
        if is_protocol(route):
            request = request_of(event_of(route, "POST", "default"), None)
            failure = functions.function(route.function).failure(request)
            assert failure.status == 500, route
            assert ("access-control-allow-origin", "*") in failure.headers, route
