"""How long AWS is waited for: for one attempt of a call, for the pauses in between, and for a whole invocation."""

import math
import time
from collections.abc import Callable
from typing import Final

#: Seconds. A call in the same region takes milliseconds; what takes longer than this is better asked again.
CONNECT_TIMEOUT: Final = 0.5
READ_TIMEOUT: Final = 1.5
ATTEMPTS: Final = 3
#: The longest pause between two attempts: botocore's standard mode waits up to 1, then up to 2 seconds.
LONGEST_PAUSE: Final = 2.0
#: For what comes after the last call: signing, the answer, the log line.
MARGIN: Final = 0.25
#: An attempt that begins with this much time left, fails as late as it can and is followed by a pause, still leaves
#: time for an answer.
NEEDED: Final = CONNECT_TIMEOUT + READ_TIMEOUT + LONGEST_PAUSE + MARGIN


class Deadline:
    """When the invocation at work has to be over. Without ``set`` there is none."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = math.inf

    def set(self, seconds: float) -> None:
        """The invocation at work is over in so many seconds."""
        self._at = self._monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, without the margin."""
        return self._at - self._monotonic() - MARGIN

    def allows_an_attempt(self) -> bool:
        """Whether a call may be tried now, and still be answered for."""
        return self._monotonic() + NEEDED <= self._at
