"""How far event hooks are in the system log, and what was given up (docs/protocol.md §39.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .events import Event


@dataclass(frozen=True)
class Progress:
    """How far a hook is: the log is its queue, and this its place in it.

    Attributes:
        place: Everything up to here is done with; empty: nothing is yet.
        failures: Attempts in a row, at what comes next, that failed.
        careful: The last attempt failed: events are told one at a time, so that one of them does not stop others.
        not_before: Unix seconds before which nothing is tried.
        busy_until: Unix seconds until which a run has it; 0: none does.
        saved_at: Unix seconds.
        version: Raised by every change. 0: it was never saved.
    """

    hook_id: str
    place: str = ""
    failures: int = 0
    careful: bool = False
    not_before: int = 0
    busy_until: int = 0
    saved_at: int = 0
    version: int = 0


@dataclass(frozen=True)
class DeadLetter:
    """An event that a hook did not take. ``place`` is that of the event in the log."""

    hook_id: str
    place: str
    event: Event
    reason: str
    given_up_at: int


class HookDeliveries(Protocol):
    """Progress of event hooks, and their dead letters."""

    def progress(self, hook_id: str) -> Progress:
        """How far a hook is; at the beginning where it was never saved. A consistent read."""

    def save(self, progress: Progress, *, letter: DeadLetter | None = None) -> Progress:
        """Store how far a hook is, and what was given up on the way, all or nothing; with its new version.

        Raises:
            Conflict: It is not at ``progress.version`` any more.
        """

    def dead_letters(self, hook_id: str, *, limit: int) -> Sequence[DeadLetter]:
        """What was given up of a hook, in the order of the log."""

    def forget(self, letter: DeadLetter) -> None:
        """Remove a dead letter: it was taken after all."""
