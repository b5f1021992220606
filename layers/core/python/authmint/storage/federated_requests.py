"""Browsers that were sent to an identity provider, and what they came for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class FederatedRequest:
    """One request to a provider. ``digest`` is SHA-256 of its ``state``, base64url.

    Nothing here would help whoever reads it: nonce and code verifier are made of ``state`` and the browser's cookie.

    Attributes:
        idp_id: Which provider: the answer is of no other.
        fingerprint: Of the provider as it was then.
        browser: SHA-256 of the cookie of the browser: no other may come back.
        onward: Where it goes when its user is signed in.
        again: Its user was to sign in anew there.
    """

    digest: str
    idp_id: str
    fingerprint: str
    browser: str
    created_at: int
    expires_at: int
    onward: Mapping[str, str] = field(default_factory=dict)
    again: bool = False


class FederatedRequests(Protocol):
    """All of them."""

    def add(self, request: FederatedRequest) -> None:
        """Store a new one. Raises AlreadyExists: a call before this one did."""

    def get(self, digest: str) -> FederatedRequest:
        """One that was not used. A consistent read; expired ones are found too. Raises NotFound."""

    def spend(self, digest: str, *, at: int) -> FederatedRequest:
        """Use one up, exactly once even under concurrent calls.

        Raises:
            NotFound: There is none, it was used, or it has expired.
        """
