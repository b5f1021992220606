"""Documents of others, by kind: how large, of which type, and whether the host says that there is none."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from authmint.oauth.outbound_fetch import (
    CLIENT_DOCUMENT,
    KEY_SET,
    Document,
    FetchFailed,
    Kind,
    exchange,
    fetch_document,
)

JSON = "content-type: application/json"


@contextmanager
def answering(head: str, body: bytes = b"{}", *, status: str = "200 OK") -> Iterator[tuple[str, list[bytes]]]:
    """A loopback server that answers one request, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(65_536))
                    lines = f"HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {len(body)}\r\n\r\n"
                    connection.sendall(lines.encode() + body)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/client.json", asked
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def got(uri: str, kind: Kind = CLIENT_DOCUMENT) -> Document:
    return fetch_document(uri, kind, allow_private=True, timeout=5, issuer="https://as.example/oauth2/a")


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/cimd+json", "application/x+json;a=b"],
)
def test_a_document_comes_with_how_long_it_may_be_kept(media_type: str) -> None:
    with answering(f"content-type: {media_type}\r\ncache-control: max-age=60") as (uri, asked):
        assert got(uri) == Document(b"{}", "max-age=60")

    request = asked[0].decode().lower()
    assert "user-agent: authmint (+https://as.example/oauth2/a)\r\n" in request
    assert not any(name in request for name in ("cookie", "authorization", "referer"))


@pytest.mark.parametrize(
    "media_type", ["text/plain", "text/html", "application/javascript", "x/json", "image/svg+json", ""]
)
def test_what_is_not_said_to_be_json_is_none(media_type: str) -> None:
    with answering(f"content-type: {media_type}" if media_type else "x: y") as (uri, _):
        with pytest.raises(FetchFailed, match="content type") as failed:
            got(uri)
        assert failed.value.withdrawn
    with answering(f"content-type: {media_type}" if media_type else "x: y") as (uri, _):
        assert got(uri, KEY_SET).content == b"{}"  # as key sets were taken ever


def test_each_kind_has_its_size() -> None:
    with answering(JSON, b" " * CLIENT_DOCUMENT.largest) as (uri, _):
        assert len(got(uri).content) == 10_240
    with answering(JSON, b" " * (CLIENT_DOCUMENT.largest + 1)) as (uri, _):
        with pytest.raises(FetchFailed, match="too large") as failed:
            got(uri)
        assert failed.value.withdrawn
    with answering(JSON, b" " * (CLIENT_DOCUMENT.largest + 1)) as (uri, _):
        assert len(got(uri, KEY_SET).content) == 10_241


@pytest.mark.parametrize(
    ("status", "media_type", "withdrawn"),
    [
        ("404 Not Found", "text/html", True),
        ("410 Gone", "application/json", True),
        ("403 Forbidden", "application/json", True),
        ("403 Forbidden", "text/html; charset=utf-8", False),
        ("429 Too Many Requests", "text/html", False),
        ("401 Unauthorized", "text/html", True),
        ("500 Oops", "application/json", False),
        ("503 Later", "text/html", False),
        ("204 No Content", "application/json", True),
        ("206 Partial Content", "application/json", True),
        ("304 Not Modified", "application/json", True),
    ],
)
def test_whether_the_host_says_that_there_is_none(status: str, media_type: str, withdrawn: bool) -> None:
    with answering(f"content-type: {media_type}", status=status) as (uri, _):
        with pytest.raises(FetchFailed, match=f"status {status[:3]}") as failed:
            got(uri)
        assert failed.value.withdrawn is withdrawn


def test_a_redirect_is_not_followed() -> None:
    with answering(JSON) as (elsewhere, asked), answering(f"location: {elsewhere}", status="302 Found") as (uri, _):
        with pytest.raises(FetchFailed, match="status 302") as failed:
            got(uri)

        assert failed.value.withdrawn
        assert asked == []


@pytest.mark.parametrize(
    "uri", ["http://app.example/c", "https://127.0.0.1/c", "https://[::1]/c", "https://u@app.example/c"]
)
def test_nothing_is_fetched_from_inside(uri: str) -> None:
    with pytest.raises(FetchFailed) as failed:
        fetch_document(uri, CLIENT_DOCUMENT)

    assert not failed.value.withdrawn


def test_trouble_on_the_way_is_no_withdrawal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    with pytest.raises(FetchFailed, match="connection failed") as failed:
        got(f"http://127.0.0.1:{closed}/c")
    assert not failed.value.withdrawn


def test_an_exchange_sends_a_body_and_hands_over_any_answer() -> None:
    with answering(
        "location: https://elsewhere.example\r\nx-a: b", b"moved", status="307 Temporary Redirect"
    ) as asking:
        uri, asked = asking
        answer = exchange("POST", uri, headers={"x-key": "k"}, body=b'{"a":1}', allow_private=True, timeout=5)

    assert (answer.status, answer.content, answer.headers["x-a"]) == (307, b"moved", "b")
    assert asked[0].startswith(b"POST /client.json HTTP/1.1\r\n")
    assert b"x-key: k\r\n" in asked[0]
    assert b"Content-Length: 7\r\n" in asked[0]


def test_who_has_no_time_left_is_told_that_it_is_slow() -> None:
    with pytest.raises(FetchFailed) as failed:
        exchange("POST", "https://192.0.2.1/", headers={}, left=lambda: -1.0)

    assert failed.value.slow
