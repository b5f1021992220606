"""Requests through the local gateway as API Gateway would carry them: cookies and paths."""

import asyncio
import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, cast

import pytest
from authmint.local.environments import Pool
from authmint.local.gateway import Gateway, too_long
from authmint.local.template import Route


@dataclass
class Outcome:
    body: bytes
    error: bool = False


class Echo:
    """A function that remembers the event and sets two cookies."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.event: dict[str, Any] = {}

    async def invoke(self, event: bytes) -> Outcome:
        self.event = json.loads(event)
        return Outcome(json.dumps({"statusCode": 200, "body": ""} | self.answer).encode())


def asked(payload_format: str, answer: dict[str, Any], *cookies: bytes) -> tuple[dict[str, Any], list[Any]]:
    """The event, and the headers that came back."""
    echo = Echo(answer)
    route = Route("GET", "/x", payload_format, "f")
    gateway = Gateway([route], {"f": cast("Pool", echo)}, "localhost")
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"accept", b"*/*"), *((b"cookie", cookie) for cookie in cookies)]
    scope = {"type": "http", "method": "GET", "raw_path": b"/x", "query_string": b"", "headers": headers}
    asyncio.run(gateway(scope, receive, send))
    return echo.event, [pair for pair in sent[0]["headers"] if pair[0] == b"set-cookie"]


def test_format_2_carries_cookies_apart_from_the_headers() -> None:
    answer = {"headers": {"x": "y", "Set-Cookie": "lost=1"}, "cookies": ["a=1", "b=2"]}

    event, back = asked("2.0", answer, b"c=3; d=4", b"e=5")

    assert event["cookies"] == ["c=3", "d=4", "e=5"]
    assert "cookie" not in event["headers"]
    assert back == [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


def test_format_1_carries_cookies_as_headers() -> None:
    event, back = asked("1.0", {"multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}}, b"c=3; d=4", b"e=5")

    assert event["multiValueHeaders"]["cookie"] == ["c=3; d=4", "e=5"]
    assert back == [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


@pytest.mark.parametrize("payload_format", ["1.0", "2.0"])
def test_without_cookies_nothing_is_added(payload_format: str) -> None:
    event, back = asked(payload_format, {})

    assert "cookies" not in event
    assert back == []


@pytest.mark.parametrize(
    ("sent", "path", "parameter"),
    [
        (b"/x/a%2Fb", "/x/a/b", "a/b"),
        (b"/x/a%3Fb%23", "/x/a?b#", "a?b#"),
        (b"/x/%C3%A9", "/x/\u00e9", "\u00e9"),
        (b"/x/a%2525b", "/x/a%2525b", "a%25b"),
        (b"/x/a%252Fb", "/x/a%252Fb", "a%2Fb"),
        (b"/x/a+b", "/x/a+b", "a+b"),
    ],
)
@pytest.mark.parametrize("payload_format", ["1.0", "2.0"])
def test_paths_arrive_decoded_as_from_an_http_api(payload_format: str, sent: bytes, path: str, parameter: str) -> None:
    echo = Echo({})
    gateway = Gateway([Route("ANY", "/x/{id}", payload_format, "f")], {"f": cast("Pool", echo)}, "localhost")

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        """Nobody reads it."""

    scope = {"type": "http", "method": "GET", "raw_path": sent, "query_string": b"", "headers": []}
    asyncio.run(gateway(scope, receive, send))

    assert echo.event["rawPath" if payload_format == "2.0" else "path"] == path
    assert echo.event["pathParameters"] == {"id": parameter}


@pytest.mark.parametrize(
    ("query", "headers", "refused"),
    [
        (8_000, (100, 2_100), None),
        (8_000, (100, 2_122), None),
        (8_000, (100, 2_123), 431),
        (10, (10_300,), 431),
        (10_222, (), None),
        (10_223, (), 414),
        (20_000, (1,), 414),
    ],
)
def test_line_and_headers_have_10_240_bytes_as_at_aws(
    query: int, headers: tuple[int, ...], refused: int | None
) -> None:
    scope = {
        "method": "GET",
        "raw_path": b"/x/y",
        "query_string": b"q" * query,
        "headers": [(b"x-any", b"v" * size) for size in headers],
    }

    found = too_long(scope)

    assert (None if found is None else found[0]) == refused
