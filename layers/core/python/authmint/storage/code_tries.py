"""Codes that people type, counted before anybody looks at them: guesses that come all at once are counted, too."""

from typing import Protocol


class CodeTries(Protocol):
    """How many codes a user has tried since the last right one, whatever the factors."""

    def take(self, user_id: str, *, most: int, at: int) -> int:
        """Count one; how many there are now, this one included. A write that is repeated may count twice.

        Raises:
            Conflict: There were ``most`` already, or there is no such user. Not counted.
        """

    def give_back(self, user_id: str) -> None:
        """Take back one that turned out to be no guess."""

    def clear(self, user_id: str) -> None:
        """A code was right: forget those before it."""
