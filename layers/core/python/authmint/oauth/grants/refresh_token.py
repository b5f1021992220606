"""Refresh token grant (RFC 6749 §6, RFC 9700 §4.14): rotation with a leeway, reuse detection, static tokens."""

import hashlib
from collections.abc import Mapping
from typing import ClassVar

from ...ids import Ids
from ...jose.encoding import b64encode
from ...storage.clients import secret_digest
from ...storage.directory import Directory, Person
from ...storage.errors import AlreadyUsed, Conflict, NotFound
from ...storage.families import RefreshToken, TokenFamilies, TokenFamily
from .. import scopes
from ..errors import OAuthError
from ..refresh_tokens import expired, family_of, mint, seal, unseal
from ..sign_in import SignIn
from .base import REUSED, Entitlement, GrantRequest, Issued

Found = tuple[TokenFamily, RefreshToken]


class RefreshTokenGrant:
    """A client goes on with what a user let it have. Policies are evaluated again, every time.

    Of the requests that hold one token, one conditional write decides which mints. Who asks the same again within the
    leeway gets the same bytes: an answer may be lost on its way. Who comes later holds a stolen token, or had his
    stolen: the family dies.
    """

    grant_type: ClassVar[str] = "refresh_token"

    def __init__(self, families: TokenFamilies, directory: Directory, ids: Ids) -> None:
        self._families = families
        self._directory = directory
        self._ids = ids

    def verify(self, request: GrantRequest) -> Entitlement:
        text = request.form.get("refresh_token")
        if text is None:
            raise OAuthError("missing_token_request_parameter", "refresh_token")
        family, token = self._found(request, text)
        if expired(family, token, request.now):
            raise OAuthError("invalid_refresh_token", reason="expired")
        repeated = None if token.rotated_at is None else self._repeated(request, text, family, token)
        person = self._person(family)
        asked = _asked(request, family)
        sign_in = SignIn(person, family.auth_time, family.amr, acr=family.acr)
        return Entitlement(
            asked, False, sign_in, family.id, family.policy_grant, repeated=repeated, proof=(family, token)
        )

    def _found(self, request: GrantRequest, text: str) -> Found:
        """The token and its family, if they are this client's at this server and alive."""
        family_id = family_of(text)
        if family_id is None:
            raise OAuthError("invalid_refresh_token", reason="malformed")
        try:
            family, token = self._families.find(family_id, secret_digest(text))
        except NotFound:
            raise OAuthError("invalid_refresh_token", reason="unknown") from None
        if family.client_id != request.client.id:
            raise OAuthError("mismatched_client")
        if family.server_id != request.server.id:
            raise OAuthError("mismatched_authorization_server")
        if family.revoked_at is not None:
            raise OAuthError("invalid_refresh_token", reason=f"revoked: {family.revoked_because}")
        if family.created_at <= request.client.tokens_after:
            raise OAuthError("invalid_refresh_token", reason="the client was deactivated since")
        return family, token

    def _person(self, family: TokenFamily) -> Person:
        try:
            person = self._directory.person(family.user_id)
        except NotFound:
            raise OAuthError("invalid_refresh_token", reason="the user is gone") from None
        if person.user.status != "ACTIVE":
            raise OAuthError("invalid_refresh_token", reason=f"the user is {person.user.status}")
        if family.created_at <= person.user.tokens_after:
            raise OAuthError("invalid_refresh_token", reason="the user was deactivated since")
        return person

    def _repeated(self, request: GrantRequest, text: str, family: TokenFamily, token: RefreshToken) -> bytes:
        """The answer that the token gave already.

        Raises:
            OAuthError: The leeway is over, and the family dies; or the request is another one.
        """
        if token.rotated_at is None or token.rotated_at + request.client.refresh_leeway <= request.now:
            self._families.revoke(family.id, "reuse", at=request.now)
            raise OAuthError("invalid_refresh_token", reason=REUSED)
        if token.request != _fingerprint(request) or token.answer is None:
            raise OAuthError("invalid_refresh_token", reason="rotated by another request")
        return unseal(text, token.answer)

    def settle(self, request: GrantRequest, entitlement: Entitlement, issued: Issued) -> bytes:
        if entitlement.repeated is not None:
            return entitlement.repeated
        family, token = entitlement.proof
        text = request.form["refresh_token"]
        try:
            if not request.client.rotates_refresh_tokens:
                issued.answer["refresh_token"] = text
                window = request.now + issued.draft.rule.refresh_token_window
                self._families.used(token, idle_expires_at=window, at=request.now)
                return issued.body()
            return self._rotated(request, family, token, issued, text)
        except Conflict:
            raise OAuthError("invalid_refresh_token", reason="revoked meanwhile") from None

    def _rotated(
        self, request: GrantRequest, family: TokenFamily, token: RefreshToken, issued: Issued, text: str
    ) -> bytes:
        successor = mint(family.id, issued.draft.rule, self._ids, request.now)
        issued.answer["refresh_token"] = issued.refresh_token = successor.text
        body = issued.body()
        spent = RefreshToken(
            token.digest,
            family.id,
            token.created_at,
            token.idle_expires_at,
            rotated_at=request.now,
            request=_fingerprint(request),
            answer=seal(text, body, self._ids),
        )
        try:
            self._families.rotate(spent, successor.record, at=request.now)
        except AlreadyUsed:
            issued.refresh_token = None
            again, known = self._found(request, text)
            return self._repeated(request, text, again, known)
        return body


def _asked(request: GrantRequest, family: TokenFamily) -> tuple[str, ...]:
    """The scopes of this refresh: all that were granted, or the subset named.

    Raises:
        OAuthError: More than was granted, or a scope that the server does not know any more.
    """
    named = scopes.requested(request.form.get("scope", ""))
    if denied := [name for name in named if name not in family.scopes]:
        raise OAuthError("refresh_scopes_denied", ", ".join(denied))
    known = {scope.name for scope in request.server.scopes}
    if not known.issuperset(family.scopes):
        raise OAuthError("invalid_refresh_token", reason="a scope of it was deleted since")
    return named or family.scopes


def _fingerprint(request: GrantRequest) -> str:
    """What makes two requests the same: the client and what it asks for."""
    fields: Mapping[str, str] = {"client": request.client.id, "scope": request.form.get("scope", "")}
    return b64encode(hashlib.sha256(repr(sorted(fields.items())).encode("utf-8", "surrogatepass")).digest())
