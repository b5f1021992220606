"""Copies of clients' documents in memory: for unit tests."""

import threading
from collections.abc import Callable, Sequence

from authmint.storage.client_documents import ClientCopy
from authmint.storage.clients import secret_digest
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.logout_notices import EndedTokens


class MemoryClientCopies:
    """``ClientCopies``."""

    def __init__(self, lock: threading.RLock, ended: Callable[[EndedTokens], None] = lambda _: None) -> None:
        self._lock = lock
        self._ended = ended
        self.records: dict[tuple[str, str], ClientCopy] = {}
        self.claims: dict[str, int] = {}

    def get(self, server_id: str, url: str) -> ClientCopy:
        with self._lock:
            try:
                return self.records[server_id, url]
            except KeyError:
                raise NotFound(url) from None

    def list(
        self, server_id: str, *, after: str | None = None, limit: int = 200
    ) -> tuple[Sequence[ClientCopy], str | None]:
        with self._lock:
            own = {secret_digest(url): copy for (server, url), copy in self.records.items() if server == server_id}
        digests = sorted(digest for digest in own if after is None or digest > after)
        return [own[digest] for digest in digests[:limit]], digests[limit - 1] if len(digests) > limit else None

    def save(self, before: ClientCopy | None, after: ClientCopy) -> None:
        key = (after.server_id, after.document.url)
        with self._lock:
            if self.records.get(key) != before:
                raise Conflict(after.document.url)
            self.records[key] = after
            if before is not None and after.generation != before.generation:
                self._ended(
                    EndedTokens.of_client(key[1], after.generation, at=after.checked_at, server_id=after.server_id)
                )

    def claim(self, url: str, *, at: int, until: int) -> bool:
        with self._lock:
            if self.claims.get(url, 0) > at:
                return False
            self.claims[url] = until
            return True
