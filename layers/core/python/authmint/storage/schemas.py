"""What a user's profile may hold beside the standard attributes (docs/protocol.md §27.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .events import Event


@dataclass(frozen=True)
class UserSchema:
    """Attributes of users that administrators defined.

    Attributes:
        custom: JSON schema of each attribute by name.
    """

    custom: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    updated_at: int = 0
    version: int = 0


class UserSchemas(Protocol):
    """The one schema of users of a deployment."""

    def get(self) -> UserSchema:
        """The schema; without custom attributes where nobody defined any."""

    def save(self, before: UserSchema, after: UserSchema, events: Sequence[Event]) -> None:
        """Raises Conflict: the schema is not at ``before.version`` any more."""
