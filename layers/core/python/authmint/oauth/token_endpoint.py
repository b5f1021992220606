"""The token endpoint (RFC 6749 §3.2, runtime contract §5): one order of steps for every grant type."""

from collections.abc import Iterable

from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..keys.vault import VaultUnavailable
from ..storage.errors import Unavailable
from ..tokens.signer import Signers
from .cors import check_token_request, foreign_origin, readable_by
from .endpoint import AuthenticatedEndpoint, Call
from .errors import NO_STORE, OAuthError
from .grants.base import Grant, GrantRequest, Issued, check_grant_type
from .issuance import Audience, Issuance
from .token_events import Record, TokenEvents


class TokenEndpoint:
    """POST ``/oauth2/{authServerId}/v1/token``."""

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        grants: Iterable[Grant],
        signers: Signers,
        clock: Clock,
        ids: Ids,
        events: TokenEvents,
    ) -> None:
        self._endpoint = endpoint
        self._grants = {grant.grant_type: grant for grant in grants}
        self._signers = signers
        self._clock = clock
        self._ids = ids
        self._events = events
        self._issuance = Issuance(ids)

    def __call__(self, request: Request) -> Response:
        """Tokens, or an error of RFC 6749 §5.2. Every token, and every refusal, is one event."""
        record, origin = Record(request, self._clock, self._ids), foreign_origin(request)
        try:
            answer = self._issue(request, record)
        except OAuthError as error:
            refusal = error
        except (Unavailable, VaultUnavailable) as error:
            refusal = OAuthError("temporarily_unavailable", reason=str(error))
        else:
            for event in record.grants():
                self._events.emit(event)
            return Response(200, answer, (("content-type", "application/json"), *NO_STORE, *readable_by(origin)))
        for event in record.refusals(refusal):
            self._events.emit(event)
        return refusal.response(request.base_url).with_headers(*readable_by(origin))

    def _issue(self, request: Request, record: Record) -> bytes:
        now = self._clock.now()
        call = record.call = self._endpoint.open(request, endpoint="/v1/token", now=now)
        grant = self._grant(call)
        if (origin := foreign_origin(request)) is not None:
            check_token_request(origin, call.client, grant.grant_type)
        asked = GrantRequest(call.form, call.client, call.server, now, request)
        entitlement = grant.verify(asked)
        audience = Audience(call.server, call.issuer, call.client)
        draft = record.draft = self._issuance.draft(audience, grant.grant_type, entitlement, now, record.trace)
        signer = self._signers.signer(call.server)
        call.confirm()
        access_token = signer.sign(draft.access_token)
        issued = Issued(
            draft,
            {
                "token_type": "Bearer",
                "expires_in": draft.rule.access_token_lifetime,
                "access_token": access_token,
                "scope": " ".join(draft.scopes),
            },
        )
        if draft.id_claims is not None:
            issued.answer["id_token"] = signer.sign(draft.id_token(self._ids, now, access_token=access_token))
        body = grant.settle(asked, entitlement, issued)
        record.minted_by(issued, repeated=entitlement.repeated is not None)
        return body

    def _grant(self, call: Call) -> Grant:
        grant_type = call.form.get("grant_type")
        if grant_type is None:
            raise OAuthError("token_request_missing_grant_type", ", ".join(self._grants))
        check_grant_type(grant_type, call.client, self._grants)
        if "resource" in call.form:
            raise OAuthError("unsupported_resource", "resource indicators are not supported")
        return self._grants[grant_type]
