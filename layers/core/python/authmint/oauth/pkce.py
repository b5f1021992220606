"""Proof Key for Code Exchange (RFC 7636): challenges at the authorization endpoint, verifiers at the token endpoint."""

import hashlib
import hmac
import re
from typing import Final

from ..jose.encoding import b64encode
from .errors import OAuthError

_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def check_verifier(challenge: str | None, verifier: str | None, *, strict: bool = False) -> None:
    """Whether a verifier is the one of an S256 challenge (RFC 7636 §4.6).

    Args:
        challenge: Of the authorization request; ``None``: it had none.
        verifier: Of the token request.
        strict: To whom the absence of a verifier is one that does not match, as RFC 7636 has it.

    Raises:
        OAuthError: It is not, or one of the two came without the other.
    """
    if challenge is None:
        # RFC 9700 §4.8.2: a verifier for a code that was asked for without a challenge is a downgrade.
        if verifier is not None:
            raise OAuthError("pkce_missing_challenge_verifier_present")
        return
    if verifier is None:
        raise OAuthError("pkce_verification_failed" if strict else "pkce_missing_verifier")
    if not _VERIFIER.fullmatch(verifier):
        raise OAuthError("pkce_verification_failed", reason="malformed verifier")
    computed = b64encode(hashlib.sha256(verifier.encode("ascii")).digest())
    if not hmac.compare_digest(computed, challenge):
        raise OAuthError("pkce_verification_failed")
