"""Groups of users (docs/protocol.md §27.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from .events import Event

if TYPE_CHECKING:  # most functions never change who administers
    from .roles import BookChange


@dataclass(frozen=True)
class Group:
    """A group of users, with what its profile says.

    Attributes:
        custom: Attributes that the schema of groups defines beside name and description.
        members_at: When a membership changed last. Kept apart from the record: it does not raise the version.
        external_id: What the directory that provisions calls the group.
        version: Raised by every other change.
    """

    id: str
    name: str
    created_at: int
    updated_at: int
    members_at: int
    description: str | None = None
    type: Literal["OKTA_GROUP", "BUILT_IN"] = "OKTA_GROUP"
    custom: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    version: int = 0


EVERYONE_ID: Final = "00gAuthmintEveryone0"
_ALWAYS: Final = 1_704_067_200
#: Holds all users, always. It is no record: nobody can change or delete it.
EVERYONE_GROUP: Final = Group(
    EVERYONE_ID, "Everyone", _ALWAYS, _ALWAYS, _ALWAYS, "All users in your organization", "BUILT_IN"
)


class Groups(Protocol):
    """All groups of a deployment but ``Everyone``."""

    def get(self, group_id: str) -> Group:
        """The group of an id. Raises NotFound."""

    def many(self, group_ids: Sequence[str]) -> Sequence[Group]:
        """Those that exist, in ascending id."""

    def by_name(self, name: str) -> Group:
        """By name without regard to case. Raises NotFound."""

    def by_external_id(self, external_id: str) -> Sequence[Group]:
        """Groups that a directory calls so, in ascending id."""

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[Group]:
        """Groups in ascending id, from the first id greater than ``after``."""

    def add(self, group: Group, events: Sequence[Event]) -> None:
        """Raises AlreadyExists: ``id`` or ``name`` is taken."""

    def save(self, before: Group, after: Group, events: Sequence[Event]) -> None:
        """Store a change and its events, all or nothing, and raise the version.

        Raises:
            AlreadyExists: The new ``name`` is taken.
            Conflict: The group is not at ``before.version`` any more.
        """

    def delete(self, group: Group, events: Sequence[Event], *, book: "BookChange | None" = None) -> None:
        """Remove the group for good. Memberships and assignments may leave storage later; nothing reads them.

        Raises:
            Conflict: The group is not at ``group.version`` any more, or roles have changed.
        """

    def join(self, group_id: str, user_id: str, events: Sequence[Event], *, at: int) -> bool:
        """Make a user a member, whatever rules say from now on. False, and no event, where it is one.

        Raises:
            NotFound: The group or the user is gone.
            Conflict: Others are changing the same group. Try again.
        """

    def leave(
        self, group_id: str, user_id: str, events: Sequence[Event], *, at: int, book: "BookChange | None" = None
    ) -> bool:
        """End a membership. False, and no event, where there is none.

        Raises:
            NotFound: The group is gone.
            Conflict: Others are changing the same group, or roles that ``book`` is about. Try again.
        """

    def members(self, group_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[str]:
        """Ids of members in ascending order; of deleted users too, until they are swept."""
