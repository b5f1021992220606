"""How a claim that cannot be had is answered: a token is never half made."""

from collections.abc import Mapping
from typing import Any, Final

from ..claims.errors import ClaimFailed
from ..claims.names import RESERVED
from ..jose.encoding import MAX_TOKEN
from ..storage.servers import SigningKey
from ..tokens.signer import TokenTooLarge
from ..tokens.signer import check_length as length_check
from .errors import OAuthError

#: Internal ids of refusals because of a claim.
CLAIM_FAILURES: Final = frozenset(
    {"user_claim_evaluation_failure", "system_claim_evaluation_failure", "too_many_groups_in_groups_claim"}
)


def claim_refusal(failed: ClaimFailed) -> OAuthError:
    """The answer to a claim that could not be evaluated."""
    if failed.too_many_groups:
        return OAuthError("too_many_groups_in_groups_claim", reason=f"{failed.name}: {failed.reason}")
    kind = "system" if failed.system else "user"
    return OAuthError(f"{kind}_claim_evaluation_failure", failed.name, reason=failed.reason)


def check_length(payload: Mapping[str, Any], key: SigningKey, most: int = MAX_TOKEN, *, typ: str | None = None) -> None:
    """Whether a token would not be too large to be read back, or sent: for previews. Raises OAuthError."""
    try:
        length_check(payload, key, most, typ=typ)
    except TokenTooLarge as large:
        raise too_large(large) from None


def too_large(large: TokenTooLarge) -> OAuthError:
    """The answer to a token that could not be read back, or sent; the error names the claim that makes it so."""
    system = any(large.member in names for names in RESERVED.values())
    return claim_refusal(ClaimFailed(large.member, system=system, reason=str(large)))
