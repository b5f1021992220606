"""How long to wait before something is tried again that failed, and that nobody waits for."""

from typing import Final

#: Seconds before the second attempt; each pause after it is twice as long, up to the longest.
FIRST_PAUSE: Final = 60
LONGEST_PAUSE: Final = 3_600


def pause(attempts: int) -> int:
    """Seconds until what failed so often is tried again."""
    return int(min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE))
