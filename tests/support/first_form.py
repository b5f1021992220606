"""The system log as releases before the second form of the tables wrote it."""

from collections.abc import Sequence

from authmint.dynamo.items import HEAD
from authmint.dynamo.tables import Tables, event_item
from authmint.storage.events import EVENT_RETENTION, Event


def record_as_before(tables: Tables, events: Sequence[Event], at_ms: int) -> None:
    """An item and a marker for each event of a log line, as the function ``audit_sink`` did."""
    assert tables.events is not None
    for event in events:
        marker = tables.events(f"EVENT#{event.id}", HEAD, ttl=at_ms // 1000 + EVENT_RETENTION)
        with tables.transaction() as write:
            write.save(marker, condition=tables.events.pk.does_not_exist())
            write.save(event_item(tables.events, event, at_ms))
