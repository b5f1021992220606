"""Administrators' roles (docs/protocol.md §35): who holds which, and over what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

from .events import Event

RoleType = Literal[
    "SUPER_ADMIN",
    "ORG_ADMIN",
    "API_ACCESS_MANAGEMENT_ADMIN",
    "APP_ADMIN",
    "USER_ADMIN",
    "GROUP_MEMBERSHIP_ADMIN",
    "HELP_DESK_ADMIN",
    "READ_ONLY_ADMIN",
    "REPORT_ADMIN",
]
AssigneeKind = Literal["USER", "GROUP", "CLIENT"]
#: Of one assignee, of one role.
MOST_ROLES: Final = 10
MOST_TARGETS: Final = 100
#: Of a deployment: all of them are one item of storage.
MOST_ASSIGNEES: Final = 1_000
MOST_TARGETS_IN_ALL: Final = 5_000


@dataclass(frozen=True)
class RoleAssignment:
    """A role of somebody.

    Attributes:
        groups: Ids of the groups that it is limited to; none: it is not limited. One that is gone stays here, so that
            a role never becomes wider by itself.
        apps: The same of apps: a name in the catalogue, or name and id as ``oidc_client/0oa…``.
    """

    id: str
    type: RoleType
    created_at: int
    updated_at: int
    groups: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()

    @property
    def limited(self) -> bool:
        """Whether it reaches its targets only."""
        return bool(self.groups or self.apps)


@dataclass(frozen=True)
class RoleBook:
    """All roles of a deployment, read and changed as one (docs/decisions/0031): who is last is never decided twice.

    Attributes:
        users, groups, clients: Roles by the id of who holds them.
    """

    users: Mapping[str, tuple[RoleAssignment, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[RoleAssignment, ...]] = field(default_factory=dict)
    clients: Mapping[str, tuple[RoleAssignment, ...]] = field(default_factory=dict)
    version: int = 0

    def of(self, kind: AssigneeKind, assignee_id: str) -> tuple[RoleAssignment, ...]:
        """The roles that an assignee holds itself."""
        return self._held(kind).get(assignee_id, ())

    def of_user(self, user_id: str, group_ids: Sequence[str]) -> tuple[RoleAssignment, ...]:
        """The roles of a user: their own, and those of their groups."""
        through = [role for group_id in group_ids for role in self.of("GROUP", group_id)]
        return (*self.of("USER", user_id), *through)

    def holders(self, kind: AssigneeKind, role: RoleType) -> list[str]:
        """Who holds a role itself, in ascending id."""
        return sorted(one for one, roles in self._held(kind).items() if any(held.type == role for held in roles))

    def having(self, kind: AssigneeKind, assignee_id: str, roles: Sequence[RoleAssignment]) -> "RoleBook":
        """The book in which an assignee holds these roles and no others."""
        others = {one: held for one, held in self._held(kind).items() if one != assignee_id}
        if roles:
            others[assignee_id] = tuple(roles)
        match kind:
            case "USER":
                return replace(self, users=others)
            case "GROUP":
                return replace(self, groups=others)
            case "CLIENT":
                return replace(self, clients=others)

    @property
    def fits(self) -> bool:
        """Whether it is small enough to be one item."""
        every = [roles for held in (self.users, self.groups, self.clients) for roles in held.values()]
        targets = sum(len(role.groups) + len(role.apps) for roles in every for role in roles)
        return len(every) <= MOST_ASSIGNEES and targets <= MOST_TARGETS_IN_ALL

    def _held(self, kind: AssigneeKind) -> Mapping[str, tuple[RoleAssignment, ...]]:
        return {"USER": self.users, "GROUP": self.groups, "CLIENT": self.clients}[kind]


@dataclass(frozen=True)
class BookChange:
    """What is stored of the book together with something else, on the condition that it is still as it was read.

    Where both are the same, nothing but the version changes: whoever decided by the book at the same time decides anew.

    Attributes:
        looked_at: Not even that: it is only that condition, by who may not write the book.
    """

    before: RoleBook
    after: RoleBook
    looked_at: bool = False


class Roles(Protocol):
    """The one record of a deployment."""

    def get(self) -> RoleBook:
        """The book. A consistent read."""

    def save(self, before: RoleBook, after: RoleBook, events: Sequence[Event]) -> None:
        """Raises Conflict: the book is not at ``before.version`` any more."""
