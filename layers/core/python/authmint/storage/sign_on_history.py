"""What is remembered of somebody's sign-ins, to tell unusual ones, and what administrators say of their risk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from .events import Event
from .outbox import Mail

RiskOverride = Literal["LOW", "MEDIUM", "HIGH"]


@dataclass(frozen=True)
class PastSignIn:
    """Sign-ins one after the other from the same place with the same device.

    Attributes:
        at: Of the last of them, Unix seconds.
        count: How many they were.
        device: Digest of what names it.
        point: Latitude and longitude of the city.
    """

    at: int
    address: str
    count: int = 1
    device: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    point: tuple[float, float] | None = None
    asn: str | None = None


@dataclass(frozen=True)
class SignOnHistory:
    """Of one user.

    Attributes:
        sign_ins: The last one first.
        override: What administrators say the risk is, whatever is found.
        version: Raised by every change.
    """

    user_id: str
    sign_ins: tuple[PastSignIn, ...] = ()
    override: RiskOverride | None = None
    version: int = 0


class SignOnHistories(Protocol):
    """The histories of a deployment's users."""

    def get(self, user_id: str) -> SignOnHistory:
        """An empty one where there is none. A consistent read."""

    def save(
        self, before: SignOnHistory, after: SignOnHistory, events: Sequence[Event] = (), mails: Sequence[Mail] = ()
    ) -> None:
        """Store it with what it causes, all or nothing. Raises Conflict: it is not at ``before.version`` any more."""
