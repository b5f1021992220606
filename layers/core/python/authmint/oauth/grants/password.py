"""Resource owner password credentials grant (RFC 6749 §4.3): for clients and rules that allow it, and no others."""

from typing import ClassVar

from ...directory.authentication import AuthenticationFailed, Authenticator, PasswordExpired
from ...ids import Ids
from ...storage.families import TokenFamilies
from .. import scopes
from ..errors import OAuthError
from ..sign_in import SignIn
from .base import Entitlement, GrantRequest, Issued
from .families import new_family_id, start


class PasswordCredentials:
    """A client asks in the name of a user whose password it was told. No consent can be given here."""

    grant_type: ClassVar[str] = "password"

    def __init__(self, authenticator: Authenticator, families: TokenFamilies, ids: Ids) -> None:
        self._authenticator = authenticator
        self._families = families
        self._ids = ids

    def verify(self, request: GrantRequest) -> Entitlement:
        for name in ("username", "password"):
            if name not in request.form:
                raise OAuthError("missing_token_request_parameter", name)
        named = scopes.requested(request.form.get("scope", ""))
        asked = scopes.for_user(request.server, request.client, named)
        if needing := scopes.in_need_of_consent(request.server, request.client, asked):
            raise OAuthError("consent_required_ropf", ", ".join(needing))
        try:
            person = self._authenticator.verify(
                request.form["username"], request.form["password"], request.now, request=request.http
            )
        except PasswordExpired:
            raise OAuthError("expired_password_credentials") from None
        except AuthenticationFailed as error:
            raise OAuthError("invalid_password_credentials", reason=type(error).__name__) from None
        family_id = new_family_id(self._ids) if "offline_access" in asked else None
        return Entitlement(asked, not named, SignIn(person, request.now), family_id)

    def settle(self, request: GrantRequest, entitlement: Entitlement, issued: Issued) -> bytes:
        """A password can be used again; a refresh token is the first of its family."""
        if entitlement.family_id is not None and issued.draft.refreshable:
            begun = start(request, entitlement, issued, self._ids, policy_grant=self.grant_type, session=None)
            self._families.add(begun.family, None if begun.refresh_token is None else begun.refresh_token.record)
        return issued.body()
