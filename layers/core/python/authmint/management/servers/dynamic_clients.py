"""``…/dynamicClients`` of a server: clients that registered themselves there (docs/protocol.md §25.11). An extension.

They are seen, and blocked. To delete one is to block it: else its next registration would bring it back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...clock import timestamp
from ...http import Response
from ...oauth.registration.endpoint import UNUSED
from ...storage.dynamic_clients import DynamicClient, DynamicClients, RegistrationTokens
from ...storage.errors import NotFound
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import not_found
from ..http.paging import id_after, limit_of, page
from .server_changes import ServerChanges, path_of, server_party


@dataclass(frozen=True)
class RegisteredRecords:
    """What there is of clients that registered themselves."""

    clients: DynamicClients
    tokens: RegistrationTokens


class DynamicClientsResource:
    """The clients of one server."""

    def __init__(self, changes: ServerChanges, clients: DynamicClients) -> None:
        self._changes = changes
        self._clients = clients

    def list(self, call: Call) -> Response:
        """In ascending id; expired ones too, while they are there."""
        server = self._changes.load(call)
        limit, after = limit_of(call.request, default=200, most=200), id_after(call.request)
        found = self._clients.list(server.id, after=after, limit=limit + 1)
        items = [_json(client, server, call) for client in found[:limit]]
        following = found[limit - 1].id if len(found) > limit else None
        return page(
            call.request, f"{path_of(server)}/dynamicClients", items, limit=limit, following=following, extra={}
        )

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, _json(self._found(server, call), server, call))

    def block(self, call: Call) -> Response:
        """204. What the client was given is dead for good, and it cannot come back by itself."""
        return self._turn(call, "BLOCKED", lambda client, event: self._clients.block(client, at=call.now, events=event))

    def unblock(self, call: Call) -> Response:
        """204. It is as if it had registered just now."""
        return self._turn(
            call,
            "ACTIVE",
            lambda client, event: self._clients.unblock(client, until=call.now + UNUSED, at=call.now, events=event),
        )

    def _turn(
        self, call: Call, status: str, turn: Callable[[DynamicClient, Sequence[Event]], DynamicClient]
    ) -> Response:
        server = self._changes.load(call)

        def attempt() -> None:
            client = self._found(server, call)
            if client.status != status:
                turn(client, [_event("block" if status == "BLOCKED" else "unblock", client, server, call)])

        call.retrying(attempt)
        return NO_CONTENT

    def _found(self, server: AuthorizationServer, call: Call) -> DynamicClient:
        try:
            return self._clients.get(server.id, call.params["dynamicClientId"])
        except NotFound:
            raise not_found(call.params["dynamicClientId"], "AuthorizationServerDynamicClient") from None


def _json(client: DynamicClient, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    href = call.url(f"{path_of(server)}/dynamicClients/{client.id}")
    blocked = client.status == "BLOCKED"
    verb = "unblock" if blocked else "block"
    shown = {
        "id": client.id,
        "name": client.name,
        "redirectUris": list(client.redirect_uris),
        "grantTypes": list(client.grant_types),
        "scopes": list(client.scopes),
        "status": "BLOCKED" if blocked else "ACTIVE" if client.expires_at > call.now else "EXPIRED",
        "created": timestamp(client.created_at),
        "lastUsed": None if client.used_at is None else timestamp(client.used_at),
        "expiresAt": None if blocked else timestamp(client.expires_at),
        "_links": {"self": link(href, "GET", "DELETE"), verb: link(f"{href}/lifecycle/{verb}", "POST")},
    }
    return shown | {"clientUri": client.client_uri} if client.client_uri else shown


def _event(verb: str, client: DynamicClient, server: AuthorizationServer, call: Call) -> Event:
    party = Party(client.id, "PublicClientApp", client.id, client.name)
    return call.recorder.event(f"oauth2.dynamic_client.{verb}", party, server_party(server))
