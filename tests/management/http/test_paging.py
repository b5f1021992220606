"""Lists that walk: a page ends when it is full or when time runs out, and its link goes on."""

from collections.abc import Callable, Sequence

from authmint.management.http.paging import scan

NUMBERS = [f"{number:04d}" for number in range(1_000)]


def read(after: str | None, size: int) -> Sequence[str]:
    return [number for number in NUMBERS if after is None or number > after][:size]


def walked(limit: int, in_time: Callable[[], bool]) -> tuple[list[str], int]:
    """What is wanted, page by page: every hundredth."""
    after, shown, pages = None, [], 0
    while True:
        found, after = scan(
            read, str, lambda number: number.endswith("42"), after=after, limit=limit, size=50, in_time=in_time
        )
        shown += found
        pages += 1
        if after is None:
            return shown, pages


WANTED = [number for number in NUMBERS if number.endswith("42")]


def test_full_pages_while_there_is_time() -> None:
    assert walked(3, lambda: True) == (WANTED, 4)


def test_short_and_empty_pages_when_there_is_none_and_nothing_missed() -> None:
    assert walked(3, lambda: False) == (WANTED, len(NUMBERS) // 50 + 1)
