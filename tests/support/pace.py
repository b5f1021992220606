"""Somebody may sign in as often as a test or a benchmark asks; what the brake costs is paid all the same."""

import itertools
from collections.abc import Callable

from authmint.rate_limit import Allowance, RateLimit
from authmint.storage.rate_counters import RateCounters

_TAKE = RateLimit.take


def unbraked() -> Callable[..., Allowance]:
    """``RateLimit.take`` that counts everybody's attempts as somebody else's."""
    numbers = itertools.count()

    def take(limit: RateLimit, who: str, *, now: int) -> Allowance:
        return _TAKE(limit, f"{who}:{next(numbers)}", now=now)

    return take


def failures(counters: RateCounters, most: int = 60) -> Callable[[], RateLimit]:
    """Counts failed authentications of clients, as the functions do."""
    return lambda: RateLimit(counters, "client", most=most, seconds=60)
