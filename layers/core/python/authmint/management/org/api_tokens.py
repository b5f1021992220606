"""``/api/v1/api-tokens``: API tokens of administrators, their list, and their end.

Making one is an extension of ours (docs/protocol.md §24.1).
"""

from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...storage.api_tokens import ApiToken, ApiTokens
from ...storage.clients import secret_digest
from ...storage.errors import NotFound
from ...storage.events import Event, Party
from ..administrators.token_owners import TokenOwners
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, not_found
from ..http.paging import whole

PATH: Final = "/api/v1/api-tokens"
#: What somebody has to hold who lets a directory provision.
_OF_SCIM: Final = ("okta.users.manage", "okta.groups.manage")
#: 256 bits.
_TOKEN_BYTES: Final = 32


class ApiTokensResource:
    """``/api/v1/api-tokens``: administrators' tokens, listed, made and revoked."""

    def __init__(self, tokens: ApiTokens, owners: TokenOwners, ids: Ids) -> None:
        self._tokens = tokens
        self._owners = owners
        self._ids = ids

    def list(self, call: Call) -> Response:
        """All that are alive and that the caller may see; never a token itself."""
        alive = [token for token in self._tokens.list() if token.expires_at > call.now]
        alive = [token for token in alive if self._owners.may(call, token, "R")]
        return whole(call.request, [_token_json(token, call) for token in alive])

    def create(self, call: Call) -> Response:
        """201 with the token, once. It may do no more than what made it; a service makes none."""
        caller = call.caller
        if call.caller.user_id is None:
            raise ApiError("E0000006")
        body = call.body()
        name = body.text("name", required=True) or ""
        scim = body.choice("type", ("API", "SCIM"), "API") == "SCIM"
        body.check()
        if scim and not (caller.access.reach("scim", "W") and all(map(caller.may, _OF_SCIM))):
            raise ApiError("E0000006")
        text = self._ids.opaque(_TOKEN_BYTES)
        token = ApiToken(
            id=self._ids.object_id("00T"),
            name=name,
            user_id=call.caller.user_id,
            digest=secret_digest(text),
            created_at=call.now,
            used_at=call.now,
            of_person=caller.person is not None,
            scopes=None if caller.scopes is None else tuple(sorted(caller.scopes)),
            two_factors=caller.two_factors,
            scim=scim,
        )
        self._tokens.add(token, [_event("create", token, call)])
        return Response.json(201, _token_json(token, call) | {"token": text})

    def get(self, call: Call) -> Response:
        return Response.json(200, _token_json(self._found(call), call))

    def delete(self, call: Call) -> Response:
        return self._revoked(self._found(call), call)

    def delete_current(self, call: Call) -> Response:
        """204: the token that the call was made with dies."""
        if call.caller.user_id is None:
            raise ApiError("E0000006")
        try:
            return self._revoked(self._tokens.get(call.caller.id), call)
        except NotFound:
            raise not_found(call.caller.id, "ApiToken") from None

    def _revoked(self, token: ApiToken, call: Call) -> Response:
        try:
            self._tokens.delete(token, [_event("revoke", token, call)])
        except NotFound:
            raise not_found(token.id, "ApiToken") from None
        return NO_CONTENT

    def _found(self, call: Call) -> ApiToken:
        try:
            return self._tokens.get(call.params["apiTokenId"])
        except NotFound:
            raise not_found(call.params["apiTokenId"], "ApiToken") from None


def _token_json(token: ApiToken, call: Call) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "userId": token.user_id,
        "tokenWindow": "P30D",
        "network": {"connection": "ANYWHERE"},
        "created": timestamp(token.created_at),
        "lastUpdated": timestamp(max(token.used_at, token.created_at)),
        "expiresAt": timestamp(token.expires_at),
        "clientName": "SCIM" if token.scim else "Okta API",
        "_link": {"self": {"href": call.url(f"{PATH}/{token.id}"), "hints": {"allow": ["GET", "DELETE"]}}},
    }


def _event(verb: str, token: ApiToken, call: Call) -> Event:
    return call.recorder.event(f"system.api_token.{verb}", Party(token.id, "Token", display_name=token.name))
