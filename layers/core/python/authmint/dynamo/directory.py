"""``Directory`` in DynamoDB: one Query of a user's partition and one BatchGetItem of the groups in it."""

from ..clock import Clock
from ..storage.assignments import AppUser
from ..storage.directory import Person
from ..storage.errors import NotFound
from ..storage.groups import EVERYONE_GROUP
from .connection import translated
from .groups import DynamoGroups
from .items import HEAD
from .memberships import id_of
from .records import decode
from .servers import well_formed
from .tables import Tables
from .users import MAX_ID, SIGN_INS, DynamoUsers, partition, user_of


class DynamoDirectory:
    """``Directory``."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._item = tables.config
        self._users = DynamoUsers(tables, clock)
        self._groups = DynamoGroups(tables, clock)

    def person(self, user_id: str) -> Person:
        if not well_formed(user_id, MAX_ID):
            raise NotFound(user_id)
        with translated():
            items = {item.sk: item for item in self._item.query(partition(user_id), consistent_read=True)}
        head = items.get(HEAD)
        if head is None or head.deleted_at is not None:
            raise NotFound(user_id)
        groups = self._groups.many([id_of(key) for key in items if key.startswith("GROUP#")])
        assigned = {
            id_of(key): decode(item.body or "", AppUser) for key, item in items.items() if key.startswith("CLIENT#")
        }
        return Person(user_of(head, items.get(SIGN_INS)), (EVERYONE_GROUP, *groups), assigned)

    def by_login(self, login: str) -> Person:
        return self.person(self._users.owner_of(login))
