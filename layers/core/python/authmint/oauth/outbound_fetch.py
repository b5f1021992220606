"""What is asked of others: on the public internet, never inside.

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 3.0
MAX_BYTES: Final = 262_144
#: Addresses of hosts that everybody can reach (RFC 4291 §2.4), but for those in it that are for examples (RFC 9637).
_GLOBAL: Final = ipaddress.ip_network("2000::/3")
_EXAMPLES: Final = ipaddress.ip_network("3fff::/20")
#: RFC 6052 §2.1. The other prefix, 64:ff9b:1::/48, leads into whoever's network it is (RFC 8215).
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
#: First half of an interface identifier whose second half is an IPv4 address (RFC 5214 §6.1).
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


@dataclass(frozen=True)
class Kind:
    """What documents of a kind may be.

    Attributes:
        largest: Bytes.
        json_only: The host has to say that it is JSON: what people upload somewhere is served as something else.
    """

    largest: int
    json_only: bool = False


KEY_SET: Final = Kind(MAX_BYTES)
ISSUER_METADATA: Final = Kind(65_536, json_only=True)
CLIENT_DOCUMENT: Final = Kind(10_240, json_only=True)


@dataclass(frozen=True)
class Document:
    """What was fetched. ``cache_control`` as its host sent it."""

    content: bytes
    cache_control: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a host answered. Names of ``headers`` are in lower case. Without its content in ``repr``."""

    status: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class FetchFailed(Exception):
    """The document could not be had. The message says why.

    Attributes:
        withdrawn: Its host answered, and that there is no such document: not that it has trouble, or that somebody
            between (a firewall, a challenge for browsers) let nothing through.
        slow: Time ran out.
    """

    def __init__(self, message: str, *, withdrawn: bool = False, slow: bool = False) -> None:
        super().__init__(message)
        self.withdrawn = withdrawn
        self.slow = slow


Fetch = Callable[[str], bytes]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also when it hides in an IPv6 form of an IPv4 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        last = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        embedded = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if embedded is None and parsed in _NAT64:
            embedded = last
        if embedded is not None:
            return is_public(str(embedded))
        if int(parsed) >> 32 & 0xFFFF_FFFF in _ISATAP and not is_public(str(last)):
            return False
        if parsed not in _GLOBAL or parsed in _EXAMPLES:
            return False
    return parsed.is_global and not parsed.is_multicast


def fetch(
    uri: str,
    *,
    allow_private: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    left: Callable[[], float] = lambda: math.inf,
) -> bytes:
    """GET a key set: the content of ``fetch_document``."""
    return fetch_document(uri, KEY_SET, allow_private=allow_private, timeout=timeout, left=left).content


def fetch_document(
    uri: str,
    kind: Kind,
    *,
    allow_private: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    left: Callable[[], float] = lambda: math.inf,
    issuer: str = "",
) -> Document:
    """GET a document of a kind.

    Args:
        uri: https only, unless ``allow_private``.
        kind: What it may be.
        allow_private: For the local stack only: plain http and private addresses.
        timeout: Seconds for all of it: looking up the name, connecting, reading.
        left: Seconds that the invocation has left; the fetch takes no longer.
        issuer: For whom, so that the host's people know whom to ask.

    Raises:
        FetchFailed: Refused or not to be had.
    """
    headers = {"accept": "application/json", "user-agent": f"authmint (+{issuer})" if issuer else "authmint"}

    def admit(answer: http.client.HTTPResponse) -> None:
        _check(answer, kind)

    answer = exchange(
        "GET",
        uri,
        headers=headers,
        largest=kind.largest,
        admit=admit,
        allow_private=allow_private,
        timeout=timeout,
        left=left,
    )
    return Document(answer.content, answer.headers.get("cache-control"))


def exchange(
    method: str,
    uri: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    largest: int = MAX_BYTES,
    admit: Callable[[http.client.HTTPResponse], None] = lambda _: None,
    allow_private: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    left: Callable[[], float] = lambda: math.inf,
) -> Answer:
    """Send one request to a host on the public internet, and read its answer, whatever it is. Nothing is followed.

    Args:
        method: Of the request.
        uri: https only, unless ``allow_private``.
        headers: Beside those that HTTP itself needs.
        body: What is sent.
        largest: Bytes of the answer.
        admit: Looks at the answer before its content is read. May raise FetchFailed.
        allow_private: For the local stack only: plain http and private addresses.
        timeout: Seconds for all of it: looking up the name, connecting, sending, reading.
        left: Seconds that the invocation has left; the exchange takes no longer.

    Raises:
        FetchFailed: Refused, or no answer was to be had.
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
        connection.request(method, target, body=body, headers={**headers, "connection": "close"})
        answer = connection.getresponse()
        admit(answer)
        content = answer.read(largest + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        slow = connection.aborted or isinstance(error, TimeoutError)
        raise FetchFailed(f"connection failed: {type(error).__name__}", slow=slow) from None
    finally:
        guard.cancel()
        connection.close()
    if connection.aborted:
        raise FetchFailed("too slow", slow=True)
    if len(content) > largest:
        raise FetchFailed("too large", withdrawn=True)
    if answer.length:
        raise FetchFailed("cut off")
    return Answer(answer.status, content, {name.lower(): value for name, value in answer.getheaders()})


def _check(answer: http.client.HTTPResponse, kind: Kind) -> None:
    """Whether it is an answer with a document of the kind. Raises FetchFailed."""
    media_type = (answer.getheader("content-type") or "").partition(";")[0].strip().lower()
    if answer.status != 200:
        challenged = answer.status in {403, 429} and media_type == "text/html"
        raise FetchFailed(f"status {answer.status}", withdrawn=answer.status < 500 and not challenged)
    json = media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
    if kind.json_only and not json:
        raise FetchFailed("content type is not application/json", withdrawn=True)


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise FetchFailed("too slow", slow=True)
    return seconds


def _address(host: str, port: int, deadline: float, *, allow_private: bool) -> str:
    addresses = _resolved(host, port, _remaining(deadline))
    if not addresses:
        raise FetchFailed("name does not resolve", slow=time.monotonic() >= deadline)
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
