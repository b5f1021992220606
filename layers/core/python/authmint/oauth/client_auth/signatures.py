"""What a client signed: by a key of its own, or keyed by its secret. Assertions and request objects alike."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal

from ...jose.jws import Jws, fits, verified_by_key, verified_by_secret
from ...jose.keys import may_verify
from ...keys.vault import SecretSeals
from ...storage.clients import Client
from .jwks_uri import ClientJwks
from .methods import ALGORITHMS

MIN_HMAC_SECRET: Final = 32
SECRET_ALGORITHMS: Final = ALGORITHMS["client_secret_jwt"]
KEY_ALGORITHMS: Final = ALGORITHMS["private_key_jwt"]

Fault = Literal["algorithm", "no secret", "short secret", "no keys", "kid", "use", "signature"]


class NotSigned(Exception):
    """A signature is not the client's.

    Attributes:
        fault: What is wrong with it.
    """

    def __init__(self, fault: Fault, detail: str | None = None) -> None:
        super().__init__(fault if detail is None else f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail


class ClientSignatures:
    """Verifies signatures of clients. Secrets that were opened are kept."""

    def __init__(self, seals: SecretSeals, client_jwks: ClientJwks) -> None:
        self._seals = seals
        self._client_jwks = client_jwks
        self._secrets: dict[tuple[str, str], str] = {}

    def check_secret(self, jws: Jws, client: Client, algorithms: Collection[str] = SECRET_ALGORITHMS) -> None:
        """Whether a JWS is keyed by a secret of the client.

        Raises:
            NotSigned: It is not.
            VaultUnavailable: The secret cannot be opened.
        """
        if jws.algorithm not in algorithms:
            raise NotSigned("algorithm")
        secrets = [secret for secret in client.secrets if secret.status == "ACTIVE"]
        if not secrets:
            raise NotSigned("no secret")
        for known in secrets:
            # Keyed by the digest too: a secret replaced under the same id must not be served from here.
            cached = (known.id, known.digest)
            if cached not in self._secrets:
                self._secrets[cached] = self._seals.open(client.id, known.id, known.wrapped)
            secret = self._secrets[cached]
            if len(secret) < MIN_HMAC_SECRET:
                raise NotSigned("short secret")
            if verified_by_secret(jws, secret.encode(), algorithms=algorithms):
                return
        raise NotSigned("signature")

    def keys(self, client: Client, *, kid: str | None = None, now: int) -> Sequence[Mapping[str, Any]]:
        """The public keys of a client. Raises OAuthError: they cannot be fetched."""
        if client.jwks_uri is not None:
            return self._client_jwks.keys(client.jwks_uri, kid=kid, now=now)
        return [key.jwk for key in client.keys if key.status == "ACTIVE"]

    def check_key(self, jws: Jws, client: Client, algorithms: Collection[str], *, now: int) -> None:
        """Whether a JWS is signed with a key of the client.

        Raises:
            NotSigned: It is not.
            OAuthError: The client's keys cannot be fetched.
        """
        if jws.algorithm not in algorithms:
            raise NotSigned("algorithm")
        keys = self.keys(client, kid=jws.kid, now=now)
        if not keys:
            raise NotSigned("no keys")
        if not any(verified_by_key(jws, jwk, algorithms=algorithms) for jwk in _candidates(keys, jws)):
            raise NotSigned("signature")


def _candidates(keys: Sequence[Mapping[str, Any]], jws: Jws) -> list[Mapping[str, Any]]:
    """The keys to try. Official SDKs send no ``kid``, so without one each fitting key is tried."""
    if jws.kid is not None:
        keys = [key for key in keys if key.get("kid") == jws.kid]
        if not keys:
            raise NotSigned("kid")
    signing = [key for key in keys if may_verify(key)]
    if not signing:
        raise NotSigned("use")
    fitting = [key for key in signing if fits(key, jws.algorithm)]
    if not fitting:
        raise NotSigned("algorithm", "no key fits")
    return fitting
