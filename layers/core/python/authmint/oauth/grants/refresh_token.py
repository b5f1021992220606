"""Refresh token grant (RFC 6749 §6, RFC 9700 §4.14): rotation with a leeway, reuse detection, static tokens."""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import msgspec

from ...ids import Ids
from ...jose.encoding import b64encode
from ...storage.clients import secret_digest
from ...storage.directory import Directory, Person
from ...storage.errors import AlreadyUsed, Conflict, NotFound
from ...storage.liveness import NotAlive, check_family
from ...storage.token_families import RefreshToken, TokenFamilies, TokenFamily
from .. import scopes
from ..errors import OAuthError, RefreshTokenReused
from ..issuance import Entitlement
from ..refresh_tokens import expired, family_of, mint, seal, unseal
from ..sign_in import SignIn
from .base import Answer, GrantRequest, Tokens, answer_with, check_held, holder_of, scopes_at, target_of

if TYPE_CHECKING:
    from ..issuance import Draft

_REFUSAL = "invalid_refresh_token"


@dataclass(frozen=True, repr=False)
class VerifiedRefresh:
    """A refresh token that is good, or was rotated so lately that it may be used again. It holds the token's text."""

    entitlement: Entitlement
    text: str
    family: TokenFamily
    token: RefreshToken
    request: GrantRequest
    grant: "RefreshTokenGrant"

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Rotate the token, or note its use; or answer as it was answered already."""
        return self.grant.refresh(self, draft, tokens)


class RefreshTokenGrant:
    """A client goes on with what a user let it have. Policies are evaluated again, every time.

    Of the requests that hold one token, one conditional write decides which rotates it. Who asks the same again within
    the leeway gets the same bytes: an answer may be lost on its way. Who asks for other scopes or another resource then
    gets an access token for them, and the successor that there is. Who comes later holds a stolen token, or had his
    stolen: the family dies. Where a security profile is on, no token rotates: bound to a key it need not, and who loses
    an answer on its way must not lose the authorization (FAPI 2.0 Security Profile §5.3.2.1).
    """

    name: ClassVar[str] = "refresh_token"

    def __init__(self, families: TokenFamilies, directory: Directory, ids: Ids) -> None:
        self._families = families
        self._directory = directory
        self._ids = ids

    def verify(self, request: GrantRequest) -> VerifiedRefresh:
        """The token is this client's at this server, and neither family, client nor user ended since."""
        text = request.parameter("refresh_token")
        family, token, person = self.held(request, text)
        resource = target_of(request, family.resources)
        entitlement = Entitlement(
            family.policy_grant,
            scopes_at(resource, _asked(request, family)),
            sign_in=SignIn(
                person,
                family.auth_time,
                family.amr,
                acr=family.acr,
                idp=family.idp,
                session_id=family.session_id if family.names_session else None,
            ),
            family_id=family.id,
            resource=resource,
            resources=family.resources,
            refreshing=True,
            unlisted=() if family.listed else (family.id,),
            jkt=request.jkt,
        )
        return VerifiedRefresh(
            entitlement=entitlement, text=text, family=family, token=token, request=request, grant=self
        )

    def held(self, request: GrantRequest, text: str) -> tuple[TokenFamily, RefreshToken, Person]:
        """The token, its family and whose it is, if the client may use it now: for whatever it is shown.

        Raises:
            OAuthError: It may not; if the token was used before, its family is dead now.
        """
        family, token = self._found(request, text)
        if expired(family, token, request.now):
            raise OAuthError(_REFUSAL, reason="expired")
        _check_key(request, family)
        self._check_unused(request, family, token)
        return family, token, holder_of(self._directory, family.user_id, family, refusal=_REFUSAL)

    def _found(self, request: GrantRequest, text: str) -> tuple[TokenFamily, RefreshToken]:
        """The token and its family, if they are this client's at this server and alive."""
        family_id = family_of(text)
        if family_id is None:
            raise OAuthError(_REFUSAL, reason="malformed")
        try:
            family, token = self._families.find(family_id, secret_digest(text))
        except NotFound:
            raise OAuthError(_REFUSAL, reason="unknown") from None
        check_held(family, request, refusal=_REFUSAL)
        try:
            check_family(family)
        except NotAlive as dead:
            raise OAuthError(_REFUSAL, reason=str(dead)) from None
        return family, token

    def _check_unused(self, request: GrantRequest, family: TokenFamily, token: RefreshToken) -> None:
        """Whether a token was not rotated, or so lately that it may come again.

        Raises:
            RefreshTokenReused: The leeway is over, and the family is dead now.
        """
        if token.rotated_at is None or token.rotated_at + request.client.refresh_leeway > request.now:
            return
        self._families.revoke(family.id, "reuse", at=request.now)
        raise RefreshTokenReused(old=token.digest, current=family.current)

    def refresh(self, verified: VerifiedRefresh, draft: "Draft", tokens: Tokens) -> Answer:
        """Rotate the token, note its use, or repeat what it gave before."""
        request, token = verified.request, verified.token
        try:
            if token.rotated_at is not None:
                return self._repeated(verified, token, draft, tokens)
            if request.client.rotates_refresh_tokens and not request.profile.strict:
                return self._rotated(verified, draft, tokens)
            window = request.now + draft.lifetimes.refresh_token_window
            self._families.used(token, idle_expires_at=window, at=request.now)
        except Conflict:
            raise OAuthError(_REFUSAL, reason="revoked meanwhile") from None
        return answer_with(draft, tokens, refresh_token=verified.text, known=True)

    def _rotated(self, verified: VerifiedRefresh, draft: "Draft", tokens: Tokens) -> Answer:
        request = verified.request
        successor = mint(verified.family.id, draft.lifetimes, self._ids, request.now)
        answer = answer_with(draft, tokens, refresh_token=successor.text)
        spent = replace(
            verified.token,
            rotated_at=request.now,
            request=_fingerprint(verified),
            answer=seal(verified.text, answer.body, self._ids),
        )
        try:
            self._families.rotate(spent, successor.record, at=request.now)
        except AlreadyUsed:
            family, token = self._found(request, verified.text)
            self._check_unused(request, family, token)
            return self._repeated(verified, token, draft, tokens)
        return answer

    def _repeated(self, verified: VerifiedRefresh, token: RefreshToken, draft: "Draft", tokens: Tokens) -> Answer:
        """What a request within the leeway gets: the same bytes if it asks the same, else other scopes' tokens."""
        if token.answer is None:
            raise OAuthError(_REFUSAL, reason="rotated, and its answer is gone")
        earlier = unseal(verified.text, token.answer)
        if token.request == _fingerprint(verified):
            return Answer(earlier)
        successor: str = msgspec.json.decode(earlier)["refresh_token"]
        return answer_with(draft, tokens, refresh_token=successor, known=True)


