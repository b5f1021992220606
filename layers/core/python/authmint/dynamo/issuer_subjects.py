"""``IssuerSubjects`` in DynamoDB: one partition for each trusted issuer."""

from collections.abc import Sequence
from typing import Final

from ..storage.errors import AlreadyExists, NotFound
from ..storage.events import Event
from ..storage.trusted_issuers import IssuerSubject
from .connection import translated
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables

_MAX_ID: Final = 64
_PAGE: Final = 1_000


def partition(issuer_id: str) -> str:
    """Whom one issuer means."""
    return f"ISSUERSUBJECTS#{issuer_id}"


class DynamoIssuerSubjects:
    """``IssuerSubjects``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def get(self, issuer_id: str, subject_id: str) -> IssuerSubject:
        if not (well_formed(issuer_id, _MAX_ID) and well_formed(subject_id, _MAX_ID)):
            raise NotFound(subject_id)
        with translated():
            try:
                item = self._item.get(partition(issuer_id), subject_id, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(subject_id) from None
        return decode(item.body or "", IssuerSubject)

    def list(self, issuer_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[IssuerSubject]:
        if after is not None and not well_formed(after, _MAX_ID):
            return []
        condition = self._item.sk > (after or " ")
        with translated():
            found = self._item.query(partition(issuer_id), condition, consistent_read=True, limit=limit)
            return [decode(item.body or "", IssuerSubject) for item in found]

    def add(self, subject: IssuerSubject, events: Sequence[Event]) -> None:
        item = self._item(partition(subject.issuer_id), subject.id, body=encode(subject))
        try:
            with self._tables.transaction(events) as write:
                write.save(item, condition=self._item.pk.does_not_exist())
        except ConditionFailed:
            raise AlreadyExists("sub") from None

    def remove(self, subject: IssuerSubject, events: Sequence[Event]) -> None:
        try:
            with self._tables.transaction(events) as write:
                write.delete(self._item(partition(subject.issuer_id), subject.id), condition=self._item.pk.exists())
        except ConditionFailed:
            raise NotFound(subject.id) from None

    def remove_all(self, issuer_id: str) -> None:
        while found := self.list(issuer_id, limit=_PAGE):
            self._tables.delete(self._item, [(partition(issuer_id), subject.id) for subject in found])
