"""``StoredRequests`` in DynamoDB."""

from collections.abc import Sequence

from pynamodb.transactions import TransactWrite

from ..ids import Ids
from ..storage.authorization_requests import StoredRequest
from ..storage.codes import AuthorizationCode
from ..storage.errors import NotFound
from ..storage.token_families import TokenFamily
from .codes import DynamoAuthorizationCodes
from .grant_records import MAX_KEY
from .items import HEAD
from .records import decode
from .servers import well_formed
from .single_use import SPENT, SingleUseRecords
from .tables import ConditionFailed, Tables
from .token_families import DynamoTokenFamilies


class DynamoStoredRequests(SingleUseRecords):
    """``StoredRequests``."""

    kind = "REQUEST"

    def __init__(self, tables: Tables, ids: Ids) -> None:
        super().__init__(tables, ids)
        self._codes = DynamoAuthorizationCodes(tables, ids)
        self._families = DynamoTokenFamilies(tables, ids)

    def add(self, request: StoredRequest) -> None:
        self._add(request)

    def get(self, digest: str) -> StoredRequest:
        return decode(self._unused(digest).body or "", StoredRequest)

    def spend(self, digest: str) -> None:
        self._use(digest)

    def answer(self, digests: Sequence[str], code: AuthorizationCode | None, family: TokenFamily | None) -> None:
        if not all(well_formed(digest, MAX_KEY) for digest in digests):
            raise NotFound(self.kind)
        status = self._item.status
        waits = self._item.pk.exists() & status.does_not_exist()

        def write(transaction: TransactWrite) -> None:
            if code is not None:
                self._codes.put(transaction, code)
            if family is not None:
                self._families.put(transaction, family, None)
            for digest in digests:
                transaction.update(self._item(f"{self.kind}#{digest}", HEAD), [status.set(SPENT)], condition=waits)

        try:
            self._transact(write)
        except ConditionFailed:
            raise NotFound(self.kind) from None
