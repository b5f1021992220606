"""Guessing is braked: so many attempts for one login in a second, whoever asks and whether there is such a user."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from authmint.directory.authentication import Authenticator, BadCredentials, TooFast
from authmint.directory.rate_limit import RateLimit

from tests.directory.people import PASSWORD, People
from tests.support.fakes import NOW, CountingIds, FrozenClock


class Braked(People):
    def __init__(self) -> None:
        super().__init__()
        limit = RateLimit(self.storage.assertions, most=4, seconds=1)
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
