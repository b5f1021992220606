"""``SignOnPolicies`` in DynamoDB: a partition per type, with an item per policy and one for their order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pynamodb.transactions import TransactWrite

from ..storage.errors import Conflict, NotFound
from ..storage.events import Event
from ..storage.sign_on_policies import OF_APPS, PolicyList, PolicyOrder, PolicyType, SignOnPolicy, ordered
from .connection import translated
from .items import HEAD
from .records import decode, encode
from .servers import well_formed
from .tables import ConditionFailed, Tables

_POLICIES: Final = "POLICIES"
_MAX_ID: Final = 100


class DynamoSignOnPolicies:
    """``SignOnPolicies``."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._item = tables.config

    def of_type(self, policy_type: PolicyType) -> PolicyList:
        policies, order = [], PolicyOrder()
        with translated():
            for item in self._item.query(_partition(policy_type), consistent_read=True):
                if item.sk == HEAD:
                    order = decode(item.body or "", PolicyOrder)
                else:
                    policies.append(decode(item.body or "", SignOnPolicy))
        if policy_type in OF_APPS:
            return PolicyList(tuple(policies))
        return PolicyList(ordered(policies, order), order)

    def get(self, policy_type: PolicyType, policy_id: str) -> SignOnPolicy:
        if not well_formed(policy_id, _MAX_ID):
            raise NotFound(policy_id)
        with translated():
            try:
                item = self._item.get(_partition(policy_type), policy_id, consistent_read=True)
            except self._item.DoesNotExist:
                raise NotFound(policy_id) from None
        return decode(item.body or "", SignOnPolicy)

    def watch(self) -> None:
        order = self.of_type("OKTA_SIGN_ON").order
        if order.watched:
            return
        try:
            with self._tables.transaction() as write:
                self._put_order(write, _partition("OKTA_SIGN_ON"), replace(order, watched=True))
        except ConditionFailed:
            raise Conflict("order") from None

    def _put_order(self, write: TransactWrite, partition: str, order: PolicyOrder) -> None:
        item, raised = self._item, replace(order, version=order.version + 1)
        same = item.version == order.version if order.version else item.pk.does_not_exist()
        write.save(item(partition, HEAD, body=encode(raised), version=raised.version), condition=same)

    def save(
        self,
        before: SignOnPolicy | None,
        after: SignOnPolicy | None,
        events: Sequence[Event],
        *,
        order: PolicyOrder | None = None,
    ) -> None:
        about = before if after is None else after
        if about is None:
            raise ValueError("neither before nor after")
        item, partition = self._item, _partition(about.type)
        version = before.version if before is not None else 0
        unchanged = item.version == version if version else item.pk.does_not_exist()
        try:
            with self._tables.transaction(events) as write:
                if after is None:
                    write.delete(item(partition, about.id), condition=unchanged)
                else:
                    stored = replace(after, priority=1, version=version + 1)
                    body = encode(stored)
                    write.save(item(partition, about.id, body=body, version=stored.version), condition=unchanged)
                if order is not None:
                    self._put_order(write, partition, order)
        except ConditionFailed:
            raise Conflict(about.id) from None


def _partition(policy_type: PolicyType) -> str:
    return f"{_POLICIES}#{policy_type}"
