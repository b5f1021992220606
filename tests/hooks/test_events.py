"""docs/protocol.md §39.7: what is in the system log is told in its order, at least once, and nothing is lost."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from authmint.hooks.calls import HookCalls
from authmint.hooks.events import ATTEMPTS, MOST_AT_ONCE, REFUSALS, EventHooks
from authmint.keys.vault import VaultUnavailable
from authmint.oauth.outbound_fetch import Answer, FetchFailed
from authmint.storage.errors import Conflict
from authmint.storage.events import SETTLED_AFTER, Event, Party
from authmint.storage.hook_deliveries import DeadLetter, Progress
from authmint.storage.hooks import Channel, EventHook

from tests.memory.parts import Emitted
from tests.memory.storage import MemoryStorage
from tests.support.fakes import NOW, CountingIds, FakeSeals, FrozenClock

SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
OK = Answer(200, b"")
DOWN = FetchFailed("connection failed: ConnectionRefusedError")
TYPES = ("user.lifecycle.create", "user.session.start")


def a_hook(hook_id: str = "who1", **changes: Any) -> EventHook:
    seals = FakeSeals()
    channel = Channel(
        uri=f"https://{hook_id}.example/events",
        headers=(("X-A", "b"),),
        auth_header="Authorization",
        sealed=seals.seal(hook_id, "channel", "a secret"),
    )
    hook = EventHook(hook_id, hook_id, channel, TYPES, NOW, NOW, verified=True, since=NOW)
    signing = (seals.seal(hook_id, "signing", SECRET),)
    return replace(hook, signing=signing, base_url="https://acme.example.com", **changes)


def an_event(number: int, kind: str = TYPES[0], *, at: int = NOW, entity: str = "00u1") -> Event:
    return Event(f"e{number:06d}", at * 1_000 + number, kind, Party("00uA", "User"), targets=(Party(entity, "User"),))


@dataclass
class World:
    """A deployment whose hooks are told, and their endpoints."""

    hooks: tuple[EventHook, ...] = (a_hook(),)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    clock: FrozenClock = field(default_factory=FrozenClock)
    journal: Emitted = field(default_factory=Emitted)
    answers: list[Answer | FetchFailed] = field(default_factory=list)
    sent: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    time: int = 10**9

    def __post_init__(self) -> None:
        for hook in self.hooks:
            hooks = self.storage.event_hooks
            hooks.save(None, hook, [], seen=hooks.all())
        calls = HookCalls(self.exchange, FakeSeals, lambda: None, left=lambda: 1e9)  # type: ignore[arg-type,return-value]
        self.events = EventHooks(
            self.storage.event_hooks,
            self.storage.hook_deliveries,
            self.storage.log,
            calls,
            self.journal,
            self.clock,
            CountingIds(),
            go_on=self.go_on,
        )

    def go_on(self) -> bool:
        self.time -= 1
        return self.time >= 0

    def exchange(
        self, method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None, largest: int, timeout: float
    ) -> Answer:
        answer = self.answer(uri, body or b"")
        self.sent.append((uri, headers, body or b""))
        if isinstance(answer, FetchFailed):
            raise answer
        if answer is OK:
            self.taken += [event["uuid"] for event in msgspec.json.decode(body or b"")["data"]["events"]]
        return answer

    def answer(self, uri: str, body: bytes) -> Answer | FetchFailed:
        return self.answers.pop(0) if self.answers else OK

    def happens(self, *events: Event) -> None:
        self.storage.log.record(events)

    def run(self, *, later: int = 60) -> dict[str, int]:
        self.clock.advance(seconds=later)
        return self.events.run()

    def told_in_order(self, host: str = "who1") -> list[str]:
        """Ids of events, one after the other."""
        return [event for batch in self.told(host) for event in batch]

    def told(self, host: str = "who1") -> list[list[str]]:
        """Ids of events, by delivery."""
        bodies = [msgspec.json.decode(body) for uri, _, body in self.sent if host in uri]
        return [[event["uuid"] for event in body["data"]["events"]] for body in bodies]


def test_an_event_is_told_once_as_the_vendor_tells_it_and_signed() -> None:
    world = World()
    world.happens(an_event(1), an_event(2, "user.account.lock"))

    assert world.run() == {"told": 1}
    assert world.run() == {}

    ((uri, headers, sent),) = world.sent
    body = msgspec.json.decode(sent)
    assert uri == "https://who1.example/events"
    assert (headers["Authorization"], headers["X-A"], headers["content-type"]) == ("a secret", "b", "application/json")
    assert body | {"data": {}, "eventId": ""} == {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": "https://acme.example.com/api/v1/eventHooks/who1",
        "eventId": "",
        "data": {},
        "eventTime": "2099-12-03T16:54:20.000Z",
        "contentType": "application/json",
    }
    (event,) = body["data"]["events"]
    assert (event["uuid"], event["eventType"], event["target"][0]["id"]) == ("e000001", TYPES[0], "00u1")
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + sent
    key = b64decode(SECRET.removeprefix("whsec_"))
    expected = "v1," + b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == expected
    assert headers["webhook-id"] == body["eventId"]
    assert headers["webhook-timestamp"] == str(NOW + 60)


def test_what_may_still_have_earlier_neighbours_waits() -> None:
    world = World()
    world.happens(an_event(1))

    assert world.run(later=SETTLED_AFTER // 1_000 - 1) == {}
    assert world.run(later=2) == {"told": 1}


@pytest.mark.parametrize(
    "hook", [a_hook(status="INACTIVE"), a_hook(verified=False), a_hook(since=0), a_hook(since=NOW + 30)]
)
def test_who_is_not_active_and_verified_or_was_not_yet_is_told_nothing(hook: EventHook) -> None:
    world = World((hook,))
    world.happens(an_event(1))

    world.run()

    assert world.sent == []


def test_many_events_are_told_many_at_once_in_their_order() -> None:
    world = World()
    world.happens(*[an_event(number) for number in range(130)])

    assert world.run() == {"told": 130}
    assert [len(batch) for batch in world.told()] == [MOST_AT_ONCE, MOST_AT_ONCE, 30]
    assert world.told_in_order() == [f"e{number:06d}" for number in range(130)]


@pytest.mark.parametrize("trouble", [DOWN, Answer(500, b""), Answer(429, b""), FetchFailed("too slow", slow=True)])
def test_trouble_is_tried_once_more_at_once_then_after_a_pause_one_event_at_a_time(trouble: Any) -> None:
    world = World()
    world.happens(*[an_event(number) for number in range(4)])
    world.answers += [trouble, trouble]

    assert world.run() == {"waiting": 1}
    assert world.run(later=59) == {"waiting": 1}
    assert len(world.sent) == 2
    assert world.run(later=1) == {"told": 4}

    assert [len(batch) for batch in world.told()] == [4, 4, 1, 2, 1]
    assert world.storage.hook_deliveries.progress("who1").failures == 0


def test_a_passing_trouble_is_no_failure() -> None:
    world = World()
    world.happens(an_event(1))
    world.answers += [Answer(503, b"")]

    assert world.run() == {"told": 1}
    ids = [headers["webhook-id"] for _, headers, _ in world.sent]
    assert len(ids) == 2
    assert len(set(ids)) == 1


@pytest.mark.parametrize(
    ("answer", "attempts"), [(Answer(400, b""), REFUSALS), (Answer(302, b""), REFUSALS), (DOWN, ATTEMPTS)]
)
def test_what_an_endpoint_never_takes_is_given_up_and_the_next_is_told(
    answer: Answer | FetchFailed, attempts: int
) -> None:
    class Picky(World):
        def answer(self, uri: str, body: bytes) -> Answer | FetchFailed:
            return answer if b"e000002" in body else OK

    world = Picky()
    world.happens(an_event(1), an_event(2), an_event(3))

    runs = [world.run(later=7_200) for _ in range(attempts + 2)]

    assert sum(run.get("given_up", 0) for run in runs) == 1
    (letter,) = world.events.given_up()
    assert (letter["hook"], letter["event"], letter["eventType"]) == ("who1", "e000002", TYPES[0])
    assert world.journal.counted == [("EventsGivenUp", letter["reason"])]
    (event,) = [event for event in world.storage.events if event.type == "event_hook.delivery"]
    assert (event.outcome, event.targets[0].id, event.debug["event"]) == ("FAILURE", "who1", "e000002")
    alone = [batch for batch in world.told() if batch == ["e000002"]]
    assert len(alone) == (attempts - 1) * (1 if isinstance(answer, Answer) else 2)
    assert ["e000003"] in world.told()
    assert ["e000001"] in world.told()


def test_dead_letters_are_told_again_and_what_is_refused_again_stays() -> None:
    world = World()
    for number in range(2):
        world.happens(an_event(number, at=world.clock.now()))
        world.answers += [Answer(400, b"")] * REFUSALS
        for _ in range(REFUSALS):
            world.run(later=7_200)
        world.run(later=7_200)
    assert [letter["event"] for letter in world.events.given_up()] == ["e000000", "e000001"]
    world.answers += [OK, Answer(400, b"")]

    assert world.events.redrive() == {"redelivered": 1, "left": 1}
    assert [letter["event"] for letter in world.events.given_up()] == ["e000001"]
    assert world.events.redrive() == {"redelivered": 1, "left": 0}
    assert world.events.given_up() == []


def test_a_redrive_ends_with_the_time() -> None:
    world = World()
    world.happens(an_event(1))
    world.answers += [Answer(400, b"")] * REFUSALS
    for _ in range(REFUSALS):
        world.run(later=7_200)
    world.time = 0

    assert world.events.redrive() == {"redelivered": 0, "left": 1}


def test_a_redrive_says_what_there_is_beyond_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for number in range(3):
        letter = DeadLetter("who1", f"p{number}", an_event(number), "status 400", NOW)
        seen = world.storage.hook_deliveries.progress("who1")
        world.storage.hook_deliveries.save(seen, letter=letter)
    monkeypatch.setattr("authmint.hooks.events._SHOWN", 2)

    assert world.events.redrive() == {"redelivered": 2, "left": 1}
    assert world.events.redrive() == {"redelivered": 1, "left": 0}


def test_nobody_is_always_the_one_for_whom_no_time_is_left() -> None:
    world = World(tuple(a_hook(f"who{number}") for number in range(3)))
    first = []
    for number in range(3):
        world.happens(an_event(number, at=world.clock.now()))
        world.time = 2
        world.run()
        first.append(world.sent[-1][0])

    assert len(set(first)) == 3


def test_hooks_do_not_wait_for_each_other() -> None:
    class OneIsDown(World):
        def answer(self, uri: str, body: bytes) -> Answer | FetchFailed:
            return DOWN if "who1" in uri else OK

    world = OneIsDown((a_hook("who1"), a_hook("who2")))
    world.happens(*[an_event(number) for number in range(3)])

    assert world.run() == {"told": 3, "waiting": 1}
    assert world.told("who2") == [["e000000", "e000001", "e000002"]]


def test_a_hook_with_much_to_be_told_lets_others_have_their_turn() -> None:
    world = World((a_hook("who1"), a_hook("who2", event_types=("user.account.lock",))))
    world.happens(*[an_event(number) for number in range(3_000)], an_event(9_999, "user.account.lock"))

    assert world.run() == {"told": 3_001}
    hosts = [uri for uri, _, _ in world.sent]
    assert hosts.index("https://who2.example/events") < len(hosts) - 1
    assert world.told_in_order("who1") == [f"e{number:06d}" for number in range(3_000)]


def test_time_that_runs_out_loses_and_skips_nothing() -> None:
    world = World()
    world.happens(*[an_event(number, TYPES[number % 2] if number % 3 else "x.y") for number in range(500)])
    wanted = [f"e{number:06d}" for number in range(500) if number % 3]
    for _ in range(200):
        world.time = 2
        world.run()

    assert world.taken == wanted


def test_a_run_that_died_is_gone_on_from_and_two_at_once_do_not_tell_both() -> None:
    world = World()
    world.happens(an_event(1))
    progress = world.storage.hook_deliveries.save(Progress("who1", busy_until=NOW + 120))

    assert world.run() == {}
    assert world.run() == {"told": 1}
    assert world.storage.hook_deliveries.progress("who1").version > progress.version


def test_another_run_that_comes_first_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.happens(an_event(1))
    elsewhere = replace(world.storage.hook_deliveries.progress("who1"), version=7)
    monkeypatch.setattr(world.storage.hook_deliveries, "progress", lambda _: elsewhere)
    monkeypatch.setattr(world.storage.hook_deliveries, "save", Mock(side_effect=Conflict("who1")))

    assert world.run() == {}
    assert world.sent == []


def test_where_nothing_happens_nothing_is_written_but_now_and_then() -> None:
    world = World()

    for _ in range(3):
        world.run()
    version = world.storage.hook_deliveries.progress("who1").version
    for _ in range(60):
        world.run()

    assert (version, world.storage.hook_deliveries.progress("who1").version) == (1, 2)


def test_a_flood_with_the_endpoint_down_for_half_of_it_ends_with_each_event_told() -> None:
    """10,000 events of a hundred people: each is told, and those of one person in their order."""

    class HalfDown(World):
        def answer(self, uri: str, body: bytes) -> Answer | FetchFailed:
            if 20 <= self.minutes < 40 and len(self.sent) % 3:
                return DOWN if len(self.sent) % 2 else Answer(503, b"")
            return DOWN if self.minutes < 20 else OK

        minutes = 0

    world = HalfDown()
    number = 0
    while world.minutes < 400 and (number < 10_000 or world.run(later=0)):
        news = range(number, min(number + 250, 10_000))
        world.happens(*[an_event(one, at=world.clock.now(), entity=f"00u{one % 100}") for one in news])
        number += len(news)
        world.run()
        world.minutes += 1

    seen = dict.fromkeys(world.taken)
    assert len(seen) == number == 10_000
    assert list(seen) == sorted(seen)
    assert world.events.given_up() == []
    assert len(world.sent) < 2_000


def test_a_secret_that_cannot_be_opened_is_an_outage_of_ours_and_burns_no_attempt() -> None:
    class Closed(FakeSeals):
        def open(self, owner_id: str, secret_id: str, wrapped: str) -> str:
            raise VaultUnavailable("KMS Decrypt")

    world = World()
    world.happens(an_event(1))
    world.events._calls._seals = Closed

    with pytest.raises(VaultUnavailable):
        world.run()

    assert world.storage.hook_deliveries.progress("who1").failures == 0
