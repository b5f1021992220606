"""The pages of the system log: a reader that follows the links misses nothing and sees nothing twice."""

import random
from dataclasses import dataclass

import pytest
from authmint.audit.log_pages import MAX_REMEMBERED, BadCursor, Cursor, Page, Query, page
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

    def read(self, *, after: str, before: str, limit: int, descending: bool = False) -> list[Recorded]:
        found = [r for at, r in self.written if at <= self.now and after < r.place < before]
        return sorted(found, key=lambda r: r.place, reverse=descending)[:limit]


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
    log, cursor, seen = Log(written, now=1_000_000), None, []
    last = at + 4 * SETTLED_AFTER

    for pause, limit in polls:
        log.now += pause
        found = page(log, query(limit), cursor, now_ms=log.now)
        seen += [e.id for e in found.events]
        cursor = found.following
        assert cursor is not None
        cursor = Cursor.parse(cursor.text())
    while log.now < last or found.events:
        log.now += SETTLED_AFTER
        found = page(log, query(1_000), cursor, now_ms=log.now)
        seen += [e.id for e in found.events]
        cursor = found.following

    assert sorted(seen) == [f"{number:08d}" for number in range(len(writes))]


def test_the_property_is_worth_something() -> None:
    """Without the wait for what is on its way, an event is missed."""
    early, late = event(1, 1_000), event(2, 1_500)
    log = Log([(9_000, Recorded(place_of(1_000, early.id), early)), (0, Recorded(place_of(1_500, late.id), late))])
    log.now = 2_000
    hasty = page(log, query(10), None, now_ms=log.now + SETTLED_AFTER).following
    patient = page(log, query(10), None, now_ms=log.now).following
    log.now = 100_000

    def after(cursor: Cursor | None) -> list[str]:
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
    cursor, seen = None, []
    for now in (50_001, 50_002, 60_000, 66_000, 66_001):
        found = page(log, query(1_000), cursor, now_ms=now)
        seen += [e.id for e in found.events]
        cursor = found.following

    assert seen == [e.id for e in many]
    assert len(cursor.text() if cursor else "") < 200


def test_a_limit_of_nothing_goes_nowhere() -> None:
    log = Log([(0, Recorded(place_of(5, "00000001"), event(1, 5)))], now=10**6)

    found = page(log, query(0), None, now_ms=10**6)

    assert found.events == ()
    assert [e.id for e in page(log, query(5), found.following, now_ms=10**6).events] == ["00000001"]


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 7), st.booleans())
def test_a_bounded_query_ends_and_shows_all_in_order(times: list[int], limit: int, descending: bool) -> None:
    events = [event(number, at) for number, at in enumerate(times)]
    log = Log([(0, Recorded(place_of(e.published_ms, e.id), e)) for e in events], now=10**6)
    wanted = query(limit, endless=False, descending=descending, wanted=lambda e: e.published_ms != 7)
    cursor, seen, pages = None, [], 0
    while True:
        found: Page = page(log, wanted, cursor, now_ms=10**6)
        seen += list(found.events)
        pages += 1
        cursor = found.following
        if cursor is None:
            break

    expected = sorted((e for e in events if e.published_ms != 7), key=lambda e: (e.published_ms, e.id))
    assert seen == (expected[::-1] if descending else expected)
    assert pages <= len(events) // limit + 2


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", b64encode(b"{}"), b64encode(b"[1]"), b64encode(b'["abc"]'), b64encode(b'["%s"]' % (b"9" * 200))],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        Cursor.parse(text)
