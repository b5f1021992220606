"""``…/registrationTokens`` of a server: who may register clients where not everybody may (docs/protocol.md §25.12).

An extension. They are what RFC 7591 §3 calls initial access tokens.
"""

from datetime import datetime
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...storage.clients import secret_digest
from ...storage.dynamic_clients import RegistrationToken, RegistrationTokens, token_id
from ...storage.errors import NotFound
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import whole
from .server_changes import ServerChanges, path_of, server_party

MOST: Final = 100
#: 256 bits.
_BYTES: Final = 32
_MOST_USES: Final = 10_000
_DAY: Final = 86_400
_LONGEST: Final = 365 * _DAY


class RegistrationTokensResource:
    """The tokens of one server."""

    def __init__(self, changes: ServerChanges, tokens: RegistrationTokens, ids: Ids) -> None:
        self._changes = changes
        self._tokens = tokens
        self._ids = ids

    def list(self, call: Call) -> Response:
        """All that are there, in ascending id; never a token itself."""
        server = self._changes.load(call)
        return whole(call.request, [_json(token, server, call) for token in self._tokens.list(server.id)])

    def create(self, call: Call) -> Response:
        """201 with the token, once."""
        server = self._changes.load(call)
        body = call.body()
        name = body.text("name", required=True) or ""
        expires_at = _expiry(body, call.now)
        uses = body.number("uses")
        if uses is not None and not 1 <= uses <= _MOST_USES:
            body.problem("uses", f"must be from 1 to {_MOST_USES}.")
        for unknown in body.names():
            if unknown not in {"name", "expiresAt", "uses"}:
                body.problem(unknown[:100], "There is no such member.")
        body.check()
        if len(self._tokens.list(server.id)) >= MOST:
            raise invalid_field("name", f"A server can have at most {MOST} registration tokens.")
        text = self._ids.opaque(_BYTES)
        digest = secret_digest(text)
        token = RegistrationToken(
            server_id=server.id,
            id=token_id(digest),
            name=name,
            digest=digest,
            created_at=call.now,
            expires_at=expires_at,
            uses=1 if uses is None else uses,
        )
        self._tokens.add(token, [_event("create", token, server, call)])
        return Response.json(201, _json(token, server, call) | {"token": text})

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, _json(self._found(server, call), server, call))

    def delete(self, call: Call) -> Response:
        """204. Clients that it let in stay."""
        server = self._changes.load(call)
        token = self._found(server, call)
        try:
            self._tokens.delete(token, [_event("delete", token, server, call)])
        except NotFound:
            raise _no_token(call) from None
        return NO_CONTENT

    def _found(self, server: AuthorizationServer, call: Call) -> RegistrationToken:
        try:
            return self._tokens.get(server.id, call.params["registrationTokenId"])
        except NotFound:
            raise _no_token(call) from None


def _expiry(body: Fields, now: int) -> int:
    text = body.text("expiresAt")
    if text is None:
        return now + _DAY
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not now < instant.timestamp() <= now + _LONGEST:
        body.problem("expiresAt", "must be a time within the next 365 days, as 2026-03-02T09:15:07Z.")
        return now
    return int(instant.timestamp())


def _no_token(call: Call) -> Exception:
    return not_found(call.params["registrationTokenId"], "AuthorizationServerRegistrationToken")


def _json(token: RegistrationToken, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    href = call.url(f"{path_of(server)}/registrationTokens/{token.id}")
    return {
        "id": token.id,
        "name": token.name,
        "uses": token.uses,
        "status": "ACTIVE" if token.uses > 0 and token.expires_at > call.now else "SPENT",
        "created": timestamp(token.created_at),
        "expiresAt": timestamp(token.expires_at),
        "_links": {"self": link(href, "GET", "DELETE")},
    }


def _event(verb: str, token: RegistrationToken, server: AuthorizationServer, call: Call) -> Event:
    party = Party(token.id, "AuthorizationServerRegistrationToken", display_name=token.name)
    return call.recorder.event(f"oauth2.registration_token.{verb}", party, server_party(server))
