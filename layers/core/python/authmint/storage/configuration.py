"""What one protocol request reads of the configuration, in one round trip."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from .client_registration import ClientClass, class_of
from .clients import Client, Clients
from .errors import NotFound
from .servers import AuthorizationServer, Servers


@dataclass(frozen=True)
class Snapshot:
    """A server and a client as they are now; ``None`` where there is no such record."""

    server: AuthorizationServer | None
    client: Client | None


class Configuration(Protocol):
    """Servers and clients for the protocol endpoints."""

    def read(self, server_id: str, client_id: str | None = None) -> Snapshot:
        """The server (with everything below it) and the client.

        ``server_id`` is what stands in the URL: an id or ``default``.

        Raises:
            Unavailable: Storage could not answer.
        """


class PlainConfiguration:
    """``Configuration`` over two plain repositories, without a cache."""

    def __init__(self, servers: Servers, clients: Clients) -> None:
        self._servers = servers
        self._clients = clients

    def read(self, server_id: str, client_id: str | None = None) -> Snapshot:
        try:
            server = self._servers.get(server_id)
        except NotFound:
            server = None
        try:
            client = None if client_id is None else self._clients.get(client_id)
        except NotFound:
            client = None
        return Snapshot(server, client)


class Unregistered(Protocol):
    """Clients that no administrator registered, as the servers that take them know them."""

    def client(self, server: AuthorizationServer, client_id: str) -> Client | None:
        """The client; ``None``: the server knows none of this id.

        Raises:
            OAuthError: It cannot be told now.
            Unavailable: Storage could not answer.
        """


class OpenConfiguration:
    """``Configuration`` with clients of every class (docs/protocol.md §7.5).

    Args:
        registered: Knows servers, and the clients of administrators.
        unregistered: Make what knows the others, by their class, when one is first asked for.
    """

    def __init__(
        self, registered: Configuration, unregistered: Mapping[ClientClass, Callable[[], Unregistered]]
    ) -> None:
        self._registered = registered
        self._unregistered = {class_: cache(make) for class_, make in unregistered.items()}

    def read(self, server_id: str, client_id: str | None = None) -> Snapshot:
        if client_id is None or (class_ := class_of(client_id)) == "REGISTERED":
            return self._registered.read(server_id, client_id)
        snapshot = self._registered.read(server_id)
        server = snapshot.server
        if server is None or not server.registration.takes(class_):
            return snapshot
        return Snapshot(server, self._unregistered[class_]().client(server, client_id))
