"""Token revocation (RFC 7009, docs/protocol.md §14.1)."""

from typing import Final

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..outage import Outage
from ..storage.clients import secret_digest
from ..storage.errors import NotFound
from ..storage.events import Party
from ..storage.revocations import Revocation, Revocations
from ..storage.status_lists import of_token
from ..storage.token_families import TokenFamilies
from .access_tokens import recognize
from .endpoint import AuthenticatedEndpoint, Call
from .errors import NO_STORE, OAuthError, unavailable
from .refresh_tokens import family_of
from .status_list.ends import StatusEnds, place_named
from .token_events import TokenEvents, token_hash

#: Seconds within which who was not answered asks again. Later there is nothing left undone, and a list that grows with
#: every repetition could be made as long as somebody likes.
_COMES_BACK: Final = 120


class RevocationEndpoint:
    """POST ``/oauth2/{authServerId}/v1/revoke``."""

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        revocations: Revocations,
        ends: StatusEnds,
        families: TokenFamilies,
        clock: Clock,
        ids: Ids,
        events: TokenEvents,
    ) -> None:
        self._endpoint = endpoint
        self._revocations = revocations
        self._ends = ends
        self._families = families
        self._clock = clock
        self._ids = ids
        self._events = events

    def __call__(self, request: Request) -> Response:
        """200 and nothing else, whether there was anything to revoke or not."""
        try:
            call = self._endpoint.open(request, endpoint="/v1/revoke", now=self._clock.now())
            if "token" not in call.form:
                raise OAuthError("request_missing_token")
            text = call.form["token"]
            call.confirm()
            if family_of(text) and self._revoke_family(call, text):
                self._emit(call, request, text, "refresh_token")
            elif self._revoke_access_token(call, text):
                self._emit(call, request, text, "access_token")
        except OAuthError as error:
            return error.response(request.base_url)
        except Outage as error:
            return unavailable(error).response(request.base_url)
        return Response(200, b"", NO_STORE)

    def _revoke_access_token(self, call: Call, text: str) -> bool:
        """Whether it was alive, and this client's: another client's is left alone (docs/protocol.md §14.1)."""
        token = recognize(text, call.server, issuer=call.issuer, now=call.now)
        if token is None or token.client_id != call.client.id:
            return False
        place = place_named(token.payload, call.issuer)
        known = None if place is None else self._revocations.at(call.server.id, token.jti)
        # First, so that who is not answered, and comes back, finds undone what failed in between.
        if place is not None and known is None:
            self._ends.of_place(call.server.id, place, expires_at=token.expires_at, now=call.now)
        revocation = Revocation(
            server_id=call.server.id,
            jti=token.jti,
            client_id=token.client_id,
            revoked_at=call.now,
            expires_at=token.expires_at,
        )
        fresh = self._revocations.add(revocation)
        if not fresh and known is None:
            known = self._revocations.at(call.server.id, token.jti)
        if fresh or call.now < (known or 0) + _COMES_BACK:
            self._ends.under(of_token(call.server.id, token.jti), now=call.now)
        return fresh

    def _revoke_family(self, call: Call, text: str) -> bool:
        """A refresh token, a rotated one too, takes the access tokens of its family along (docs/protocol.md §14.1)."""
        try:
            family, _ = self._families.find(family_of(text) or "", secret_digest(text))
        except NotFound:
            return False
        if family.client_id != call.client.id or family.server_id != call.server.id:
            return False
        return self._families.revoke(family.id, "revoked", at=call.now)

    def _emit(self, call: Call, request: Request, text: str, kind: str) -> None:
        prefix = "app.oauth2" if call.server.is_org else "app.oauth2.as"
        self._events.emit(
            EventBuilder(request, self._clock, self._ids).event(
                f"{prefix}.token.revoke",
                actor=Party(call.client.id, "PublicClientApp", call.client.id, call.client.label),
                targets=[Party(token_hash(text), kind, detail={"TokenCount": 1})],
                debug={"authorization_server": call.server.id, "client_auth_type": call.client.auth_method},
            )
        )
