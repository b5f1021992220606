"""``UsedAssertions`` in DynamoDB: a ``jti`` is stored once, by one conditional write."""

import hashlib

from ..jose.encoding import b64encode
from ..storage.errors import AlreadyUsed
from .grant_records import GRACE, GrantRecords
from .items import HEAD


class DynamoUsedAssertions(GrantRecords):
    """``UsedAssertions``."""

    def spend(self, client_id: str, jti: str, *, expires_at: int, at: int) -> None:
        digest = b64encode(hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest())
        item = self._item(f"JTI#{client_id}#{digest}", HEAD, expires_at=expires_at, ttl=expires_at + GRACE)
        if not self._put_once(item, unless_live_at=at):
            raise AlreadyUsed(client_id)
