"""``RateCounters`` in DynamoDB: one unconditional write counts and tells."""

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
