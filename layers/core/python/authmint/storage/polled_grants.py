"""Grants that wait until their user decides elsewhere, while their client asks over and over."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from .generations import FIRST, Generations
from .token_families import RefreshToken, TokenFamily


@dataclass(frozen=True, kw_only=True)
class PolledGrant:
    """What a client asks about. ``digest`` is SHA-256 of what it holds, base64url.

    Attributes:
        resources: URIs of what its tokens can be for, as they were registered.
        polled_at, interval: When the client asked last, and how many seconds it has to wait.
        user_id: Who decides, where that is known, or decided.
        generations: Of the client when it began; from the decision on, of the user too.
    """

    digest: str
    server_id: str
    client_id: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    defaulted: bool = False
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


P = TypeVar("P", bound=PolledGrant)


class PolledGrants(Protocol[P]):
    """Those of one kind, of a deployment."""

    def get(self, digest: str) -> P:
        """A consistent read. Expired ones are found too, for a while. Raises NotFound."""

    def polled(self, grant: P, *, at: int, interval: int) -> None:
        """Note that the client asked."""

    def decide(self, grant: P, decided: P) -> None:
        """Store the user's decision, exactly once.

        Raises:
            AlreadyUsed: It was decided before.
        """

    def redeem(self, grant: P, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        """Use an approved grant up and store what it gives, all or nothing, exactly once.

        Raises:
            AlreadyUsed: It is not approved, or a call before this one used it, or it is gone.
        """
