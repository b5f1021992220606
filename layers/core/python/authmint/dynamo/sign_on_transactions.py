"""``SignOnTransactions`` in DynamoDB."""

from typing import Final

from ..storage.errors import AlreadyExists, NotFound
from ..storage.sign_on_transactions import SignOnTransaction
from .grant_records import GRACE, MAX_KEY, GrantRecords, Refused
from .items import HEAD
from .records import decode, encode
from .servers import well_formed

_SIGN_ON: Final = "SIGNON"
_ENDED: Final = "ENDED"


class DynamoSignOnTransactions(GrantRecords):
    """``SignOnTransactions``. An ended one stays for its time: a repeated call could not tell whose it was."""

    def add(self, transaction: SignOnTransaction) -> None:
        item = self._item(
            f"{_SIGN_ON}#{transaction.digest}",
            HEAD,
            kind=_SIGN_ON,
            body=encode(transaction),
            expires_at=transaction.expires_at,
            ttl=transaction.expires_at + GRACE,
        )
        if not self._put_once(item):
            raise AlreadyExists("digest")

    def get(self, digest: str) -> SignOnTransaction:
        item = self._found(_SIGN_ON, digest)
        if item.status == _ENDED:
            raise NotFound(_SIGN_ON)
        return decode(item.body or "", SignOnTransaction)

    def end(self, digest: str) -> None:
        if not well_formed(digest, MAX_KEY):
            raise NotFound(_SIGN_ON)
        status = self._item.status
        place = (f"{_SIGN_ON}#{digest}", HEAD)
        try:
            self._change_once(place, [status.set(_ENDED)], status.does_not_exist(), mark="spender")
        except Refused:
            raise NotFound(_SIGN_ON) from None
