"""The pages of the system log: a reader that follows the links misses nothing and sees nothing twice."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from authmint.audit.log_cursors import MAX_REMEMBERED, BadCursor, Cursor, Position
from authmint.audit.log_pages import LAG, Page, Query, page
from authmint.jose.encoding import b64encode
from authmint.storage.events import SETTLED_AFTER, Event, Party, Recorded, place_of
from hypothesis import given, settings
from hypothesis import strategies as st

ACTOR = Party("a", "User")


@dataclass
class Log:
    """``EventLog`` whose writes take a while: a place is given first, the event is there later."""

    written: list[tuple[int, Recorded]]  # visible from, what
    now: int = 0

    def record(self, events: object) -> None:
        raise NotImplementedError

    def deliver(self, events: object, *, stream: str) -> None:
        raise NotImplementedError

    def read(self, *, after: str, before: str, batch: int, descending: bool = False) -> Iterator[Recorded]:
        found = [r for at, r in self.written if at <= self.now and after < r.place < before]
        return iter(sorted(found, key=lambda r: r.place, reverse=descending))


def event(number: int, at: int, kind: str = "x") -> Event:
    return Event(id=f"{number:08d}", published_ms=at, type=kind, actor=ACTOR)


def query(limit: int, **changes: object) -> Query:
    values: dict[str, object] = {"since_ms": 0, "until_ms": 10**12, "wanted": lambda _: True, "limit": limit}
    return Query(**values | {"endless": True} | changes)  # type: ignore[arg-type]


writes = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, SETTLED_AFTER - 1)), min_size=1, max_size=60
)  # pause before, time until it is visible


@settings(max_examples=300)
@given(writes, st.lists(st.tuples(st.integers(1, 30_000), st.integers(0, 12)), min_size=1, max_size=30), st.randoms())
def test_a_reader_that_polls_sees_every_event_once_in_spite_of_slow_writes(
    writes: list[tuple[int, int]], polls: list[tuple[int, int]], random_: random.Random
) -> None:
    at, written = 1_000_000, []
    for number, (pause, delay) in enumerate(writes):
        at += pause
        written.append((at + delay, Recorded(place_of(at, f"{number:08d}"), event(number, at))))
    random_.shuffle(written)
    log, seen = Log(written, now=1_000_000), []
    cursor: Cursor | Position | None = None
    last = at + 4 * SETTLED_AFTER

    for pause, limit in polls:
        log.now += pause
        found = page(log, query(limit), cursor, now_ms=log.now)
        seen += [e.id for e in found.events]
        cursor = found.following
        assert cursor is not None
        cursor = query(1).cursor(cursor.text())
    more = True  # polls that ask for nothing may have taken all the time
    while log.now < last or more:
        log.now += SETTLED_AFTER
        found = page(log, query(1_000), cursor, now_ms=log.now)
        seen += [e.id for e in found.events]
        cursor, more = found.following, bool(found.events)

    assert sorted(seen) == [f"{number:08d}" for number in range(len(writes))]


def test_the_property_is_worth_something() -> None:
    """Without the wait for what is on its way, an event is missed."""
    early, late = event(1, 1_000), event(2, 1_500)
    log = Log([(9_000, Recorded(place_of(1_000, early.id), early)), (0, Recorded(place_of(1_500, late.id), late))])
    log.now = 2_000
    hasty = page(log, query(10), None, now_ms=log.now + SETTLED_AFTER).following
    patient = page(log, query(10), None, now_ms=log.now).following
    log.now = 100_000

    def after(cursor: Cursor | Position | None) -> list[str]:
        return [e.id for e in page(log, query(10), cursor, now_ms=log.now).events]

    assert after(hasty) == []
    assert after(patient) == [early.id]


def test_what_is_recorded_just_now_is_shown_at_once_and_once() -> None:
    log = Log([(0, Recorded(place_of(50_000, "00000001"), event(1, 50_000)))], now=50_001)

    first = page(log, query(10), None, now_ms=50_001)
    again = page(log, query(10), first.following, now_ms=50_002)

    assert ([e.id for e in first.events], [e.id for e in again.events]) == (["00000001"], [])


def test_a_burst_is_shown_as_it_settles_and_never_blocks() -> None:
    many = [event(number, 50_000) for number in range(3 * MAX_REMEMBERED)]
    log = Log([(0, Recorded(place_of(50_000, e.id), e)) for e in many], now=50_001)
    cursor: Cursor | Position | None = None
    seen, longest = [], 0
    for now in (50_001, 50_002, 60_000, 66_000, 66_001):
        found = page(log, query(1_000), cursor, now_ms=now)
        seen += [e.id for e in found.events]
        cursor = found.following
        longest = max(longest, len(cursor.text() if cursor else ""))

    assert seen == [e.id for e in many]
    assert longest < 450


def test_a_limit_of_nothing_goes_nowhere() -> None:
    log = Log([(0, Recorded(place_of(5, "00000001"), event(1, 5)))], now=10**6)

    found = page(log, query(0), None, now_ms=10**6)

    assert found.events == ()
    assert [e.id for e in page(log, query(5), found.following, now_ms=10**6).events] == ["00000001"]


def walked(log: Log, wanted: Query, in_time: Callable[[], bool] = lambda: True) -> tuple[list[Event], int]:
    """Every event behind the links from page to page, and how many pages there were."""
    cursor: Cursor | Position | None = None
    seen: list[Event] = []
    for pages in range(1, 10_000):
        found: Page = page(log, wanted, cursor, now_ms=10**9, in_time=in_time)
        seen += found.events
        if found.following is None:
            return seen, pages
        cursor = wanted.cursor(found.following.text())
    raise AssertionError("the list never ends")


#: When events happened, and how much later each was recorded.
happenings = st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, LAG)), max_size=60)


@given(happenings, st.integers(1, 7), st.booleans())
def test_a_bounded_list_is_in_the_order_in_which_things_happened(
    times: list[tuple[int, int]], limit: int, descending: bool
) -> None:
    events = [event(number, at, kind="odd" if number % 2 else "even") for number, (at, _) in enumerate(times)]
    late = [delay for _, delay in times]
    log = Log([(0, Recorded(place_of(e.published_ms + d, e.id), e)) for e, d in zip(events, late, strict=True)], 10**9)
    wanted = query(limit, endless=False, descending=descending, wanted=lambda e: e.type == "odd")

    seen, pages = walked(log, wanted)

    expected = sorted((e for e in events if e.type == "odd"), key=lambda e: (e.published_ms, e.id))
    assert seen == (expected[::-1] if descending else expected)
    assert pages <= len(expected) // limit + 2


@pytest.mark.parametrize("descending", [False, True])
def test_a_page_ends_when_time_runs_out_and_its_link_goes_on(descending: bool) -> None:
    events = [event(number, number * 200, kind="rare" if number % 499 == 0 else "x") for number in range(3_000)]
    log = Log([(0, Recorded(place_of(e.published_ms, e.id), e)) for e in events], now=10**9)
    wanted = query(50, endless=False, descending=descending, wanted=lambda e: e.type == "rare")
    times = 0

    def in_time() -> bool:
        nonlocal times
        times += 1
        return times % 5 != 0

    seen, pages = walked(log, wanted, in_time)

    assert [e.id for e in seen] == [e.id for e in (events[::-1] if descending else events) if e.type == "rare"]
    assert pages > 2


def test_polling_ends_a_page_in_time_too() -> None:
    events = [event(number, number) for number in range(1_000)]
    log = Log([(0, Recorded(place_of(e.published_ms, e.id), e)) for e in events], now=10**9)

    first = page(log, query(1_000), None, now_ms=10**9, in_time=lambda: False)
    second = page(log, query(1_000), first.following, now_ms=10**9)

    assert 0 < len(first.events) < 1_000
    assert first.events + second.events == tuple(events)


def test_what_came_into_the_log_hours_later_is_shown_once_all_the_same() -> None:
    events = [event(number, number * 60_000) for number in range(10)]
    places = [e.published_ms + (7_200_000 if e.id.endswith("3") else 0) for e in events]
    log = Log([(0, Recorded(place_of(at, e.id), e)) for at, e in zip(places, events, strict=True)], now=10**9)

    for descending in (False, True):
        seen, _ = walked(log, query(2, endless=False, descending=descending))
        assert sorted(e.id for e in seen) == [e.id for e in events]


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", b64encode(b"{}"), b64encode(b"abc\n"), b64encode(b"9" * 200 + b"\n"), b64encode(b"1" * 14 + b"\nx")],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    for kind in (Cursor, Position):
        with pytest.raises(BadCursor):
            kind.parse(text)


def test_the_cursor_of_one_kind_of_list_is_none_of_the_other() -> None:
    with pytest.raises(BadCursor):
        Position.parse(Cursor(place_of(5, "a"), frozenset([b"12345"])).text())
    with pytest.raises(BadCursor):
        Position.parse(Cursor(place_of(5)).text())
