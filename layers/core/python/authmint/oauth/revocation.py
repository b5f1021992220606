"""Token revocation (RFC 7009, runtime contract §10)."""

from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..keys.vault import VaultUnavailable
from ..storage.errors import Unavailable
from ..storage.events import Event, Party
from ..storage.grants import Revocation, Revocations
from .access_tokens import recognize
from .endpoint import AuthenticatedEndpoint, Call
from .errors import NO_STORE, OAuthError
from .token_events import TokenEvents, token_hash


class RevocationEndpoint:
    """POST ``/oauth2/{authServerId}/v1/revoke``."""

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        revocations: Revocations,
        clock: Clock,
        ids: Ids,
        events: TokenEvents,
    ) -> None:
        self._endpoint = endpoint
        self._revocations = revocations
        self._clock = clock
        self._ids = ids
        self._events = events

    def __call__(self, request: Request) -> Response:
        """200 and nothing else, whether there was anything to revoke or not."""
        try:
            call = self._endpoint.open(request, endpoint="/v1/revoke", now=self._clock.now())
            if "token" not in call.form:
                raise OAuthError("request_missing_token")
            self._revoke(call, request)
        except OAuthError as error:
            return error.response(request.base_url)
        except (Unavailable, VaultUnavailable):
            return OAuthError("temporarily_unavailable").response(request.base_url)
        return Response(200, b"", NO_STORE)

    def _revoke(self, call: Call, request: Request) -> None:
        text = call.form["token"]
        token = recognize(text, call.server, issuer=call.issuer, now=call.now)
        call.confirm()
        if token is None or token.client_id != call.client.id:  # another client's: no effect (DEC-19)
            return
        revocation = Revocation(call.server.id, token.jti, token.client_id, call.now, token.expires_at)
        if not self._revocations.add(revocation):
            return
        self._events.emit(
            Event(
                id=self._ids.uuid(),
                published_ms=self._clock.now_ms(),
                type="app.oauth2.as.token.revoke",
                actor=Party(call.client.id, "PublicClientApp", call.client.id, call.client.label),
                targets=(Party(token_hash(text), "access_token", detail={"TokenCount": 1}),),
                debug={"authorization_server": call.server.id, "client_auth_type": call.client.auth_method},
                source_ip=request.source_ip,
                user_agent=(request.header("user-agent") or "")[:256],
                request_id=request.request_id,
            )
        )
