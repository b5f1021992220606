"""Checks, in the transaction that takes a way in from somebody, that another one is there."""

from pynamodb.transactions import TransactWrite

from ..storage.identity_providers import IdpLink
from ..storage.users import User
from ..storage.ways_in import Way
from .identity_providers import partition as provider_partition
from .items import HEAD, ConfigItem
from .memberships import OWN, alive
from .users import partition


def check_there(write: TransactWrite, item: type[ConfigItem], way: Way) -> None:
    """One condition: the user is as read, or the link or the factor is there."""
    if isinstance(way, User):
        unchanged = (item.version == way.version) & alive(item)
        write.condition_check(item, partition(way.id), HEAD, condition=unchanged)
        return
    place = provider_partition(way.idp_id) if isinstance(way, IdpLink) else OWN + way.id
    write.condition_check(item, partition(way.user_id), place, condition=item.pk.exists())
