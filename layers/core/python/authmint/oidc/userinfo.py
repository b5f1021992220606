"""What userinfo says of a user (OpenID Connect Core §5.3, runtime contract §12)."""

from ..claims.compiled import CompiledClaims
from ..claims.facts import Facts
from ..claims.values import Json


def userinfo(claims: CompiledClaims, facts: Facts, user_id: str) -> dict[str, Json]:
    """``sub``, equal to the ID token's, and every claim of the granted scopes, always included in tokens or not.

    Raises:
        ClaimFailed: A claim that applies could not be evaluated.
    """
    return {"sub": user_id} | claims.id_token(facts, everything=True)
