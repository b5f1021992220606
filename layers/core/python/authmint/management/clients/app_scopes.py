"""``/api/v1/apps/{appId}/grants``: the ``okta.*`` scopes that a service may ask for (docs/protocol.md §24.2)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...storage.admin_scopes import ADMIN_SCOPES
from ...storage.clients import Client, ScopeGrant
from ...storage.events import Event, Party
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, not_found
from ..http.paging import whole
from .client_changes import ClientChanges, app_party

_GRANT: Final = "OAuth2ScopeConsentGrant"
Changed = tuple[Client, ScopeGrant, Sequence[Event]]


class AppGrants:
    """Scope grants of one app."""

    def __init__(self, changes: ClientChanges, ids: Ids) -> None:
        self._changes = changes
        self._ids = ids

    def list(self, call: Call) -> Response:
        client = self._changes.load(call)
        return whole(call.request, [_grant_json(grant, client, call) for grant in client.scope_grants])

    def create(self, call: Call) -> Response:
        """201. Granting what is granted already changes nothing. Nobody gives by OAuth what they do not hold."""
        self._changes.load(call)
        body = call.body()
        scope = body.text("scopeId", required=True) or ""
        issuer = body.text("issuer", required=True, longest=1_024)
        if scope and scope not in ADMIN_SCOPES:
            body.problem("scopeId", f"'{scope}' is no scope of the org authorization server.")
        if issuer and issuer != call.request.base_url:
            body.problem("issuer", f"must be the org's own issuer, {call.request.base_url}.")
        body.check()
        if not call.caller.may(scope):
            raise ApiError("E0000006")
        made = ScopeGrant(self._ids.object_id("oag"), scope, call.now, call.caller.user_id or call.caller.id)

        def change(before: Client) -> Changed:
            known = next((grant for grant in before.scope_grants if grant.scope == scope), None)
            if known is not None:
                return before, known, ()
            after = replace(before, scope_grants=(*before.scope_grants, made), updated_at=call.now)
            return after, made, [_event("grant", after, made, call)]

        client, grant = self._changes.change(call, change)
        return Response.json(201, _grant_json(grant, client, call))

    def get(self, call: Call) -> Response:
        client = self._changes.load(call)
        return Response.json(200, _grant_json(_found(client, call), client, call))

    def delete(self, call: Call) -> Response:
        """204. Access tokens that hold the scope lose it at once."""

        def change(before: Client) -> Changed:
            grant = _found(before, call)
            kept = tuple(known for known in before.scope_grants if known.id != grant.id)
            after = replace(before, scope_grants=kept, updated_at=call.now)
            return after, grant, [_event("revoke", after, grant, call)]

        self._changes.change(call, change)
        return NO_CONTENT


def _found(client: Client, call: Call) -> ScopeGrant:
    for grant in client.scope_grants:
        if grant.id == call.params["grantId"]:
            return grant
    raise not_found(call.params["grantId"], _GRANT)


def _grant_json(grant: ScopeGrant, client: Client, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/apps/{client.id}/grants/{grant.id}")
    return {
        "id": grant.id,
        "status": "ACTIVE",
        "created": timestamp(grant.created_at),
        "createdBy": {"id": grant.created_by, "type": "User"},
        "lastUpdated": timestamp(grant.created_at),
        "issuer": call.request.base_url,
        "clientId": client.id,
        "scopeId": grant.scope,
        "source": "ADMIN",
        "_links": {
            "app": {"href": call.url(f"/api/v1/apps/{client.id}"), "title": client.label},
            "self": {"href": href, "hints": {"allow": ["GET", "DELETE"]}},
            "client": {"href": call.url(f"/oauth2/v1/clients/{client.id}"), "title": client.label},
        },
    }


def _event(verb: str, client: Client, grant: ScopeGrant, call: Call) -> Event:
    party = Party(grant.id, _GRANT, display_name=grant.scope)
    return call.recorder.event(f"app.oauth2.admin.consent.{verb}", app_party(client), party)
