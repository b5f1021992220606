"""Authorization code grant (RFC 6749 §4.1.3)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Never

from ...ids import Ids
from ...storage.clients import secret_digest
from ...storage.codes import AuthorizationCode, AuthorizationCodes
from ...storage.directory import Directory
from ...storage.errors import AlreadyUsed, NotFound
from ...storage.sessions import Sessions
from ...storage.token_families import TokenFamilies
from .. import pkce
from ..errors import OAuthError
from ..issuance import Approved, Entitlement
from ..sign_in import SignIn
from .base import Answer, GrantRequest, Tokens, answer_with, check_held, holder_of, target_of
from .token_families import start

if TYPE_CHECKING:
    from ..issuance import Draft

_REFUSAL = "invalid_authorization_code"


@dataclass(frozen=True)
class VerifiedCode:
    """A code that can be redeemed once."""

    entitlement: Entitlement
    code: AuthorizationCode
    request: GrantRequest
    grant: "AuthorizationCodeGrant"

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Use the code up and store its family: one transaction."""
        return self.grant.redeem(self, draft, tokens)


class AuthorizationCodeGrant:
    """A client redeems what a browser brought it.

    A code redeemed twice takes back what it gave (RFC 6749 §4.1.2). What the policies answered when the code was made
    stands until the code's end: they are not asked again.
    """

    name: ClassVar[str] = "authorization_code"

    def __init__(
        self,
        codes: AuthorizationCodes,
        families: TokenFamilies,
        directory: Directory,
        ids: Ids,
        sessions: Callable[[], Sessions],
    ) -> None:
        """``sessions`` are asked for where a client is to be told of their end."""
        self._codes = codes
        self._sessions = sessions
        self._families = families
        self._directory = directory
        self._ids = ids

    def verify(self, request: GrantRequest) -> VerifiedCode:
        """The code is this client's at this server, unused and unexpired, and its user is still good."""
        text, redirect_uri = request.parameter("code"), request.parameter("redirect_uri")
        code = self._code(request, text)
        if code.redirect_uri != redirect_uri:
            raise OAuthError("mismatched_redirect_uri")
        if code.dpop_jkt is not None and code.dpop_jkt != request.jkt:
            raise OAuthError("invalid_dpop_proof", reason="the code is bound to another key")
        pkce.check_verifier(code.code_challenge, request.form.get("code_verifier"), strict=request.profile.strict)
        self._check_session(code)
        person = holder_of(self._directory, code.user_id, code, refusal=_REFUSAL)
        session_id = code.session_id if code.names_session else None
        entitlement = Entitlement(
            self.name,
            code.scopes,
            sign_in=SignIn(person, code.auth_time, code.amr, code.nonce, code.acr, code.idp, session_id),
            family_id=code.family_id,
            resource=target_of(request, code.resources),
            resources=code.resources,
            jkt=request.jkt,
            approved=Approved(
                code.scopes,
                code.lifetimes,
                policy_id=code.policy_id,
                rule_id=code.rule_id,
                inline_hook=code.inline_hook,
            ),
        )
        return VerifiedCode(entitlement, code, request, self)

    def _code(self, request: GrantRequest, text: str) -> AuthorizationCode:
        """The code, if it is this client's at this server and good.

        A code that was used before is refused here already, and what it gave is revoked: also where the second request
        would have failed for another reason, as a thief's would without the verifier.
        """
        try:
            code = self._codes.get(secret_digest(text))
        except NotFound:
            raise OAuthError(_REFUSAL, reason="unknown") from None
        check_held(code, request, refusal=_REFUSAL)
        if code.spent_at is not None:
            self._refuse_replay(code, request.now)
        if code.expires_at <= request.now:
            raise OAuthError(_REFUSAL, reason="expired")
        if code.created_at < request.client.since:
            raise OAuthError(_REFUSAL, reason="the client became another one since")
        return code

    def _check_session(self, code: AuthorizationCode) -> None:
        """Who was told already that a session has ended begins none by it. Raises OAuthError."""
        if not code.names_session:
            return
        try:
            self._sessions().by_id(code.session_id or "")
        except NotFound:
            raise OAuthError(_REFUSAL, reason="the session has ended") from None

    def redeem(self, verified: VerifiedCode, draft: "Draft", tokens: Tokens) -> Answer:
        """Use the code up, and store the family that it begins."""
        request, code = verified.request, verified.code
        begun = start(
            request,
            verified.entitlement,
            draft,
            self._ids,
            session_id=code.session_id,
            names_session=code.names_session,
        )
        try:
            self._codes.redeem(code.digest, begun.family, begun.record, at=request.now)
        except AlreadyUsed:
            self._refuse_replay(code, request.now)
        return answer_with(draft, tokens, refresh_token=begun.text)

    def _refuse_replay(self, code: AuthorizationCode, now: int) -> Never:
        with suppress(NotFound):
            self._families.revoke(code.family_id, "replay", at=now)
        raise OAuthError(_REFUSAL, reason="used before: what it gave is revoked")
