"""What the endpoints that mint share: compiled claims per warm instance, and how a failed claim is answered."""

from typing import Final

from ..claims.compiled import CompiledClaims
from ..claims.errors import ClaimFailed
from ..claims.facts import AppFacts
from ..storage.clients import Client
from ..storage.servers import AuthorizationServer
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
    return AppFacts(client.id, client.id, client.label, client.profile)


def claim_refusal(failed: ClaimFailed) -> OAuthError:
    """The answer to a claim that could not be evaluated (runtime contract §17): a token is never half made."""
    if failed.too_many_groups:
        return OAuthError("too_many_groups_in_groups_claim", reason=f"{failed.name}: {failed.reason}")
    kind = "system" if failed.system else "user"
    return OAuthError(f"{kind}_claim_evaluation_failure", failed.name, reason=failed.reason)
