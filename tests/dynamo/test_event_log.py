"""The system log: whatever the deliveries, a reader finds each event once, and a poller misses and repeats nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from authmint.audit.log_cursors import Cursor, Position
from authmint.audit.log_pages import Query, page
from authmint.dynamo.event_chunks import HOUR_MS, MOST_EVENTS, ON_TIME
from authmint.dynamo.event_log import DynamoEventLog
from authmint.storage.errors import Unavailable
from authmint.storage.events import SETTLED_AFTER, Event, Recorded, place_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.event_deliveries import MINUTE, SECOND, START, Delivery, an_event, deliveries, hand_over
from tests.support.event_table import EventTable, Milliseconds


def told(events: Sequence[Recorded]) -> list[str]:
    return [recorded.event.id for recorded in events]


def everything(log: DynamoEventLog, *, descending: bool = False) -> list[Recorded]:
    return list(log.read(after=place_of(START - HOUR_MS), before=place_of(START + 5 * HOUR_MS), batch=100,
                         descending=descending))  # fmt: skip


@settings(max_examples=125)
@given(deliveries(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6))
def test_each_event_is_there_once_however_it_was_delivered(
    planned: list[Delivery], ranges: list[tuple[int, int]]
) -> None:
    clock = Milliseconds()
    table = EventTable(clock)
    sinks = [DynamoEventLog(table.tables(), clock) for _ in range(3)]
    for number, delivery in enumerate(planned):
        clock.at = max(clock.at, delivery.at)
        if not hand_over(table, sinks[number % 3], delivery):
            delivery.fails = None
            clock.at += MINUTE  # Lambda waits for so long
            assert hand_over(table, sinks[0], delivery)
    clock.at += SETTLED_AFTER
    log = sinks[0]

    found = everything(log)

    expected = {event.id for delivery in planned for event in delivery.events}
    assert sorted(told(found)) == sorted(expected)
    assert [r.place for r in found] == sorted(r.place for r in found)
    assert everything(log, descending=True) == found[::-1]
    for first, last in ranges:  # the same wherever a reader begins and ends
        after = found[first].place if first < len(found) else place_of(START - HOUR_MS)
        before = found[last].place if last < len(found) else place_of(START + 5 * HOUR_MS)
        inside = [r for r in found if after < r.place < before]
        assert list(log.read(after=after, before=before, batch=7)) == inside
        assert list(log.read(after=after, before=before, batch=7, descending=True)) == inside[::-1]


@settings(max_examples=125)
@given(deliveries(), st.lists(st.tuples(st.integers(1, 40_000), st.integers(0, 9)), max_size=40))
def test_a_poller_misses_nothing_and_sees_nothing_twice(planned: list[Delivery], polls: list[tuple[int, int]]) -> None:
    clock = Milliseconds()
    table = EventTable(clock)
    sinks = [DynamoEventLog(table.tables(), clock) for _ in range(2)]
    seen: list[str] = []
    cursor: Cursor | Position | None = None

    def poll(limit: int) -> int:
        nonlocal cursor
        query = Query(START - HOUR_MS, clock.at + MINUTE, lambda _: True, limit, endless=True)
        found = page(sinks[0], query, cursor, now_ms=clock.at)
        seen.extend(event.id for event in found.events)
        assert found.following is not None
        cursor = Cursor.parse(found.following.text())
        return len(found.events)

    waiting = sorted(planned, reverse=True)
    for number, (pause, limit) in enumerate([*polls, *[(2 * MINUTE, 3)] * 12]):
        clock.at += pause
        while waiting and waiting[-1].at <= clock.at:
            delivery = waiting.pop()
            if not hand_over(table, sinks[number % 2], delivery):
                delivery.at, delivery.fails = clock.at + MINUTE, None
                waiting = sorted([*waiting, delivery], reverse=True)
        poll(limit)
    while waiting:
        clock.at = max(clock.at, waiting[-1].at)
        delivery = waiting.pop()
        delivery.fails = None
        assert hand_over(table, sinks[1], delivery)
        poll(2)
    clock.at += SETTLED_AFTER
    while poll(50):
        pass

    assert sorted(seen) == sorted({event.id for delivery in planned for event in delivery.events})


@dataclass
class World:
    clock: Milliseconds
    table: EventTable
    log: DynamoEventLog

    def deliver(self, *events: Event, stream: str = "a") -> None:
        self.log.deliver(events, stream=stream)

    def calls(self) -> list[str]:
        made, self.table.made[:] = list(self.table.made), []
        return made


@pytest.fixture
def world() -> World:
    clock = Milliseconds()
    table = EventTable(clock)
    return World(clock, table, DynamoEventLog(table.tables(), clock))


def test_what_comes_on_time_is_one_write(world: World) -> None:
    world.deliver(an_event(1, START), an_event(2, START))
    first = world.calls()
    world.clock.at += SECOND
    world.deliver(an_event(3, START + SECOND))

    assert first == ["PutItem", "PutItem"]  # that there is something in this hour, and the chunk
    assert world.calls() == ["PutItem"]


def test_a_trickle_is_in_one_partition_and_a_flood_in_many(world: World) -> None:
    for number in range(20):
        world.clock.at += SECOND
        world.deliver(an_event(number, world.clock.at), stream=f"stream {number}")
    narrow = {pk for pk in world.table.partitions() if pk.startswith("HOUR#")}
    for number in range(20, 220):
        world.clock.at += 1
        world.deliver(an_event(number, world.clock.at), stream=f"stream {number}")

    assert len(narrow) == 1
    assert len({pk for pk in world.table.partitions() if pk.startswith("HOUR#")}) == 17
    assert len(everything(world.log)) == 220


def test_an_idle_log_of_ninety_days_is_read_with_five_calls_a_day(world: World) -> None:
    world.deliver(an_event(1, START))
    world.calls()

    found = list(world.log.read(after=place_of(START - 90 * 24 * HOUR_MS), before=place_of(START + 1), batch=100))

    assert told(found) == ["event-0001"]
    assert len(world.calls()) <= 91 * 5 + 1


def test_a_repetition_on_time_is_left_out_by_readers_also_where_they_begin(world: World) -> None:
    world.deliver(an_event(1, START), an_event(2, START))
    world.clock.at += 10 * SECOND
    world.deliver(an_event(2, START), an_event(3, START + 1))
    found = everything(world.log)

    assert told(found) == ["event-0001", "event-0002", "event-0003"]
    assert told(list(world.log.read(after=found[1].place, before=place_of(START + HOUR_MS), batch=9))) == ["event-0003"]


def test_what_comes_late_is_written_only_where_it_is_not_there(world: World) -> None:
    world.deliver(an_event(1, START), an_event(2, START))
    world.clock.at += HOUR_MS
    world.calls()

    world.deliver(an_event(1, START), an_event(2, START))
    repeated = world.calls()
    world.deliver(an_event(2, START), an_event(3, START))
    world.clock.at += 1
    world.deliver(an_event(3, START), an_event(4, START))

    assert "PutItem" not in repeated[1:], "but for the mark of the hour"
    assert "TransactWriteItems" not in repeated
    assert told(everything(world.log)) == ["event-0001", "event-0002", "event-0003", "event-0004"]


def test_a_repetition_is_left_out_by_who_reads_backwards_over_a_pause(world: World) -> None:
    world.deliver(an_event(0, START))
    world.clock.at += 2 * HOUR_MS
    late = world.clock.at
    world.table.delay = SECOND  # neither sees the other
    world.deliver(an_event(1, START))
    world.clock.at += 1
    world.deliver(an_event(1, START), an_event(2, START))
    world.clock.at += SETTLED_AFTER

    found = everything(world.log)

    assert told(found) == ["event-0000", "event-0001", "event-0002"]
    assert [int(r.place[:14]) - late for r in found[1:]] == [0, 1]
    assert everything(world.log, descending=True) == found[::-1]


def test_an_event_of_a_clock_that_runs_ahead_can_be_read(world: World) -> None:
    for number in range(2):
        world.deliver(an_event(number, START + 10 * MINUTE))
        world.clock.at += SECOND

    assert told(everything(world.log)) == ["event-0000", "event-0001"]
    assert told(everything(world.log, descending=True)) == ["event-0001", "event-0000"]


def test_another_stream_is_another_source(world: World) -> None:
    world.deliver(an_event(1, START), stream="a")
    world.clock.at += ON_TIME + 1
    world.deliver(an_event(2, START), stream="b")

    assert told(everything(world.log)) == ["event-0001", "event-0002"]


def test_the_log_grows_by_chunks_that_an_item_can_hold(world: World) -> None:
    noise = [hashlib.shake_256(bytes([number])).digest(4_000) for number in range(60)]
    texts = [data.decode("utf-16", "ignore") for data in noise]
    events = [an_event(number, START, message=text) for number, text in enumerate(texts)]
    world.deliver(*events)
    world.deliver(*(an_event(number, START) for number in range(1_000, 1_000 + 2 * MOST_EVENTS)), stream="b")

    sizes = [len(item["pack"]["B"]) for item in world.table.written if "pack" in item]

    assert max(sizes) < 390_000
    assert len(everything(world.log)) == 60 + 2 * MOST_EVENTS


def test_what_is_throttled_is_tried_again_in_another_partition(world: World) -> None:
    refused = ["refused"] * 3

    world.table.fault = lambda call: refused.pop() if call == "PutItem" and refused else None
    world.deliver(an_event(1, START))

    assert refused == []
    assert told(everything(world.log)) == ["event-0001"]
    assert not any(pk.endswith("#00") for pk in world.table.partitions() if pk.startswith("HOUR#"))


def test_what_stays_throttled_is_for_lambda_to_repeat(world: World) -> None:
    world.table.fault = lambda _: "refused"

    with pytest.raises(Unavailable):
        world.deliver(an_event(1, START))


def test_a_log_written_by_a_later_release_is_not_misread(world: World) -> None:
    world.deliver(an_event(1, START))
    for item in world.table.written:
        if "pack" in item:
            item["pack"]["B"] = b"\x7f" + item["pack"]["B"][1:]  # type: ignore[index]

    with pytest.raises(ValueError, match="form that this release does not know: 7f"):
        everything(world.log)
