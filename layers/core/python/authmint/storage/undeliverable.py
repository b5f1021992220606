"""Addresses that mail came back from, or whose owners want none: nothing is sent there any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from .events import Event

Because = Literal["BOUNCE", "COMPLAINT"]


@dataclass(frozen=True)
class Undeliverable:
    """One address, by its digest alone.

    Attributes:
        because: It does not exist, or its owner complained.
        at: Since when, Unix seconds.
    """

    digest: str
    because: Because
    at: int


class UndeliverableAddresses(Protocol):
    """All of a deployment, whatever the case of their letters."""

    def mark(self, address: str, because: Because, *, at: int) -> None:
        """Send nothing there from now on."""

    def find(self, address: str) -> Undeliverable | None:
        """Why nothing is sent there; ``None``: nothing is known against it. A consistent read."""

    def clear(self, address: str, events: Sequence[Event]) -> None:
        """Send there again, and store the events, all or nothing."""
