"""By which attributes values have to be unique when a profile is written: a version that changes of users check.

It stands in as many items as spread the changes of users that come at once: two transactions that check one item at the
same time are in conflict.
"""

import zlib
from typing import Final

from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from ..storage.users import User
from .connection import error_code, translated
from .items import HEAD, ConfigItem

SHARDS: Final = 32


def _partition(type_id: str | None, shard: int) -> str:
    return f"UNIQUEAT#{type_id or 'default'}#{shard}"


def check_unique(write: TransactWrite, item: type[ConfigItem], user: User) -> None:
    """Only if the unique values of the user were found by no older schema than is expected."""
    known: Condition = item.version.does_not_exist() | (item.version <= user.unique_version)
    write.condition_check(item, _partition(user.type_id, zlib.crc32(user.id.encode()) % SHARDS), HEAD, condition=known)


def raise_unique(item: type[ConfigItem], type_id: str | None, version: int) -> None:
    """Expect a version from now on, or a later one that is expected already."""
    older: Condition = item.version.does_not_exist() | (item.version < version)
    for shard in range(SHARDS):
        with translated():
            try:
                item(_partition(type_id, shard), HEAD, version=version).save(older)
            except PutError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
