"""Hooks in memory."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from authmint.storage.errors import Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.hook_deliveries import DeadLetter, Progress
from authmint.storage.hooks import HookList

_H = TypeVar("_H")


class MemoryHooks(Generic[_H]):
    """``Hooks``."""

    def __init__(self, lock: threading.RLock, record: Callable[[Sequence[Event]], None]) -> None:
        self._lock = lock
        self._record = record
        self._listed: HookList[Any] = HookList()

    def all(self) -> HookList[_H]:
        return self._listed

    def get(self, hook_id: str) -> _H:
        for hook in self._listed.hooks:
            if hook.id == hook_id:
                found: _H = hook
                return found
        raise NotFound(hook_id)

    def save(self, before: Any, after: Any, events: Sequence[Event], *, seen: HookList[_H]) -> None:
        about = before if after is None else after
        with self._lock:
            if self._listed.version != seen.version:
                raise Conflict(about.id)
            hooks = [hook for hook in self._listed.hooks if hook.id != about.id]
            if after is not None:
                hooks.append(replace(after, version=(0 if before is None else before.version) + 1))
            self._listed = HookList(tuple(sorted(hooks, key=lambda hook: hook.id)), seen.version + 1)
            self._record(events)


class MemoryHookDeliveries:
    """``HookDeliveries``."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._progress: dict[str, Progress] = {}
        self._letters: dict[tuple[str, str], DeadLetter] = {}

    def progress(self, hook_id: str) -> Progress:
        return self._progress.get(hook_id, Progress(hook_id))

    def save(self, progress: Progress, *, letter: DeadLetter | None = None) -> Progress:
        with self._lock:
            if self.progress(progress.hook_id).version != progress.version:
                raise Conflict(progress.hook_id)
            after = self._progress[progress.hook_id] = replace(progress, version=progress.version + 1)
            if letter is not None:
                self._letters[letter.hook_id, letter.place] = letter
            return after

    def dead_letters(self, hook_id: str, *, limit: int) -> Sequence[DeadLetter]:
        return [self._letters[key] for key in sorted(self._letters) if key[0] == hook_id][:limit]

    def forget(self, letter: DeadLetter) -> None:
        self._letters.pop((letter.hook_id, letter.place), None)
