"""Guessing is braked: so many attempts for one login in a second, whoever asks and whether there is such a user."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from authmint.directory.authentication import Authenticator, BadCredentials, TooFast
from authmint.rate_limit import RateLimit, network_of

from tests.directory.people import PASSWORD, People
from tests.memory.grants import MemoryRateCounters
from tests.support.fakes import NOW, CountingIds, FrozenClock


class Braked(People):
    def __init__(self) -> None:
        super().__init__()
        limit = RateLimit(self.storage.rate_counters, "login", most=4, seconds=1)
        self.authenticator = Authenticator(
            self.storage.directory, self.storage.users, self.hashes, FrozenClock(), CountingIds(), limit=limit
        )

    def tried(self, login: str, *, password: str | None = None, now: int = NOW) -> str:
        try:
            self.authenticator.verify(login, password or "a guess", now)
        except (BadCredentials, TooFast) as error:
            return type(error).__name__
        return "signed in"


@pytest.mark.parametrize("login", ["ann@example.com", "nobody@example.com", "\ud800", ""])
def test_four_attempts_are_judged_in_a_second_and_no_more(login: str) -> None:
    braked = Braked()

    assert [braked.tried(login) for _ in range(6)] == ["BadCredentials"] * 4 + ["TooFast"] * 2
    assert braked.tried(login, now=NOW + 1) == "BadCredentials"


def test_attempts_at_once_are_braked_and_only_the_judged_ones_count_for_the_lockout() -> None:
    braked = Braked()

    with ThreadPoolExecutor(16) as pool:
        tried = list(pool.map(lambda _: braked.tried("ann@example.com"), range(16)))

    assert sorted(tried) == ["BadCredentials"] * 4 + ["TooFast"] * 12
    assert (braked.ann.failed_attempts, braked.ann.status) == (4, "ACTIVE")


def test_other_spellings_of_a_login_are_the_same_one_and_other_logins_are_not_braked() -> None:
    braked = Braked()

    for login in ("ann@example.com", "ANN@example.com", "Ann@Example.com", "ann@EXAMPLE.com"):
        braked.tried(login)

    assert braked.tried("aNN@example.com", password=PASSWORD) == "TooFast"
    assert braked.tried("bob@example.com") == "BadCredentials"


class Counters(MemoryRateCounters):
    def __init__(self) -> None:
        super().__init__(threading.RLock())
        self.keys: list[str] = []

    def add(self, key: str, *, expires_at: int) -> int:
        self.keys.append(key)
        return super().add(key, expires_at=expires_at)


def test_the_numbers_of_a_window_and_when_it_ends() -> None:
    limit = RateLimit(Counters(), "x", most=2, seconds=60)
    now = 1_000_000_000 - 1_000_000_000 % 60 + 58

    told = [dict(limit.take("me", now=now).headers()) for _ in range(3)]

    assert [one["x-rate-limit-remaining"] for one in told] == ["1", "0", "0"]
    assert {one["x-rate-limit-reset"] for one in told} == {str(now + 2)}
    assert ["retry-after" in one for one in told] == [False, False, True]
    assert told[-1]["retry-after"] == "2"
    assert limit.take("me", now=now + 1).headers()[-1] == ("retry-after", "1")
    assert limit.take("me", now=now + 2).allowed
    assert limit.untouched(now=now).headers()[1] == ("x-rate-limit-remaining", "2")


def test_who_is_over_the_limit_is_counted_no_more_and_nobody_is_named() -> None:
    counters = Counters()
    limit = RateLimit(counters, "x", most=1, seconds=60)

    allowed = [limit.take("ann@example.com", now=NOW).allowed for _ in range(9)]

    assert allowed == [True] + [False] * 8
    assert len(counters.keys) == 2
    assert "ann" not in "".join(counters.keys)
    assert limit.take("bob@example.com", now=NOW).allowed


def test_so_many_offenders_are_remembered_and_no_more() -> None:
    counters = Counters()
    limit = RateLimit(counters, "x", most=1, seconds=60)

    for number in range(1_001):
        for _ in range(2):
            limit.take(f"u{number}", now=NOW)

    assert not limit.take("u0", now=NOW).allowed  # forgotten here, and not in storage
    assert counters.counts[counters.keys[0]] == 3


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not:an:address", "not:an:address"),
    ],
)
def test_whom_an_address_counts_as(address: str, network: str) -> None:
    assert network_of(address) == network
