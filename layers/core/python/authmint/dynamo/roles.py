"""``Roles`` in DynamoDB: one item, ``ROLES``/``#``, changed alone or together with something else."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.transactions import TransactWrite

from ..storage.errors import Conflict
from ..storage.events import Event
from ..storage.roles import BookChange, RoleBook
from .connection import translated
from .items import HEAD, ConfigItem
from .records import decode, encode
from .tables import ConditionFailed, Tables

ROLES: Final = "ROLES"


class DynamoRoles:
    """``Roles``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def get(self) -> RoleBook:
        with translated():
            try:
                item = self._item.get(ROLES, HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return RoleBook()
        return decode(item.body or "", RoleBook)

    def save(self, before: RoleBook, after: RoleBook, events: Sequence[Event]) -> None:
        try:
            with self._tables.transaction(events) as write:
                put_roles(write, self._item, BookChange(before, after))
        except ConditionFailed:
            raise Conflict(ROLES) from None


def put_roles(write: TransactWrite, item: type[ConfigItem], change: BookChange) -> None:
    """One put, on the condition that the book is still as it was read; or that condition alone."""
    version = change.before.version
    unchanged = item.version == version if version else item.pk.does_not_exist()
    if change.looked_at:
        write.condition_check(item, ROLES, HEAD, condition=unchanged)
        return
    body = encode(replace(change.after, version=version + 1))
    write.save(item(ROLES, HEAD, body=body, version=version + 1), condition=unchanged)
