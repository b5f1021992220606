"""What is counted to brake guessing and flooding."""

from typing import Protocol


class RateCounters(Protocol):
    """Counts by key. ``expires_at`` says when a count may be forgotten: its key names the window it is of."""

    def add(self, key: str, *, expires_at: int) -> int:
        """Count one more, by one write; how many there are now. A write that is repeated may count twice.

        Raises:
            Unavailable: Storage could not answer. It may have been counted.
        """

    def count(self, key: str) -> int:
        """How many there are. Counts nothing."""
