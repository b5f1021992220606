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


class VaultThrottled(VaultUnavailable):
    """The key management service is asked for more than it gives in a second. Later it answers."""


class KeyPairs(Protocol):
    """Makes key pairs without ever seeing the private half."""

    def generate(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair:
        """A new pair whose private half only opens for this server and kid.

        It is waited for where many want one at once: key pairs are rationed by the second.

        Raises:
            VaultUnavailable: It could not be had, or not in time.
        """

    def spare(self, server_id: str, kid: str, algorithm: SigningAlgorithm) -> KeyPair | None:
        """The same for what nobody waits for: ``None`` where it cannot be had at once, or others wait for theirs."""


class SecretSeals(Protocol):
    """Seals secrets of one kind: of clients, which are shown again and are HMAC keys, or of factors of users."""

    def seal(self, owner_id: str, secret_id: str, secret: str) -> str:
        """The sealed secret, base64. It only opens for this owner and this id. Raises VaultUnavailable."""

    def open(self, owner_id: str, secret_id: str, wrapped: str) -> str:
        """The secret. Raises VaultUnavailable."""
