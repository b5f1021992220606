"""Refresh tokens in administrators' hands: of a client at one server, of an app at all, of a user for a client.

A refresh token's management id is that of its family: rotating it changes the string, not the object.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.clients import Client, Clients
from ...storage.consents import Consents
from ...storage.errors import NotFound
from ...storage.events import EventLog
from ...storage.servers import AuthorizationServer, Servers, issuer_of
from ...storage.sessions import Sessions
from ...storage.token_families import TokenFamilies, TokenFamily
from ...storage.users import User, Users
from ..clients.client_changes import app_party
from ..directory.people import user_party
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import not_found
from ..http.paging import after_of, limit_of, page
from ..servers.server_changes import path_of, server_party

PAGE: Final = 200
Shown = list[dict[str, Any]]


@dataclass(frozen=True)
class IssuedRecords:
    """Storage of what was issued. ``session_idle``: seconds after which an unused session is over."""

    families: TokenFamilies
    consents: Consents
    sessions: Sessions
    log: EventLog
    session_idle: int = 7_200


@dataclass(frozen=True)
class Holder:
    """Whose refresh tokens the URL is about.

    Attributes:
        path: Of the list.
        client: Their client.
        families: Theirs in ascending id after one; dead ones too.
        named: How a 404 names a token that is not theirs, and its kind.
    """

    path: str
    client: Client
    families: Callable[[str | None], Iterator[TokenFamily]]
    holds: Callable[[TokenFamily], bool]
    named: tuple[str, str]


class RefreshTokens:
    """Lists, shows and revokes the refresh tokens of whoever the URL names."""

    def __init__(self, servers: Servers, clients: Clients, users: Users, issued: IssuedRecords) -> None:
        self.servers = servers
        self.clients = clients
        self.users = users
        self.issued = issued

    def holder(self, call: Call) -> Holder:
        """The user of the URL. Raises ApiError (E0000007)."""
        raise NotImplementedError

    def list(self, call: Call) -> Response:
        """A page of those that are alive."""
        holder = self.holder(call)
        limit, after = limit_of(call.request, default=20, most=200), after_of(call.request)
        alive = list(islice((one for one in holder.families(after) if is_alive(one, call.now)), limit + 1))
        items = self._shown(alive[:limit], holder, call)
        following = alive[limit - 1].id if len(alive) > limit else None
        return page(call.request, holder.path, items, limit=limit, following=following, extra={})

    def get(self, call: Call) -> Response:
        holder = self.holder(call)
        return Response.json(200, self._shown([self._family(holder, call)], holder, call)[0])

    def revoke(self, call: Call) -> Response:
        """204. Its access tokens die with it."""
        holder = self.holder(call)
        self._revoked([self._family(holder, call)], holder, call)
        return NO_CONTENT

    def revoke_all(self, call: Call) -> Response:
        """204. Every refresh token of the holder, and their access tokens."""
        holder = self.holder(call)
        self._revoked(list(holder.families(None)), holder, call)
        return NO_CONTENT

    def server(self, server_id: str) -> AuthorizationServer | None:
        """The server, unless it was deleted."""
        try:
            return self.servers.get(server_id)
        except NotFound:
            return None

    def _revoked(self, families: Sequence[TokenFamily], holder: Holder, call: Call) -> None:
        """One event for all of one server; written first, so that nothing is revoked without one."""
        alive = [family for family in families if family.revoked_at is None]
        for server_id in dict.fromkeys(family.server_id for family in alive):
            of_server = [family for family in alive if family.server_id == server_id]
            server = self.server(server_id)
            parties = [app_party(holder.client), *([] if server is None else [server_party(server)])]
            debug = {"TokenCount": len(of_server), "tokens": [family.id for family in of_server[:100]]}
            event = call.recorder.event("app.oauth2.as.token.revoke", *parties, debug=debug)
            self.issued.log.record([event])
            for family in of_server:
                self.issued.families.revoke(family.id, "administrator", at=call.now)

    def _family(self, holder: Holder, call: Call) -> TokenFamily:
        try:
            family = self.issued.families.get(call.params["tokenId"])
        except NotFound:
            family = None
        if family is None or not family.holds_refresh_token or not holder.holds(family):
            raise not_found(*holder.named)
        return family

    def _shown(self, families: Sequence[TokenFamily], holder: Holder, call: Call) -> Shown:
        """The tokens, each with the names of its server and of its user as far as they are still there."""
        servers = {server_id: self.server(server_id) for server_id in {family.server_id for family in families}}
        users = {
            user.id: user
            for user in self.users.many(sorted({family.user_id for family in families if family.user_id is not None}))
        }
        return [
            _token_json(family, holder, servers[family.server_id], users.get(family.user_id or ""), call)
            for family in families
        ]


def _token_json(
    family: TokenFamily, holder: Holder, server: AuthorizationServer | None, user: User | None, call: Call
) -> dict[str, Any]:
    href = call.url(f"{holder.path}/{family.id}")
    client = holder.client
    links: dict[str, Any] = {
        "app": {"href": call.url(f"/api/v1/apps/{client.id}"), "title": client.label},
        "self": {"href": href},
        "revoke": link(href, "DELETE"),
        "client": {"href": call.url(f"/oauth2/v1/clients/{client.id}"), "title": client.label},
        "user": {"href": call.url(f"/api/v1/users/{family.user_id}")},
    }
    if user is not None:
        links["user"]["title"] = user_party(user).display_name
    shown: dict[str, Any] = {
        "id": family.id,
        "status": "ACTIVE" if is_alive(family, call.now) else "REVOKED",
        "created": timestamp(family.created_at),
        "lastUpdated": timestamp(family.updated_at),
        "expiresAt": None if family.expires_at is None else timestamp(family.expires_at),
        "issuer": None if server is None else issuer_of(server, call.request.base_url),
        "clientId": client.id,
        "userId": family.user_id,
        "scopes": list(family.scopes),
        "_links": links,
    }
    if server is not None and not server.is_org:
        links["authorizationServer"] = {"href": call.url(path_of(server)), "title": server.name}
    if call.request.query_value("expand") == "scope":
        shown["_embedded"] = {"scopes": [] if server is None else _scopes(family, server, call)}
    return shown


def _scopes(family: TokenFamily, server: AuthorizationServer, call: Call) -> list[dict[str, Any]]:
    return [
        {
            "id": scope.id,
            "name": scope.name,
            "displayName": scope.display_name,
            "description": scope.description,
            "_links": {"scope": {"href": call.url(f"{path_of(server)}/scopes/{scope.id}")}},
        }
        for scope in server.scopes
        if scope.name in family.scopes
    ]


def is_alive(family: TokenFamily, now: int) -> bool:
    """Whether something can be done with it yet."""
    return family.revoked_at is None and (family.expires_at is None or family.expires_at > now)


def every(read: Callable[[str | None], Sequence[TokenFamily]], after: str | None = None) -> Iterator[TokenFamily]:
    """Every record of a listing by id, in batches of ``PAGE``."""
    while batch := read(after):
        yield from batch
        after = batch[-1].id
        if len(batch) < PAGE:
            return


def client_fields(client: Client) -> dict[str, Any]:
    """A client as lists of holders show it, without links."""
    return {
        "client_id": client.id,
        "client_name": client.label,
        "client_uri": client.settings.get("client_uri"),
        "logo_uri": client.settings.get("logo_uri"),
    }
