"""Documents of others: fetched from the public internet, never from inside.

The guard against server-side request forgery: https only, every address that the name resolves to must be public,
the connection goes to the address that was checked, no redirect is followed, size and time are bounded.
"""

import contextlib
import http.client
import ipaddress
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 3.0
MAX_BYTES: Final = 262_144


class FetchFailed(Exception):
    """The document could not be had. The message says why."""


Fetch = Callable[[str], bytes]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also when it hides in an IPv6 form of an IPv4 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if embedded is not None:
            return is_public(str(embedded))
        if parsed in ipaddress.ip_network("64:ff9b::/96"):  # NAT64
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
    return parsed.is_global and not parsed.is_multicast


def fetch(
    uri: str,
    *,
    allow_private: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    left: Callable[[], float] = lambda: math.inf,
) -> bytes:
    """GET a key set.

    Args:
        uri: https only, unless ``allow_private``.
        allow_private: For the local stack only: plain http and private addresses.
        timeout: Seconds for all of it: looking up the name, connecting, reading.
        left: Seconds that the invocation has left; the fetch takes no longer.

    Raises:
        FetchFailed: Refused or not to be had.
    """
    deadline = time.monotonic() + min(timeout, left())
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise FetchFailed("malformed URI") from None
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise FetchFailed("not https")
    if not host or parts.username is not None:
        raise FetchFailed("no host, or user information in it")
    address = _address(host, port, deadline, allow_private=allow_private)
    connection = _PinnedConnection(host, port, address, tls=parts.scheme == "https", timeout=_remaining(deadline))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # A server that sends a byte now and then would never run into the time-out of a single read.
    guard = threading.Timer(_remaining(deadline), connection.abort)
    guard.daemon = True
    guard.start()
    try:
        connection.request("GET", target, headers={"accept": "application/json", "connection": "close"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise FetchFailed(f"status {answer.status}")
        document = answer.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchFailed(f"connection failed: {type(error).__name__}") from None
    finally:
        guard.cancel()
        connection.close()
    if connection.aborted:
        raise FetchFailed("too slow")
    if len(document) > MAX_BYTES:
        raise FetchFailed("too large")
    if answer.length:
        raise FetchFailed("cut off")
    return document


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise FetchFailed("too slow")
    return seconds


def _address(host: str, port: int, deadline: float, *, allow_private: bool) -> str:
    addresses = _resolved(host, port, _remaining(deadline))
    if not addresses:
        raise FetchFailed("name does not resolve")
    if not allow_private and not all(is_public(address) for address in addresses):
        raise FetchFailed("address is not public")
    return addresses[0]


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a name. The resolver knows no time-out of ours, hence a thread that may be left to itself."""
    found: list[str] = []

    def resolve() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    resolver = threading.Thread(target=resolve, daemon=True)
    resolver.start()
    resolver.join(seconds)
    return found


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to the address that was checked: a second look-up could answer differently."""

    def __init__(self, host: str, port: int, address: str, *, tls: bool, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self.aborted = False
        self._address = address
        self._tls = tls

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def abort(self) -> None:
        """End whatever the connection waits for; from another thread."""
        self.aborted = True
        with contextlib.suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
