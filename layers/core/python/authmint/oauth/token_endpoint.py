"""The token endpoint (RFC 6749 §3.2, runtime contract §5): one order of steps for every grant type."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..claims.errors import ClaimFailed
from ..claims.facts import Facts
from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..keys.vault import VaultUnavailable
from ..policy.evaluate import Decision, TokenRequest
from ..policy.index import PolicyIndex
from ..storage.errors import Unavailable
from ..storage.events import Event, Party
from ..tokens.access_token import access_token_payload
from ..tokens.signer import Signers
from .endpoint import AuthenticatedEndpoint, Call
from .errors import NO_STORE, OAuthError
from .grants.base import Entitlement, Grant, GrantRequest
from .minting import WarmClaims, app_facts, claim_refusal
from .token_events import TokenEvents, token_hash, without_empty

_FAILURE = "app.oauth2.as.token.grant"
_SUCCESS = "app.oauth2.as.token.grant.access_token"


@dataclass
class _Trace:
    """What is known of a request so far, for its event."""

    call: Call | None = None
    entitlement: Entitlement | None = None
    decision: Decision | None = None
    debug: dict[str, str] = field(default_factory=dict)


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
        self._policies = PolicyIndex()
        self._claims = WarmClaims()

    def __call__(self, request: Request) -> Response:
        """Tokens, or an error of RFC 6749 §5.2. Every outcome is one event."""
        trace = _Trace()
        try:
            return self._issue(request, trace)
        except OAuthError as error:
            refusal = error
        except (Unavailable, VaultUnavailable) as error:
            refusal = OAuthError("temporarily_unavailable", reason=str(error))
        self._emit(request, trace, refusal=refusal)
        return refusal.response(request.base_url)

    def _issue(self, request: Request, trace: _Trace) -> Response:
        now = self._clock.now()
        call = trace.call = self._endpoint.open(request, endpoint="/v1/token", now=now)
        grant = self._grant(call)
        entitlement = trace.entitlement = grant.verify(GrantRequest(call.form, call.client, call.server, now))
        decision = trace.decision = self._policies.decide(
            call.server,
            TokenRequest(call.client.id, grant.grant_type, entitlement.scopes, entitlement.defaulted),
        )
        if decision.rule is None:
            raise OAuthError(decision.refusal or "no_matching_policy")
        signer = self._signers.signer(call.server)
        try:
            claims = self._claims.of(call.server).access_token(Facts(app_facts(call.client), decision.granted, now))
        except ClaimFailed as failed:
            raise claim_refusal(failed) from None
        payload = access_token_payload(
            call.server,
            issuer=call.issuer,
            client_id=call.client.id,
            scopes=decision.granted,
            lifetime=decision.rule.access_token_lifetime,
            now=now,
            ids=self._ids,
            claims=claims,
        )
        call.confirm()
        grant.spend(entitlement, at=now)
        token = signer.sign(payload)
        self._emit(request, trace, token=token)
        answer = {
            "token_type": "Bearer",
            "expires_in": decision.rule.access_token_lifetime,
            "access_token": token,
            "scope": " ".join(decision.granted),
        }
        return Response.json(200, answer, NO_STORE)

    def _grant(self, call: Call) -> Grant:
        grant_type = call.form.get("grant_type")
        if grant_type is None:
            raise OAuthError("token_request_missing_grant_type", ", ".join(self._grants))
        grant = self._grants.get(grant_type)
        if grant is None:
            raise OAuthError("unsupported_grant_type", ", ".join(self._grants))
        if grant_type not in call.client.grant_types:
            raise OAuthError("unauthorized_client", ", ".join(call.client.grant_types))
        if "resource" in call.form:
            raise OAuthError("unsupported_resource", "resource indicators are not supported")
        return grant

    def _emit(
        self, request: Request, trace: _Trace, *, token: str | None = None, refusal: OAuthError | None = None
    ) -> None:
        call, decision = trace.call, trace.decision
        actor = Party("unknown", "PublicClientApp")
        targets: tuple[Party, ...] = ()
        debug: dict[str, object] = {}
        if call is not None:
            actor = Party(call.client.id, "PublicClientApp", call.client.id, call.client.label)
            debug = {
                "grant_type": call.form.get("grant_type", "")[:100],
                "client_auth_type": call.client.auth_method,
                "authorization_server": call.server.id,
                "authorization_server_name": call.server.name,
                "requested_scopes": call.form.get("scope", "")[:4096].replace(" ", ", "),
            }
        elif refusal is not None:
            actor = Party(refusal.about.get("client_id", "unknown"), "PublicClientApp")
            debug = dict(refusal.about)
        if decision is not None and decision.rule is not None and decision.policy is not None:
            debug["policy"], debug["rule"] = decision.policy.id, decision.rule.id
            debug["granted_scopes"] = ", ".join(decision.granted)
        elif decision is not None:
            debug["steps"] = [f"{s.policy_id}/{s.rule_id or '-'}: {s.mismatch}" for s in decision.steps[:50]]
        if token is not None and call is not None and decision is not None and decision.rule is not None:
            detail = {
                "expires": call.now + decision.rule.access_token_lifetime,
                "hash": token_hash(token),
                "subject": call.client.id,
                "scope": " ".join(decision.granted),
            }
            targets = (Party(token_hash(token), "access_token", detail=detail),)
        if refusal is not None:
            debug |= {"error": refusal.code, "error_description": refusal.description}
            if refusal.reason is not None:
                debug["reason_detail"] = refusal.reason
        self._events.emit(
            Event(
                id=self._ids.uuid(),
                published_ms=self._clock.now_ms(),
                type=_SUCCESS if refusal is None else _FAILURE,
                actor=actor,
                outcome="SUCCESS" if refusal is None else "FAILURE",
                reason=None if refusal is None else refusal.id,
                targets=targets,
                debug=without_empty(debug),
                source_ip=request.source_ip,
                user_agent=(request.header("user-agent") or "")[:256],
                request_id=request.request_id,
            )
        )
