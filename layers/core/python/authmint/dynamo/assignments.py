"""``Assignments`` in DynamoDB: links between ``CLIENT#id`` and ``USER#id`` or ``GROUP#id``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from ..clock import Clock
from ..storage.assignments import AppGroup, AppUser
from ..storage.clients import Client
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event
from ..storage.groups import EVERYONE_ID
from .clients import MAX_ID as MAX_CLIENT_ID
from .clients import DynamoClients
from .clients import partition as client_partition
from .connection import translated
from .group_items import partition as group_partition
from .items import HEAD
from .memberships import alive, id_of, link, linked, unlink
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables
from .users import MAX_ID
from .users import partition as user_partition

_R = TypeVar("_R", AppUser, AppGroup)


class DynamoAssignments:
    """``Assignments``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._item = tables.config
        self._clients = DynamoClients(tables, clock)

    def user(self, client_id: str, user_id: str) -> AppUser:
        return self._one(client_id, user_partition(user_id), AppUser)

    def users(self, client_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[AppUser]:
        found = linked(self._item, client_partition(client_id), "USER#", after=after, limit=limit)
        return [decode(item.body or "", AppUser) for item in found]

    def add_user(self, assigned: AppUser, events: Sequence[Event]) -> None:
        client, user = client_partition(assigned.client_id), user_partition(assigned.user_id)
        try:
            with self._tables.transaction(events) as write:
                for head in (client, user):
                    write.condition_check(self._item, head, HEAD, condition=alive(self._item))
                link(write, self._item, client, user, body=encode(assigned))
        except ConditionFailed as error:
            if error.failed[0] or error.failed[1]:
                raise NotFound(assigned.user_id) from None
            raise AlreadyExists("user") from None

    def change_user(self, before: AppUser, after: AppUser, events: Sequence[Event]) -> None:
        client, user = client_partition(before.client_id), user_partition(before.user_id)
        stored = self._body(before.client_id, user)
        if decode(stored, AppUser) != before:
            raise Conflict(before.user_id)
        try:
            with self._tables.transaction(events) as write:
                body = encode(after)
                write.save(self._item(client, user, body=body), condition=self._item.body == stored)
                write.save(self._item(user, client, body=body))
        except ConditionFailed:
            raise Conflict(before.user_id) from None

    def remove_user(self, client_id: str, user_id: str, events: Sequence[Event]) -> None:
        if not (well_formed(client_id, MAX_CLIENT_ID) and well_formed(user_id, MAX_ID)):
            raise NotFound(user_id)
        try:
            with self._tables.transaction(events) as write:
                unlink(write, self._item, client_partition(client_id), user_partition(user_id))
        except ConditionFailed:
            raise NotFound(user_id) from None

    def group(self, client_id: str, group_id: str) -> AppGroup:
        return self._one(client_id, group_partition(group_id), AppGroup)

    def groups(self, client_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[AppGroup]:
        found = linked(self._item, client_partition(client_id), "GROUP#", after=after, limit=limit)
        return [decode(item.body or "", AppGroup) for item in found]

    def put_group(
        self, client: Client, assigned: AppGroup, events: Sequence[Event], *, moved: Sequence[AppGroup] = ()
    ) -> None:
        own, group = client_partition(client.id), group_partition(assigned.group_id)
        groups = tuple(dict.fromkeys((*client.groups, assigned.group_id)))
        checked = assigned.group_id != EVERYONE_ID
        try:
            with self._tables.transaction(events) as write:
                if checked:
                    write.condition_check(self._item, group, HEAD, condition=alive(self._item))
                self._clients.put(write, client, replace(client, groups=groups))
                for one in (assigned, *moved):
                    link(write, self._item, own, group_partition(one.group_id), body=encode(one), condition=False)
        except ConditionFailed as error:
            if checked and error.failed[0]:
                raise NotFound(assigned.group_id) from None
            raise Conflict(client.id) from None

    def remove_group(self, client: Client, group_id: str, events: Sequence[Event]) -> None:
        own, group = client_partition(client.id), group_partition(group_id)
        left = tuple(other for other in client.groups if other != group_id)
        try:
            with self._tables.transaction(events) as write:
                write.delete(self._item(own, group))
                write.delete(self._item(group, own))
                self._clients.put(write, client, replace(client, groups=left))
        except ConditionFailed:
            raise Conflict(client.id) from None

    def clients_of_group(self, group_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[str]:
        found = linked(self._item, group_partition(group_id), "CLIENT#", after=after, limit=limit)
        return [id_of(item.sk) for item in found]

    def _one(self, client_id: str, other: str, kind: type[_R]) -> _R:
        return decode(self._body(client_id, other), kind)

    def _body(self, client_id: str, other: str) -> str:
        if not (well_formed(client_id, MAX_CLIENT_ID) and well_formed(other, MAX_ID)):
            raise NotFound(other)
        with translated():
            try:
                return self._item.get(client_partition(client_id), other, consistent_read=True).body or ""
            except self._item.DoesNotExist:
                raise NotFound(other) from None
