"""Client credentials grant (RFC 6749 §4.4)."""

from typing import ClassVar

from .. import scopes
from ..errors import OAuthError
from .base import Entitlement, GrantRequest


class ClientCredentials:
    """A client asks in its own name."""

    grant_type: ClassVar[str] = "client_credentials"

    def verify(self, request: GrantRequest) -> Entitlement:
        if request.client.auth_method == "none":
            raise OAuthError("confidential_client_required")
        named = scopes.requested(request.form.get("scope", ""))
        return Entitlement(scopes.for_client_alone(request.server, named), defaulted=not named)

    def spend(self, entitlement: Entitlement, *, at: int) -> None:
        """Client credentials can be used again."""
