"""Clients that registered themselves, and the tokens that let them, in memory: for unit tests."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from authmint.storage.dynamic_clients import DynamicClient, RegistrationToken, TooMany, token_id
from authmint.storage.errors import AlreadyUsed, Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.logout_notices import EndedTokens


class MemoryRegistrationTokens:
    """``RegistrationTokens``."""

    def __init__(self, lock: threading.RLock, record: Callable[[Sequence[Event]], None]) -> None:
        self._lock = lock
        self._record = record
        self.records: dict[tuple[str, str], RegistrationToken] = {}

    def add(self, token: RegistrationToken, events: Sequence[Event]) -> None:
        with self._lock:
            self.records[token.server_id, token.id] = token
            self._record(events)

    def get(self, server_id: str, identifier: str) -> RegistrationToken:
        with self._lock:
            try:
                return self.records[server_id, identifier]
            except KeyError:
                raise NotFound(identifier) from None

    def list(self, server_id: str) -> Sequence[RegistrationToken]:
        with self._lock:
            found = [token for (server, _), token in self.records.items() if server == server_id]
        return sorted(found, key=lambda token: token.id)

    def delete(self, token: RegistrationToken, events: Sequence[Event]) -> None:
        with self._lock:
            self.get(token.server_id, token.id)
            del self.records[token.server_id, token.id]
            self._record(events)


class MemoryDynamicClients:
    """``DynamicClients``."""

    def __init__(
        self,
        lock: threading.RLock,
        tokens: MemoryRegistrationTokens,
        record: Callable[[Sequence[Event]], None],
        ended: Callable[[EndedTokens], None],
    ) -> None:
        self._ended = ended
        self._lock = lock
        self._tokens = tokens
        self._record = record
        self.records: dict[tuple[str, str], DynamicClient] = {}

    def get(self, server_id: str, client_id: str) -> DynamicClient:
        with self._lock:
            try:
                return self.records[server_id, client_id]
            except KeyError:
                raise NotFound(client_id) from None

    def list(self, server_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[DynamicClient]:
        with self._lock:
            found = [client for (server, _), client in self.records.items() if server == server_id]
        later = sorted((client for client in found if client.id > (after or "")), key=lambda client: client.id)
        return later[:limit]

    def register(self, client: DynamicClient, *, most: int, at: int, token: str | None = None) -> DynamicClient:
        with self._lock:
            known = self.records.get((client.server_id, client.id))
            if known is not None and (known.status == "BLOCKED" or known.expires_at > at):
                return known
            opens = None if token is None else self._opening(client.server_id, token, at)
            there = [one for (server, _), one in self.records.items() if server == client.server_id]
            if sum(one.status == "ACTIVE" and one.expires_at > at for one in there) >= most:
                raise TooMany
            if opens is not None:
                self._tokens.records[opens.server_id, opens.id] = replace(opens, uses=opens.uses - 1)
            self.records[client.server_id, client.id] = client
            return client

    def _opening(self, server_id: str, digest: str, at: int) -> RegistrationToken:
        known = self._tokens.records.get((server_id, token_id(digest)))
        if known is None or known.digest != digest or known.expires_at <= at or known.uses <= 0:
            raise AlreadyUsed("registration token")
        return known

    def touch(self, client: DynamicClient, *, until: int, at: int) -> None:
        with self._lock:
            known = self.get(client.server_id, client.id)
            if known.status != "ACTIVE" or known.expires_at <= at:
                raise NotFound(client.id)
            self.records[known.server_id, known.id] = replace(
                known, expires_at=max(until, client.expires_at), used_at=at
            )

    def block(self, client: DynamicClient, *, at: int, events: Sequence[Event]) -> DynamicClient:
        after = replace(client, status="BLOCKED", generation=max(client.generation + 1, at))
        return self._turned(client, after, events)

    def unblock(self, client: DynamicClient, *, until: int, at: int, events: Sequence[Event]) -> DynamicClient:
        after = replace(client, status="ACTIVE", created_at=at, expires_at=until, used_at=None)
        return self._turned(client, after, events)

    def _turned(self, before: DynamicClient, after: DynamicClient, events: Sequence[Event]) -> DynamicClient:
        with self._lock:
            known = self.get(before.server_id, before.id)
            if (known.status, known.generation) != (before.status, before.generation):
                raise Conflict(before.id)
            self.records[before.server_id, before.id] = after
            self._record(events)
            if after.generation != before.generation:
                at = after.generation
                self._ended(EndedTokens.of_client(after.id, after.generation, at=at, server_id=after.server_id))
        return after
