"""Resource owner password credentials grant (RFC 6749 §4.3): for clients and rules that allow it, and no others."""

from typing import ClassVar

from ...directory.authentication import AuthenticationFailed, Authenticator, PasswordExpired
from .. import scopes
from ..errors import OAuthError
from ..sign_in import SignIn
from .base import Entitlement, GrantRequest


class PasswordCredentials:
    """A client asks in the name of a user whose password it was told. No consent can be given here."""

    grant_type: ClassVar[str] = "password"

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

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
        return Entitlement(asked, not named, SignIn(person, request.now))

    def spend(self, entitlement: Entitlement, *, at: int) -> None:
        """A password can be used again."""
