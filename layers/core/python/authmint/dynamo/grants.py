"""Revoked access tokens and used ``jti`` values in DynamoDB: each is stored once, by one conditional write."""

import hashlib

from ..jose.encoding import b64encode
from ..storage.errors import AlreadyUsed
from ..storage.grants import Revocation
from .connection import translated
from .grant_records import GRACE, GrantRecords
from .items import HEAD
from .records import encode


class DynamoUsedAssertions(GrantRecords):
    """``UsedAssertions``."""

    def spend(self, client_id: str, jti: str, *, expires_at: int, at: int) -> None:
        digest = b64encode(hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest())
        item = self._item(f"JTI#{client_id}#{digest}", HEAD, expires_at=expires_at, ttl=expires_at + GRACE)
        if not self._put_once(item, unless_live_at=at):
            raise AlreadyUsed(client_id)


class DynamoRevocations(GrantRecords):
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
