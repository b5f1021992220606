"""What users' profiles are made of when they come from elsewhere (docs/protocol.md §38.1).

What an app's profiles of its users are made of stands on the app itself, ``Client.user_mapping``: tokens read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .clients import MappedAttribute
from .events import Event


@dataclass(frozen=True)
class UserMapping:
    """From one identity provider or app to users.

    Attributes:
        properties: By attribute of the user; ``None``: nobody changed what there is from the start.
    """

    properties: Mapping[str, MappedAttribute] | None = None
    version: int = 0


class UserMappings(Protocol):
    """Mappings to users by the id of what they come from. Whoever deletes that forgets them."""

    def get(self, source_id: str) -> UserMapping:
        """The mapping; one that nobody changed where nothing is stored."""

    def save(self, source_id: str, before: UserMapping, after: UserMapping, events: Sequence[Event]) -> None:
        """Store a change and its events, all or nothing. Raises Conflict: it is not at ``before.version`` any more."""

    def forget(self, source_id: str) -> None:
        """Remove what is stored, if anything is."""
