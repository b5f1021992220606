"""Keys of groups, and the note that a membership changed."""

from pynamodb.transactions import TransactWrite

from .items import HEAD, ConfigItem
from .memberships import alive

GROUPS = "GROUPS"


def partition(group_id: str) -> str:
    """The partition of one group."""
    return f"GROUP#{group_id}"


def moved(write: TransactWrite, item: type[ConfigItem], group_id: str, at: int) -> None:
    """Note on a living group, and in the list of groups, that a membership changed."""
    condition = alive(item)
    write.update(item(partition(group_id), HEAD), actions=[item.members_at.set(at)], condition=condition)
    write.update(item(GROUPS, group_id), actions=[item.members_at.set(at)], condition=item.pk.exists())
