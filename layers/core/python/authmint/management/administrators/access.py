"""What the roles of a caller reach (docs/protocol.md §35.3). Several roles add up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from ...storage.groups import EVERYONE_ID
from ...storage.roles import RoleAssignment, RoleType
from .table import TABLE, Family, Right

#: What apps are called in the catalogue: as a target of a role, all of them.
CATALOG_APP: Final = "oidc_client"


@dataclass(frozen=True)
class Reach:
    """Over what a right holds: everything, or the targets of roles."""

    everything: bool = False
    groups: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.groups or self.apps)

    def has_group(self, group_id: str) -> bool:
        """Whether it holds over a group."""
        return self.everything or group_id in self.groups

    def has_member(self, group_ids: Collection[str]) -> bool:
        """Whether it holds over who is in these groups."""
        return self.everything or not self.groups.isdisjoint({*group_ids, EVERYONE_ID})

    def has_app(self, client_id: str) -> bool:
        """Whether it holds over an app."""
        return self.has_all_apps or f"{CATALOG_APP}/{client_id}" in self.apps

    @property
    def has_all_apps(self) -> bool:
        """Whether it holds over every app, those too that are not there yet."""
        return self.everything or CATALOG_APP in self.apps


@dataclass(frozen=True)
class Access:
    """What a caller may do. ``roles`` is ``None`` where none are asked for: everything."""

    roles: Sequence[RoleAssignment] | None

    def has(self, *types: RoleType) -> bool:
        """Whether the caller has one of these roles, or may do everything."""
        return self.roles is None or any(role.type in types for role in self.roles)

    @property
    def is_super(self) -> bool:
        """Whether everything is allowed."""
        return self.has("SUPER_ADMIN")

    def reach(self, family: Family, right: Right = "R") -> Reach:
        """Over what the caller has a right in a family of operations."""
        if self.is_super:
            return Reach(everything=True)
        groups: set[str] = set()
        apps: set[str] = set()
        for role in self.roles or ():
            cell = TABLE[family][role.type]
            if not cell.covers(right):
                continue
            if not (cell.narrowed and role.limited):
                return Reach(everything=True)
            groups.update(role.groups)
            apps.update(role.apps)
        return Reach(groups=frozenset(groups), apps=frozenset(apps))


EVERYTHING: Final = Access(None)


def is_higher(held: Sequence[RoleAssignment], access: Access) -> bool:
    """Whether somebody with these roles is out of the hands of a caller, who would come by more than the caller has.

    Nobody but a super administrator touches one, and people with any role are left to organizational ones.
    """
    if any(role.type == "SUPER_ADMIN" for role in held):
        return not access.is_super
    return bool(held) and not access.has("SUPER_ADMIN", "ORG_ADMIN")
