"""What the endpoints that mint share: compiled claims per warm instance, and how a failed claim is answered."""

from collections.abc import Mapping
from typing import Any, Final

from ..claims.compiled import CompiledClaims
from ..claims.errors import ClaimFailed
from ..claims.facts import AppFacts
from ..claims.names import RESERVED
from ..storage.clients import Client
from ..storage.servers import AuthorizationServer, SigningKey
from ..tokens.signer import Signer, TokenTooLarge
from ..tokens.signer import check_length as length_check
from .errors import OAuthError

#: Internal ids of refusals because of a claim.
CLAIM_FAILURES: Final = frozenset(
    {"user_claim_evaluation_failure", "system_claim_evaluation_failure", "too_many_groups_in_groups_claim"}
)


class WarmClaims:
    """Compiles the claims of a server once per version of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[AuthorizationServer, CompiledClaims]] = {}

    def of(self, server: AuthorizationServer) -> CompiledClaims:
        """The claims of exactly this record: a newer version is another record."""
        known = self._known.get(server.id)
        if known is not None and known[0] is server:
            return known[1]
        claims = CompiledClaims(server)
        self._known[server.id] = (server, claims)
        return claims


def app_facts(client: Client) -> AppFacts:
    """The client as claims see it."""
    return AppFacts(client.id, client.id, client.label, client.profile, client.groups_claim)


def claim_refusal(failed: ClaimFailed) -> OAuthError:
    """The answer to a claim that could not be evaluated (runtime contract §17): a token is never half made."""
    if failed.too_many_groups:
        return OAuthError("too_many_groups_in_groups_claim", reason=f"{failed.name}: {failed.reason}")
    kind = "system" if failed.system else "user"
    return OAuthError(f"{kind}_claim_evaluation_failure", failed.name, reason=failed.reason)


def signed(signer: Signer, payload: Mapping[str, Any]) -> str:
    """The token.

    Raises:
        OAuthError: It would be too large to be read back; the error names the claim that makes it so.
    """
    try:
        return signer.sign(payload)
    except TokenTooLarge as large:
        raise _too_large(large) from None


def check_length(payload: Mapping[str, Any], key: SigningKey) -> None:
    """Whether ``signed`` would give a token: for previews. Raises OAuthError."""
    try:
        length_check(payload, key)
    except TokenTooLarge as large:
        raise _too_large(large) from None


def _too_large(large: TokenTooLarge) -> OAuthError:
    system = any(large.member in names for names in RESERVED.values())
    return claim_refusal(ClaimFailed(large.member, system=system, reason=str(large)))
