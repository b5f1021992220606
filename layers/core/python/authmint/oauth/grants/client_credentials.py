"""Client credentials grant (RFC 6749 §4.4)."""

from typing import ClassVar

from ...storage.clients import Client
from .. import scopes
from ..errors import OAuthError
from .base import Entitlement, GrantRequest, Issued


class ClientCredentials:
    """A client asks in its own name."""

    grant_type: ClassVar[str] = "client_credentials"

    def verify(self, request: GrantRequest) -> Entitlement:
        if request.client.auth_method == "none":
            raise OAuthError("confidential_client_required")
        named = scopes.requested(request.form.get("scope", ""))
        if request.server.is_org:
            return Entitlement(self._administration(request.client, named), defaulted=False)
        return Entitlement(scopes.for_client_alone(request.server, named), defaulted=not named)

    def _administration(self, client: Client, named: tuple[str, ...]) -> tuple[str, ...]:
        """The org server: for services that hold a private key, and for what administrators granted (§5.3)."""
        if client.application_type != "service":
            raise OAuthError("invalid_application_type_client_credentials")
        if client.auth_method != "private_key_jwt":
            raise OAuthError("unsupported_auth_method_client_creds")
        return scopes.granted_by_administrators(client, named)

    def settle(self, request: GrantRequest, entitlement: Entitlement, issued: Issued) -> bytes:  # noqa: ARG002
        """Client credentials can be used again."""
        return issued.body()
