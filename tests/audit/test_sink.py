"""What CloudWatch Logs delivers: batches, twice, in parts, and broken."""

from typing import Any

import msgspec
import pytest
from authmint.audit.sink import AuditSink, NotRecorded
from authmint.storage.errors import Unavailable
from authmint.storage.events import Event, Party

from tests.audit.deliveries import delivery
from tests.memory.storage import MemoryStorage
from tests.support.fakes import NOW


def an_event(number: int) -> Event:
    return Event(f"id-{number}", NOW * 1000 + number, "app.oauth2.as.token.grant", Party("0oa", "PublicClientApp"))


def a_line(number: int) -> str:
    return msgspec.json.encode({"level": "INFO", "event": an_event(number)}).decode()


def test_events_are_recorded_and_other_lines_left_alone() -> None:
    storage = MemoryStorage()

    outcome = AuditSink(storage.log)(delivery(a_line(1), '{"message":"key rotation"}', '"text"', a_line(2)))

    assert outcome == {"lines": 4, "events": 2}
    assert storage.events == [an_event(1), an_event(2)]


def test_delivered_twice_or_overlapping_an_event_is_there_once() -> None:
    storage = MemoryStorage()
    sink = AuditSink(storage.log)

    for batch in (delivery(a_line(1), a_line(2), a_line(1)), delivery(a_line(2), a_line(3))):
        sink(batch)

    assert storage.events == [an_event(1), an_event(2), an_event(3)]


@pytest.mark.parametrize("bad", ["not json", '{"event":{}}', '{"event":5}', '{"event":{"id":"","published_ms":1}}'])
def test_a_broken_line_does_not_take_the_others_along_and_is_not_forgotten(bad: str) -> None:
    storage = MemoryStorage()

    with pytest.raises(NotRecorded):  # so the whole delivery is kept in the dead-letter queue
        AuditSink(storage.log)(delivery(a_line(1), bad, a_line(2)))

    assert storage.events == [an_event(1), an_event(2)]


def test_a_storage_that_does_not_answer_is_for_lambda_to_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage()

    def down(_: Any, *, stream: str) -> None:
        raise Unavailable("throttled")

    monkeypatch.setattr(storage.log, "deliver", down)

    with pytest.raises(Unavailable):
        AuditSink(storage.log)(delivery(a_line(1)))


def test_a_control_message_is_answered() -> None:
    assert AuditSink(MemoryStorage().log)(delivery(messageType="CONTROL_MESSAGE")) == {"lines": 0, "events": 0}


@pytest.mark.parametrize(
    "payload", [{}, {"awslogs": 1}, {"awslogs": {"data": "!"}}, {"awslogs": {"data": "AAAA"}}, delivery(logEvents=3)]
)
def test_what_is_no_delivery_is_refused(payload: Any) -> None:
    with pytest.raises(NotRecorded):
        AuditSink(MemoryStorage().log)(payload)
