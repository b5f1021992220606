"""Lists of who and what a role is limited to: the members of its groups, and the groups themselves."""

from collections.abc import Callable, Sequence
from heapq import merge
from itertools import islice

from ...storage.groups import EVERYONE_GROUP, EVERYONE_ID, Group, Groups
from ...storage.users import User, Users
from ..administrators.access import Reach

ReadUsers = Callable[[str | None, int], Sequence[User]]
ReadGroups = Callable[[str | None, int], Sequence[Group]]


def gone(user_id: str) -> User:
    """Who was deleted and is not swept yet: keeps a place in a list, so that a walk goes on, and is not shown."""
    return User(user_id, 0, 0, "DEPROVISIONED", {})


def read_users(users: Users, groups: Groups, reach: Reach) -> ReadUsers:
    """Reads a list of users in ascending id: all of them, or those within reach."""
    if reach.has_member(()):
        return lambda after, size: users.list(after=after, limit=size)

    def read(after: str | None, size: int) -> Sequence[User]:
        members = [groups.members(group_id, after=after, limit=size) for group_id in sorted(reach.groups)]
        ids = list(islice(dict.fromkeys(merge(*members)), size))
        found = {user.id: user for user in users.many(ids)}
        return [found.get(user_id) or gone(user_id) for user_id in ids]

    return read


def read_groups(groups: Groups, reach: Reach) -> ReadGroups:
    """Reads a list of groups but ``Everyone``: all of them, or those within reach."""
    if reach.everything:
        return lambda after, size: groups.list(after=after, limit=size)
    ids = sorted(reach.groups - {EVERYONE_ID})
    return lambda after, size: groups.many([one for one in ids if after is None or one > after][:size])


def first_groups(reach: Reach) -> list[Group]:
    """``Everyone``, where it is within reach."""
    return [EVERYONE_GROUP] if reach.has_group(EVERYONE_ID) else []
