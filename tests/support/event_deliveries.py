"""Deliveries of log lines as they may come: in parts, overlapping, repeated, late and half done."""

from collections.abc import Callable
from dataclasses import dataclass, field

from authmint.dynamo.event_chunks import HOUR_MS
from authmint.dynamo.event_log import DynamoEventLog
from authmint.storage.errors import Unavailable
from authmint.storage.events import SETTLED_AFTER, Event, Party
from hypothesis import strategies as st

from tests.support.event_table import EventTable
from tests.support.fakes import NOW

START = NOW * 1000
STREAMS = ("a", "b")
SECOND, MINUTE = 1_000, 60_000


def an_event(number: int, at: int, **changes: str) -> Event:
    return Event(f"event-{number:04d}", at, "t", Party("a", "User"), **changes)  # type: ignore[arg-type]


@dataclass(order=True)
class Delivery:
    """Some events of a stream, handed over at a time; how long its writes take, and which of its calls fails."""

    at: int
    stream: str
    events: list[Event] = field(compare=False)
    delay: int = 0
    fails: tuple[int, str] | None = field(default=None, compare=False)


@st.composite
def deliveries(draw: st.DrawFn, made: Callable[[int, int], Event] = an_event) -> list[Delivery]:
    """Events of two streams, delivered in parts, overlapping, repeated, late and half done, all of them at last.

    ``made``: an event by its number and its time.
    """
    happened: dict[str, list[Event]] = {stream: [] for stream in STREAMS}
    at = START + draw(st.sampled_from([0, HOUR_MS - 5 * SECOND]))
    for number in range(draw(st.integers(1, 14))):
        at += draw(st.sampled_from([0, 1, 300, 2 * SECOND, 20 * SECOND, 70 * SECOND]))
        happened[draw(st.sampled_from(STREAMS))].append(made(number, at))
    found = []
    lags = st.sampled_from([0, 1, 500, 3 * SECOND, 29 * SECOND, 31 * SECOND, 62 * SECOND, 400 * SECOND, HOUR_MS])
    faults = st.one_of(st.none(), st.tuples(st.integers(1, 6), st.sampled_from(["refused", "lost"])))
    for stream, events in happened.items():
        parts = draw(st.lists(st.tuples(st.integers(0, len(events)), st.integers(1, 6)), max_size=6)) if events else []
        for first, length in parts:
            if part := events[first : first + length]:
                lag, delay = draw(lags), draw(st.integers(0, SETTLED_AFTER - 1))
                found.append(Delivery(part[-1].published_ms + lag, stream, part, delay, draw(faults)))
    for stream, events in happened.items():
        if events:
            found.append(Delivery(max([at, *(d.at for d in found)]) + draw(lags), stream, events))
    return sorted(found)


def hand_over(table: EventTable, log: DynamoEventLog, delivery: Delivery) -> bool:
    """Whether it was taken."""
    calls = 0

    def fault(_: str) -> str | None:
        nonlocal calls
        calls += 1
        return delivery.fails[1] if delivery.fails and calls == delivery.fails[0] else None

    table.delay, table.fault = delivery.delay, fault
    try:
        log.deliver(delivery.events, stream=delivery.stream)
    except Unavailable:
        return False
    finally:
        table.fault = lambda _: None
    return True
