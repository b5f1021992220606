"""``AuthorizationCodes`` in DynamoDB."""

from dataclasses import replace
from typing import Final

from pynamodb.transactions import TransactWrite

from ..ids import Ids
from ..storage.codes import AuthorizationCode
from ..storage.errors import AlreadyExists, AlreadyUsed
from ..storage.token_families import RefreshToken, TokenFamily
from .grant_records import GRACE, GrantRecords
from .items import HEAD, GrantItem
from .records import decode, encode
from .tables import ConditionFailed, Tables
from .token_families import DynamoTokenFamilies

_CODE: Final = "CODE"


class DynamoAuthorizationCodes(GrantRecords):
    """``AuthorizationCodes``."""

    def __init__(self, tables: Tables, ids: Ids) -> None:
        super().__init__(tables, ids)
        self._families = DynamoTokenFamilies(tables, ids)

    def add(self, code: AuthorizationCode) -> None:
        # Conditional though a digest never comes twice: a repeated write that arrives late would revive a spent code.
        if not self._put_once(self._new(code)):
            raise AlreadyExists("digest")

    def put(self, transaction: TransactWrite, code: AuthorizationCode) -> None:
        """Add a new code to a transaction that has more to do."""
        transaction.save(self._new(code), condition=self._item.pk.does_not_exist())

    def _new(self, code: AuthorizationCode) -> GrantItem:
        return self._item(
            f"{_CODE}#{code.digest}",
            HEAD,
            kind=_CODE,
            body=encode(code),
            spent_at=code.spent_at,
            expires_at=code.expires_at,
            ttl=code.expires_at + GRACE,
        )

    def get(self, digest: str) -> AuthorizationCode:
        item = self._found(_CODE, digest)
        spent_at = None if item.spent_at is None else int(item.spent_at)
        return replace(decode(item.body or "", AuthorizationCode), spent_at=spent_at)

    def redeem(self, digest: str, family: TokenFamily, refresh_token: RefreshToken | None, *, at: int) -> None:
        code = self._item(f"{_CODE}#{digest}", HEAD)
        unspent = self._item.pk.exists() & self._item.spent_at.does_not_exist()

        def write(transaction: TransactWrite) -> None:
            self._families.put(transaction, family, refresh_token)
            transaction.update(code, [self._item.spent_at.set(at)], condition=unspent)

        try:
            self._transact(write)
        except ConditionFailed:
            raise AlreadyUsed("code") from None
