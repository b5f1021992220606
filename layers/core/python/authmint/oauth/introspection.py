"""Token introspection (RFC 7662, runtime contract §9)."""

from typing import Any

from ..clock import Clock
from ..http import Request, Response
from ..keys.vault import VaultUnavailable
from ..storage.clients import Client
from ..storage.configuration import Configuration
from ..storage.directory import Directory
from ..storage.errors import NotFound, Unavailable
from ..storage.grants import Revocations
from .access_tokens import AccessToken, recognize
from .endpoint import AuthenticatedEndpoint, Call
from .errors import NO_STORE, OAuthError

INACTIVE = {"active": False}


class IntrospectionEndpoint:
    """POST ``/oauth2/{authServerId}/v1/introspect``."""

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        configuration: Configuration,
        revocations: Revocations,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._endpoint = endpoint
        self._configuration = configuration
        self._revocations = revocations
        self._directory = directory
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """The token's state; ``{"active":false}`` for whatever is not a live token of this server."""
        try:
            call = self._endpoint.open(request, endpoint="/v1/introspect", now=self._clock.now())
            if "token" not in call.form:
                raise OAuthError("request_missing_token")
            state = self._state(call)
            call.confirm()
            return Response.json(200, state, NO_STORE)
        except OAuthError as error:
            return error.response(request.base_url)
        except (Unavailable, VaultUnavailable):
            return OAuthError("temporarily_unavailable").response(request.base_url)

    def _state(self, call: Call) -> dict[str, Any]:
        token = recognize(call.form["token"], call.server, issuer=call.issuer, now=call.now)
        if token is None or not self._stands(token, call):
            return INACTIVE
        payload = token.payload
        state = {
            **payload,
            "active": True,
            "token_type": "Bearer",
            "scope": " ".join(payload.get("scp", ())),
            "client_id": token.client_id,
        }
        if token.user_id is None:
            return state
        try:
            user = self._directory.person(token.user_id).user
        except NotFound:
            return INACTIVE
        return state | {"username": user.login} if user.status == "ACTIVE" else INACTIVE

    def _stands(self, token: AccessToken, call: Call) -> bool:
        client: Client | None = call.client
        if token.client_id != call.client.id:
            client = self._configuration.read(call.server.path_id, token.client_id).client
        if client is None or client.status != "ACTIVE" or token.issued_at <= client.tokens_after:
            return False
        return not self._revocations.has(call.server.id, token.jti)
