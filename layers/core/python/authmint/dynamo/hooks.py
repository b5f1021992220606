"""``Hooks`` in DynamoDB: the partitions ``INLINEHOOKS`` and ``EVENTHOOKS``."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from ..storage.events import Event
from ..storage.hooks import EventHook, HookList, InlineHook
from .listed import Listed
from .tables import Tables

_H = TypeVar("_H")


class _Hooks(Generic[_H]):
    """``Hooks`` of one kind."""

    def __init__(self, listed: Listed[_H]) -> None:
        self._listed = listed

    def all(self) -> HookList[_H]:
        return HookList(*self._listed.read())

    def get(self, hook_id: str) -> _H:
        return self._listed.one(hook_id)

    def save(self, before: _H | None, after: _H | None, events: Sequence[Event], *, seen: HookList[_H]) -> None:
        self._listed.change(before, after, events, seen=seen.version)


class DynamoInlineHooks(_Hooks[InlineHook]):
    """``Hooks[InlineHook]``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(Listed(tables, "INLINEHOOKS", InlineHook))


class DynamoEventHooks(_Hooks[EventHook]):
    """``Hooks[EventHook]``."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(Listed(tables, "EVENTHOOKS", EventHook))
