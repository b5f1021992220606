"""``Revocations`` in DynamoDB: a token is revoked by one conditional write."""

from ..storage.revocations import Revocation
from .connection import translated
from .grant_records import GRACE, GrantRecords
from .items import HEAD
from .records import decode, encode


class DynamoRevocations(GrantRecords):
    """``Revocations``."""

    def add(self, revocation: Revocation) -> bool:
        return self._put_once(
            self._item(
                revoked(revocation.server_id, revocation.jti),
                HEAD,
                body=encode(revocation),
                expires_at=revocation.expires_at,
                ttl=revocation.expires_at + GRACE,
            )
        )

    def at(self, server_id: str, jti: str) -> int | None:
        with translated():
            try:
                item = self._item.get(revoked(server_id, jti), HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return None
        return decode(item.body or "", Revocation).revoked_at

    def has(self, server_id: str, jti: str) -> bool:
        return self.at(server_id, jti) is not None


def revoked(server_id: str, jti: str) -> str:
    """The partition of a revoked token."""
    return f"REVOKED#{server_id}#{jti}"
