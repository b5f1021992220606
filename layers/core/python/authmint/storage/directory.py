"""What the protocol endpoints read of the directory: a person with groups and assignments, in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .assignments import AppUser
from .clients import Client
from .groups import Group
from .users import User


@dataclass(frozen=True)
class Person:
    """A user as policies, claims and assignments see it.

    Attributes:
        groups: In ascending id, ``Everyone`` first.
        app_users: Direct assignments by client id: what the user is called there.
    """

    user: User
    groups: tuple[Group, ...]
    app_users: Mapping[str, AppUser] = field(default_factory=dict)

    @property
    def group_ids(self) -> frozenset[str]:
        """Ids of the groups, ``Everyone`` among them."""
        return frozenset(group.id for group in self.groups)


class Directory(Protocol):
    """People, read consistently."""

    def person(self, user_id: str) -> Person:
        """The user of an id, with groups and assignments. Raises NotFound."""

    def by_login(self, login: str) -> Person:
        """The user of a login, with groups and assignments. Raises NotFound."""


def is_assigned(person: Person, client: Client) -> bool:
    """Whether a person may get tokens through a client: directly, through a group, or because everybody may."""
    if client.implicit_assignment or client.id in person.app_users:
        return True
    return any(group.id in client.groups for group in person.groups)
