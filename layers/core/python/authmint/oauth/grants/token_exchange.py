"""Token exchange on behalf of somebody (RFC 8693, docs/protocol.md §42): delegation alone, never impersonation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final

from ...ids import Ids
from ...storage.client_registration import class_of
from ...storage.lineages import DEEPEST, Ancestor
from ...storage.liveness import generations_of
from ...storage.servers import Resource
from ...storage.token_families import TokenFamilies, TokenFamily, new_family_id
from .. import scopes
from ..access_tokens import methods_of
from ..delegation import ACCESS_TOKEN, ACT, JWT, Delegation, Given, acting
from ..errors import OAuthError
from ..form import TOKEN_EXCHANGE, asks_for_assertion
from ..issuance import Entitlement
from ..sign_in import SignIn
from ..subject_tokens import Subject, SubjectTokens
from .base import Answer, GrantRequest, Tokens, Verified, answer_with, scopes_at, target_of

if TYPE_CHECKING:
    from ..issuance import Draft
    from .identity_assertion import IdentityAssertions

#: What can be asked for. All access tokens are JWTs, and an access token is what comes.
_REQUESTED: Final = (None, ACCESS_TOKEN, JWT)


@dataclass(frozen=True)
class VerifiedExchange:
    """A token for which another one can be had."""

    entitlement: Entitlement
    subject: Subject
    request: GrantRequest
    families: TokenFamilies
    subjects: SubjectTokens

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Store what the new token dies with. The old one can be sent in again as long as it lives.

        Who revoked it meanwhile may have looked for tokens in status lists before this one was noted there.
        """
        if self.request.server.status_list:
            self.subjects.check_again(self.subject, self.entitlement.lineage)
        self.families.add(_family(self, draft), None)
        return answer_with(draft, tokens, issued_token_type=ACCESS_TOKEN)


class TokenExchange:
    """A service that was called with a token gets one of its own, for the next service, on behalf of the same user.

    The new token names in ``act`` who acts. It lives no longer than the old one, and dies with it.
    """

    name: ClassVar[str] = TOKEN_EXCHANGE

    def __init__(
        self, subjects: SubjectTokens, families: TokenFamilies, ids: Ids, assertions: "Callable[[], IdentityAssertions]"
    ) -> None:
        """``assertions``: makes what the org server verifies, where there is another server to be told something."""
        self._assertions = cache(assertions)
        self._subjects = subjects
        self._families = families
        self._ids = ids

    def verify(self, request: GrantRequest) -> Verified:
        """The client is a service, what it sends in is good, and it asks for what there is here."""
        if request.server.is_org:
            if not asks_for_assertion(request.form):
                raise OAuthError("unsupported_grant_type_token_exchange")
            return self._assertions().verify(request)
        check_service(request)
        _check_types(request)
        subject = self._subjects.read(request.parameter("subject_token"), request)
        delegation = _delegation(subject, request)
        resource, token = exchanged_for(request), subject.token
        named = scopes.requested(request.form.get("scope", ""))
        asked = scopes_at(resource, _asked(request, subject, named))
        entitlement = Entitlement(
            self.name,
            asked,
            defaulted=not named,
            sign_in=_sign_in(subject),
            family_id=new_family_id(self._ids),
            resource=resource,
            jkt=request.jkt,
            delegation=delegation,
            unlisted=() if subject.holder.listed or token.family_id is None else (token.family_id,),
            lineage=_lineage(subject),
        )
        return VerifiedExchange(entitlement, subject, request, self._families, self._subjects)


def check_service(request: GrantRequest) -> None:
    """Whether the client may act for others: a service that an administrator registered, and that proves who it is.

    Raises:
        OAuthError: It is not.
    """
    client = request.client
    if client.application_type != "service" or class_of(client.id) != "REGISTERED":
        raise OAuthError("on_behalf_invalid_client_type")
    if client.auth_method == "none":
        raise OAuthError("confidential_client_required")


def _check_types(request: GrantRequest) -> None:
    request.parameter("subject_token")
    if request.parameter("subject_token_type") != ACCESS_TOKEN:
        raise OAuthError("invalid_subject_token_type")
    if "actor_token" in request.form or "actor_token_type" in request.form:
        raise OAuthError("invalid_actor_token_type", reason="the client itself is the actor")
    if request.form.get("requested_token_type") not in _REQUESTED:
        raise OAuthError("invalid_requested_token_type")


def _delegation(subject: Subject, request: GrantRequest) -> Delegation:
    token, caller = subject.token, request.client.id
    may_act = token.payload.get("may_act")
    if may_act is not None and not (isinstance(may_act, dict) and may_act.get("sub") == caller):
        raise OAuthError("invalid_subject_token_no_delegation_link", reason="may_act names somebody else")
    act = acting(caller, token.payload.get(ACT))
    if len(subject.holder.ancestors) >= DEEPEST:
        raise OAuthError("invalid_subject_token_act_claim_depth")
    return Delegation(
        given=Given(token.jti, ACCESS_TOKEN, subject.issuer, token.client_id),
        subject=str(token.payload["sub"]),
        act=act,
        ends_at=token.expires_at,
        bound=token.is_bound,
    )


