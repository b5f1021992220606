"""``StoredRequests`` in DynamoDB."""

from collections.abc import Sequence
from typing import Final

from pynamodb.transactions import TransactWrite

from ..ids import Ids
from ..storage.authorization_requests import StoredRequest
from ..storage.codes import AuthorizationCode
from ..storage.errors import AlreadyExists, NotFound
from ..storage.token_families import TokenFamily
from .codes import DynamoAuthorizationCodes
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables
from .token_families import DynamoTokenFamilies

_REQUEST: Final = "REQUEST"
_SPENT: Final = "SPENT"


class DynamoStoredRequests(GrantRecords):
    """``StoredRequests``. A spent one stays until its time is over: a repeated deletion could not tell whose it was."""

    def __init__(self, tables: Tables, ids: Ids) -> None:
        super().__init__(tables, ids)
        self._codes = DynamoAuthorizationCodes(tables, ids)
        self._families = DynamoTokenFamilies(tables, ids)

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

    def answer(self, digests: Sequence[str], code: AuthorizationCode | None, family: TokenFamily | None) -> None:
        if not all(well_formed(digest, MAX_KEY) for digest in digests):
            raise NotFound(_REQUEST)
        status = self._item.status
        waits = self._item.pk.exists() & status.does_not_exist()

        def write(transaction: TransactWrite) -> None:
            if code is not None:
                self._codes.put(transaction, code)
            if family is not None:
                self._families.put(transaction, family, None)
            for digest in digests:
                transaction.update(self._item(f"{_REQUEST}#{digest}", HEAD), [status.set(_SPENT)], condition=waits)

        try:
            self._transact(write)
        except ConditionFailed:
            raise NotFound(_REQUEST) from None
