"""How often somebody may do what is guessed at or expensive: so many times in a window of time.

One write counts one try, and its answer says how many there were: tries that come all at once are counted, too. Who is
over the limit costs no further write of the same instance until the window ends.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from .http import Pairs
from .storage.rate_counters import RateCounters

#: So many of those who are over the limit are remembered.
_REMEMBERED: Final = 1_000


@dataclass(frozen=True)
class Allowance:
    """What is left to somebody.

    Attributes:
        limit: How many tries a window has.
        used: How many there were, this one included.
        now, resets_at: Unix seconds; then the window ends.
    """

    limit: int
    used: int
    now: int
    resets_at: int

    @property
    def allowed(self) -> bool:
        """Whether this try is within the limit."""
        return self.used <= self.limit

    def headers(self) -> Pairs:
        """The numbers as clients read them; who may not go on is told for how long (RFC 9110 §10.2.3)."""
        numbers = (
            ("x-rate-limit-limit", str(self.limit)),
            ("x-rate-limit-remaining", str(max(self.limit - self.used, 0))),
            ("x-rate-limit-reset", str(self.resets_at)),
        )
        return numbers if self.allowed else (*numbers, ("retry-after", str(max(self.resets_at - self.now, 1))))


class RateLimit:
    """So many tries of one kind in so many seconds.

    Args:
        counters: Where tries are counted.
        kind: Of tries: those of other kinds are counted for themselves.
        most: In a window; at least one.
        seconds: How long a window is.
    """

    def __init__(self, counters: RateCounters, kind: str, *, most: int, seconds: int) -> None:
        self._counters = counters
        self._kind = kind
        self._most = most
        self._seconds = seconds
        self._over: dict[str, Allowance] = {}

    def take(self, who: str, *, now: int) -> Allowance:
        """Use one try up.

        Args:
            who: Whose; kept as a digest only.
            now: Unix seconds.

        Raises:
            Unavailable: Storage could not answer.
        """
        window, resets_at = self._window(now)
        key = f"{self._kind}#{_digest(who)}#{window}"
        if key in self._over:
            return Allowance(self._most, self._most + 1, now, resets_at)
        allowance = Allowance(self._most, self._counters.add(key, expires_at=resets_at), now, resets_at)
        if not allowance.allowed:
            if len(self._over) >= _REMEMBERED:
                self._over.clear()
            self._over[key] = allowance
        return allowance

    def untouched(self, *, now: int) -> Allowance:
        """What somebody has who was not counted."""
        return Allowance(self._most, 0, now, self._window(now)[1])

    def _window(self, now: int) -> tuple[int, int]:
        window = now // self._seconds
        return window, (window + 1) * self._seconds


def network_of(source_ip: str) -> str:
    """Whom an address is counted as: an IPv4 address for itself, an IPv6 address as the /64 that one site has."""
    if ":" not in source_ip:
        return source_ip
    import ipaddress  # who comes by IPv4 does without

    try:
        return str(ipaddress.ip_network((source_ip.partition("%")[0], 64), strict=False))
    except ValueError:
        return source_ip


def _digest(who: str) -> str:
    """Of no use to who reads the counts."""
    return hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()
