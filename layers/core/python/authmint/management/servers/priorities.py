"""Priorities of policies and rules: dense from 1, whatever was asked for.

Tools make siblings in parallel and in any order, each with its priority. One that comes before those that stand before
it is last for now, and remembers the place that it was asked to have until there are enough siblings.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .server_changes import find, replaced, without


def placed(records: Sequence[Any], record: Any, priority: int | None) -> tuple[Any, ...]:
    """The records with one put at a priority, new or moved: 1 is first, and others make way.

    Without a priority a new one is last, after all that wait for a place; one that is there stays where it is.
    """
    known = find(records, record.id)
    if priority is None and known is not None:
        return replaced(records, replace(record, asked=known.asked))
    others = without(records, record.id)
    if priority is None:
        return (*(_settled(one) for one in others), _settled(record))
    settled = [one for one in others if one.asked is None]
    waiting = [one for one in others if one.asked is not None]
    if priority > len(settled) + 1:
        waiting.insert(0, replace(record, asked=priority))
    else:
        settled.insert(max(priority - 1, 0), _settled(record))
    return _together(settled, sorted(waiting, key=lambda one: one.asked))


def _together(settled: Iterable[Any], waiting: Sequence[Any]) -> tuple[Any, ...]:
    """Those that wait at the places that they were asked to have, or behind, as long as there are too few others."""
    order = list(settled)
    left = []
    free = 0
    for one in waiting:
        if one.asked > len(order) + 1:
            left.append(one)
        else:
            at = max(one.asked - 1, free)
            order.insert(at, _settled(one))
            free = at + 1
    return (*order, *left)


def _settled(record: Any) -> Any:
    return record if record.asked is None else replace(record, asked=None)
