"""What all grants that are asked about over and over do alike in DynamoDB."""

from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar, cast

from pynamodb.transactions import TransactWrite

from ..ids import Ids
from ..storage.errors import AlreadyUsed, NotFound
from ..storage.polled_grants import PolledGrant
from ..storage.token_families import RefreshToken, TokenFamily
from .grant_records import GRACE, GrantRecords
from .items import HEAD, GrantItem
from .records import decode, encode
from .tables import ConditionFailed, Tables
from .token_families import DynamoTokenFamilies

P = TypeVar("P", bound=PolledGrant)


class PolledGrantRecords(GrantRecords, Generic[P]):
    """``PolledGrants``, of the kind ``kind``, each found by its digest."""

    kind: ClassVar[str]
    record: type[P]

    def __init__(self, tables: Tables, ids: Ids) -> None:
        super().__init__(tables, ids)
        self._families = DynamoTokenFamilies(tables, ids)

    def get(self, digest: str) -> P:
        return self._of(self._found(self.kind, digest))

    def polled(self, grant: P, *, at: int, interval: int) -> None:
        self._change_once(self._place(grant), [self._item.polled_at.set(at), self._item.interval.set(interval)])

    def redeem(self, grant: P, family: TokenFamily, refresh_token: RefreshToken | None) -> None:
        record, approved = self._item(*self._place(grant)), self._item.status == "APPROVED"

        def write(transaction: TransactWrite) -> None:
            self._families.put(transaction, family, refresh_token)
            transaction.update(record, [self._item.status.set("SPENT")], condition=approved)

        try:
            self._transact(write)
        except ConditionFailed:
            raise AlreadyUsed(self.kind) from None

    def _place(self, grant: P) -> tuple[str, str]:
        return f"{self.kind}#{grant.digest}", HEAD

    def _new(self, grant: P) -> GrantItem:
        return self._item(
            *self._place(grant),
            kind=self.kind,
            body=encode(grant),
            status=grant.status,
            polled_at=grant.polled_at,
            interval=grant.interval,
            **self._lifetime(grant),
        )

    def _lifetime(self, grant: P) -> dict[str, Any]:
        return {"expires_at": grant.expires_at, "ttl": grant.expires_at + GRACE}

    def _of(self, item: GrantItem) -> P:
        """Attributes move on; ``body`` says the rest."""
        if item.polled_at is None or item.interval is None:
            raise NotFound(self.kind)
        return replace(
            decode(item.body or "", self.record),
            status=cast("Any", item.status),
            polled_at=int(item.polled_at),
            interval=int(item.interval),
        )
