"""Schemas of apps' users in memory: for unit tests."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from authmint.storage.app_schemas import AppSchema
from authmint.storage.errors import Conflict
from authmint.storage.events import Event

from .directory import Record


class MemoryAppSchemas:
    """``AppSchemas``."""

    def __init__(self, find: Callable[[str], object], lock: threading.RLock, record: Record) -> None:
        """``find`` raises NotFound: what it would be the schema of is gone."""
        self._find = find
        self._lock = lock
        self._record = record
        self._schemas: dict[str, AppSchema] = {}

    def get(self, client_id: str) -> AppSchema:
        return self._schemas.get(client_id, AppSchema())

    def save(self, client_id: str, before: AppSchema, after: AppSchema, events: Sequence[Event]) -> None:
        with self._lock:
            self._find(client_id)
            if self.get(client_id).version != before.version:
                raise Conflict(client_id)
            self._schemas[client_id] = replace(after, version=before.version + 1)
            self._record(events)

    def client_deleted(self, client_id: str) -> None:
        """What deleting a client takes along."""
        with self._lock:
            self._schemas.pop(client_id, None)
