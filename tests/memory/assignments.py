"""Assignments in memory: for unit tests."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from authmint.storage.assignments import AppGroup, AppUser
from authmint.storage.clients import Client, Clients
from authmint.storage.errors import AlreadyExists, Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.groups import EVERYONE_GROUP

from .directory import MemoryUsers, Record, ids_after


class MemoryAssignments:
    """``Assignments``."""

    def __init__(self, users: MemoryUsers, clients: Clients, lock: threading.RLock, record: Record) -> None:
        self._state = users
        self._clients = clients
        self._lock = lock
        self._record = record

    def user(self, client_id: str, user_id: str) -> AppUser:
        try:
            return self._state.app_users[client_id, user_id]
        except KeyError:
            raise NotFound(user_id) from None

    def users(self, client_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[AppUser]:
        ids = ids_after([user for client, user in self._state.app_users if client == client_id], after, limit)
        return [self._state.app_users[client_id, user_id] for user_id in ids]

    def add_user(self, assigned: AppUser, events: Sequence[Event]) -> None:
        with self._lock:
            self._clients.get(assigned.client_id)
            self._state.get(assigned.user_id)
            if (assigned.client_id, assigned.user_id) in self._state.app_users:
                raise AlreadyExists("user")
            self._state.app_users[assigned.client_id, assigned.user_id] = assigned
            self._record(events)

    def change_user(self, before: AppUser, after: AppUser, events: Sequence[Event]) -> None:
        with self._lock:
            if self.user(before.client_id, before.user_id) != before:
                raise Conflict(before.user_id)
            self._state.app_users[before.client_id, before.user_id] = after
            self._record(events)

    def remove_user(self, client_id: str, user_id: str, events: Sequence[Event]) -> None:
        with self._lock:
            self.user(client_id, user_id)
            del self._state.app_users[client_id, user_id]
            self._record(events)

    def group(self, client_id: str, group_id: str) -> AppGroup:
        try:
            return self._state.app_groups[client_id, group_id]
        except KeyError:
            raise NotFound(group_id) from None

    def groups(self, client_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[AppGroup]:
        ids = ids_after([group for client, group in self._state.app_groups if client == client_id], after, limit)
        return [self._state.app_groups[client_id, group_id] for group_id in ids]

    def put_group(
        self, client: Client, assigned: AppGroup, events: Sequence[Event], *, moved: Sequence[AppGroup] = ()
    ) -> None:
        with self._lock:
            if assigned.group_id not in self._state.groups and assigned.group_id != EVERYONE_GROUP.id:
                raise NotFound(assigned.group_id)
            groups = tuple(dict.fromkeys((*client.groups, assigned.group_id)))
            self._clients.save(client, replace(client, groups=groups), events)
            for one in (*moved, assigned):
                self._state.app_groups[client.id, one.group_id] = one

    def remove_group(self, client: Client, group_id: str, events: Sequence[Event]) -> None:
        with self._lock:
            left = tuple(other for other in client.groups if other != group_id)
            self._clients.save(client, replace(client, groups=left), events)
            self._state.app_groups.pop((client.id, group_id), None)

    def clients_of_group(self, group_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[str]:
        return ids_after([client for client, group in self._state.app_groups if group == group_id], after, limit)

    def client_deleted(self, client_id: str) -> None:
        """What deleting a client takes along."""
        self._state.app_users = {p: one for p, one in self._state.app_users.items() if p[0] != client_id}
        self._state.app_groups = {p: one for p, one in self._state.app_groups.items() if p[0] != client_id}
