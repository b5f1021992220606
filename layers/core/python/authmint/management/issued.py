"""Refresh tokens, consents and sessions of users and clients as administrators see them (contract §12).

A refresh token's management id is that of its family: rotating it changes the string, not the object.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..clock import timestamp
from ..http import Response
from ..storage.clients import Client, Clients
from ..storage.consents import Consent, Consents
from ..storage.errors import NotFound
from ..storage.events import EventLog
from ..storage.families import TokenFamilies, TokenFamily
from ..storage.servers import AuthorizationServer
from ..storage.sessions import Sessions
from .call import NO_CONTENT, Call, link
from .client_changes import app_party
from .errors import not_found
from .paging import after_of, limit_of, page
from .people import PeopleRecords, user_party
from .server_changes import ServerChanges, path_of, server_party

_TOKEN: Final = "OAuth2RefreshToken"
_CONSENT: Final = "OAuth2ScopeConsentGrant"
_PAGE: Final = 200


@dataclass(frozen=True)
class IssuedRecords:
    """Storage of what was issued. ``session_idle``: seconds after which an unused session is over."""

    families: TokenFamilies
    consents: Consents
    sessions: Sessions
    log: EventLog
    session_idle: int = 7_200


class IssuedTokens:
    """``…/authorizationServers/{id}/clients/**``: who holds refresh tokens of a server."""

    def __init__(self, changes: ServerChanges, clients: Clients, issued: IssuedRecords) -> None:
        self._changes = changes
        self._clients = clients
        self._issued = issued

    def clients(self, call: Call) -> Response:
        """Clients that hold refresh tokens of the server."""
        server = self._changes.load(call)
        found = []
        for client_id in self._issued.families.clients_at(server.id):
            if any(_alive(family, call.now) for family in self._families(server.id, client_id)):
                try:
                    found.append(_client_json(self._clients.get(client_id), server, call))
                except NotFound:  # deleted meanwhile
                    continue
        return Response.json(200, found)

    def list(self, call: Call) -> Response:
        """A page of the refresh tokens of a client."""
        server, client = self._changes.load(call), self._client(call)
        limit, after = limit_of(call.request, default=20, most=200), after_of(call.request)
        alive = [family for family in self._families(server.id, client.id, after) if _alive(family, call.now)]
        items = [self._json(family, server, client, call) for family in alive[:limit]]
        path = f"{path_of(server)}/clients/{client.id}/tokens"
        following = alive[limit - 1].id if len(alive) > limit else None
        return page(call.request, path, items, limit=limit, following=following, extra={})

    def get(self, call: Call) -> Response:
        server, client = self._changes.load(call), self._client(call)
        return Response.json(200, self._json(self._family(server, client, call), server, client, call))

    def revoke(self, call: Call) -> Response:
        """204. Its access tokens die with it."""
        server, client = self._changes.load(call), self._client(call)
        self._revoked([self._family(server, client, call)], server, client, call)
        return NO_CONTENT

    def revoke_all(self, call: Call) -> Response:
        """204. Every refresh token of the client at the server, and their access tokens."""
        server, client = self._changes.load(call), self._client(call)
        self._revoked(list(self._families(server.id, client.id)), server, client, call)
        return NO_CONTENT

    def _revoked(
        self, families: Sequence[TokenFamily], server: AuthorizationServer, client: Client, call: Call
    ) -> None:
        """One event for all of them; written first, so that nothing is revoked without one."""
        alive = [family for family in families if family.revoked_at is None]
        if not alive:
            return
        event = call.recorder.event(
            "app.oauth2.as.token.revoke",
            app_party(client),
            server_party(server),
            debug={"TokenCount": len(alive), "tokens": [family.id for family in alive[:100]]},
        )
        self._issued.log.record([event])
        for family in alive:
            self._issued.families.revoke(family.id, "administrator", at=call.now)

    def _families(self, server_id: str, client_id: str, after: str | None = None) -> Iterator[TokenFamily]:
        def batch(cursor: str | None) -> Sequence[TokenFamily]:
            return self._issued.families.of_client(server_id, client_id, after=cursor, limit=_PAGE)

        return _all(batch, after)

    def _family(self, server: AuthorizationServer, client: Client, call: Call) -> TokenFamily:
        token_id = call.params["tokenId"]
        try:
            family = self._issued.families.get(token_id)
        except NotFound:
            family = None
        if family is None or (family.server_id, family.client_id) != (server.id, client.id):
            raise not_found(token_id, _TOKEN)
        return family

    def _client(self, call: Call) -> Client:
        try:
            return self._clients.get(call.params["clientId"])
        except NotFound:
            raise not_found(call.params["clientId"], "PublicClientApp") from None

    def _json(self, family: TokenFamily, server: AuthorizationServer, client: Client, call: Call) -> dict[str, Any]:
        href = call.url(f"{path_of(server)}/clients/{client.id}/tokens/{family.id}")
        shown: dict[str, Any] = {
            "id": family.id,
            "status": "ACTIVE" if _alive(family, call.now) else "REVOKED",
            "created": timestamp(family.created_at),
            "lastUpdated": timestamp(family.updated_at),
            "expiresAt": None if family.expires_at is None else timestamp(family.expires_at),
            "issuer": call.url(f"/oauth2/{server.path_id}"),
            "clientId": client.id,
            "userId": family.user_id,
            "scopes": list(family.scopes),
            "_links": {
                "app": {"href": call.url(f"/api/v1/apps/{client.id}"), "title": client.label},
                "self": {"href": href},
                "revoke": link(href, "DELETE"),
                "client": {"href": call.url(f"/oauth2/v1/clients/{client.id}"), "title": client.label},
                "user": {"href": call.url(f"/api/v1/users/{family.user_id}")},
                "authorizationServer": {"href": call.url(path_of(server)), "title": server.name},
            },
        }
        if call.request.query_value("expand") == "scope":
            shown["_embedded"] = {
                "scopes": [
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
            }
        return shown


class UserIssued:
    """What a user granted and holds: ``/api/v1/users/{id}/grants`` and ``/sessions``."""

    def __init__(self, people: PeopleRecords, issued: IssuedRecords) -> None:
        self._people = people
        self._issued = issued

    def grants(self, call: Call) -> Response:
        """Consents of a user, or with a client in the URL those for that client."""
        user = self._people.user(call)
        found = [consent for consent in self._issued.consents.of_user(user.id) if _wanted(consent, call)]
        return Response.json(200, [_consent_json(consent, call) for consent in found])

    def grant(self, call: Call) -> Response:
        return Response.json(200, _consent_json(self._consent(call), call))

    def revoke_grant(self, call: Call) -> Response:
        """204. The user is asked again the next time."""
        consent = self._consent(call)
        self._forget([consent], call)
        return NO_CONTENT

    def revoke_grants(self, call: Call) -> Response:
        """204. Every consent of the user, or those for the client in the URL."""
        user = self._people.user(call)
        self._forget([c for c in self._issued.consents.of_user(user.id) if _wanted(c, call)], call)
        return NO_CONTENT

    def end_sessions(self, call: Call) -> Response:
        """204. Every session of the user ends; with ``oauthTokens=true`` every token dies too."""
        user = self._people.user(call)
        party = user_party(user)
        self._issued.log.record([call.recorder.event("user.session.clear", party)])
        self._issued.sessions.end_all(user.id)
        if call.request.query_value("oauthTokens") == "true":
            self._issued.log.record([call.recorder.event("app.oauth2.token.revoke.implicit.user", party)])
            for family in _all(lambda after: self._issued.families.of_user(user.id, after=after, limit=_PAGE)):
                if family.revoked_at is None:
                    self._issued.families.revoke(family.id, "administrator", at=call.now)
        return NO_CONTENT

    def _consent(self, call: Call) -> Consent:
        user = self._people.user(call)
        for consent in self._issued.consents.of_user(user.id):
            if consent.id == call.params["grantId"]:
                return consent
        raise not_found(call.params["grantId"], _CONSENT)

    def _forget(self, consents: Sequence[Consent], call: Call) -> None:
        if not consents:
            return
        user = self._people.user(call)
        event = call.recorder.event(
            "app.oauth2.as.consent.revoke.user", user_party(user), debug={"scopes": [c.scope for c in consents]}
        )
        self._issued.log.record([event])
        self._issued.consents.revoke(consents)


def _wanted(consent: Consent, call: Call) -> bool:
    return call.params.get("clientId") in {None, consent.client_id}


def _alive(family: TokenFamily, now: int) -> bool:
    return family.revoked_at is None and (family.expires_at is None or family.expires_at > now)


def _all(read: Callable[[str | None], Sequence[TokenFamily]], after: str | None = None) -> Iterator[TokenFamily]:
    """Every record of a listing by id."""
    while batch := read(after):
        yield from batch
        after = batch[-1].id
        if len(batch) < _PAGE:
            return


def _client_json(client: Client, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    tokens = call.url(f"{path_of(server)}/clients/{client.id}/tokens")
    return {
        "client_id": client.id,
        "client_name": client.label,
        "client_uri": client.settings.get("client_uri"),
        "logo_uri": client.settings.get("logo_uri"),
        "_links": {
            "client": {"href": call.url(f"/oauth2/v1/clients/{client.id}"), "title": client.label},
            "tokens": link(tokens, "GET", "DELETE"),
        },
    }


def _consent_json(consent: Consent, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/users/{consent.user_id}/grants/{consent.id}")
    return {
        "id": consent.id,
        "status": "ACTIVE",
        "created": timestamp(consent.created_at),
        "lastUpdated": timestamp(consent.created_at),
        "issuer": call.url(f"/oauth2/{consent.server_id}"),
        "clientId": consent.client_id,
        "userId": consent.user_id,
        "scopeId": consent.scope,
        "source": "END_USER",
        "_links": {
            "app": {"href": call.url(f"/api/v1/apps/{consent.client_id}")},
            "self": link(href, "GET", "DELETE"),
            "client": {"href": call.url(f"/oauth2/v1/clients/{consent.client_id}")},
            "user": {"href": call.url(f"/api/v1/users/{consent.user_id}")},
            "authorizationServer": {"href": call.url(f"/api/v1/authorizationServers/{consent.server_id}")},
        },
    }
