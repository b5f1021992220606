"""Lists that grow with every sign-in or every user: each in several partitions, which readers merge.

DynamoDB writes 1,000 units a second in one partition, and splitting it does not help where keys only ascend, as ids
do. So an item lies in the partition that a checksum of its id says. Items of the tables' first form lie in the
partition of the list itself, and count as one more shard until ``authmint migrate`` has moved them.
"""

import heapq
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from math import isqrt
from operator import attrgetter
from typing import Any, Final, TypeVar

from pynamodb.expressions.condition import Condition

from .items import Item

SHARDS: Final = 8

_I = TypeVar("_I", bound=Item)
_sort_key = attrgetter("sk")


def shard_of(listing: str, item_id: str) -> str:
    """The partition of a list in which an item of this id is written."""
    return f"{listing}#{zlib.crc32(item_id.encode()) % SHARDS}"


def partitions(listing: str) -> Sequence[str]:
    """All partitions of a list, the one from before it was sharded last."""
    return *(f"{listing}#{shard}" for shard in range(SHARDS)), listing


def merged(
    item: type[_I],
    listing: str,
    condition: Condition | None,
    *,
    expected: int,
    descending: bool = False,
    attributes_to_get: Iterable[str] | None = None,
    counts: Callable[[_I], Any] = _sort_key,
) -> Iterator[_I]:
    """Items of a list in the order of their sort keys, each key once, read as far as they are taken.

    Args:
        item: Of the table.
        listing: The list.
        condition: On sort keys; the same of every partition.
        expected: How many will be taken, or about: what one Query reads of one partition is its share of them.
        descending: The last one first.
        attributes_to_get: Other than all.
        counts: What is greater for the item that counts, where one from before has the same key.
    """
    streams = [
        item.query(
            partition,
            condition,
            consistent_read=True,
            scan_index_forward=not descending,
            page_size=_share(expected),
            attributes_to_get=attributes_to_get,
        )
        for partition in partitions(listing)
    ]
    for _, same in groupby(heapq.merge(*streams, key=_sort_key, reverse=descending), _sort_key):
        first, *others = same
        yield max(first, *others, key=counts) if others else first


def _share(expected: int) -> int:
    """What all but few shards have at most of so many items: the average and two standard deviations."""
    average = expected // SHARDS
    return average + 2 * isqrt(average) + 2
