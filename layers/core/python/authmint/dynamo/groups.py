"""``Groups`` in DynamoDB.

``GROUP#id``/``#`` is the record, ``GROUPNAME#name``/``#`` holds the unique name, ``GROUPS``/``id`` is the list.
Memberships are links between ``GROUP#id`` and ``USER#id``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ..clock import Clock
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event
from ..storage.groups import Group
from ..storage.users import login_key
from .clients import DynamoClients
from .connection import translated
from .external_ids import found_by, renamed
from .group_items import GROUPS, moved, partition
from .items import HEAD, ConfigItem
from .memberships import alive, at_once, id_of, link, linked, sweep, tombstone, unlink
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables
from .users import MAX_ID, MAX_KEY
from .users import partition as user_partition

if TYPE_CHECKING:  # most functions never change who administers
    from ..storage.roles import BookChange


class DynamoGroups:
    """``Groups``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._item = tables.config
        self._clock = clock
        self._clients = DynamoClients(tables, clock)

    def get(self, group_id: str) -> Group:
        found = self.many([group_id])
        if not found:
            raise NotFound(group_id)
        return found[0]

    def many(self, group_ids: Sequence[str]) -> Sequence[Group]:
        keys = [(partition(i), HEAD) for i in dict.fromkeys(group_ids) if well_formed(i, MAX_ID)]
        if not keys:
            return []
        with translated():
            items: Iterable[ConfigItem] = self._item.batch_get(keys, consistent_read=True)
            found = [group_of(item) for item in items if item.deleted_at is None]
        return sorted(found, key=lambda group: group.id)

    def by_name(self, name: str) -> Group:
        key = login_key(name)
        if not 0 < len(key.encode("utf-8", "surrogatepass")) <= MAX_KEY:
            raise NotFound(name)
        with translated():
            try:
                owner = self._item.get(f"GROUPNAME#{key}", HEAD, consistent_read=True).owner
            except self._item.DoesNotExist:
                raise NotFound(name) from None
        return self.get(owner or "")

    def by_external_id(self, external_id: str) -> Sequence[Group]:
        found = self.many(found_by(self._item, "group", external_id))
        return [group for group in found if group.external_id == external_id]

    def list(self, *, after: str | None = None, limit: int = 200) -> Sequence[Group]:
        condition = None if after is None else self._item.sk > after
        with translated():
            return [group_of(item) for item in self._item.query(GROUPS, condition, consistent_read=True, limit=limit)]

    def add(self, group: Group, events: Sequence[Event]) -> None:
        body = encode(replace(group, version=1))
        absent = self._item.pk.does_not_exist()
        head = self._item(partition(group.id), HEAD, body=body, version=1, members_at=group.members_at)
        try:
            with self._tables.transaction(events) as write:
                write.save(head, condition=absent)
                write.save(self._name(group), condition=absent)
                write.save(self._item(GROUPS, group.id, body=body, members_at=group.members_at))
                renamed(write, self._item, "group", group.id, None, group.external_id)
        except ConditionFailed as error:
            raise AlreadyExists("id" if error.failed[0] else "name") from None

    def save(self, before: Group, after: Group, events: Sequence[Event]) -> None:
        version = before.version + 1
        body = encode(replace(after, version=version))
        moves = login_key(before.name) != login_key(after.name)
        deletes = int(moves)
        try:
            with self._tables.transaction(events) as write:
                if moves:
                    write.delete(self._name(before))
                    write.save(self._name(after), condition=self._item.pk.does_not_exist())
                deletes += renamed(write, self._item, "group", after.id, before.external_id, after.external_id)
                # Updates, not puts: ``members_at`` moves without a version and must not go back.
                actions: list[Action] = [self._item.body.set(body), self._item.version.set(version)]
                write.update(self._item(partition(after.id), HEAD), actions=actions, condition=self._at(before))
                write.update(self._item(GROUPS, after.id), actions=[self._item.body.set(body)])
        except ConditionFailed as error:
            if moves and error.failed[deletes]:
                raise AlreadyExists("name") from None
            raise Conflict(before.id) from None

    def delete(self, group: Group, events: Sequence[Event], *, book: "BookChange | None" = None) -> None:
        own = partition(group.id)
        try:
            with self._tables.transaction(events) as write:
                write.delete(self._name(group))
                write.delete(self._item(GROUPS, group.id))
                renamed(write, self._item, "group", group.id, group.external_id, None)
                write.save(tombstone(self._item, own, group.version, self._clock.now()), condition=self._at(group))
                if book is not None:
                    from .roles import put_roles  # few groups administer

                    put_roles(write, self._item, book)
        except ConditionFailed:
            raise Conflict(group.id) from None
        at_once(lambda: sweep(self._tables, own, released=lambda client: self._release(client, group.id)))

    def _release(self, client: str, group_id: str) -> None:
        def attempt() -> None:
            try:
                before = self._clients.get(id_of(client))
            except NotFound:
                return
            if group_id in before.groups:
                left = tuple(other for other in before.groups if other != group_id)
                self._clients.save(before, replace(before, groups=left), [])

        self._tables.retrying(attempt)

    def join(self, group_id: str, user_id: str, events: Sequence[Event], *, at: int) -> bool:
        if not (well_formed(group_id, MAX_ID) and well_formed(user_id, MAX_ID)):
            raise NotFound(user_id)
        user = user_partition(user_id)
        try:
            with self._tables.transaction(events) as write:
                write.condition_check(self._item, user, HEAD, condition=alive(self._item))
                link(write, self._item, user, partition(group_id), body=None)
                moved(write, self._item, group_id, at)
        except ConditionFailed as error:
            if error.failed[0] or error.failed[3] or error.failed[4]:
                raise NotFound(user_id if error.failed[0] else group_id) from None
            return self._claim(group_id, user_id, events)
        return True

    def _claim(self, group_id: str, user_id: str, events: Sequence[Event]) -> bool:
        """Whom a rule put into a group is there by hand as well from now on."""
        from .group_rules import body_of, membership_of  # few memberships are made by rules

        own, group = user_partition(user_id), partition(group_id)
        with translated():
            try:
                item = self._item.get(own, group, consistent_read=True)
            except self._item.DoesNotExist:
                raise Conflict(group_id) from None
        known = membership_of(item)
        if known.manual:
            return False
        body = body_of(replace(known, manual=True))
        try:
            with self._tables.transaction(events) as write:
                write.save(self._item(own, group, body=body), condition=self._item.body == item.body)
                write.save(self._item(group, own, body=body))
        except ConditionFailed:
            raise Conflict(group_id) from None
        return True

    def leave(
        self, group_id: str, user_id: str, events: Sequence[Event], *, at: int, book: "BookChange | None" = None
    ) -> bool:
        if not (well_formed(group_id, MAX_ID) and well_formed(user_id, MAX_ID)):
            return False
        try:
            with self._tables.transaction(events) as write:
                unlink(write, self._item, user_partition(user_id), partition(group_id))
                if book is not None:
                    from .roles import put_roles  # few groups administer

                    put_roles(write, self._item, book)
                moved(write, self._item, group_id, at)
        except ConditionFailed as error:
            if error.failed[0]:
                return False
            if book is not None and error.failed[2]:
                raise Conflict(group_id) from None
            raise NotFound(group_id) from None
        return True

    def members(self, group_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[str]:
        found = linked(self._item, partition(group_id), "USER#", after=after, limit=limit)
        return [id_of(item.sk) for item in found]

    def _at(self, group: Group) -> Condition:
        unchanged: Condition = self._item.version == group.version  # pynamodb types it as bool
        held: Condition = unchanged & alive(self._item)
        return held

    def _name(self, group: Group) -> ConfigItem:
        return self._item(f"GROUPNAME#{login_key(group.name)}", HEAD, owner=group.id)


def group_of(item: ConfigItem) -> Group:
    """The group of a head, or of an item of the list."""
    group = decode(item.body or "", Group)
    return replace(group, members_at=int(item.members_at or group.members_at))
