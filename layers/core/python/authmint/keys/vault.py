"""What the domain asks of a key management service. The package ``kms`` implements it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..jose.keys import SigningAlgorithm
from ..outage import Outage


@dataclass(frozen=True)
class KeyPair:
    """A new key pair. ``jwk`` has the public members only; ``wrapped`` is the private half, base64."""

    jwk: Mapping[str, str]
    wrapped: str


class VaultUnavailable(Outage):
    """The key management service could not answer now."""


class KeyPairs(Protocol):
    """Makes key pairs without ever seeing the private half."""

    def generate(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        """A new pair whose private half only opens for this server and kid.

        Raises:
            VaultUnavailable: Now.
        """


class SecretSeals(Protocol):
    """Seals client secrets, which must be shown again and used as HMAC keys."""

    def seal(self, client_id: str, secret_id: str, secret: str) -> str:
        """The sealed secret, base64. Raises VaultUnavailable."""

    def open(self, client_id: str, secret_id: str, wrapped: str) -> str:
        """The secret. Raises VaultUnavailable."""
