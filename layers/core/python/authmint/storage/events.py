"""System log events (docs/protocol.md §21)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol


@dataclass(frozen=True)
class Party:
    """An actor or a target of an event."""

    id: str
    type: str
    alternate_id: str | None = None
    display_name: str | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened. Holds no secret.

    Attributes:
        published_ms: Milliseconds since the Unix epoch.
        outcome: ``SUCCESS``, ``FAILURE`` or ``CHALLENGE``; of decisions ``ALLOW``, ``DENY`` or ``CHALLENGE``.
        reason: The internal error id of a failure (docs/protocol.md §20.1).
    """

    id: str
    published_ms: int
    type: str
    actor: Party
    outcome: str = "SUCCESS"
    reason: str | None = None
    message: str = ""
    targets: tuple[Party, ...] = ()
    debug: Mapping[str, Any] = field(default_factory=dict)
    source_ip: str = ""
    user_agent: str = ""
    request_id: str = ""


#: Seconds that an event is kept.
EVENT_RETENTION: Final = 90 * 86_400
#: Milliseconds within which whatever was given a place in the log is there to be read, or never will be: more than
#: the longest write to storage takes, with all its attempts.
SETTLED_AFTER: Final = 15_000


@dataclass(frozen=True)
class Recorded:
    """An event and its place in the log. Places sort in the order of recording, to the millisecond."""

    place: str
    event: Event


def place_of(recorded_ms: int, event_id: str = "") -> str:
    """The place of an event; without an id: the one before all of that millisecond."""
    return f"{recorded_ms:014d}#{event_id}" if event_id else f"{recorded_ms:014d}"


class EventLog(Protocol):
    """The system log. Administrative changes write their events themselves, in the transaction of the change."""

    def record(self, events: Sequence[Event]) -> None:
        """Write events of administration that no change of ours stands beside.

        Raises:
            Unavailable: Some may be written.
        """

    def deliver(self, events: Sequence[Event], *, stream: str) -> None:
        """Write events that happened elsewhere, each once, however often and in whatever parts it is handed over.

        Args:
            events: In the order in which they happened, or nearly.
            stream: Where they come from. The same event comes from the same stream always.

        Raises:
            Unavailable: Some may be written; hand all of them over again.
        """

    def read(self, *, after: str, before: str, batch: int, descending: bool = False) -> Iterator[Recorded]:
        """The events whose places lie between two places, both exclusive, in the order of their places.

        Fetched while they are looked at, about ``batch`` at once: who stops early has read little.

        Raises:
            Unavailable: At any step.
        """
