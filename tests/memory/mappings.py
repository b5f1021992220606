"""Mappings to users in memory: for unit tests."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from authmint.storage.errors import Conflict
from authmint.storage.events import Event
from authmint.storage.mappings import UserMapping

from .directory import Record


class MemoryUserMappings:
    """``UserMappings``."""

    def __init__(self, lock: threading.RLock, record: Record) -> None:
        self._lock = lock
        self._record = record
        self._mappings: dict[str, UserMapping] = {}

    def get(self, source_id: str) -> UserMapping:
        return self._mappings.get(source_id, UserMapping())

    def save(self, source_id: str, before: UserMapping, after: UserMapping, events: Sequence[Event]) -> None:
        with self._lock:
            if self.get(source_id).version != before.version:
                raise Conflict(source_id)
            self._mappings[source_id] = replace(after, version=before.version + 1)
            self._record(events)

    def forget(self, source_id: str) -> None:
        with self._lock:
            self._mappings.pop(source_id, None)
