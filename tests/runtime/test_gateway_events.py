"""Methods and cookies through API Gateway's two payload formats."""

from typing import Any

import pytest
from authmint.http import Response
from authmint.runtime.gateway_events import answer_of, request_of

V2: dict[str, Any] = {
    "rawPath": "/signin",
    "headers": {"accept": "text/html"},
    "requestContext": {"domainName": "acme.example.com", "http": {"method": "GET"}},
}
V1: dict[str, Any] = {
    "httpMethod": "GET",
    "path": "/api/v1/sessions/me",
    "multiValueHeaders": {"Accept": ["text/html", "*/*"]},
    "requestContext": {"domainName": "acme.example.com"},
}
TWO = Response(200, b"", (("set-cookie", "a=1; Path=/"), ("link", "x"), ("link", "y"), ("set-cookie", "b=2; Path=/")))


@pytest.mark.parametrize("event", [V1, V2])
def test_a_method_keeps_its_case(event: dict[str, Any]) -> None:
    """RFC 9110 §9.1: ``delete`` is another method than ``DELETE``."""
    sent = (
        event | {"httpMethod": "delete"}
        if event is V1
        else event | {"requestContext": event["requestContext"] | {"http": {"method": "delete"}}}
    )

    assert request_of(sent, None).method == "delete"


def test_cookies_of_format_2_become_the_cookie_header() -> None:
    request = request_of(V2 | {"cookies": ["a=1", "b=x=y"]}, None)

    assert request.header("cookie") == "a=1; b=x=y"


def test_cookies_of_format_1_are_joined_as_cookies_are() -> None:
    headers = V1["multiValueHeaders"] | {"Cookie": ["a=1", "b=2"]}

    request = request_of(V1 | {"multiValueHeaders": headers}, None)

    assert request.header("cookie") == "a=1; b=2"
    assert request.header("accept") == "text/html,*/*"


@pytest.mark.parametrize("event", [V1, V2])
def test_a_request_without_cookies_has_no_such_header(event: dict[str, Any]) -> None:
    assert request_of(event, None).header("cookie") is None


def test_format_2_answers_with_each_cookie_by_itself() -> None:
    answer = answer_of(TWO, V2)

    assert answer["cookies"] == ["a=1; Path=/", "b=2; Path=/"]
    assert answer["headers"] == {"link": "x, y"}


def test_format_1_answers_with_several_headers() -> None:
    answer = answer_of(TWO, V1)

    assert answer["multiValueHeaders"] == {"set-cookie": ["a=1; Path=/", "b=2; Path=/"], "link": ["x", "y"]}
    assert "cookies" not in answer
