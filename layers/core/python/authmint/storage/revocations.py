"""Access tokens that were revoked before they expired (RFC 7009)."""

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

    def at(self, server_id: str, jti: str) -> int | None:
        """When this token of this server was revoked (Unix seconds); ``None``: it was not. A consistent read."""

    def has(self, server_id: str, jti: str) -> bool:
        """Whether this token of this server was revoked. A consistent read."""
