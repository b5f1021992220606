"""Change with conflict: read, change, write on a condition, and all of it again when another came first.

Who collides must not collide again, so pauses grow exponentially and their length is drawn at random; nobody waits
beyond what the invocation at work has left.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import Final, TypeVar

from ..outage import Outage
from .errors import Conflict, Unavailable

#: Seconds: the first pause and the longest one.
SHORTEST: Final = 0.008
LONGEST: Final = 0.5
#: Seconds of pauses in all. Who has to wait this long waits for a fault and not for others.
PATIENCE: Final = 12.0

_R = TypeVar("_R")


def _always() -> bool:
    return True


def _sleep(seconds: float) -> None:
    time.sleep(seconds)  # looked up at each call: who takes the time away from a process takes it away here, too


@dataclass(frozen=True)
class Retrying:
    """Repeats what others came first with.

    Attributes:
        in_time: Whether the invocation at work has time for one more attempt.
        sleep: Waits so many seconds.
        random: A number from 0 to 1, another one at each call and in each process.
    """

    in_time: Callable[[], bool] = _always
    sleep: Callable[[float], None] = _sleep
    random: Callable[[], float] = SystemRandom().random

    def __call__(
        self,
        attempt: Callable[[], _R],
        *,
        on: tuple[type[Exception], ...] = (Conflict,),
        patience: float = PATIENCE,
    ) -> _R:
        """What the attempt gives, once it is not in conflict any more.

        Args:
            attempt: Reads, changes and writes. It is called again from the start, so it keeps nothing between calls.
            on: What is worth another attempt; everything else is raised at once.
            patience: Seconds of pauses in all.

        Raises:
            Unavailable: Others keep coming first, or no time is left.
            Outage: Of an attempt that failed by one: it says best what did not answer.
        """
        waited, longest = 0.0, SHORTEST
        while True:
            try:
                return attempt()
            except on as error:
                pause = longest * (0.5 + 0.5 * self.random())
                waited, longest = waited + pause, min(longest * 2, LONGEST)
                if waited > patience or not self.in_time():
                    if isinstance(error, Outage):
                        raise
                    raise Unavailable("others keep coming first") from error
            self.sleep(pause)
