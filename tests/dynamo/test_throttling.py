"""What DynamoDB throttles is tried again after a pause; what it did without an answer may be handed over again."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from authmint.audit.log_cursors import Cursor, Position
from authmint.audit.log_pages import Query, page
from authmint.dynamo.clients import DynamoClients
from authmint.dynamo.event_log import DynamoEventLog
from authmint.dynamo.tables import Tables
from authmint.storage.errors import Throttled, Unavailable
from authmint.storage.events import Event, Party, place_of
from authmint.storage.retrying import Retrying
from botocore.awsrequest import AWSResponse

from tests.functions.faults import FAULTS, committed_and_lost
from tests.support.backend import Deployed
from tests.support.builders import a_client
from tests.support.fakes import AT_ONCE, NOW, FrozenClock

START, HOUR = NOW * 1000, 3_600_000


def canceled(*reasons: str) -> Callable[[Any], AWSResponse]:
    """A transaction that was not carried out, for a reason per operation."""

    def answer(request: Any) -> AWSResponse:
        body = {
            "__type": "com.amazonaws#TransactionCanceledException",
            "message": "injected",
            "CancellationReasons": [{"Code": reason} for reason in reasons],
        }
        response = AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, None)
        response._content = json.dumps(body).encode()
        return response

    return answer


@dataclass
class Wire:
    """What is sent, and the faults that the next calls meet."""

    faults: list[Callable[[Any], AWSResponse | None]] = field(default_factory=list)
    sent: int = 0

    def __call__(self, request: Any, **_: Any) -> AWSResponse | None:
        self.sent += 1
        return self.faults.pop(0)(request) if self.faults else None


@pytest.fixture
def tables(deployed: Deployed) -> Tables:
    return replace(deployed.tables(), retrying=AT_ONCE, clock=FrozenClock())


@pytest.fixture
def wire(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    watched = Wire()
    tables.connection.client.meta.events.register("before-send.*.*", watched)
    return watched


def an_event(number: int, at: int = START) -> Event:
    return Event(f"event-{number:04d}", at + number, "t", Party("a", "User"))


def told(log: DynamoEventLog) -> list[str]:
    found = log.read(after=place_of(START - HOUR), before=place_of(START + 24 * HOUR), batch=100)
    return [recorded.event.id for recorded in found]


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_change_whose_transaction_was_throttled_is_made_with_its_event(
    tables: Tables, wire: Wire, reason: str
) -> None:
    wire.faults = [canceled("None", reason, "None")] * 3

    DynamoClients(tables, tables.clock).add(a_client(), [an_event(1)])

    assert DynamoClients(tables, tables.clock).get(a_client().id)
    assert told(DynamoEventLog(tables, tables.clock)) == ["event-0001"]


def test_a_transaction_is_not_waited_for_longer_than_its_events_take_to_settle(tables: Tables, wire: Wire) -> None:
    waited: list[float] = []
    patient = replace(tables, retrying=Retrying(sleep=waited.append, random=lambda: 1.0))
    wire.faults = [canceled("ThrottlingError")] * 100

    with pytest.raises(Unavailable):
        DynamoClients(patient, tables.clock).add(a_client(), [an_event(1)])

    assert 1 < sum(waited) < 4
    wire.faults.clear()
    assert told(DynamoEventLog(tables, tables.clock)) == []


def test_a_condition_that_failed_is_no_throttling(tables: Tables, wire: Wire) -> None:
    DynamoClients(tables, tables.clock).add(a_client(), [an_event(1)])
    sent = wire.sent

    with pytest.raises(Exception, match="is taken"):
        DynamoClients(tables, tables.clock).add(a_client(), [an_event(2)])

    assert wire.sent - sent <= 2


def test_a_delivery_that_is_throttled_longer_than_botocore_tries_is_stored_all_the_same(
    tables: Tables, wire: Wire
) -> None:
    log = DynamoEventLog(tables, FrozenClock())
    wire.faults = [FAULTS["throttled"]] * 10

    log.deliver([an_event(number) for number in range(3)], stream="s")

    assert told(log) == ["event-0000", "event-0001", "event-0002"]


def test_what_stays_throttled_says_so(tables: Tables, wire: Wire) -> None:
    wire.faults = [FAULTS["throttled"]] * 1_000

    with pytest.raises(Throttled, match="PutItem: ProvisionedThroughputExceededException"):
        DynamoEventLog(tables, FrozenClock()).deliver([an_event(1)], stream="s")


@pytest.mark.parametrize("minutes", [0, 1, 90])
def test_a_delivery_whose_answer_was_lost_may_be_handed_over_again(tables: Tables, wire: Wire, minutes: int) -> None:
    clock = FrozenClock()
    log = DynamoEventLog(tables, clock)
    log.deliver([an_event(0)], stream="s")
    clock.advance(seconds=60 * minutes)
    wire.faults = [lambda _: None] * (1 if minutes else 0) + [committed_and_lost] * 3

    for _ in range(4):
        try:
            log.deliver([an_event(number) for number in range(3)], stream="s")
        except Unavailable:
            clock.advance(seconds=60)

    assert told(log) == ["event-0000", "event-0001", "event-0002"]


@pytest.mark.parametrize("late", [False, True])
def test_overlapping_deliveries_of_many_at_once_are_each_event_once_for_who_polls_meanwhile(
    deployed: Deployed, late: bool
) -> None:
    """Over a real backend, with threads: sinks that know nothing of each other, and a poller beside them."""
    clock = FrozenClock()
    events = [an_event(number) for number in range(40)]
    if late:
        clock.advance(seconds=7_200)
    tables = deployed.tables()
    seen: list[str] = []
    cursor: Cursor | Position | None = None

    def deliver(number: int) -> None:
        first = number * 5 % 35
        DynamoEventLog(deployed.tables(), clock).deliver(events[first : first + 10], stream="s")

    def poll() -> None:
        nonlocal cursor
        now = clock.now_ms()
        query = Query(START - HOUR, now + HOUR, lambda _: True, 7, endless=True)
        found = page(DynamoEventLog(tables, clock), query, cursor, now_ms=now)
        seen.extend(event.id for event in found.events)
        cursor = found.following

    with ThreadPoolExecutor(6) as pool:
        deliveries = [pool.submit(deliver, number) for number in range(14)]
        while not all(done.done() for done in deliveries):
            poll()
        for done in deliveries:
            done.result()
    clock.advance(seconds=30)
    for _ in range(20):
        poll()

    assert sorted(seen) == [event.id for event in events]
    assert sorted(told(DynamoEventLog(tables, clock))) == [event.id for event in events]
