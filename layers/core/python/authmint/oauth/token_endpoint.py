"""The token endpoint (RFC 6749 §3.2, docs/protocol.md §6): one order of steps for every grant type."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..outage import Outage
from ..storage.client_registration import class_of
from ..storage.clients import Client
from ..storage.servers import AuthorizationServer
from ..tokens.access_token import type_of
from ..tokens.signer import Signers, TokenTooLarge, longest_access_token
from .claim_failures import too_large
from .cors import check_token_request, foreign_origin, readable_by
from .endpoint import AuthenticatedEndpoint, Call
from .errors import NO_STORE, OAuthError, unavailable
from .form import asks_for_assertion
from .grants.base import Answer, GrantRequest, GrantType, Tokens, check_grant_type
from .issuance import Issuance, Recipient
from .token_events import Record, TokenEvents

if TYPE_CHECKING:
    from .dpop.possession import Possession
    from .issuance import Approved, Draft, Entitlement
    from .shared_tokens import SharedTokens
    from .status_list.entries import StatusEntries
    from .token_hooks import TokenHooks


class TokenEndpoint:
    """POST ``/oauth2/{authServerId}/v1/token``."""

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        grant_types: Iterable[GrantType],
        signers: Signers,
        clock: Clock,
        ids: Ids,
        events: TokenEvents,
        *,
        possession: "Callable[[], Possession]",
        hooks: "Callable[[], TokenHooks]",
        shared: "Callable[[], SharedTokens]",
        entries: "Callable[[], StatusEntries]",
        trusts: Callable[[str], bool] = lambda _: False,
        used: Callable[[AuthorizationServer, Client, int], None] = lambda *_: None,
    ) -> None:
        """Put the endpoint together.

        ``possession`` makes what reads proofs, when one comes; ``hooks`` what asks hooks, when one is to be asked;
        ``shared`` what keeps tokens that a client's requests share, once one does;
        ``entries`` what gives tokens places in status lists, once a server has these;
        ``trusts``: whether administrators trust an origin; ``used`` is told of clients that registered themselves, and
        that somebody uses.
        """
        self._used = used
        self._possession = possession
        self._hooks = hooks
        self._shared = shared
        self._entries = entries
        self._endpoint = endpoint
        self._grant_types = {grant_type.name: grant_type for grant_type in grant_types}
        self._signers = signers
        self._clock = clock
        self._ids = ids
        self._events = events
        self._trusts = trusts
        self._issuance = Issuance(ids)

    def __call__(self, request: Request) -> Response:
        """Tokens, or an error of RFC 6749 §5.2. Every token and every refusal is one event, a fault is none."""
        record = Record(request, self._clock, self._ids)
        try:
            answer = self._issue(request, record)
        except OAuthError as error:
            refusal = error
        except TokenTooLarge as large:
            refusal = too_large(large)
        except Outage as error:
            return unavailable(error).response(request.base_url).with_headers(*record.cors)
        else:
            for event in record.grants(answer.minted):
                self._events.emit(event)
            return Response(200, answer.body, (("content-type", "application/json"), *NO_STORE, *record.cors))
        for event in record.refusals(refusal):
            self._events.emit(event)
        return refusal.response(request.base_url).with_headers(*record.cors)

    def _issue(self, request: Request, record: Record) -> Answer:
        now = self._clock.now()
        call = record.call = self._endpoint.open(request, endpoint="/v1/token", now=now)
        origin = None if request.header("origin") is None else foreign_origin(request)
        if origin is not None:
            record.cors = readable_by(origin, call.client, self._trusts)  # from here on, for refusals too
        grant_type = self._grant_type(call)
        if origin is not None:
            check_token_request(call.client, grant_type.name)
        jkt, certificate = self._bound_to(call, request)
        verified = grant_type.verify(
            GrantRequest(
                form=call.form,
                client=call.client,
                server=call.server,
                now=now,
                http=request,
                resources=call.resources,
                jkt=jkt,
                certificate=certificate,
                profile=call.profile,
                workload=call.workload,
            )
        )
        shared = self._shared() if call.client.shares_seconds and certificate is None else None
        if shared is not None and (known := shared.find(call, verified.entitlement)) is not None:
            call.confirm()
            return known
        recipient = Recipient(call.server, call.issuer, call.client, certificate)
        draft = record.draft = self._issuance.draft(recipient, verified.entitlement, trace=record.trace, now=now)
        approved = record.trace.approved
        if approved is not None and approved.inline_hook is not None:
            draft = record.draft = self._asked(draft, approved, call, record)
        if call.server.status_list:
            draft = record.draft = self._listed(draft, verified.entitlement, now)
        signer = self._signers.signer(call.server)
        access_token = signer.sign(
            draft.access_token, longest_access_token(call.server), typ=draft.typ or type_of(call.server)
        )
        id_token = None
        if draft.id_claims is not None:
            id_token = signer.sign(draft.id_token(self._ids, now, access_token=access_token))
        if class_of(call.client.id) == "DYNAMIC":
            self._used(call.server, call.client, now)
        call.confirm()
        answer = verified.settle(draft, Tokens(access_token, id_token))
        if shared is not None and (approved is None or approved.inline_hook is None):
            shared.keep(call, verified.entitlement, draft, answer)
        return answer

    def _bound_to(self, call: Call, request: Request) -> tuple[str | None, str | None]:
        """Thumbprints of the key, and of the certificate, that the tokens will be bound to.

        Raises:
            OAuthError: They have to be, and the request proves nothing; or it proves something that is no good.
        """
        client, certificate = call.client, None
        if client.certificate_bound:
            from .client_auth.certificates import bound_certificate  # few clients show one

            certificate = bound_certificate(request, client)
        strict = call.profile.strict and certificate is None
        if not (strict or client.dpop_bound or call.server.dpop_required or "dpop" in request.headers):
            return None, certificate
        return self._possession().proven(request, call.server, client, now=call.now), certificate

    def _asked(self, draft: "Draft", approved: "Approved", call: Call, record: Record) -> "Draft":
        """The tokens as the hook of the rule wants them. Raises OAuthError: there shall be none."""
        from .token_hooks import of_token_request  # few rules have a hook

        occasion = of_token_request(record.request, call, approved, record.trace, draft)
        return self._hooks().changed(draft, occasion)

    def _listed(self, draft: "Draft", entitlement: "Entitlement", now: int) -> "Draft":
        """The tokens with a place in a status list. Raises OAuthError: what they hang on was revoked meanwhile."""
        from .status_list.hung import Hung  # few servers have lists

        hung = Hung(entitlement.family_id, entitlement.unlisted, entitlement.lineage)
        return self._entries().assigned(draft, hung, now=now)

    def _grant_type(self, call: Call) -> GrantType:
        name = call.form.get("grant_type")
        if name is None:
            raise OAuthError("token_request_missing_grant_type", ", ".join(self._grant_types))
        check_grant_type(name, call.client, self._grant_types, call.profile)
        if "authorization_details" in call.form:  # a limit that is dropped is worse than an error (RFC 9396)
            raise OAuthError("authorization_details_not_supported")
        if call.resources and not (call.server.is_org and asks_for_assertion(call.form)):
            from .resources import named  # few requests say what their tokens are for

            named(call.server, call.resources, most=1)
        return self._grant_types[name]
