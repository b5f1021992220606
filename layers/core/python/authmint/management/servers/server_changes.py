"""Reading and changing a server: one transaction per change, with its events, repeated when another came first."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ...storage.errors import Conflict, NotFound
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer, Servers, server_named
from ..http.call import Call
from ..http.errors import not_found

_R = TypeVar("_R")
Change = Callable[[AuthorizationServer], tuple[AuthorizationServer, _R, Sequence[Event]]]


class ServerChanges:
    """What every resource below a server shares."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers

    def load(self, call: Call) -> AuthorizationServer:
        """The server of the URL. Raises ApiError (E0000007)."""
        server_id = call.params["authServerId"]
        try:
            return self.servers.get(server_named(server_id))
        except NotFound:
            raise not_found(server_id, "AuthorizationServer") from None

    def change(self, call: Call, change: Change[_R]) -> tuple[AuthorizationServer, _R]:
        """Apply a pure change to the server of the URL. The server as it is now, and what the change gave.

        Nothing is read after the change is stored: what could still fail then would hide that it took place.

        Raises:
            ApiError: The server is not there, or the change refuses.
            Unavailable: Others keep coming first.
        """

        def attempt() -> tuple[AuthorizationServer, _R]:
            before = self.load(call)
            after, result, events = change(before)
            if after == before and not events:
                return before, result
            self.servers.save(before, after, events)
            return after, result

        return call.retrying(attempt, on=(Conflict, NotFound))


def path_of(server: AuthorizationServer) -> str:
    """Where the server lives: the default server under ``default`` (docs/protocol.md §1.2)."""
    return f"/api/v1/authorizationServers/{server.path_id}"


def server_party(server: AuthorizationServer) -> Party:
    """The server as a target of an event."""
    return Party(server.id, "AuthorizationServer", display_name=server.name)


def find(records: Sequence[Any], identifier: str) -> Any | None:
    """The record with this id."""
    return next((record for record in records if record.id == identifier), None)


def replaced(records: Sequence[Any], changed: Any) -> tuple[Any, ...]:
    """The records with the one of the same id replaced."""
    return tuple(changed if record.id == changed.id else record for record in records)


def without(records: Sequence[Any], identifier: str) -> tuple[Any, ...]:
    """The records but the one with this id."""
    return tuple(record for record in records if record.id != identifier)
