"""Usage: whatever was delivered how, and whoever counted when, the numbers are those that the log has."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest
from authmint.audit import tally, usage_counting
from authmint.audit.usage_counting import UsageCounting, report
from authmint.audit.usage_report import Key, Question
from authmint.dynamo.event_chunks import HOUR_MS
from authmint.dynamo.event_log import DynamoEventLog
from authmint.dynamo.usage import DynamoUsageRecords
from authmint.storage.errors import Unavailable
from authmint.storage.events import SETTLED_AFTER, Event, place_of
from authmint.storage.usage import Counts, Row, UsageRecords
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.event_load import size_of
from tests.memory.usage import MemoryUsageRecords
from tests.support.backend import Deployed
from tests.support.event_deliveries import MINUTE, START, Delivery, deliveries, hand_over
from tests.support.event_kinds import an_event_of_a_kind
from tests.support.event_table import EventTable, Milliseconds
from tests.support.fakes import NOW, FrozenClock

FIRST, LAST = START // HOUR_MS - 1, START // HOUR_MS + 5
NUMBERED = (
    ("app.oauth2.as.token.grant.access_token", "SUCCESS", "accessTokens"),
    ("app.oauth2.as.token.grant.access_token", "SUCCESS", "tokens"),
    ("app.oauth2.token.grant.refresh_token", "SUCCESS", "tokens"),
    ("app.oauth2.as.token.grant", "FAILURE", "refusals"),
    ("app.oauth2.as.authorize.code", "SUCCESS", "codes"),
    ("user.session.start", "SUCCESS", "signIns"),
    ("user.session.start", "FAILURE", "signInsRefused"),
    ("user.authentication.auth_via_mfa", "SUCCESS", "factors"),
    ("policy.evaluate_sign_on", "ALLOW", "allowed"),
    ("policy.evaluate_sign_on", "CHALLENGE", "asked"),
    ("policy.evaluate_sign_on", "DENY", "denied"),
)


def of_the_log(events: Iterable[Event]) -> dict[str, int]:
    """The same numbers, counted in the simplest way."""
    found: Counter[str] = Counter()
    clients, people = set(), set()
    for event in events:
        for kind, outcome, name in NUMBERED:
            found[name] += (event.type, event.outcome) == (kind, outcome)
        given = event.type.startswith("app.oauth2.") and event.outcome == "SUCCESS" and "revoke" not in event.type
        parties = (event.actor, *event.targets)
        if given:
            clients |= {party.id for party in parties if party.type == "PublicClientApp"}
        if given or (event.type == "user.session.start" and event.outcome == "SUCCESS"):
            people |= {party.id for party in parties if party.type == "User"}
    return {name: found[name] for _, _, name in NUMBERED} | {"clients": len(clients), "people": len(people)}


@dataclass
class Counting:
    """A log that is delivered to, counted now and then.

    Attributes:
        patience: How often a run finds time to go on.
    """

    clock: Milliseconds = field(default_factory=Milliseconds)
    patience: int = 100

    def __post_init__(self) -> None:
        self.table = EventTable(self.clock)
        self.log = DynamoEventLog(self.table.tables(), self.clock)
        self.usage: UsageRecords = DynamoUsageRecords(self.table.tables(), self.clock)

    def deliver(self, planned: Delivery) -> None:
        self.clock.at = max(self.clock.at, planned.at)
        if not hand_over(self.table, self.log, planned):
            planned.fails = None
            self.clock.at += MINUTE
            assert hand_over(self.table, self.log, planned)
        self.table.delay = 0

    def count(self, usage: UsageRecords | None = None, fails: tuple[int, str] | None = None) -> None:
        left, calls = self.patience, 0

        def in_time() -> bool:
            nonlocal left
            left -= 1
            return left >= 0

        def fault(operation: str) -> str | None:
            nonlocal calls
            calls += operation == "TransactWriteItems"
            return fails[1] if fails and operation == "TransactWriteItems" and calls == fails[0] else None

        self.table.fault = fault
        try:
            UsageCounting(self.log, usage or self.usage, self.clock, in_time).run()
        except Unavailable:
            assert fails
        finally:
            self.table.fault = lambda _: None

    def parts(self, first: int = FIRST, last: int = LAST) -> Sequence[Counts]:
        found = report(self.log, self.usage, first=first, last=last, now_ms=self.clock.at, in_time=lambda: True)
        assert found.counted_until_ms == self.clock.at
        return found.parts

    def told(self, by: str, **where: str) -> dict[Key, dict[str, int | None]]:
        question = Question((by,) if by else (), where)
        answer = question.answer(self.parts())
        return {key: group.values(people=question.about_people) for key, group in answer.items()}


class Overtaken:
    """Records to which somebody else comes first, once."""

    def __init__(self, usage: UsageRecords, first: Callable[[], None]) -> None:
        self._usage, self._first = usage, first

    def add(self, counts: Counts, *, start: str, end: str) -> None:
        first, self._first = self._first, lambda: None
        first()
        self._usage.add(counts, start=start, end=end)

    def __getattr__(self, name: str) -> object:
        return getattr(self._usage, name)


RUNS = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.sampled_from([1, 100]),
        st.booleans(),
        st.one_of(st.none(), st.tuples(st.integers(1, 3), st.sampled_from(["refused", "lost"]))),
        st.sampled_from([0, SETTLED_AFTER, 2 * HOUR_MS]),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(deliveries(an_event_of_a_kind), RUNS, st.sampled_from([1, 250, 250_000]))
def test_numbers_are_those_of_the_log_however_it_was_delivered_and_counted(
    planned: list[Delivery],
    runs: list[tuple[int, int, bool, tuple[int, str] | None, int]],
    room: int,
) -> None:
    counting = Counting()
    with pytest.MonkeyPatch.context() as small:
        small.setattr(tally, "_MOST_BYTES", room)
        small.setattr(usage_counting, "_GLANCE", 2)
        small.setattr(usage_counting, "_MANY", 1)
        for number, delivery in enumerate(planned):
            counting.deliver(delivery)
            for after, patience, overtaken, fails, pause in runs:
                if after == number:
                    counting.clock.at += pause
                    counting.patience = patience
                    usage: UsageRecords = Overtaken(counting.usage, counting.count) if overtaken else counting.usage  # type: ignore[assignment]
                    counting.count(usage, fails)
        counting.clock.at += SETTLED_AFTER
        events = list({event.id: event for delivery in planned for event in delivery.events}.values())
        check(counting, events)
        counting.patience = 100
        counting.count()
        check(counting, events)


def check(counting: Counting, events: Sequence[Event]) -> None:
    """All of it, each hour, and each client by itself."""
    expected = of_the_log(events)
    (told,) = counting.told("").values() if any(expected.values()) else [expected]
    assert {name: told[name] for name in expected} == expected
    hours = {event.published_ms // HOUR_MS for event in events}
    for hour in hours:
        inside = of_the_log(event for event in events if event.published_ms // HOUR_MS == hour)
        (group,) = Question().answer(counting.parts(hour, hour)).values() if any(inside.values()) else [None]
        assert group is None or {name: group.values(people=True)[name] for name in inside} == inside
    tokens = Counter(event.actor.id for event in events if ".token.grant." in event.type)
    told_by_client = {key[0]: values["tokens"] for key, values in counting.told("client").items() if values["tokens"]}
    assert told_by_client == tokens
    reasons = Counter(event.reason for event in events if event.type == "app.oauth2.as.token.grant")
    by_reason = {key[0]: values["refusals"] for key, values in counting.told("reason").items() if values["refusals"]}
    assert by_reason == reasons


def test_what_is_still_on_its_way_into_the_log_is_counted_by_the_next_run() -> None:
    counting = Counting()
    at = counting.clock.at
    counting.deliver(Delivery(at, "a", [an_event_of_a_kind(0, at)], delay=SETTLED_AFTER - 1))
    counting.deliver(Delivery(at + 5, "b", [an_event_of_a_kind(1, at)]))
    counting.clock.at += 1
    counting.count()
    counting.clock.at += HOUR_MS
    assert counting.told("")[()]["tokens"] == 2

    counting.count()

    assert counting.told("")[()]["tokens"] == 2


def test_who_makes_names_up_does_not_fill_the_table() -> None:
    counting = Counting()
    at = counting.clock.at
    events = [an_event_of_a_kind(11 * number + 4, at) for number in range(1_000)]
    counting.deliver(Delivery(at, "a", events))
    counting.clock.at += SETTLED_AFTER + 1
    counting.count()

    told = counting.told("client")

    assert len(told) == 201
    assert told[(tally.OTHERS,)]["refusals"] == 800
    assert set(counting.told("grantType")) == {(tally.OTHERS,)}
    assert len([pk for pk, _ in counting.table.stored() if pk.startswith("USAGE#")]) == 2


def test_a_trickle_is_counted_by_the_hour_and_a_flood_at_once() -> None:
    counting = Counting()
    counting.count()

    def steps() -> int:
        return len([pk for pk, _ in counting.table.stored() if pk == "USAGE#STEPS"])

    for number in range(4):
        assert steps() == 1
        at = counting.clock.at
        counting.deliver(Delivery(at, "a", [an_event_of_a_kind(number, at)]))
        counting.clock.at += 15 * MINUTE
        counting.count()
    assert steps() == 2
    at = counting.clock.at
    counting.deliver(Delivery(at, "a", [an_event_of_a_kind(number, at) for number in range(500)]))
    counting.clock.at += MINUTE
    written = len(counting.table.written)
    counting.count()
    assert steps() == 3
    assert sum(map(size_of, counting.table.written[written:])) < 2 * 1_024


def test_what_fills_an_item_is_several_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MOST_BYTES", 5_000)
    counting = Counting()
    events = [an_event_of_a_kind(number, counting.clock.at) for number in range(500)]
    counting.deliver(Delivery(counting.clock.at, "a", events))
    counting.clock.at += SETTLED_AFTER + 1
    counting.count()

    assert len([pk for pk, _ in counting.table.stored() if pk == "USAGE#STEPS"]) > 2
    (told,) = counting.told("").values()
    expected = of_the_log(events)
    assert {name: told[name] for name in expected} == expected


@pytest.mark.parametrize("kind", ["memory", "dynamo"])
def test_stretches_are_counted_once_and_come_back_by_day(request: pytest.FixtureRequest, kind: str) -> None:
    usage: UsageRecords = MemoryUsageRecords()
    if kind == "dynamo":
        deployed: Deployed = request.getfixturevalue("deployed")
        usage = DynamoUsageRecords(deployed.tables(), FrozenClock())
    today = NOW // 86_400
    rows = {Row(today * 24 + hour, "tokens", client="0oa1", outcome="SUCCESS"): hour + 1 for hour in (0, 23, 24)}
    people = {today * 24: frozenset({1, 2**64 - 1}), today * 24 + 24: frozenset({7})}
    places = [place_of(NOW * 1_000 + number) for number in range(4)]
    assert usage.reached() == ""

    usage.add(Counts(rows, people), start=places[0], end=places[1])
    with pytest.raises(Exception, match=places[0]):
        usage.add(Counts(rows, people), start=places[0], end=places[2])
    usage.add(Counts({Row(today * 24, "signIns"): 5}), start=places[1], end=places[3])

    assert usage.reached() == places[3]
    total: Counter[Row] = Counter()
    for part in usage.read(today, today):
        total.update(part.rows)
    expected = {row: number for row, number in rows.items() if row.hour < today * 24 + 24}
    assert total == expected | {Row(today * 24, "signIns"): 5}
    assert {hour: marks for part in usage.read(today, today) for hour, marks in part.people.items()} == {
        today * 24: people[today * 24]
    }
    (tomorrow,) = [part for part in usage.read(today + 1, today + 1) if part.rows]
    assert tomorrow.people == {today * 24 + 24: frozenset({7})}


def test_numbers_of_an_hour_are_one_item_that_is_read_as_a_whole_or_again() -> None:
    counting = Counting()
    usage = counting.usage
    for number in range(4):
        at = counting.clock.at
        counting.deliver(Delivery(at, "a", [an_event_of_a_kind(11 * number + n, at) for n in range(2)]))
        counting.clock.at += SETTLED_AFTER + MINUTE
        with pytest.MonkeyPatch.context() as few:
            few.setattr(usage_counting, "_MANY", 1)
            counting.usage = Read(usage, partial(counting.count, usage), after=number % 2 == 1)  # type: ignore[assignment]
            assert counting.told("")[()]["tokens"] == 2 * number + 2

    stored = [pk for pk, _ in counting.table.stored()]
    assert (len([pk for pk in stored if pk == "USAGE#STEPS"]), len([pk for pk in stored if "USAGE#0" in pk])) == (
        4,
        2,
    )  # the first began long ago


class Read:
    """Records to which more is added, once, right before or after they are read."""

    def __init__(self, usage: UsageRecords, more: Callable[[], None], *, after: bool) -> None:
        self._usage, self._more, self._after = usage, more, after

    def read(self, first_day: int, last_day: int) -> Iterable[Counts]:
        more, self._more = self._more, lambda: None
        if self._after:
            found = list(self._usage.read(first_day, last_day))
            more()
            return found
        more()
        return self._usage.read(first_day, last_day)

    def __getattr__(self, name: str) -> object:
        return getattr(self._usage, name)
