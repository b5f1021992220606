"""What a token request would get, without credentials and without effect (docs/protocol.md §22).

The grants' proof is left out; everything after it is the token endpoint's own code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..policy.access.evaluate import TokenRequest
from ..policy.access.explain import Explanation, explain
from ..sign_on.sessions import amr_of
from ..storage.clients import Client
from ..storage.configuration import Snapshot
from ..storage.directory import Person
from ..storage.liveness import NotAlive, check_user
from ..storage.servers import AuthorizationServer, issuer_of
from ..storage.sign_on_transactions import Proof
from ..storage.status_lists import SIZE
from ..tokens.access_token import type_of
from ..tokens.signer import longest_access_token
from . import scopes
from .authorization.parameters import check_redirect_uri
from .backchannel.asked import check_scopes
from .claim_failures import check_length
from .delegation import Delegation, acting
from .endpoint import live_client, live_server
from .errors import OAuthError
from .form import CIBA, TOKEN_EXCHANGE
from .grants.base import GrantRequest, check_grant_type, scopes_at, target_of
from .grants.client_credentials import ClientCredentials
from .grants.token_exchange import check_custom, check_service
from .issuance import Draft, Entitlement, Issuance, Recipient, Trace
from .security_profile import profile_of
from .sign_in import SignIn

#: A preview takes it that the user types a password.
BY_PASSWORD: Final = amr_of((Proof("password", 0),))
#: Grant types with a user whose proof a preview can leave out.
WITH_USER: Final = ("authorization_code", "implicit", "password", CIBA)
PREVIEWED: Final = ("client_credentials", *WITH_USER, TOKEN_EXCHANGE)


@dataclass(frozen=True)
class Wish:
    """A request as an administrator picks it.

    Attributes:
        response_type: Of the grant ``implicit``: ``token``, ``id_token`` or both.
        redirect_uri: Of grants that begin at the authorization endpoint; empty: it is not looked at.
        resource: What the tokens are to be for; empty: the request does not say it.
    """

    client: Client
    grant_type: str
    scope: str = ""
    person: Person | None = None
    response_type: str = ""
    redirect_uri: str = ""
    resource: str = ""


@dataclass
class Preview:
    """What a request would get, and how that came about.

    Attributes:
        draft: ``None`` where the request would be refused.
        error: The refusal.
        explanation: Of the policies; ``None`` where the request would not get to them.
    """

    recipient: Recipient
    trace: Trace = field(default_factory=Trace)
    draft: Draft | None = None
    error: OAuthError | None = None
    explanation: Explanation | None = None
    consent: Sequence[str] = ()


class Previews:
    """Makes previews of requests for administrators."""

    def __init__(self, clock: Clock, ids: Ids, *, grant_types: Sequence[str] = PREVIEWED) -> None:
        self._clock = clock
        self._ids = ids
        self._issuance = Issuance(ids)
        self._grant_types = grant_types

    def preview(
        self, server: AuthorizationServer, wish: Wish, base_url: str, *, refused: OAuthError | None = None
    ) -> Preview:
        """What the token endpoint, or the authorization endpoint, would do. ``refused``: to the client itself."""
        recipient = Recipient(server, issuer_of(server, base_url), wish.client)
        preview = Preview(recipient, error=refused)
        if refused is not None:
            return preview
        now = self._clock.now()
        try:
            entitlement = self._entitlement(server=server, wish=wish, base_url=base_url, preview=preview, now=now)
            fat = wish.response_type == "id_token"
            draft = self._issuance.draft(recipient, entitlement, trace=preview.trace, now=now, fat=fat)
            check_length(_as_minted(draft), server.active_key, longest_access_token(server), typ=type_of(server))
            if draft.id_claims is not None:
                check_length(draft.id_token(self._ids, now, access_token=None), server.active_key)
            preview.draft = draft
        except OAuthError as error:
            preview.error = error
        if preview.trace.decision is not None and preview.trace.entitlement is not None:
            preview.explanation = explain(server, _request(wish, preview.trace.entitlement))
        return preview

    def _entitlement(
        self, server: AuthorizationServer, wish: Wish, base_url: str, preview: Preview, now: int
    ) -> Entitlement:
        snapshot = Snapshot(server, wish.client)
        live_server(snapshot)
        live_client(snapshot)
        if wish.redirect_uri:
            check_redirect_uri(wish.client, wish.redirect_uri)
        check_grant_type(wish.grant_type, wish.client, self._grant_types, profile_of(server, wish.client))
        request = GrantRequest(
            form={"scope": wish.scope} if wish.scope else {},
            client=wish.client,
            server=server,
            now=now,
            http=Request("PREVIEW", "/", base_url),
            resources=(wish.resource,) if wish.resource else (),
        )
        if wish.grant_type == "client_credentials":
            return ClientCredentials().verify(request).entitlement
        if wish.grant_type == TOKEN_EXCHANGE:
            return _exchange(request, wish, now)
        resource = target_of(request)
        named = scopes.requested(wish.scope)
        if wish.grant_type == CIBA:
            check_scopes(named)
        asked = scopes_at(resource, scopes.for_user(server, wish.client, named))
        consent = scopes.in_need_of_consent(server, wish.client, asked)
        if wish.grant_type == "password":
            if consent:
                raise OAuthError("consent_required_ropf", ", ".join(consent))
            person = _live(wish.person, refusal="invalid_password_credentials")
        else:
            person = _live(wish.person, refusal="access_denied")
        preview.consent = consent
        return Entitlement(wish.grant_type, asked, not named, SignIn(person, now, BY_PASSWORD), resource=resource)


def _exchange(request: GrantRequest, wish: Wish, now: int) -> Entitlement:
    """For a token of the person, or of another client where there is none, that has all the scopes that are named."""
    check_service(request)
    resource = target_of(request)
    named = scopes.requested(wish.scope)
    if not named:
        raise OAuthError("invalid_scope", reason="a preview knows no subject token: name scopes")
    check_custom(request, named)
    sign_in = None if wish.person is None else SignIn(_live(wish.person, refusal="access_denied"), now, amr=())
    delegation = Delegation(given=None, act=acting(wish.client.id, None))
    asked = scopes_at(resource, named)
    return Entitlement(wish.grant_type, asked, sign_in=sign_in, resource=resource, delegation=delegation)


def _live(person: Person | None, *, refusal: str) -> Person:
    if person is None:
        raise OAuthError(refusal, reason="no user")
    try:
        check_user(person.user)
    except NotAlive as dead:
        raise OAuthError(refusal, reason=str(dead)) from None
    return person


def _request(wish: Wish, entitlement: Entitlement) -> TokenRequest:
    return TokenRequest(
        client_id=wish.client.id,
        grant_type=wish.grant_type,
        scopes=entitlement.scopes,
        defaulted=entitlement.defaulted,
        user=entitlement.asks_for,
    )


def _as_minted(draft: Draft) -> Mapping[str, Any]:
    """The access token with what it gets when it is minted alone: it has to fit into a header then."""
    if not draft.recipient.server.status_list:
        return draft.access_token
    from .status_list.entries import as_listed

    return as_listed(draft.access_token, draft.recipient.issuer, "19700101-0", SIZE - 1)
