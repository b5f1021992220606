"""Change with conflict: repeated with pauses that grow and differ, for as long as there is time, and no longer."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from authmint.storage.errors import Conflict, NotFound, Unavailable
from authmint.storage.retrying import LONGEST, PATIENCE, SHORTEST, Retrying


@dataclass
class Contended:
    """A change in conflict so many times, and the pauses in between."""

    conflicts: int
    error: Callable[[], Exception] = Conflict
    attempts: int = 0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> str:
        self.attempts += 1
        if self.attempts <= self.conflicts:
            raise self.error()
        return "done"

    def retrying(self, *, random: float = 1.0, in_time: Callable[[], bool] = lambda: True) -> Retrying:
        return Retrying(in_time, self.pauses.append, lambda: random)


def test_what_others_came_first_with_is_repeated_until_it_is_done() -> None:
    change = Contended(conflicts=5)

    assert change.retrying()(change) == "done"
    assert change.pauses == [SHORTEST, SHORTEST * 2, SHORTEST * 4, SHORTEST * 8, SHORTEST * 16]


def test_pauses_differ_by_half_and_are_never_nothing() -> None:
    change = Contended(conflicts=3)

    change.retrying(random=0.0)(change)

    assert change.pauses == [SHORTEST / 2, SHORTEST, SHORTEST * 2]


def test_who_keeps_coming_second_gives_up_after_a_bounded_time() -> None:
    change = Contended(conflicts=1_000)

    with pytest.raises(Unavailable):
        change.retrying()(change)

    assert max(change.pauses) == LONGEST
    assert PATIENCE - LONGEST < sum(change.pauses) <= PATIENCE


def test_nobody_waits_beyond_the_deadline() -> None:
    change = Contended(conflicts=1_000)

    with pytest.raises(Unavailable):
        change.retrying(in_time=lambda: change.attempts < 3)(change)

    assert (change.attempts, len(change.pauses)) == (3, 2)


def test_only_a_conflict_is_repeated_or_what_the_caller_names() -> None:
    refused, named = Contended(1, NotFound), Contended(1, NotFound)

    with pytest.raises(NotFound):
        refused.retrying()(refused)

    assert (refused.attempts, named.retrying()(named, on=(Conflict, NotFound))) == (1, "done")


def test_two_processes_draw_different_pauses() -> None:
    assert Retrying().random() != Retrying().random()
