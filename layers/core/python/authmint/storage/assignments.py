"""Who is assigned to a client (docs/protocol.md §26.7).

The groups of a client stand on its own record, ``Client.groups``: whoever reads the client has them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .clients import Client
from .events import Event

#: Assignments that make way for one: they are stored together.
MOST_MOVED: Final = 40


@dataclass(frozen=True)
class AppUser:
    """A user assigned directly. ``user_name`` is what tokens for this client call the user."""

    client_id: str
    user_id: str
    user_name: str
    created_at: int
    updated_at: int
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AppGroup:
    """A group assigned. ``priority`` starts at 0; no other group of the client has the same."""

    client_id: str
    group_id: str
    priority: int
    updated_at: int
    profile: Mapping[str, Any] = field(default_factory=dict)


class Assignments(Protocol):
    """All assignments of a deployment."""

    def user(self, client_id: str, user_id: str) -> AppUser:
        """Raises NotFound."""

    def users(self, client_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[AppUser]:
        """Users assigned directly, in ascending id."""

    def add_user(self, assigned: AppUser, events: Sequence[Event]) -> None:
        """Assign a user to a client, with what the user is called there.

        Raises:
            AlreadyExists: ``user`` is assigned directly.
            NotFound: The client or the user is gone.
        """

    def change_user(self, before: AppUser, after: AppUser, events: Sequence[Event]) -> None:
        """Store a change of an assignment.

        Raises:
            NotFound: There is none.
            Conflict: It is not as ``before`` any more.
        """

    def remove_user(self, client_id: str, user_id: str, events: Sequence[Event]) -> None:
        """Raises NotFound."""

    def group(self, client_id: str, group_id: str) -> AppGroup:
        """Raises NotFound."""

    def groups(self, client_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[AppGroup]:
        """Groups assigned, in ascending id; deleted ones too, until they are swept."""

    def put_group(
        self, client: Client, assigned: AppGroup, events: Sequence[Event], *, moved: Sequence[AppGroup] = ()
    ) -> None:
        """Assign a group, or store an assignment that is there.

        Args:
            client: As it was read, with the groups that are assigned.
            assigned: To store.
            events: Of the change.
            moved: At most ``MOST_MOVED`` other assignments that are there and make way.

        Raises:
            NotFound: The group is gone.
            Conflict: The client is not at ``client.version`` any more.
        """

    def remove_group(self, client: Client, group_id: str, events: Sequence[Event]) -> None:
        """Raises Conflict: the client is not at ``client.version`` any more."""

    def clients_of_group(self, group_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[str]:
        """Ids of the clients that a group is assigned to, in ascending order."""
