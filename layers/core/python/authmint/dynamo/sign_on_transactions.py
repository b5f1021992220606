"""``SignOnTransactions`` in DynamoDB."""

from dataclasses import replace

from pynamodb.expressions.condition import Condition

from ..storage.errors import Conflict
from ..storage.sign_on_transactions import SignOnTransaction
from .grant_records import GRACE, Refused
from .items import HEAD
from .records import decode, encode
from .single_use import SingleUseRecords


class DynamoSignOnTransactions(SingleUseRecords):
    """``SignOnTransactions``. ``uses`` counts the steps."""

    kind = "SIGNON"

    def add(self, transaction: SignOnTransaction) -> None:
        self._add(transaction)

    def get(self, digest: str) -> SignOnTransaction:
        return decode(self._unused(digest).body or "", SignOnTransaction)

    def move(self, before: SignOnTransaction, after: SignOnTransaction) -> SignOnTransaction:
        moved = replace(after, version=before.version + 1)
        actions = [
            self._item.body.set(encode(moved)),
            self._item.uses.set(moved.version),
            self._item.expires_at.set(moved.expires_at),
            self._item.ttl.set(moved.expires_at + GRACE),
        ]
        place = (f"{self.kind}#{before.digest}", HEAD)
        try:
            self._change_once(place, actions, self._at(before), mark="writer")
        except Refused:
            self._unused(before.digest)
            raise Conflict("sign-on") from None
        return moved

    def end(self, transaction: SignOnTransaction) -> None:
        self._use(transaction.digest, self._at(transaction))

    def _at(self, transaction: SignOnTransaction) -> Condition:
        uses = self._item.uses
        steps: Condition = uses == transaction.version if transaction.version else uses.does_not_exist()
        condition: Condition = self._item.status.does_not_exist() & steps
        return condition


class DynamoRecoverySteps(DynamoSignOnTransactions):
    """What was proved beside a ticket. Of another kind, so that none of it can ever be taken for a sign-on."""

    kind = "RECOVERYSTEP"
