"""API tokens of administrators (docs/protocol.md §24.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from .events import Event
from .servers import Status

#: Seconds without a use after which a token is dead.
UNUSED_LIFETIME: Final = 30 * 86_400
#: A use is written down at most this often (seconds).
USE_COUNTED_EVERY: Final = 3_600


@dataclass(frozen=True)
class ApiToken:
    """An API token that an administrator calls the management API with.

    Attributes:
        digest: SHA-256 of the token (256 random bits), base64url.
        used_at: The last use written down; the token's making counts as one.
        of_person: A person made it: it may do what this person may, at each call. Others come from who may invoke the
            management function, and may do everything.
        scopes: What it may do at most: an access token that makes one does not outgrow its scopes; ``None``: no limit.
        two_factors: It was made by who had signed in with two factors.
        scim: It is a directory's that provisions: good for that and for nothing else, whoever made it.
    """

    id: str
    name: str
    user_id: str
    digest: str
    created_at: int
    used_at: int = 0
    status: Status = "ACTIVE"
    of_person: bool = False
    scopes: tuple[str, ...] | None = None
    two_factors: bool = False
    scim: bool = False

    @property
    def expires_at(self) -> int:
        """When it dies unless it is used before."""
        return max(self.used_at, self.created_at) + UNUSED_LIFETIME


class ApiTokens(Protocol):
    """All API tokens of a deployment."""

    def find(self, digest: str) -> ApiToken:
        """The token of a digest. Raises NotFound."""

    def get(self, token_id: str) -> ApiToken:
        """Raises NotFound."""

    def list(self) -> Sequence[ApiToken]:
        """All of them, in ascending id."""

    def any(self) -> bool:
        """Whether there is one at all."""

    def add(self, token: ApiToken, events: Sequence[Event]) -> None:
        """Store a new token. Raises AlreadyExists."""

    def used(self, token: ApiToken, *, at: int) -> None:
        """Write a use down. Nothing happens where the token changed or went meanwhile."""

    def delete(self, token: ApiToken, events: Sequence[Event]) -> None:
        """Revoke it. Raises NotFound where that is done already."""
