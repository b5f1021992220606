"""Users and groups as actors and targets of events."""

from ...storage.events import Party
from ...storage.groups import Group
from ...storage.users import User


def user_party(user: User) -> Party:
    """The user as a party of an event."""
    name = f"{user.profile.get('firstName')} {user.profile.get('lastName')}"
    return Party(user.id, "User", alternate_id=user.login, display_name=name)


def group_party(group: Group) -> Party:
    """The group as a target of an event."""
    return Party(group.id, "UserGroup", alternate_id=group.name, display_name=group.name)
