"""A ``jwks_uri`` that hangs, trickles or answers too much: a clear refusal within the time there is."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from authmint.oauth.outbound_fetch import MAX_BYTES, FetchFailed, fetch

from tests.oauth.client_auth.signing import ask, key_client, signed
from tests.oauth.engine import Engine

SECONDS = 0.3


@contextmanager
def serving(behave: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A loopback server that does one thing to each connection."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    behave(connection, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def silent(_: socket.socket, over: threading.Event) -> None:
    over.wait(10)


def trickling(connection: socket.socket, over: threading.Event) -> None:
    """Each byte comes before a time-out for one read would end it."""
    connection.recv(65_536)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x-header: x\r\n" * 100:
        connection.sendall(bytes([byte]))
        if over.wait(0.02):
            return


def endless(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"x" * 65_536)


def cut(connection: socket.socket, _: threading.Event) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}")


@pytest.mark.parametrize(
    ("behave", "reason"),
    [(silent, "connection failed|too slow"), (trickling, "connection failed|too slow"), (endless, "too large")],
)
def test_a_fetch_ends_in_time(behave: Callable[[socket.socket, threading.Event], None], reason: str) -> None:
    with serving(behave) as uri:
        started = time.monotonic()

        with pytest.raises(FetchFailed, match=reason):
            fetch(uri, allow_private=True, timeout=SECONDS)

        assert time.monotonic() - started < SECONDS + 1


def test_a_fetch_takes_no_longer_than_the_invocation_has_left() -> None:
    with serving(silent) as uri:
        started = time.monotonic()

        with pytest.raises(FetchFailed):
            fetch(uri, allow_private=True, timeout=30, left=lambda: SECONDS)
        with pytest.raises(FetchFailed, match="too slow"):
            fetch(uri, allow_private=True, timeout=30, left=lambda: -1.0)

        assert time.monotonic() - started < SECONDS + 1


def test_a_name_that_takes_too_long_to_look_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr("authmint.oauth.outbound_fetch.socket.getaddrinfo", lambda *_, **__: over.wait(10) and [])

    with pytest.raises(FetchFailed, match="does not resolve"):
        fetch("https://slow.example/keys", timeout=0.1)
    over.set()


def test_half_a_document_is_none() -> None:
    with serving(cut) as uri, pytest.raises(FetchFailed, match="cut off"):
        fetch(uri, allow_private=True, timeout=5)


def test_a_document_of_the_largest_size_is_read() -> None:
    document = b" " * MAX_BYTES

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(document) + document)

    with serving(answer) as uri:
        assert fetch(uri, allow_private=True, timeout=5) == document


class Fetching(Engine):
    """Fetches for real."""

    def _fetch(self, uri: str) -> bytes:
        return fetch(uri, allow_private=True, timeout=SECONDS)


@pytest.mark.parametrize("behave", [silent, trickling])
def test_a_token_request_whose_keys_cannot_be_had_is_refused_clearly(
    behave: Callable[[socket.socket, threading.Event], None],
) -> None:
    with serving(behave) as uri:
        refused = ask(Fetching(client=key_client(jwks_uri=uri)), signed())

    assert refused == "Error retrieving the client JWKSet from jwks_uri."
