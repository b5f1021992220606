"""Reading and changing a client: one transaction per change, with its events."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ...storage.clients import Client, Clients
from ...storage.errors import Conflict, NotFound
from ...storage.events import Event, Party
from ...storage.roles import BookChange
from ..http.call import Call
from ..http.errors import not_found
from .abilities import PLAIN, Abilities

_R = TypeVar("_R")


class ClientChanges:
    """What the views of a client share."""

    def __init__(self, clients: Clients, going: Callable[[str], BookChange | None], able: Abilities = PLAIN) -> None:
        """``going``: what is stored of roles when a client is deleted; ``able``: what clients may ask for."""
        self.clients = clients
        self.going = going
        self.able = able

    def load(self, call: Call, kind: str = "AppInstance") -> Client:
        """The client of the URL. Raises ApiError (E0000007)."""
        try:
            return self.clients.get(call.params["appId"])
        except NotFound:
            raise not_found(call.params["appId"], kind) from None

    def change(
        self,
        call: Call,
        change: Callable[[Client], tuple[Client, _R, Sequence[Event]]],
        kind: str = "AppInstance",
    ) -> tuple[Client, _R]:
        """Apply a pure change to the client of the URL.

        Raises:
            ApiError: The client is not there, or the change refuses.
            AlreadyExists: Its new label is taken.
            Unavailable: Others keep coming first.
        """

        def attempt() -> tuple[Client, _R]:
            before = self.load(call, kind)
            after, result, events = change(before)
            if after == before and not events:
                return before, result
            self.clients.save(before, after, events)
            return after, result

        return call.retrying(attempt, on=(Conflict, NotFound))

    def add(self, call: Call, client: Client, events: Sequence[Event]) -> None:
        """Store a new client. Raises AlreadyExists."""
        call.retrying(lambda: self.clients.add(client, events))

    def delete(self, call: Call, doomed: Callable[[Client], Sequence[Event]], kind: str = "AppInstance") -> None:
        """Delete the client of the URL, with the events that ``doomed`` gives, unless it refuses.

        Raises:
            ApiError: The client is not there, or ``doomed`` refuses.
            Unavailable: Others keep coming first.
        """

        def attempt() -> None:
            client = self.load(call, kind)
            self.clients.delete(client, doomed(client), book=self.going(client.id))

        call.retrying(attempt, on=(Conflict, NotFound))


def app_party(client: Client) -> Party:
    """The client as a target of an event."""
    return Party(client.id, "AppInstance", alternate_id=client.label, display_name=client.label)
