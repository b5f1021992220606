"""What the profile of a user for one app may hold beside the standard claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .events import Event


@dataclass(frozen=True)
class AppSchema:
    """The schema of an app's users.

    Attributes:
        custom: JSON schema of each attribute that administrators defined, by name.
        required: Names of the standard attributes that must be there, beside the user name.
    """

    custom: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    updated_at: int = 0
    version: int = 0


class AppSchemas(Protocol):
    """The schemas of all apps. Deleting a client takes its schema along."""

    def get(self, client_id: str) -> AppSchema:
        """The schema; without attributes of its own where nobody defined any."""

    def save(self, client_id: str, before: AppSchema, after: AppSchema, events: Sequence[Event]) -> None:
        """Store a change and its events, all or nothing.

        Raises:
            Conflict: The schema is not at ``before.version`` any more.
            NotFound: The client is gone.
        """
