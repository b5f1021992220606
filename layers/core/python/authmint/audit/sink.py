"""Token events on their way from log lines into the system log: what a CloudWatch Logs subscription delivers."""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any

from ..storage.events import Event, EventLog
from .lines import event_of


class NotRecorded(Exception):
    """Part of a delivery could not be read, or is no delivery. The rest is recorded; the whole goes to a queue."""


class AuditSink:
    """Records the events of a delivery. Deliveries may be repeated, may overlap, and may come late."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What one delivery held.

        Raises:
            NotRecorded: A line could not be read. Lambda repeats the delivery, then keeps it in the dead-letter queue.
            Unavailable: Storage could not take them; the same happens.
        """
        stream, lines = _delivered(payload)
        events, unread = [], 0
        for line in lines:
            try:
                event = _event(line)
            except ValueError:
                unread += 1
            else:
                events += [event] if event else []
        self._log.deliver(events, stream=stream)
        if unread:
            raise NotRecorded(f"{unread} of {len(lines)} lines could not be read")
        return {"lines": len(lines), "events": len(events)}


def _delivered(payload: Mapping[str, Any]) -> tuple[str, list[str]]:
    """From which stream, and the lines."""
    try:
        data = gzip.decompress(base64.b64decode(payload["awslogs"]["data"], validate=True))
        delivery = json.loads(data)
        if delivery["messageType"] == "CONTROL_MESSAGE":  # CloudWatch tries whether anybody listens
            return "", []
        stream = f"{delivery['logGroup']}/{delivery['logStream']}"
        return stream, [str(entry["message"]) for entry in delivery["logEvents"]]
    except (KeyError, TypeError, ValueError, binascii.Error, OSError, EOFError, zlib.error):
        raise NotRecorded("not a delivery of CloudWatch Logs") from None


def _event(line: str) -> Event | None:
    """The event of a line, ``None`` where it is a line about something else. Raises ValueError."""
    found = json.loads(line)
    if not isinstance(found, dict) or "event" not in found:
        return None
    event = event_of(found)
    if not event.id or event.published_ms < 0:
        raise ValueError("an event without an id or a time")
    return event
