"""``FederatedRequests`` in DynamoDB."""

from ..storage.federated_requests import FederatedRequest
from .records import decode
from .single_use import SingleUseRecords


class DynamoFederatedRequests(SingleUseRecords):
    """``FederatedRequests``."""

    kind = "FEDERATED"

    def add(self, request: FederatedRequest) -> None:
        self._add(request)

    def get(self, digest: str) -> FederatedRequest:
        return decode(self._unused(digest).body or "", FederatedRequest)

    def spend(self, digest: str, *, at: int) -> FederatedRequest:
        return decode(self._use(digest, self._item.expires_at > at).body or "", FederatedRequest)
