"""``MailTemplates`` in DynamoDB: ``MAILTEMPLATE#name``/``#`` is a record without words, below it are its words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..storage.errors import Conflict
from ..storage.events import Event
from ..storage.mail_templates import Customization, MailTemplate, as_delivered
from .connection import translated
from .items import HEAD
from .records import decode, encode
from .tables import ConditionFailed, Tables

KIND: Final = "MAILTEMPLATE"


class DynamoMailTemplates:
    """``MailTemplates``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def get(self, name: str) -> MailTemplate:
        with translated():
            items = {item.sk: item for item in self._item.query(f"{KIND}#{name}", consistent_read=True)}
        head = items.pop(HEAD, None)
        if head is None:
            return as_delivered(name)
        words = (decode(item.body or "", Customization) for item in items.values())
        return replace(decode(head.body or "", MailTemplate), customizations=tuple(words))

    def save(self, before: MailTemplate, after: MailTemplate, events: Sequence[Event]) -> None:
        partition, version = f"{KIND}#{before.name}", before.version + 1
        unchanged = self._item.version == before.version if before.version else self._item.pk.does_not_exist()
        head = encode(replace(after, customizations=(), version=version))
        kept = {one.id for one in after.customizations}
        try:
            with self._tables.transaction(events) as write:
                for one in before.customizations:
                    if one.id not in kept:
                        write.delete(self._item(partition, one.id))
                write.save(self._item(partition, HEAD, body=head, version=version), condition=unchanged)
                for one in after.customizations:
                    if one not in before.customizations:
                        write.save(self._item(partition, one.id, body=encode(one)))
        except ConditionFailed:
            raise Conflict(before.name) from None
