"""Which users are of which type, where it is not the default one: a mark each, so that a type knows of its users."""

from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from ..storage.users import User
from .items import HEAD, ConfigItem

#: The list of types of users.
USER_TYPES: Final = "USERTYPES"


def type_partition(type_id: str) -> str:
    """The partition of marks: one for each user of a type."""
    return f"USERTYPE#{type_id}"


def check_types(write: TransactWrite, item: type[ConfigItem], user: User, version: int) -> None:
    """Only if the list of types is at a version still: then the type of the user stands."""
    if user.type_id is not None:
        unchanged: Condition = item.version == version  # pynamodb types it as bool
        write.condition_check(item, USER_TYPES, HEAD, condition=unchanged)


def mark(write: TransactWrite, item: type[ConfigItem], user: User) -> None:
    """The user is of its type."""
    if user.type_id is not None:
        write.save(item(type_partition(user.type_id), user.id))


def unmark(write: TransactWrite, item: type[ConfigItem], user: User) -> None:
    """The user is of its type no longer."""
    if user.type_id is not None:
        write.delete(item(type_partition(user.type_id), user.id))
