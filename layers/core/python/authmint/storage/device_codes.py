"""Device codes (RFC 8628)."""

from dataclasses import dataclass
from typing import Literal, Protocol

from .generations import FIRST, Generations
from .token_families import RefreshToken, TokenFamily


@dataclass(frozen=True)
class DeviceCode:
    """A device that waits for its user. ``digest`` is SHA-256 of the device code, base64url.

    Attributes:
        user_code: Eight letters, without the hyphen that people see.
        resources: URIs of what its tokens can be for, as they were registered.
        polled_at, interval: When the device asked last, and how many seconds it has to wait.
        user_id: Who decided.
        generations: Of the client when the device asked; from the decision on, of the user too.
    """

    digest: str
    user_code: str
    server_id: str
    client_id: str
    scopes: tuple[str, ...]
    defaulted: bool
    created_at: int
    expires_at: int
    status: Literal["PENDING", "APPROVED", "DENIED", "SPENT"] = "PENDING"
    interval: int = 5
    polled_at: int = 0
    user_id: str | None = None
    auth_time: int = 0
    amr: tuple[str, ...] = ()
    session_id: str | None = None
    generations: Generations = FIRST
    resources: tuple[str, ...] = ()
    idp: str | None = None


class DeviceCodes(Protocol):
    """All device codes of a deployment."""

    def add(self, code: DeviceCode) -> None:
        """Raises AlreadyExists: a living code has the same ``user_code``."""

    def get(self, digest: str) -> DeviceCode:
        """A consistent read. Expired ones are found too, for a while. Raises NotFound."""

    def by_user_code(self, user_code: str) -> DeviceCode:
        """A consistent read. Raises NotFound."""

    def polled(self, code: DeviceCode, *, at: int, interval: int) -> None:
        """Note that the device asked."""

    def decide(self, code: DeviceCode, decided: DeviceCode) -> None:
        """Store the user's decision, exactly once.

        Raises:
            AlreadyUsed: It was decided before.
        """

    def redeem(self, code: DeviceCode, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        """Use an approved code up and store what it gives, all or nothing, exactly once.

        Raises:
            AlreadyUsed: It is not approved, or a call before this one used it, or it is gone.
        """
