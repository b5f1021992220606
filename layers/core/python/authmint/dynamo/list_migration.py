"""Lists of the first form, in one partition each, into shards (``sharded``).

What moves is in one of both places at any time, and readers look into both, so there is nothing to copy beforehand;
where it stopped is where something is left.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ..storage.errors import Conflict, Unavailable
from ..storage.servers import ORG_SERVER
from .connection import translated
from .items import Item
from .servers import SERVERS
from .sharded import shard_of
from .tables import ConditionFailed, Tables
from .token_family_items import family_listed, holders
from .users import USERS, version_listed

#: Items that are moved together: twice as many operations are in the transaction.
_AT_ONCE: Final = 25


@dataclass(frozen=True)
class ListsIntoShards:
    """The migration. It can be interrupted anywhere and run again."""

    tables: Tables

    def users(self) -> int:
        """Move what is left of the list of users. How many that were. Raises Unavailable."""
        return self._moved(self.tables.config, USERS, _itself, version_listed)

    def holders(self) -> int:
        """Move what is left of who holds refresh tokens of which server. How many that were. Raises Unavailable."""
        if self.tables.grants is None:
            raise Unavailable("there is no grants table")
        with translated():
            ids = [item.sk for item in self.tables.config.query(SERVERS, consistent_read=True)]
        found = 0
        for server_id in (ORG_SERVER, *ids):
            found += self._moved(self.tables.grants, holders(server_id), family_listed, _the_same)
        return found

    def _moved(self, table: type[Any], listing: str, id_of: Callable[[str], str], counts: Callable[[Any], int]) -> int:
        found = 0
        while number := self.tables.retrying(partial(self._move, table, listing, id_of, counts)):
            found += number
        return found

    def _move(self, table: type[Any], listing: str, id_of: Callable[[str], str], counts: Callable[[Any], int]) -> int:
        """Move some. Raises Conflict: somebody was at work at one of them; nothing was moved."""
        with translated():
            left = list(table.query(listing, consistent_read=True, limit=_AT_ONCE))
            keys = {item.sk: (shard_of(listing, id_of(item.sk)), item.sk) for item in left}
            there = {item.sk: item for item in _found(table, list(keys.values()))}
        if not left:
            return 0
        try:
            with self.tables.transaction() as write:
                for item in left:
                    write.delete(table(listing, item.sk), condition=_unchanged(table, item))
                    known = there.get(item.sk)
                    if known is None or counts(item) > counts(known):
                        moved = table(**item.attribute_values | {"pk": keys[item.sk][0]})
                        absent = table.pk.does_not_exist()
                        write.save(moved, condition=absent if known is None else _unchanged(table, known))
        except ConditionFailed:
            raise Conflict(f"somebody was at work at the list {listing}") from None
        return len(left)


def _itself(sort_key: str) -> str:
    return sort_key


def _the_same(_: Any) -> int:
    """Items that say nothing but that they are there."""
    return 0


def _found(table: type[Any], keys: list[tuple[str, str]]) -> Iterator[Item]:
    yield from table.batch_get(keys, consistent_read=True) if keys else ()


def _unchanged(table: type[Any], item: Any) -> Any:
    return table.pk.exists() if item.body is None else table.body == item.body
