"""``…/associatedServers`` of a server: whose tokens it trusts (docs/protocol.md §25.7)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...http import Response
from ...storage.errors import NotFound
from ...storage.events import Event
from ...storage.servers import AuthorizationServer, server_named
from ..http.call import NO_CONTENT, Call
from ..http.errors import not_found
from ..http.paging import after_of, limit_of, page, scan
from .server_changes import ServerChanges, path_of, server_party
from .server_view import server_fields

Changed = tuple[AuthorizationServer, None, Sequence[Event]]


class AssociatedServers:
    """Which servers' tokens a server trusts: listed, added and taken away."""

    def __init__(self, changes: ServerChanges) -> None:
        self._changes = changes

    def list(self, call: Call) -> Response:
        """Trusted servers, or with ``trusted=false`` the others."""
        server = self._changes.load(call)
        trusted = (call.request.query_value("trusted") or "true").lower() != "false"
        q = (call.request.query_value("q") or "").casefold()
        limit, after = limit_of(call.request, default=200, most=200), after_of(call.request)

        def wanted(other: AuthorizationServer) -> bool:
            if other.id == server.id or (other.id in server.associated) != trusted:
                return False
            return q in other.name.casefold() or q in other.audience.casefold()

        found, following = scan(
            lambda after, size: self._changes.servers.list(after=after, limit=size),
            lambda other: other.id,
            wanted,
            after=after,
            limit=limit,
            in_time=call.retrying.in_time,
        )
        extra = {"trusted": str(trusted).lower()} | ({"q": q} if q else {})
        path = f"{path_of(server)}/associatedServers"
        items = [_item(other, call) for other in found]
        return page(call.request, path, items, limit=limit, following=following, extra=extra)

    def add(self, call: Call) -> Response:
        """200 with the servers named; adds to those trusted before."""
        self._changes.load(call)
        body = call.body()
        named = body.texts("trusted", most=200) or ()
        if not named:
            body.problem("trusted", "The field cannot be left blank")
        body.check()
        others = [self._get(server_id) for server_id in named]

        def change(server: AuthorizationServer) -> Changed:
            new = [other for other in others if other.id not in server.associated and other.id != server.id]
            after = replace(server, associated=(*server.associated, *dict.fromkeys(other.id for other in new)))
            return after, None, [self._event("add", server, other, call) for other in new]

        self._changes.change(call, change)
        return Response.json(200, [_item(other, call) for other in others])

    def remove(self, call: Call) -> Response:
        other = self._get(call.params["associatedServerId"])

        def change(server: AuthorizationServer) -> Changed:
            if other.id not in server.associated:
                raise not_found(call.params["associatedServerId"], "AuthorizationServer")
            after = replace(server, associated=tuple(known for known in server.associated if known != other.id))
            return after, None, [self._event("delete", server, other, call)]

        self._changes.change(call, change)
        return NO_CONTENT

    def _get(self, server_id: str) -> AuthorizationServer:
        try:
            return self._changes.servers.get(server_named(server_id))
        except NotFound:
            raise not_found(server_id, "AuthorizationServer") from None

    def _event(self, verb: str, server: AuthorizationServer, other: AuthorizationServer, call: Call) -> Event:
        return call.recorder.event(f"app.oauth2.trusted_server.{verb}", server_party(server), server_party(other))


def _item(server: AuthorizationServer, call: Call) -> dict[str, Any]:
    return server_fields(server, call) | {"_links": None}
