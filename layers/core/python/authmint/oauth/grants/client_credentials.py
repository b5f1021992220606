"""Client credentials grant (RFC 6749 §4.4)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ...storage.clients import Client
from .. import scopes
from ..errors import OAuthError
from ..issuance import Entitlement
from .base import Answer, GrantRequest, Tokens, answer_with, scopes_at, target_of

if TYPE_CHECKING:
    from ..issuance import Draft


@dataclass(frozen=True)
class VerifiedClient:
    """A client that may ask in its own name."""

    entitlement: Entitlement

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Client credentials can be used again, so nothing is stored."""
        return answer_with(draft, tokens)


class ClientCredentials:
    """A client asks in its own name."""

    name: ClassVar[str] = "client_credentials"

    def verify(self, request: GrantRequest) -> VerifiedClient:
        """The client can keep a secret, and may have the scopes that it asks for."""
        if request.client.auth_method == "none":
            raise OAuthError("confidential_client_required")
        named = scopes.requested(request.form.get("scope", ""))
        if request.server.is_org:
            return VerifiedClient(Entitlement(self.name, self._administration(request.client, named), jkt=request.jkt))
        resource = target_of(request)
        asked = scopes_at(resource, scopes.for_client_alone(request.server, named))
        return VerifiedClient(Entitlement(self.name, asked, defaulted=not named, resource=resource, jkt=request.jkt))

    def _administration(self, client: Client, named: tuple[str, ...]) -> tuple[str, ...]:
        """The org server: for services that hold a private key, and for what administrators granted."""
        if client.application_type != "service":
            raise OAuthError("invalid_application_type_client_credentials")
        if client.auth_method != "private_key_jwt":
            raise OAuthError("unsupported_auth_method_client_creds")
        return scopes.granted_by_administrators(client, named)
