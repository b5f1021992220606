"""Grant records in DynamoDB: each is used, or revoked, by one conditional write."""

import hashlib
from typing import Any, Final

from botocore.exceptions import ClientError

from ..ids import Ids
from ..jose.encoding import b64encode
from ..storage.errors import AlreadyUsed, Unavailable
from ..storage.grants import Revocation
from .connection import error_code, translated
from .items import HEAD, GrantItem
from .records import encode
from .tables import Tables

#: Seconds that an expired record stays: clocks differ, and a TTL deletion must never come early.
GRACE: Final = 3_600


class _Grants:
    def __init__(self, tables: Tables, ids: Ids) -> None:
        if tables.grants is None:
            raise Unavailable("this function has no grants table")
        self._item = tables.grants
        self._ids = ids

    def _put_once(self, item: GrantItem, *, unless_live_at: int | None = None) -> bool:
        """Store the item unless there is one. True when this call stored it.

        A write may commit and its answer be lost; the repeated call then finds its own item, told by ``writer``.
        """
        item.writer = self._ids.uuid()
        condition = self._item.pk.does_not_exist()
        if unless_live_at is not None:
            condition |= self._item.expires_at < unless_live_at
        table = self._item._get_connection()
        values = item.get_save_kwargs_from_instance(condition, return_values_on_condition_failure="ALL_OLD")
        with translated():
            try:
                table.connection.dispatch("PutItem", values)
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return _writer(error) == item.writer
        return True


def _writer(error: ClientError) -> str | None:
    """Who wrote the item that made a conditional put fail."""
    response: dict[str, Any] = getattr(error.__cause__, "response", {})
    writer: str | None = response.get("Item", {}).get("writer", {}).get("S")
    return writer


class DynamoUsedAssertions(_Grants):
    """``UsedAssertions``."""

    def spend(self, client_id: str, jti: str, *, expires_at: int, at: int) -> None:
        digest = b64encode(hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest())
        item = self._item(f"JTI#{client_id}#{digest}", HEAD, expires_at=expires_at, ttl=expires_at + GRACE)
        if not self._put_once(item, unless_live_at=at):
            raise AlreadyUsed(client_id)


class DynamoRevocations(_Grants):
    """``Revocations``."""

    def add(self, revocation: Revocation) -> bool:
        return self._put_once(
            self._item(
                _revoked(revocation.server_id, revocation.jti),
                HEAD,
                body=encode(revocation),
                expires_at=revocation.expires_at,
                ttl=revocation.expires_at + GRACE,
            )
        )

    def has(self, server_id: str, jti: str) -> bool:
        with translated():
            try:
                self._item.get(_revoked(server_id, jti), HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return False
        return True


def _revoked(server_id: str, jti: str) -> str:
    return f"REVOKED#{server_id}#{jti}"
