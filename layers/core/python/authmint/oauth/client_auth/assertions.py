"""Client assertions: ``client_secret_jwt`` and ``private_key_jwt`` (RFC 7523 §3, docs/protocol.md §7)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from ...jose.jws import BadToken, Jws
from ...storage.clients import Client
from ...storage.errors import AlreadyUsed
from ...storage.replay import UsedAssertions
from ..errors import OAuthError
from ..security_profile import Profile
from .audience import Audiences
from .signatures import KEY_ALGORITHMS, ClientSignatures, Fault, NotSigned

MAX_LIFETIME: Final = 3600
MAX_JTI: Final = 512
_REFUSALS: Final[Mapping[Fault, str]] = {
    "algorithm": "client_assertion_invalid_signature_algorithm",
    "no secret": "client_assertion_invalid_no_secret",
    "short secret": "client_assertion_invalid_secret_length",
    "no keys": "client_assertion_jwks_not_configured",
    "kid": "client_assertion_invalid_kid",
    "use": "client_assertion_invalid_key_use",
    "signature": "client_assertion_invalid_signature",
}

#: Uses a credential up. Raises OAuthError where it was used before, Unavailable.
Spend = Callable[[], None]


class Assertions:
    """Verifies assertions and remembers their ``jti``.

    Args:
        used: What was used.
        signatures: Verifies those of clients.
        since: Unix seconds: of single-use assertions that were issued before, nobody knows whether they were used. 0:
            that is known of all.
    """

    def __init__(self, used: UsedAssertions, signatures: ClientSignatures, *, since: int = 0) -> None:
        self._since = since
        self._used = used
        self._signatures = signatures

    def verify(
        self, assertion: Jws, client: Client, *, audiences: Audiences, profile: Profile, now: int
    ) -> Spend | None:
        """Check every rule and the signature.

        Returns:
            What uses up the ``jti``, where there is one; to be called when nothing else can refuse the request.

        Raises:
            OAuthError: The assertion is refused.
        """
        expires_at = self._check_claims(assertion, audiences, now)
        if client.assertion_algorithm not in {None, assertion.algorithm}:
            wanted = f"the client signs by {client.assertion_algorithm}"
            raise OAuthError("client_assertion_invalid_signature_algorithm", reason=wanted)
        try:
            if client.auth_method == "client_secret_jwt":
                self._signatures.check_secret(assertion, client)
            else:
                self._signatures.check_key(assertion, client, profile.algorithms(KEY_ALGORITHMS), now=now)
        except NotSigned as error:
            raise OAuthError(_REFUSALS[error.fault], "sig", reason=error.detail) from None
        jti = assertion.payload.get("jti")
        if jti is None:
            return None
        if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
            raise OAuthError("client_assertion_invalid_jwt", reason="jti")
        if self._issued_at(assertion, expires_at) < self._since:
            raise OAuthError("client_assertion_already_used", reason="issued before the tables were restored")
        return partial(self._spend, client.id, jti, expires_at, now)

    def _issued_at(self, assertion: Jws, expires_at: int) -> int:
        """When it was made, or, where it does not say, the earliest moment when it can have been."""
        issued_at = assertion.date("iat")
        return expires_at - MAX_LIFETIME if issued_at is None else issued_at

    def _spend(self, client_id: str, jti: str, expires_at: int, now: int) -> None:
        try:
            self._used.spend(client_id, jti, expires_at=expires_at, at=now)
        except AlreadyUsed:
            raise OAuthError("client_assertion_already_used") from None

    def _check_claims(self, assertion: Jws, audiences: Audiences, now: int) -> int:
        try:
            expires_at, ahead = assertion.date("exp"), assertion.begins_after(now)
        except BadToken as error:
            raise OAuthError("client_assertion_expiration_required", reason=str(error)) from None
        if expires_at is None:
            raise OAuthError("client_assertion_expiration_required")
        if expires_at <= now:
            raise OAuthError("client_assertion_expired_token")
        if expires_at > now + MAX_LIFETIME:
            raise OAuthError("client_assertion_expires_too_far_in_future")
        if ahead:
            raise OAuthError("client_assertion_issued_at_in_future")
        if not audiences.are_named_by(assertion.payload.get("aud")):
            raise OAuthError("client_assertion_invalid_audience")
        return expires_at
