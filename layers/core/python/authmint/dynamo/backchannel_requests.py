"""``BackchannelRequests`` in DynamoDB: found by digest; each place that one takes at its user leads to it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from ..storage.backchannel_requests import MOST_OPEN, BackchannelRequest, TooManyOpen
from ..storage.errors import AlreadyExists, AlreadyUsed
from .connection import translated
from .grant_records import MAX_KEY
from .items import HEAD
from .polled_grants import PolledGrantRecords
from .records import encode
from .servers import well_formed
from .tables import ConditionFailed

_OPEN: Final = "CIBAOPEN"


class DynamoBackchannelRequests(PolledGrantRecords[BackchannelRequest]):
    """``BackchannelRequests``."""

    kind = "CIBA"
    record = BackchannelRequest

    def add(self, request: BackchannelRequest) -> None:
        if not any(self._stored(replace(request, place=place)) for place in range(MOST_OPEN)):
            raise TooManyOpen(_OPEN)

    def _stored(self, request: BackchannelRequest) -> bool:
        """Whether its place was free."""
        free = self._item.pk.does_not_exist() | (self._item.expires_at <= request.created_at)
        lead = self._item(*_lead(request), kind=_OPEN, owner=request.digest, **self._lifetime(request))
        record = self._new(request)

        def write(transaction: TransactWrite) -> None:
            transaction.save(lead, condition=free)
            transaction.save(record, condition=self._item.pk.does_not_exist())

        try:
            self._transact(write)
        except ConditionFailed as error:
            if not error.failed[0]:
                raise AlreadyExists("digest") from None
            return False
        return True

    def waiting_for(self, user_id: str) -> Sequence[BackchannelRequest]:
        if not well_formed(user_id, MAX_KEY):
            return []
        with translated():
            leads = self._item.query(f"{_OPEN}#{user_id}", consistent_read=True)
            keys = [(f"{self.kind}#{lead.owner}", HEAD) for lead in leads if lead.kind == _OPEN]
            heads = list(self._item.batch_get(keys, consistent_read=True)) if keys else []
        found = [self._of(head) for head in heads if head.kind == self.kind and head.status == "PENDING"]
        mine = (request for request in found if request.user_id == user_id)
        return sorted(mine, key=lambda request: (request.created_at, request.digest))

    def decide(self, grant: BackchannelRequest, decided: BackchannelRequest) -> None:
        item = self._item
        actions: list[Action] = [item.body.set(encode(decided)), item.status.set(decided.status)]
        own = item.pk.does_not_exist() | (item.owner == grant.digest)

        def write(transaction: TransactWrite) -> None:
            transaction.update(item(*self._place(grant)), actions, condition=item.status == "PENDING")
            transaction.delete(item(*_lead(grant)), condition=own)

        try:
            self._transact(write)
        except ConditionFailed:
            raise AlreadyUsed(self.kind) from None


def _lead(request: BackchannelRequest) -> tuple[str, str]:
    return f"{_OPEN}#{request.owner}", f"{request.client_id}#{request.place}"
