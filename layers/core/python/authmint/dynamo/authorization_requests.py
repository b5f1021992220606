"""``StoredRequests`` in DynamoDB."""

from typing import Final

from ..storage.authorization_requests import StoredRequest
from ..storage.errors import AlreadyExists, NotFound
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD
from .records import decode, encode
from .servers import well_formed

_REQUEST: Final = "REQUEST"
_SPENT: Final = "SPENT"


class DynamoStoredRequests(GrantRecords):
    """``StoredRequests``. A spent one stays until its time is over: a repeated deletion could not tell whose it was."""

    def add(self, request: StoredRequest) -> None:
        item = self._item(
            f"{_REQUEST}#{request.digest}",
            HEAD,
            kind=_REQUEST,
            body=encode(request),
            expires_at=request.expires_at,
            ttl=request.expires_at + GRACE,
        )
        if not self._put_once(item):
            raise AlreadyExists("digest")

    def get(self, digest: str) -> StoredRequest:
        item = self._found(_REQUEST, digest)
        if item.status == _SPENT:
            raise NotFound(_REQUEST)
        return decode(item.body or "", StoredRequest)

    def spend(self, digest: str) -> None:
        if not well_formed(digest, MAX_KEY):
            raise NotFound(_REQUEST)
        status = self._item.status
        try:
            self._change_once(
                (f"{_REQUEST}#{digest}", HEAD), [status.set(_SPENT)], status.does_not_exist(), mark="spender"
            )
        except Refused:
            raise NotFound(_REQUEST) from None
