"""Events of administration that nothing is stored with, for those who emit and do not record."""

from dataclasses import dataclass

from ..storage.events import Event, EventLog


@dataclass(frozen=True)
class RecordedEvents:
    """Writes each into the system log at once."""

    log: EventLog

    def emit(self, event: Event) -> None:
        """Raises Unavailable: it may be written."""
        self.log.record([event])
