"""What a user granted and holds: consents, refresh tokens, clients and sessions below ``/api/v1/users/{id}``."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.clients import Client, Clients
from ...storage.consents import Consent
from ...storage.errors import NotFound
from ...storage.servers import Servers
from ..directory.people import PeopleRecords, user_party
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import not_found
from ..http.paging import whole
from .issued import PAGE, Holder, IssuedRecords, RefreshTokens, client_fields, every, is_alive

_CONSENT: Final = "OAuth2ScopeConsentGrant"


class TokensOfUser(RefreshTokens):
    """Refresh tokens that a user let one client have."""

    def __init__(self, servers: Servers, clients: Clients, people: PeopleRecords, issued: IssuedRecords) -> None:
        super().__init__(servers, clients, people.users, issued)
        self._people = people

    def holder(self, call: Call) -> Holder:
        user = self._people.user(call)
        try:
            client = self.clients.get(call.params["clientId"])
        except NotFound:
            raise not_found(call.params["clientId"], "PublicClientApp") from None
        of_user = self.issued.families.of_user
        return Holder(
            path=f"/api/v1/users/{user.id}/clients/{client.id}/tokens",
            client=client,
            families=lambda after: (
                family
                for family in every(lambda cursor: of_user(user.id, after=cursor, limit=PAGE), after)
                if family.client_id == client.id and family.holds_refresh_token
            ),
            holds=lambda family: (family.user_id, family.client_id) == (user.id, client.id),
            named=(call.params.get("tokenId", ""), "OAuth2RefreshToken"),
        )


class UserIssued:
    """What a user granted: consents, clients, sessions."""

    def __init__(self, clients: Clients, people: PeopleRecords, issued: IssuedRecords) -> None:
        self._clients = clients
        self._people = people
        self._issued = issued

    def clients(self, call: Call) -> Response:
        """Clients that the user granted something, or that hold tokens of the user."""
        user = self._people.user(call)
        held = every(lambda after: self._issued.families.of_user(user.id, after=after, limit=PAGE))
        named = {family.client_id for family in held if is_alive(family, call.now)}
        named |= {consent.client_id for consent in self._issued.consents.of_user(user.id)}
        reach = call.caller.access.reach("tokens")
        clients = self._clients.many(sorted(client_id for client_id in named if reach.has_app(client_id)))
        return whole(
            call.request,
            [_client_json(client, user.id, call) for client in clients],
            cursor=itemgetter("client_id"),
        )

    def grants(self, call: Call) -> Response:
        """Consents of a user, or with a client in the URL those for that client."""
        user = self._people.user(call)
        found = [consent for consent in self._issued.consents.of_user(user.id) if _wanted(consent, call)]
        return whole(call.request, [_consent_json(consent, call) for consent in found])

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
            for family in every(lambda after: self._issued.families.of_user(user.id, after=after, limit=PAGE)):
                if family.revoked_at is None:
                    self._issued.families.revoke(family.id, "administrator", at=call.now)
        return NO_CONTENT

    def _consent(self, call: Call) -> Consent:
        user = self._people.user(call)
        for consent in self._issued.consents.of_user(user.id):
            if consent.id == call.params["grantId"] and _wanted(consent, call):
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
    """Whether the URL is about it, and the caller's roles reach its client."""
    named = call.params.get("clientId") in {None, consent.client_id}
    return named and call.caller.access.reach("tokens").has_app(consent.client_id)


def _client_json(client: Client, user_id: str, call: Call) -> dict[str, Any]:
    own = call.url(f"/api/v1/users/{user_id}/clients/{client.id}")
    return client_fields(client) | {
        "_links": {
            "grants": link(f"{own}/grants", "GET", "DELETE"),
            "tokens": link(f"{own}/tokens", "GET", "DELETE"),
        }
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
