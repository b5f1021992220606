"""A protected API, as a customer of authmint builds one: over ``authmint.verifier``."""

import ssl
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from authmint.verifier import Refused, Verifier

from tests.conformance.deployment import AUDIENCE


class Orders(BaseHTTPRequestHandler):
    """Answers GET with an empty object, to whoever has a good token of the issuer."""

    verifier: Verifier
    url: str
    decide: Callable[[str], None]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_GET(self) -> None:
        # As API Gateway hands on what comes more than once.
        proof = ",".join(self.headers.get_all("dpop", [])) or None
        authorization = self.headers.get("authorization", "")
        try:
            self.verifier.verify(authorization, proof=proof, method="GET", uri=f"{self.url}{self.path}")
        except Refused as refused:
            self.send_response(refused.status)
            self.send_header("www-authenticate", refused.challenge)
        else:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            interaction = self.headers.get("x-fapi-interaction-id") or str(uuid.uuid4())
            self.send_header("x-fapi-interaction-id", interaction)
        self._end()

    def do_POST(self) -> None:
        """The suite wants the person to decide (``action``)."""
        action = parse_qs(urlsplit(self.path).query).get("action", [""])[0]
        type(self).decide(action)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self._end()

    def _end(self) -> None:
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


class _Server(ThreadingHTTPServer):
    """Says nothing of those who try the protocols and ciphers that it does not take."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ssl.SSLError):
            super().handle_error(request, client_address)


@contextmanager
def serving(issuer: str, address: str, certificate: str, key: str, decide: Callable[[str], None]) -> Iterator[None]:
    """Serve https at an address like ``api.test:8090`` for as long as the context lasts.

    ``decide``: whether to ``allow`` or to ``deny`` what the suite asks the person without her browser.
    """
    host, port = address.rsplit(":", 1)

    def fetch(uri: str) -> bytes:
        return requests.get(uri, timeout=30, verify=False).content  # noqa: S501 - a certificate of one's own

    seen: set[tuple[str, str]] = set()

    def used(key: str, jti: str, _: int) -> bool:
        fresh = (key, jti) not in seen
        seen.add((key, jti))
        return fresh

    verifier = Verifier(issuer, AUDIENCE, fetch=fetch, used=used)
    orders = type(
        "Orders", (Orders,), {"verifier": verifier, "url": f"https://{address}", "decide": staticmethod(decide)}
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_ciphers("ECDHE+AESGCM")
    server = _Server((host, int(port)), orders)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=partial(server.serve_forever, 0.05), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
