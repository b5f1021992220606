"""Token introspection (RFC 7662, runtime contract §9)."""

from typing import Any, Final

from ..clock import Clock
from ..http import Request, Response
from ..keys.vault import VaultUnavailable
from ..storage.clients import secret_digest
from ..storage.errors import NotFound, Unavailable
from ..storage.families import TokenFamilies
from .access_tokens import recognize, recognize_id_token
from .endpoint import AuthenticatedEndpoint, Call
from .errors import NO_STORE, OAuthError
from .refresh_tokens import expired, family_of
from .standing import Standing

INACTIVE: Final = {"active": False}


class IntrospectionEndpoint:
    """POST ``/oauth2/{authServerId}/v1/introspect``."""

    def __init__(
        self, endpoint: AuthenticatedEndpoint, standing: Standing, families: TokenFamilies, clock: Clock
    ) -> None:
        self._endpoint = endpoint
        self._standing = standing
        self._families = families
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """The token's state; ``{"active":false}`` for whatever is not a live token of this server."""
        try:
            call = self._endpoint.open(request, endpoint="/v1/introspect", now=self._clock.now())
            if "token" not in call.form:
                raise OAuthError("request_missing_token")
            text = call.form["token"]
            state = self._refresh_token(call, text) if family_of(text) else self._jwt(call, text)
            call.confirm()
            return Response.json(200, INACTIVE if state is None else {"active": True, **state}, NO_STORE)
        except OAuthError as error:
            return error.response(request.base_url)
        except (Unavailable, VaultUnavailable):
            return OAuthError("temporarily_unavailable").response(request.base_url)

    def _jwt(self, call: Call, text: str) -> dict[str, Any] | None:
        token = recognize(text, call.server, issuer=call.issuer, now=call.now)
        if token is None:
            return self._id_token(call, text)
        holder = self._standing.of_access_token(token, call.server, known=call.client)
        if holder is None:
            return None
        state = {
            **token.payload,
            "token_type": "Bearer",
            "scope": " ".join(token.scopes),
            "client_id": token.client_id,
        }
        return state if holder.person is None else state | {"username": holder.person.user.login}

    def _id_token(self, call: Call, text: str) -> dict[str, Any] | None:
        token = recognize_id_token(text, call.server, issuer=call.issuer)
        if token is None or token.expires_at <= call.now:
            return None
        client = self._standing.client(token.client_id, call.server, known=call.client)
        person = self._standing.person(token.user_id, since=token.issued_at)
        if client is None or person is None or token.issued_at <= client.tokens_after:
            return None
        return {**token.payload, "client_id": client.id, "username": person.user.login}

    def _refresh_token(self, call: Call, text: str) -> dict[str, Any] | None:
        """Only its own client is told of a refresh token: nobody else has a use for it."""
        try:
            family, token = self._families.find(family_of(text) or "", secret_digest(text))
        except NotFound:
            return None
        if token.rotated_at is not None or expired(family, token, call.now):
            return None
        if not self._standing.stands(family, call.server, call.client):
            return None
        person = self._standing.person(family.user_id, since=family.created_at)
        if person is None:
            return None
        ends = token.idle_expires_at if family.expires_at is None else min(token.idle_expires_at, family.expires_at)
        return {
            "token_type": "Bearer",
            "scope": " ".join(family.scopes),
            "client_id": family.client_id,
            "username": person.user.login,
            "sub": person.user.login,
            "exp": ends,
        }
