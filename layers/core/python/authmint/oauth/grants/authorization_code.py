"""Authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.5–4.6)."""

import hashlib
import hmac
import re
from contextlib import suppress
from typing import ClassVar, Final

from ...ids import Ids
from ...jose.encoding import b64encode
from ...storage.clients import secret_digest
from ...storage.codes import AuthorizationCode, AuthorizationCodes
from ...storage.directory import Directory
from ...storage.errors import AlreadyUsed, NotFound
from ...storage.families import TokenFamilies
from ..errors import OAuthError
from ..sign_in import SignIn
from .base import Entitlement, GrantRequest, Issued
from .families import start

_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class AuthorizationCodeGrant:
    """A client redeems what a browser brought it. A code redeemed twice takes back what it gave (DEC-9)."""

    grant_type: ClassVar[str] = "authorization_code"

    def __init__(self, codes: AuthorizationCodes, families: TokenFamilies, directory: Directory, ids: Ids) -> None:
        self._codes = codes
        self._families = families
        self._directory = directory
        self._ids = ids

    def verify(self, request: GrantRequest) -> Entitlement:
        for name in ("code", "redirect_uri"):
            if name not in request.form:
                raise OAuthError("missing_token_request_parameter", name)
        code = self._code(request)
        if code.redirect_uri != request.form["redirect_uri"]:
            raise OAuthError("mismatched_redirect_uri")
        _check_verifier(code.code_challenge, request.form.get("code_verifier"))
        try:
            person = self._directory.person(code.user_id)
        except NotFound:
            raise OAuthError("invalid_authorization_code", reason="the user is gone") from None
        if person.user.status != "ACTIVE":
            raise OAuthError("invalid_authorization_code", reason=f"the user is {person.user.status}")
        if code.created_at <= person.user.tokens_after:
            raise OAuthError("invalid_authorization_code", reason="the user was deactivated since")
        sign_in = SignIn(person, code.auth_time, code.amr, code.nonce, code.acr)
        decided = (code.policy_id, code.rule_id)
        return Entitlement(code.scopes, False, sign_in, code.family_id, decided=decided, proof=code)

    def _code(self, request: GrantRequest) -> AuthorizationCode:
        """The code, if it is this client's at this server and good.

        A code that was used before is refused here already, and what it gave is revoked: also where the second request
        would have failed for another reason, as a thief's would without the verifier.
        """
        try:
            code = self._codes.get(secret_digest(request.form["code"]))
        except NotFound:
            raise OAuthError("invalid_authorization_code", reason="unknown") from None
        if code.server_id != request.server.id:
            raise OAuthError("mismatched_authorization_server")
        if code.client_id != request.client.id:
            raise OAuthError("mismatched_client")
        if code.spent_at is not None:
            self._replayed(code, request.now)
        if code.expires_at <= request.now or code.created_at <= request.client.tokens_after:
            raise OAuthError("invalid_authorization_code", reason="expired")
        return code

    def settle(self, request: GrantRequest, entitlement: Entitlement, issued: Issued) -> bytes:
        code: AuthorizationCode = entitlement.proof
        begun = start(request, entitlement, issued, self._ids, policy_grant=self.grant_type, session=code.session_id)
        token = None if begun.refresh_token is None else begun.refresh_token.record
        try:
            self._codes.redeem(code.digest, begun.family, token, at=request.now)
        except AlreadyUsed:
            self._replayed(code, request.now)
        return issued.body()

    def _replayed(self, code: AuthorizationCode, now: int) -> None:
        with suppress(NotFound):
            self._families.revoke(code.family_id, "replay", at=now)
        raise OAuthError("invalid_authorization_code", reason="used before: what it gave is revoked")


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    if challenge is None:
        # RFC 9700 §4.8.2: a verifier for a code that was asked for without a challenge is a downgrade.
        if verifier is not None:
            raise OAuthError("pkce_missing_challenge_verifier_present")
        return
    if verifier is None:
        raise OAuthError("pkce_missing_verifier")
    if not _VERIFIER.fullmatch(verifier):
        raise OAuthError("pkce_verification_failed", reason="malformed verifier")
    computed = b64encode(hashlib.sha256(verifier.encode("ascii")).digest())
    if not hmac.compare_digest(computed, challenge):
        raise OAuthError("pkce_verification_failed")