def _asked(request: GrantRequest, family: TokenFamily) -> tuple[str, ...]:
    """The scopes of this refresh: all that were granted, or the subset named.

    Raises:
        OAuthError: More than was granted, or a scope that the server does not know any more.
    """
    named = scopes.requested(request.form.get("scope", ""))
    if denied := [name for name in named if name not in family.scopes]:
        raise OAuthError("refresh_scopes_denied", ", ".join(denied))
    if not scopes.known_to(request.server, request.client).issuperset(family.scopes):
        raise OAuthError(_REFUSAL, reason="a scope of it was deleted since")
    return scopes.still_granted(request.client, named or family.scopes)


def _check_key(request: GrantRequest, family: TokenFamily) -> None:
    """A family that began with a proof goes on with one: a public client's with the same key (RFC 9449 §5).

    A confidential client proves who it is by other means; it may have lost its key.

    Raises:
        OAuthError: There is no proof, or it is of another key.
    """
    public = request.client.auth_method == "none"
    if public and family.certificate is not None and family.certificate != request.certificate:
        raise OAuthError(_REFUSAL, reason="bound to another certificate")
    if family.dpop_jkt is None or family.dpop_jkt == request.jkt:
        return
    if request.jkt is None:
        raise OAuthError("invalid_dpop_proof_missing_header")
    if public:
        raise OAuthError("invalid_dpop_proof_invalid_public_key_binding")


def _fingerprint(verified: VerifiedRefresh) -> str:
    """What makes two requests the same: all that the tokens of the answer are bound to.

    The client, the set of scopes (RFC 6749 §3.3), the resource, named or not, and the key. Whatever else tokens come to
    be bound to has its place here: else who asks for another one would get an answer that is not his.
    """
    resource = verified.entitlement.resource
    bound = {
        "client": verified.request.client.id,
        "scopes": sorted(verified.entitlement.scopes),
        "resource": None if resource is None else resource.uri,
        "jkt": verified.request.jkt,
        "certificate": verified.request.certificate,
    }
    return b64encode(hashlib.sha256(msgspec.json.encode(bound)).digest())
