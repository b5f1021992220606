"""Grant records: what is single-use or revocable. ``expires_at`` is always compared; deletion may come late."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Revocation:
    """A revoked access token. ``expires_at`` is the token's own ``exp``."""

    server_id: str
    jti: str
    client_id: str
    revoked_at: int
    expires_at: int


class Revocations(Protocol):
    """Access tokens that were revoked before they expired."""

    def add(self, revocation: Revocation) -> bool:
        """Revoke. True when it was not revoked before."""

    def has(self, server_id: str, jti: str) -> bool:
        """Whether this token of this server was revoked. A consistent read."""


class UsedAssertions(Protocol):
    """``jti`` values of client assertions (RFC 7523 §3), per client."""

    def spend(self, client_id: str, jti: str, *, expires_at: int, at: int) -> None:
        """Use a ``jti``, exactly once even under concurrent calls.

        Raises:
            AlreadyUsed: A call before this one used it, and it has not expired since.
        """
