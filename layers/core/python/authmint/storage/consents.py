"""What users agreed to: one record per user, client, server, scope and resource (docs/protocol.md §8.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Consent:
    """A user's answer about one scope. ``SKIPPED``: an optional scope that the user left out.

    Attributes:
        resource: URI of what the scope is for; ``None``: the request named no resource.
    """

    id: str
    user_id: str
    client_id: str
    server_id: str
    scope: str
    created_at: int
    answer: Literal["GRANTED", "SKIPPED"] = "GRANTED"
    resource: str | None = None


class Consents(Protocol):
    """All consents of a deployment. They outlive tokens."""

    def given(self, user_id: str, client_id: str, server_id: str) -> Sequence[Consent]:
        """What a user answered for a client at a server. A consistent read."""

    def record(self, consents: Sequence[Consent]) -> None:
        """Store answers; a new one about the same scope and resource takes the place of the old one."""

    def of_user(self, user_id: str) -> Sequence[Consent]:
        """Everything that a user answered, in ascending id."""

    def revoke(self, consents: Sequence[Consent]) -> None:
        """Forget answers. Nothing happens where they are gone."""
