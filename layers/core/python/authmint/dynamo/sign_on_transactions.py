"""``SignOnTransactions`` in DynamoDB."""

from ..storage.sign_on_transactions import SignOnTransaction
from .records import decode
from .single_use import SingleUseRecords


class DynamoSignOnTransactions(SingleUseRecords):
    """``SignOnTransactions``."""

    kind = "SIGNON"

    def add(self, transaction: SignOnTransaction) -> None:
        self._add(transaction)

    def get(self, digest: str) -> SignOnTransaction:
        return decode(self._unused(digest).body or "", SignOnTransaction)

    def end(self, digest: str) -> None:
        self._use(digest)
