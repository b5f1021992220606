"""Old tables become new ones: the log reads the same before, afterwards, and wherever a migration was interrupted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from authmint.audit.log_cursors import Cursor
from authmint.audit.log_pages import Query, page
from authmint.dynamo.event_log import DynamoEventLog
from authmint.dynamo.items import HEAD
from authmint.dynamo.migrations import Migrations
from authmint.dynamo.schema_version import KNOWN, PARTITION, SchemaVersion, TooNew
from authmint.dynamo.tables import Tables
from authmint.storage.errors import Unavailable
from authmint.storage.events import Event, Party, Recorded, place_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.backend import Deployed
from tests.support.event_table import EventTable, Milliseconds
from tests.support.fakes import NOW, FrozenClock
from tests.support.first_form import record_as_before

START, HOUR, DAY = NOW * 1000, 3_600_000, 86_400_000


def an_event(number: int, at: int, kind: str = "t") -> Event:
    return Event(f"event-{number:04d}", at, kind, Party("a", "User"))


def everything(log: DynamoEventLog, *, descending: bool = False) -> list[Recorded]:
    bounds = {"after": place_of(START - 4 * DAY), "before": place_of(START + DAY)}
    return list(log.read(batch=100, descending=descending, **bounds))


def interrupted(table: EventTable, migrations: Migrations, calls: int) -> bool:
    """Whether the migration came to its end, which it does not where it makes more calls than so many."""
    left = calls

    def fault(_: str) -> str | None:
        nonlocal left
        left -= 1
        return "lost" if left < 0 else None

    table.fault = fault
    try:
        migrations.run()
    except Unavailable:
        return False
    finally:
        table.fault = lambda _: None
    return True


#: Time until the next event, and where it comes from: a line of a function, an administrator, a line already in chunks.
histories = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 700, 20_000, 61_000, HOUR, DAY]),
        st.sampled_from(["line", "line", "line", "admin", "new"]),
    ),
    max_size=25,
)


@pytest.fixture(autouse=True, scope="module")
def _four_days() -> Iterator[None]:
    """Ninety of them take ninety times four calls, each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("authmint.dynamo.event_migration.EVENT_RETENTION", 4 * DAY // 1000)
        yield


@settings(max_examples=60)
@given(histories, st.lists(st.integers(0, 40), max_size=6))
def test_the_log_reads_the_same_however_often_its_migration_is_interrupted(
    history: list[tuple[int, str]], interruptions: list[int]
) -> None:
    clock = Milliseconds(START - 3 * DAY)
    table = EventTable(clock)
    tables = table.tables()
    log = DynamoEventLog(tables, clock)
    for number, (pause, source) in enumerate(history):
        clock.at = min(clock.at + pause, START)
        event = an_event(number, clock.at)
        if source == "line":
            record_as_before(tables, [event], clock.at)
        elif source == "admin":
            log.record([event])
        else:
            log.deliver([event], stream="s")
    clock.at = START + 20_000
    before = everything(log)
    assert len(before) == len(history)

    for calls in [*interruptions, 100_000]:
        interrupted(table, Migrations(tables, clock), calls)
        assert everything(log) == before
        assert everything(log, descending=True) == before[::-1]
        for recorded in before[::4]:
            found = list(log.read(after=recorded.place, before=place_of(START + DAY), batch=5))
            assert found == before[before.index(recorded) + 1 :]

    assert Migrations(tables, clock).finished()
    lines = {f"event-{number:04d}" for number, (_, source) in enumerate(history) if source == "line"}
    assert not {pk for pk, sk in table.stored() if pk.startswith("DAY#") and sk[15:] in lines}


def test_what_the_release_before_wrote_meanwhile_is_migrated_too() -> None:
    clock = Milliseconds()
    table = EventTable(clock)
    tables = table.tables()
    log = DynamoEventLog(tables, clock)
    record_as_before(tables, [an_event(number, START) for number in range(4)], START)
    for count, calls in enumerate(range(5, 60, 6)):
        interrupted(table, Migrations(tables, clock), calls)
        clock.at += 1_000
        record_as_before(tables, [an_event(100 + count, clock.at)], clock.at)
    before = everything(log)

    Migrations(tables, clock).run()

    assert everything(log) == before
    assert len(before) == 4 + 10


def test_a_cursor_from_before_goes_on_afterwards() -> None:
    clock = Milliseconds()
    table = EventTable(clock)
    tables = table.tables()
    log = DynamoEventLog(tables, clock)
    for number in range(40):
        record_as_before(tables, [an_event(number, clock.at)], clock.at)
        clock.at += 1_000
    query = Query(START - HOUR, clock.at + HOUR, lambda _: True, 15, endless=True)
    first = page(log, query, None, now_ms=clock.at)
    assert isinstance(first.following, Cursor)

    Migrations(tables, clock).run()
    second = page(log, replace(query, limit=100), first.following, now_ms=clock.at)

    assert [event.id for event in (*first.events, *second.events)] == [f"event-{number:04d}" for number in range(40)]


def test_a_delivery_from_before_that_comes_again_is_known() -> None:
    clock = Milliseconds()
    table = EventTable(clock)
    tables = table.tables()
    log = DynamoEventLog(tables, clock)
    record_as_before(tables, [an_event(1, START)], START)
    clock.at += HOUR

    log.deliver([an_event(1, START), an_event(2, START)], stream="s")
    Migrations(tables, clock).run()
    log.deliver([an_event(1, START), an_event(2, START)], stream="s")

    assert [recorded.event.id for recorded in everything(log)] == ["event-0001", "event-0002"]


def test_many_events_become_few_items_over_a_real_backend(deployed: Deployed) -> None:
    tables = replace(deployed.tables(), clock=FrozenClock())
    assert tables.events is not None
    log = DynamoEventLog(tables, FrozenClock())
    for number in range(120):
        record_as_before(tables, [an_event(number, START - number)], START - 60_000 * (number // 40))
    log.record([an_event(999, START)])
    before = everything(log)
    said: list[str] = []

    Migrations(tables, FrozenClock(), said.append).run()

    assert everything(log) == before
    items = list(tables.events.scan())
    assert len([item for item in items if item.pk.startswith("HOUR#")]) <= 3 * 4
    assert [item.sk[15:] for item in items if item.pk.startswith("DAY#")] == ["event-0999"]
    assert said[-1] == "done"
    assert Migrations(tables, FrozenClock()).forms() == {deployed.config: 2, deployed.grants: 2, deployed.events: 2}


def tables_of_form(deployed: Deployed, form: int) -> Tables:
    tables = deployed.tables()
    for item in (tables.config, tables.grants, tables.events):
        assert item is not None
        item(PARTITION, HEAD, version=form).save()
    return tables


def test_a_later_form_is_not_migrated(deployed: Deployed) -> None:
    tables = tables_of_form(deployed, KNOWN + 1)

    with pytest.raises(TooNew):
        Migrations(tables, FrozenClock()).run()


def test_an_instance_looks_at_the_form_once_a_minute_and_while_it_is_too_new_always(deployed: Deployed) -> None:
    tables, clock = deployed.tables(), Milliseconds()
    version = SchemaVersion(tables.config, clock)
    calls: list[str] = []

    def called(event_name: str, **_: object) -> None:
        calls.append(event_name)

    tables.connection.client.meta.events.register("before-send.*.*", called)

    version.check()
    version.check()
    assert len(calls) == 1
    tables_of_form(deployed, KNOWN + 1)
    calls.clear()
    version.check()
    clock.at += 60_000
    for _ in range(2):
        with pytest.raises(TooNew, match="has form 3, and this release knows none after 2"):
            version.check()
    assert len(calls) == 2
