"""How often somebody may guess: counted by writes of which exactly one wins."""

from typing import Final

from ..storage.errors import AlreadyUsed
from ..storage.replay import UsedAssertions

#: No client has such an id.
_NOBODY: Final = "~attempts"


class RateLimit:
    """So many attempts in so many seconds, also where they come all at once.

    They are counted where used assertions are remembered: a count is single-use, too.
    """

    def __init__(self, used: UsedAssertions, *, most: int, seconds: int) -> None:
        self._used = used
        self._most = most
        self._seconds = seconds

    def take(self, who: str, *, now: int) -> bool:
        """Use one attempt up. False: none is left."""
        window = now // self._seconds
        ends_at = (window + 1) * self._seconds
        for number in range(self._most):
            try:
                self._used.spend(_NOBODY, f"{who}:{window}:{number}", expires_at=ends_at, at=now)
            except AlreadyUsed:
                continue
            return True
        return False
