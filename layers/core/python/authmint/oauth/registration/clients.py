"""Clients that registered themselves, as the protocol sees them (docs/protocol.md §7.6)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...storage.clients import Client
from ...storage.dynamic_clients import DynamicClient, DynamicClients
from ...storage.errors import NotFound
from ...storage.servers import AuthorizationServer
from .identity import is_dynamic

DAY: Final = 86_400
#: Seconds for which a rotated refresh token may come again: such clients refresh in parallel.
_LEEWAY: Final = 30


@dataclass(frozen=True)
class RegisteredClients:
    """``Unregistered``: by what is stored of those that registered themselves.

    Attributes:
        now: Gives Unix seconds.
    """

    clients: DynamicClients
    now: Callable[[], int]

    def client(self, server: AuthorizationServer, client_id: str) -> Client | None:
        """The client, unless it is gone, or an administrator blocked it."""
        if not is_dynamic(client_id):
            return None
        try:
            record = self.clients.get(server.id, client_id)
        except NotFound:
            return None
        # What a key leads to is looked at, as everywhere.
        if (record.server_id, record.id) != (server.id, client_id) or not is_alive(record, self.now()):
            return None
        return client_of(record)

    def used(self, server: AuthorizationServer, client: Client, now: int) -> None:
        """Somebody signed in through the client, or it renewed its tokens: it stays. One write a day.

        Raises:
            Unavailable: Storage could not answer.
        """
        if client.updated_at and now < client.updated_at + DAY:
            return
        try:
            record = self.clients.get(server.id, client.id)
            self.clients.touch(record, until=now + kept_for(server), at=now)
        except NotFound:
            return  # gone, or blocked, since the request began


def is_alive(client: DynamicClient, now: int) -> bool:
    """Whether it can do anything."""
    return client.status == "ACTIVE" and client.expires_at > now


def kept_for(server: AuthorizationServer) -> int:
    """Seconds that a client stays after its last use: no refresh token outlives its client."""
    rules = server.registration
    return max(rules.unused_days, rules.max_refresh_days) * DAY


def client_of(record: DynamicClient) -> Client:
    """A public client like any other, within what servers let unregistered ones do. ``updated_at``: its last use."""
    return Client(
        id=record.id,
        label=record.name,
        created_at=record.created_at,
        updated_at=record.used_at or 0,
        application_type="native",
        grant_types=record.grant_types,
        redirect_uris=record.redirect_uris,
        auth_method="none",
        pkce_required=True,
        consent_method="REQUIRED",
        rotates_refresh_tokens=True,
        refresh_leeway=_LEEWAY,
        token_generation=record.generation,
        implicit_assignment=True,
        reserves_label=False,
        scopes=record.scopes,
        settings={"client_uri": record.client_uri} if record.client_uri else {},
    )
