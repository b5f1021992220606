"""Client assertions: ``client_secret_jwt`` and ``private_key_jwt`` (RFC 7523 §3, docs/protocol.md §7)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from ...jose.jws import BadToken, Jws, fits, verified_by_key, verified_by_secret
from ...jose.keys import may_verify
from ...keys.vault import SecretSeals
from ...storage.clients import Client
from ...storage.errors import AlreadyUsed
from ...storage.replay import UsedAssertions
from ..errors import OAuthError
from ..security_profile import Profile
from .audience import Audiences
from .jwks_uri import ClientJwks
from .methods import ALGORITHMS

MAX_LIFETIME: Final = 3600
MAX_JTI: Final = 512
MIN_HMAC_SECRET: Final = 32
SECRET_ALGORITHMS: Final = ALGORITHMS["client_secret_jwt"]
KEY_ALGORITHMS: Final = ALGORITHMS["private_key_jwt"]

#: Uses a credential up. Raises OAuthError where it was used before, Unavailable.
Spend = Callable[[], None]


class Assertions:
    """Verifies assertions and remembers their ``jti``.

    Args:
        used: What was used.
        seals: Opens secrets.
        client_jwks: Finds keys of clients.
        since: Unix seconds: of single-use assertions that were issued before, nobody knows whether they were used. 0:
            that is known of all.
    """

    def __init__(self, used: UsedAssertions, seals: SecretSeals, client_jwks: ClientJwks, *, since: int = 0) -> None:
        self._since = since
        self._used = used
        self._seals = seals
        self._client_jwks = client_jwks
        self._secrets: dict[tuple[str, str], str] = {}

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
        if client.auth_method == "client_secret_jwt":
            self._check_hmac(assertion, client)
        else:
            self._check_signature(assertion, client, profile.algorithms(KEY_ALGORITHMS), now)
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

    def _check_hmac(self, assertion: Jws, client: Client) -> None:
        if assertion.algorithm not in SECRET_ALGORITHMS:
            raise OAuthError("client_assertion_invalid_signature_algorithm")
        secrets = [secret for secret in client.secrets if secret.status == "ACTIVE"]
        if not secrets:
            raise OAuthError("client_assertion_invalid_no_secret")
        for known in secrets:
            # Keyed by the digest too: a secret replaced under the same id must not be served from here.
            cached = (known.id, known.digest)
            if cached not in self._secrets:
                self._secrets[cached] = self._seals.open(client.id, known.id, known.wrapped)
            secret = self._secrets[cached]
            if len(secret) < MIN_HMAC_SECRET:
                raise OAuthError("client_assertion_invalid_secret_length")
            if verified_by_secret(assertion, secret.encode(), algorithms=SECRET_ALGORITHMS):
                return
        raise OAuthError("client_assertion_invalid_signature")

    def _check_signature(self, assertion: Jws, client: Client, algorithms: Sequence[str], now: int) -> None:
        if assertion.algorithm not in algorithms:
            raise OAuthError("client_assertion_invalid_signature_algorithm")
        if client.jwks_uri is not None:
            keys = self._client_jwks.keys(client.jwks_uri, kid=assertion.kid, now=now)
        else:
            keys = [key.jwk for key in client.keys if key.status == "ACTIVE"]
        if not keys:
            raise OAuthError("client_assertion_jwks_not_configured")
        candidates = _candidates(keys, assertion)
        if not any(verified_by_key(assertion, jwk, algorithms=algorithms) for jwk in candidates):
            raise OAuthError("client_assertion_invalid_signature")


def _candidates(keys: Sequence[Mapping[str, Any]], assertion: Jws) -> list[Mapping[str, Any]]:
    """The keys to try. Official SDKs send no ``kid``, so without one each fitting key is tried."""
    if assertion.kid is not None:
        keys = [key for key in keys if key.get("kid") == assertion.kid]
        if not keys:
            raise OAuthError("client_assertion_invalid_kid")
    signing = [key for key in keys if may_verify(key)]
    if not signing:
        raise OAuthError("client_assertion_invalid_key_use", "sig")
    fitting = [key for key in signing if fits(key, assertion.algorithm)]
    if not fitting:
        raise OAuthError("client_assertion_invalid_signature_algorithm", reason="no key fits")
    return fitting
