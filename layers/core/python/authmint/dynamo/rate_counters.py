"""``RateCounters`` in DynamoDB: one unconditional write counts and tells."""

from .connection import translated
from .grant_records import GRACE, GrantRecords
from .items import HEAD

_KIND = "RATE"


class DynamoRateCounters(GrantRecords):
    """``RateCounters``."""

    def add(self, key: str, *, expires_at: int) -> int:
        values = self._item(f"{_KIND}#{key}", HEAD).get_update_kwargs_from_instance(
            actions=[
                self._item.uses.add(1),
                self._item.kind.set(_KIND),
                self._item.expires_at.set(expires_at),
                self._item.ttl.set(expires_at + GRACE),
            ]
        )
        values["ReturnValues"] = "UPDATED_NEW"
        return int(self._dispatch("UpdateItem", values)["Attributes"]["uses"]["N"])

    def count(self, key: str) -> int:
        with translated():
            try:
                item = self._item.get(f"{_KIND}#{key}", HEAD, consistent_read=True)
            except self._item.DoesNotExist:
                return 0
        return int(item.uses or 0)
