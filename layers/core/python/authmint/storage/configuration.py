"""What one protocol request reads of the configuration, in one round trip."""

from dataclasses import dataclass
from typing import Protocol

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
