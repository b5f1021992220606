"""Token introspection (RFC 7662, docs/protocol.md §13)."""

from typing import Any, Final

from ..clock import Clock
from ..http import Request, Response
from ..outage import Outage
from ..storage.clients import secret_digest
from ..storage.errors import NotFound
from ..storage.liveness import NotAlive
from ..storage.token_families import TokenFamilies
from ..tokens.signer import TokenTooLarge
from .access_tokens import recognize, recognize_id_token
from .claim_failures import too_large
from .endpoint import AuthenticatedEndpoint, Call
from .errors import OAuthError, unavailable
from .refresh_tokens import expired, family_of
from .signed_answers import UNSIGNED, SignedAnswers
from .token_validity import Holder, TokenValidity

INACTIVE: Final = {"active": False}


class IntrospectionEndpoint:
    """POST ``/oauth2/{authServerId}/v1/introspect``."""

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        validity: TokenValidity,
        families: TokenFamilies,
        clock: Clock,
        answers: SignedAnswers = UNSIGNED,
    ) -> None:
        self._answers = answers
        self._endpoint = endpoint
        self._validity = validity
        self._families = families
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """The token's state; ``{"active":false}`` for whatever is not a live token of this server."""
        try:
            call = self._endpoint.open(request, endpoint="/v1/introspect", now=self._clock.now())
            if "token" not in call.form:
                raise OAuthError("request_missing_token")
            text = call.form["token"]
            state = self._state(call, text)
            call.confirm()
            told = INACTIVE if state is None else {"active": True, **state}
            return self._answers.introspection(request, call.server, call.issuer, call.client, told, now=call.now)
        except TokenTooLarge as large:
            return too_large(large).response(request.base_url)
        except OAuthError as error:
            return error.response(request.base_url)
        except Outage as error:
            return unavailable(error).response(request.base_url)

    def _state(self, call: Call, text: str) -> dict[str, Any] | None:
        try:
            return self._refresh_token(call, text) if family_of(text) else self._jwt(call, text)
        except NotAlive:
            return None

    def _jwt(self, call: Call, text: str) -> dict[str, Any] | None:
        token = recognize(text, call.server, issuer=call.issuer, now=call.now)
        if token is None:
            return self._id_token(call, text)
        holder = self._validity.of_access_token(token, call.server, known=call.client)
        state = {
            **token.payload,
            "token_type": "Bearer" if token.jkt is None else "DPoP",
            "scope": " ".join(token.scopes),
            "client_id": token.client_id,
        }
        return state | _username(holder)

    def _id_token(self, call: Call, text: str) -> dict[str, Any] | None:
        token = recognize_id_token(text, call.server, issuer=call.issuer)
        if token is None or token.expires_at <= call.now:
            return None
        holder = self._validity.of_id_token(token, call.server, known=call.client)
        return {**token.payload, "client_id": holder.client.id, **_username(holder)}

    def _refresh_token(self, call: Call, text: str) -> dict[str, Any] | None:
        """Only its own client is told of a refresh token: nobody else has a use for it."""
        try:
            family, token = self._families.find(family_of(text) or "", secret_digest(text))
        except NotFound:
            return None
        if token.rotated_at is not None or expired(family, token, call.now):
            return None
        holder = self._validity.of_family(family, call.server, call.client)
        ends = token.idle_expires_at if family.expires_at is None else min(token.idle_expires_at, family.expires_at)
        return {
            "token_type": "Bearer",
            "scope": " ".join(family.scopes),
            "client_id": family.client_id,
            "exp": ends,
            **({"aud": list(family.resources)} if family.resources else {}),
            **({} if family.dpop_jkt is None else {"cnf": {"jkt": family.dpop_jkt}}),
            **_username(holder),
            **({} if holder.person is None else {"sub": holder.person.user.login}),
        }


def _username(holder: Holder) -> dict[str, str]:
    return {} if holder.person is None else {"username": holder.person.user.login}
