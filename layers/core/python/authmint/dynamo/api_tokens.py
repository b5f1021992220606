"""``ApiTokens`` in DynamoDB, found by digest; one item each in the list, which knows the digest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.exceptions import PutError

from ..storage.api_tokens import ApiToken
from ..storage.errors import AlreadyExists, NotFound
from ..storage.events import Event
from .connection import error_code, translated
from .items import HEAD, ConfigItem
from .records import decode, encode
from .tables import ConditionFailed, Tables

API_TOKENS: Final = "APITOKENS"


class DynamoApiTokens:
    """``ApiTokens``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def find(self, digest: str) -> ApiToken:
        with translated():
            try:
                item = self._item.get(_partition(digest), HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound("API token") from None
            return decode(item.body or "", ApiToken)

    def get(self, token_id: str) -> ApiToken:
        with translated():
            try:
                listed = self._item.get(API_TOKENS, token_id or "-", consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound("API token") from None
        return self.find(listed.owner or "")

    def list(self) -> Sequence[ApiToken]:
        with translated():
            listed = self._item.query(API_TOKENS, consistent_read=True)
            keys = [(_partition(item.owner or ""), HEAD) for item in listed]
            found = [decode(item.body or "", ApiToken) for item in self._item.batch_get(keys, consistent_read=True)]
        return sorted(found, key=lambda token: token.id)

    def any(self) -> bool:
        with translated():
            return any(True for _ in self._item.query(API_TOKENS, consistent_read=True, limit=1))

    def add(self, token: ApiToken, events: Sequence[Event]) -> None:
        try:
            with self._tables.transaction(events) as write:
                write.save(self._head(token), condition=self._item.pk.does_not_exist())
                write.save(self._item(API_TOKENS, token.id, owner=token.digest))
        except ConditionFailed:
            raise AlreadyExists("token") from None

    def used(self, token: ApiToken, *, at: int) -> None:
        item = self._head(replace(token, used_at=at))
        with translated():
            try:
                item.save(condition=self._item.body == encode(token))
            except PutError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    def delete(self, token: ApiToken, events: Sequence[Event]) -> None:
        try:
            with self._tables.transaction(events) as write:
                write.delete(self._item(_partition(token.digest), HEAD), condition=self._item.pk.exists())
                write.delete(self._item(API_TOKENS, token.id))
        except ConditionFailed:
            raise NotFound("API token") from None

    def _head(self, token: ApiToken) -> ConfigItem:
        return self._item(_partition(token.digest), HEAD, body=encode(token))


def _partition(digest: str) -> str:
    return f"APITOKEN#{digest}"
