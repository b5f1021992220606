"""``IssuerSubjects`` in memory."""

import threading
from collections.abc import Callable, Sequence

from authmint.storage.errors import AlreadyExists, NotFound
from authmint.storage.events import Event
from authmint.storage.trusted_issuers import IssuerSubject


class MemoryIssuerSubjects:
    """``IssuerSubjects``."""

    def __init__(self, lock: threading.RLock, emit: Callable[[Sequence[Event]], None]) -> None:
        self._lock = lock
        self._emit = emit
        self._subjects: dict[tuple[str, str], IssuerSubject] = {}

    def get(self, issuer_id: str, subject_id: str) -> IssuerSubject:
        try:
            return self._subjects[issuer_id, subject_id]
        except KeyError:
            raise NotFound(subject_id) from None

    def list(self, issuer_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[IssuerSubject]:
        own = sorted(key[1] for key in self._subjects if key[0] == issuer_id and (after is None or key[1] > after))
        return [self._subjects[issuer_id, subject_id] for subject_id in own[:limit]]

    def add(self, subject: IssuerSubject, events: Sequence[Event]) -> None:
        with self._lock:
            if (subject.issuer_id, subject.id) in self._subjects:
                raise AlreadyExists("sub")
            self._subjects[subject.issuer_id, subject.id] = subject
            self._emit(events)

    def remove(self, subject: IssuerSubject, events: Sequence[Event]) -> None:
        with self._lock:
            if self._subjects.pop((subject.issuer_id, subject.id), None) is None:
                raise NotFound(subject.id)
            self._emit(events)

    def remove_all(self, issuer_id: str) -> None:
        with self._lock:
            for key in [key for key in self._subjects if key[0] == issuer_id]:
                del self._subjects[key]
