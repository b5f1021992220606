"""``ApiTokens`` in DynamoDB, found by digest."""

from collections.abc import Sequence
from typing import Final

from ..storage.api_tokens import ApiToken
from ..storage.errors import AlreadyExists, NotFound
from ..storage.events import Event
from .connection import translated
from .items import HEAD
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
                item = self._item.get(f"APITOKEN#{digest}", HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound("API token") from None
            return decode(item.body or "", ApiToken)

    def any(self) -> bool:
        with translated():
            return any(True for _ in self._item.query(API_TOKENS, consistent_read=True, limit=1))

    def add(self, token: ApiToken, events: Sequence[Event]) -> None:
        try:
            with self._tables.transaction(events) as write:
                item = self._item(f"APITOKEN#{token.digest}", HEAD, body=encode(token))
                write.save(item, condition=self._item.pk.does_not_exist())
                write.save(self._item(API_TOKENS, token.id))
        except ConditionFailed:
            raise AlreadyExists("token") from None
