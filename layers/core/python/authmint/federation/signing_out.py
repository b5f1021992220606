"""Signing out with the provider as well (OpenID Connect RP-Initiated Logout 1.0, docs/protocol.md §37.9)."""

from dataclasses import dataclass
from typing import Final

from ..ids import Ids
from ..oauth.authorization.responses import with_query
from ..storage.clients import secret_digest
from ..storage.federated_requests import FederatedRequest, FederatedRequests
from ..storage.identity_providers import IdentityProviders
from ..storage.sessions import Session
from .asking import CALLBACK, LIFETIME

#: Of a request's ``onward``: where the browser goes when it comes back. Such a request signs nobody in.
SIGNED_OUT: Final = "signed_out"


@dataclass(frozen=True)
class SigningOut:
    """Sends who signs out here to the provider that said who they are."""

    providers: IdentityProviders
    requests: FederatedRequests
    ids: Ids

    def uri(self, session: Session, browser: str, back: str, *, base_url: str, now: int) -> str | None:
        """Where to send the browser; ``None``: nowhere else. Raises Unavailable.

        Args:
            session: The one that ends.
            browser: SHA-256 of the cookie that names the browser.
            back: Where it goes in the end.
            base_url: Of this deployment.
            now: Seconds.
        """
        provider = None if session.idp is None else self.providers.all().get(session.idp)
        if provider is None or provider.status != "ACTIVE" or provider.sign_out is None:
            return None
        state = self.ids.opaque(32)
        self.requests.add(
            FederatedRequest(
                digest=secret_digest(state),
                idp_id=provider.id,
                fingerprint=provider.upstream.fingerprint,
                browser=browser,
                created_at=now,
                expires_at=now + LIFETIME,
                onward={SIGNED_OUT: back},
            )
        )
        asked = {
            "client_id": provider.upstream.client_id,
            "post_logout_redirect_uri": base_url + CALLBACK,
            "state": state,
        }
        return with_query(provider.sign_out, asked)
