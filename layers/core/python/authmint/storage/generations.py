"""Generations of credentials: an order, where a clock could not tell apart what happens within one second.

Deactivating a client or a user ends for good whatever they hold, also after they are activated again. Each of the two
records counts its deactivations; whatever is made for them carries the counts of that moment, and is good only as long
as they still stand.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Generations:
    """How often client and user had been deactivated when something was made for them."""

    client: int = 0
    user: int = 0


#: Before the first deactivation of either.
FIRST: Final = Generations()