def _sign_in(subject: Subject) -> SignIn | None:
    """The sign-in that began it all. ``None``: a client asked in its own name."""
    person, payload = subject.holder.person, subject.token.payload
    if person is None:
        return None
    methods = methods_of(subject.token, subject.server)
    return SignIn(person, payload.get("auth_time"), methods, acr=payload.get("acr"))


def exchanged_for(request: GrantRequest) -> Resource | None:
    """What the new token is for: ``audience``, ``resource``, or both, which then have to mean the same.

    Raises:
        OAuthError: ``invalid_target``, or neither was sent.
    """
    audience = request.form.get("audience")
    if audience is None:
        if not request.resources:
            raise OAuthError("missing_token_request_parameter", "audience")
        return target_of(request)
    resource = _registered(request, audience)
    if request.resources and (named := target_of(request)) != resource:
        uri = None if named is None else named.uri
        raise OAuthError("token_exchange_invalid_resource", reason=f"audience is another one than {uri}")
    return resource


def _registered(request: GrantRequest, audience: str) -> Resource | None:
    """What an audience means, to the letter; ``None``: the server's own."""
    server = request.server
    for resource in server.resources if server.resource_indicators else ():
        if resource.uri == audience and resource.status == "ACTIVE":
            return resource
    if audience != server.audience:
        raise OAuthError("token_exchange_invalid_audience")
    return None


def _asked(request: GrantRequest, subject: Subject, named: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes asked for: those named, or those that the old token has and that there are here.

    Raises:
        OAuthError: There are none, or one is unknown, of OpenID Connect, in need of consent, or beyond the old token
            where it may not be.
    """
    server, held = request.server, subject.token.scopes
    known = scopes.known_to(server) - scopes.OPENID_SCOPES
    bounds = _bounds(request, subject)
    asked = named or tuple(name for name in held if name in known and all(name in bound for bound in bounds))
    if not asked:
        raise OAuthError("invalid_scope", reason="the subject token has no scope of this server")
    check_custom(request, asked)
    if wider := [name for name in asked if any(name not in bound for bound in bounds)]:
        raise OAuthError("scope_denied", ", ".join(wider), reason="the subject token does not have them: narrowOnly")
    return asked


def _bounds(request: GrantRequest, subject: Subject) -> list[tuple[str, ...]]:
    """Scopes of every token of this server that it all comes of, where none is made wider.

    All of them count: by way of another server's, whose names mean something else, a token would be made wider as well.
    """
    if not (request.server.narrow_exchange or request.profile.strict):
        return []
    bounds = [one.scopes for one in subject.holder.ancestors if one.server_id == request.server.id]
    return [*bounds, subject.token.scopes] if subject.server.id == request.server.id else bounds


def check_custom(request: GrantRequest, asked: tuple[str, ...]) -> None:
    """Whether a service can have scopes on somebody's behalf. Whom it acts for cannot be asked.

    Raises:
        OAuthError: One is of OpenID Connect, unknown, or in need of consent.
    """
    if not scopes.OPENID_SCOPES.isdisjoint(asked):
        raise OAuthError("openid_not_allowed_token_exchange")
    if wrong := [name for name in asked if name not in scopes.known_to(request.server)]:
        raise OAuthError("no_matching_scope", reason=f"unknown: {', '.join(wrong)}")
    if consent := scopes.in_need_of_consent(request.server, request.client, asked):
        raise OAuthError("consent_required", ", ".join(consent))


def _lineage(subject: Subject) -> tuple[Ancestor, ...]:
    """What a token hangs on that is given for this one."""
    token = subject.token
    parent = Ancestor(
        server_id=subject.server.id,
        jti=token.jti,
        client_id=token.client_id,
        family_id=token.family_id,
        client_generation=subject.holder.client.token_generation,
        scopes=tuple(token.scopes),
    )
    return (*subject.holder.ancestors, parent)


def _family(verified: VerifiedExchange, draft: "Draft") -> TokenFamily:
    request, entitlement = verified.request, verified.entitlement
    sign_in, now = entitlement.sign_in, request.now
    user = None if sign_in is None else sign_in.person.user
    return TokenFamily(
        id=entitlement.family_id or "",
        server_id=request.server.id,
        client_id=request.client.id,
        user_id=None if user is None else user.id,
        scopes=draft.granted,
        created_at=now,
        updated_at=now,
        auth_time=now if sign_in is None or sign_in.at is None else sign_in.at,
        amr=(),
        acr=None if sign_in is None else sign_in.acr,
        policy_grant=entitlement.grant_type,
        expires_at=int(draft.access_token["exp"]),
        generations=generations_of(request.client, user),
        ancestors=entitlement.lineage,
        listed=request.server.status_list,
    )
