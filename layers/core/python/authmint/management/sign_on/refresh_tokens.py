"""Refresh tokens of clients: ``…/authorizationServers/{id}/clients/**`` and ``/api/v1/apps/{id}/tokens``."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from ...http import Response
from ...storage.clients import Client
from ...storage.errors import NotFound
from ...storage.servers import ORG_SERVER, AuthorizationServer, server_named
from ...storage.token_families import TokenFamily
from ..http.call import Call, link
from ..http.errors import not_found
from ..http.paging import after_of, limit_of, page
from ..servers.server_changes import path_of
from .issued import PAGE, Holder, IssuedRecords, RefreshTokens, client_fields, every, is_alive

_TOKEN: Final = "OAuth2RefreshToken"
_SERVERS: Final = 200


class TokensAtServer(RefreshTokens):
    """Who holds refresh tokens of one server."""

    def holders(self, call: Call) -> Response:
        """A page of the clients that hold refresh tokens of the server, as they are listed: by id, nearly."""
        server = self._server(call)
        limit, after = limit_of(call.request, default=200, most=200), after_of(call.request)
        ids, following = self.issued.families.clients_at(
            server.id,
            lambda family: is_alive(family, call.now),
            after=after,
            limit=limit,
            in_time=call.retrying.in_time,
        )
        reach = call.caller.access.reach("tokens")
        seen = [client_id for client_id in ids if reach.has_app(client_id)]
        clients = {client.id: client for client in self.clients.many(seen)}  # one may have been deleted meanwhile
        items = [_client_json(clients[client_id], server, call) for client_id in ids if client_id in clients]
        path = f"{path_of(server)}/clients"
        by_id = itemgetter("client_id")
        return page(call.request, path, items, limit=limit, following=following, extra={}, cursor=by_id)

    def holder(self, call: Call) -> Holder:
        server = self._server(call)
        client = self._client(call)
        return Holder(
            path=f"{path_of(server)}/clients/{client.id}/tokens",
            client=client,
            families=lambda after: _families(self.issued, server.id, client.id, after),
            holds=lambda family: (family.server_id, family.client_id) == (server.id, client.id),
            named=(call.params.get("tokenId", ""), _TOKEN),
        )

    def _server(self, call: Call) -> AuthorizationServer:
        found = self.server(server_named(call.params["authServerId"]))
        if found is None:
            raise not_found(call.params["authServerId"], "AuthorizationServer")
        return found

    def _client(self, call: Call) -> Client:
        try:
            return self.clients.get(call.params["clientId"])
        except NotFound:
            raise not_found(call.params["clientId"], "PublicClientApp") from None


class TokensOfApp(RefreshTokens):
    """Refresh tokens of one app at whatever server. Every server is asked: there may be hundreds."""

    def holder(self, call: Call) -> Holder:
        app_id = call.params["appId"]
        try:
            client = self.clients.get(app_id)
        except NotFound:
            raise not_found(app_id, "AppInstance") from None
        return Holder(
            path=f"/api/v1/apps/{client.id}/tokens",
            client=client,
            families=lambda after: self._everywhere(client.id, after),
            holds=lambda family: family.client_id == client.id,
            named=(f"{app_id}.{call.params.get('tokenId', '')}", "OAuth2RefreshTokenTx"),
        )

    def _everywhere(self, client_id: str, after: str | None) -> Iterator[TokenFamily]:
        servers = [ORG_SERVER, *self._server_ids()]
        found = [family for server_id in servers for family in _families(self.issued, server_id, client_id, after)]
        yield from sorted(found, key=lambda family: family.id)

    def _server_ids(self) -> Iterator[str]:
        after: str | None = None
        while batch := self.servers.list(after=after, limit=_SERVERS):
            yield from (server.id for server in batch)
            after = batch[-1].id
            if len(batch) < _SERVERS:
                return


def _families(issued: IssuedRecords, server_id: str, client_id: str, after: str | None = None) -> Iterator[TokenFamily]:
    def batch(cursor: str | None) -> Sequence[TokenFamily]:
        return issued.families.of_client(server_id, client_id, after=cursor, limit=PAGE)

    return every(batch, after)


def _client_json(client: Client, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    tokens = call.url(f"{path_of(server)}/clients/{client.id}/tokens")
    return client_fields(client) | {
        "_links": {
            "client": {"href": call.url(f"/oauth2/v1/clients/{client.id}"), "title": client.label},
            "tokens": link(tokens, "GET", "DELETE"),
        }
    }
