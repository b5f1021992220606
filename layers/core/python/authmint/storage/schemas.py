"""What profiles of users and of groups may hold beside the standard attributes (docs/protocol.md §27.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .events import Event


@dataclass(frozen=True)
class UniqueAttribute:
    """An attribute of which no two users have the same value.

    Attributes:
        id: What values are held under: another one each time the attribute becomes unique.
        checked: Whether every user of before holds theirs.
        after: Until then, id of the last one that does.
    """

    id: str
    checked: bool = False
    after: str | None = None


@dataclass(frozen=True)
class ProfileSchema:
    """What administrators defined for the profiles of all users, or of all groups.

    Attributes:
        custom: JSON schema of each attribute of the org's own, by name.
        base: What differs from the start of standard attributes: members of their JSON schemas, by name.
        unique: Of the custom attributes, those whose values are unique, or are to be.
        unique_version: Raised by every change of which attributes these are.
    """

    custom: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    base: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unique: Mapping[str, UniqueAttribute] = field(default_factory=dict)
    unique_version: int = 0
    updated_at: int = 0
    version: int = 0


class ProfileSchemas(Protocol):
    """The one schema of users of a deployment, or the one of groups."""

    def get(self) -> ProfileSchema:
        """The schema; without custom attributes where nobody defined any."""

    def save(self, before: ProfileSchema, after: ProfileSchema, events: Sequence[Event]) -> None:
        """Raises Conflict: the schema is not at ``before.version`` any more."""
