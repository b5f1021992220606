"""What the protocol endpoints read of the directory: a person with groups and assignments, in one go."""

from dataclasses import dataclass
from typing import Protocol

from .clients import Client
from .groups import Group
from .users import User


@dataclass(frozen=True)
class Person:
    """A user as policies, claims and assignments see it.

    Attributes:
        groups: In ascending id, ``Everyone`` first.
        direct_app_ids: Ids of the clients that the user is assigned to without a group.
    """

    user: User
    groups: tuple[Group, ...]
    direct_app_ids: frozenset[str] = frozenset()

    @property
    def group_ids(self) -> frozenset[str]:
        """Ids of the groups, ``Everyone`` among them."""
        return frozenset(group.id for group in self.groups)


class Directory(Protocol):
    """People, read consistently."""

    def person(self, user_id: str) -> Person:
        """Raises NotFound."""

    def by_login(self, login: str) -> Person:
        """Raises NotFound."""


def is_assigned(person: Person, client: Client) -> bool:
    """Whether a person may get tokens through a client: directly, through a group, or because everybody may."""
    if client.implicit_assignment or client.id in person.direct_app_ids:
        return True
    return any(group.id in client.groups for group in person.groups)
