"""What every storage does, in memory and in DynamoDB: changes are whole, conflicts are noticed, once means once."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.api_tokens import DynamoApiTokens
from authmint.dynamo.clients import DynamoClients
from authmint.dynamo.configuration import WarmConfiguration
from authmint.dynamo.event_log import DynamoEventLog
from authmint.dynamo.rate_counters import DynamoRateCounters
from authmint.dynamo.replay import DynamoUsedAssertions
from authmint.dynamo.revocations import DynamoRevocations
from authmint.dynamo.servers import DynamoServers
from authmint.ids import RandomIds
from authmint.storage.api_tokens import ApiToken, ApiTokens
from authmint.storage.clients import Clients
from authmint.storage.configuration import Configuration, PlainConfiguration
from authmint.storage.errors import AlreadyExists, AlreadyUsed, Conflict, NotFound
from authmint.storage.events import Event, EventLog, Party, Recorded, place_of
from authmint.storage.rate_counters import RateCounters
from authmint.storage.replay import UsedAssertions
from authmint.storage.revocations import Revocation, Revocations
from authmint.storage.servers import Servers

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.backend import Deployed
from tests.support.builders import a_client, a_policy, a_resource, a_rule, a_server
from tests.support.fakes import NOW, FrozenClock


@dataclass
class Storage:
    """One deployment's storage, whatever it is made of."""

    servers: Servers
    clients: Clients
    api_tokens: ApiTokens
    log: EventLog
    revocations: Revocations
    assertions: UsedAssertions
    counters: RateCounters
    configuration: Configuration
    events: Callable[[], list[str]]


def in_memory() -> Storage:
    memory = MemoryStorage()
    return Storage(
        memory.servers,
        memory.clients,
        memory.api_tokens,
        memory.log,
        memory.revocations,
        memory.assertions,
        memory.rate_counters,
        PlainConfiguration(memory.servers, memory.clients),
        lambda: [event.id for event in memory.events],
    )


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        return in_memory()
    tables = replace(request.getfixturevalue("deployed").tables(), clock=FrozenClock())
    ids = RandomIds(SystemClock())

    def events() -> list[str]:
        return [item.sk.partition("#")[2] for item in tables.events.scan()]

    return Storage(
        DynamoServers(tables, SystemClock()),
        DynamoClients(tables, SystemClock()),
        DynamoApiTokens(tables),
        DynamoEventLog(tables, FrozenClock()),
        DynamoRevocations(tables, ids),
        DynamoUsedAssertions(tables, ids),
        DynamoRateCounters(tables, ids),
        WarmConfiguration(tables, SystemClock()),
        events,
    )


def an_event(name: str) -> Event:
    return Event(name, NOW * 1000, "oauth2.as.updated", Party("00u1", "User"))


FULL = a_server(
    rotate_at=None,
    resources=(a_resource("https://b.example", "orders:read", default=True), a_resource("https://a.example")),
    policies=(
        a_policy(a_rule(id="r1"), a_rule(id="r2"), id="p1"),
        a_policy(id="p2"),
        a_policy(a_rule(id="r3"), id="p3"),
    ),
)


def test_a_server_comes_back_as_it_was_stored(storage: Storage) -> None:
    storage.servers.add(FULL, [an_event("e1")])

    assert storage.servers.get(FULL.id) == replace(FULL, version=1)
    assert storage.events() == ["e1"]


def test_a_change_raises_the_version_and_keeps_order(storage: Storage) -> None:
    storage.servers.add(FULL, [])
    before = storage.servers.get(FULL.id)
    one, two, three = before.policies
    changed = replace(two, rules=(a_rule(id="r9"),))

    storage.servers.save(before, replace(before, policies=(three, one, changed)), [an_event("e2")])

    after = storage.servers.get(FULL.id)
    assert after.policies == (three, one, changed)
    assert after.version == 2
    assert storage.events() == ["e2"]


def test_what_was_removed_is_gone(storage: Storage) -> None:
    storage.servers.add(FULL, [])
    before = storage.servers.get(FULL.id)

    storage.servers.save(before, replace(before, policies=before.policies[1:], scopes=()), [])

    after = storage.servers.get(FULL.id)
    assert [policy.id for policy in after.policies] == ["p2", "p3"]
    assert after.scopes == ()


def test_hundreds_of_objects_can_be_removed_in_one_change(storage: Storage) -> None:
    server = replace(FULL, policies=(a_policy(id="p1"),))
    storage.servers.add(server, [])
    for start in range(0, 240, 60):
        before = storage.servers.get(server.id)
        rules = before.policies[0].rules + tuple(a_rule(id=f"r{start + i}") for i in range(60))
        storage.servers.save(before, replace(before, policies=(replace(before.policies[0], rules=rules),)), [])
    before = storage.servers.get(server.id)
    assert len(before.policies[0].rules) == 240

    storage.servers.save(before, replace(before, policies=()), [an_event("gone")])

    assert storage.servers.get(server.id).policies == ()
    assert storage.events() == ["gone"]


def test_a_change_of_what_another_changed_is_a_conflict_and_stores_nothing(storage: Storage) -> None:
    storage.servers.add(FULL, [])
    seen = storage.servers.get(FULL.id)
    storage.servers.save(seen, replace(seen, name="first"), [])

    with pytest.raises(Conflict):
        storage.servers.save(seen, replace(seen, name="second"), [an_event("lost")])
    with pytest.raises(Conflict):
        storage.servers.delete(seen, [an_event("lost")])

    assert storage.servers.get(FULL.id).name == "first"
    assert storage.events() == []


def test_a_deleted_server_is_gone_at_once_and_its_id_for_ever(storage: Storage) -> None:
    storage.servers.add(FULL, [])
    storage.servers.delete(storage.servers.get(FULL.id), [an_event("deleted")])

    with pytest.raises(NotFound):
        storage.servers.get(FULL.id)
    with pytest.raises(AlreadyExists):
        storage.servers.add(FULL, [])
    assert storage.servers.list() == []
    assert storage.configuration.read(FULL.id).server is None
    assert storage.servers.sweep(FULL.id)
    assert storage.servers.due(at=NOW * 2) == []


def test_the_default_server_answers_to_both_names_and_is_one(storage: Storage) -> None:
    storage.servers.add(replace(FULL, is_default=True), [])

    assert storage.servers.get("default") == storage.servers.get(FULL.id)
    assert storage.configuration.read("default").server == storage.configuration.read(FULL.id).server
    with pytest.raises(AlreadyExists):
        storage.servers.add(replace(FULL, id="ausOther", is_default=True), [])


@pytest.mark.parametrize("server_id", ["", "aus#1", "x" * 3_000, "ö", "\x00", "default\n", "aus AAAA"])
def test_ids_that_cannot_be_find_nothing(storage: Storage, server_id: str) -> None:
    storage.servers.add(replace(FULL, is_default=True), [])

    with pytest.raises(NotFound):
        storage.servers.get(server_id)
    snapshot = storage.configuration.read(server_id, server_id)
    assert (snapshot.server, snapshot.client) == (None, None)


def test_lists_go_on_after_a_key(storage: Storage) -> None:
    for name in ("ausC", "ausA", "ausB"):
        storage.servers.add(replace(FULL, id=name), [])
        storage.clients.add(a_client(id=name.replace("aus", "0oa")), [])

    assert [server.id for server in storage.servers.list(limit=2)] == ["ausA", "ausB"]
    assert [server.id for server in storage.servers.list(after="ausB")] == ["ausC"]
    assert storage.servers.list()[0].active_key.kid == FULL.active_key.kid
    assert [client.id for client in storage.clients.list(after="0oaA", limit=1)] == ["0oaB"]


def test_due_servers_are_those_whose_time_has_come(storage: Storage) -> None:
    storage.servers.add(replace(FULL, id="ausNow", rotate_at=NOW), [])
    storage.servers.add(replace(FULL, id="ausLater", rotate_at=NOW + 1), [])
    storage.servers.add(replace(FULL, id="ausNever", rotate_at=None), [])

    assert storage.servers.due(at=NOW) == ["ausNow"]


def test_a_client_comes_back_changes_and_goes(storage: Storage) -> None:
    storage.clients.add(a_client(), [an_event("made")])
    before = storage.clients.get(a_client().id)
    storage.clients.save(before, replace(before, label="new name"), [])

    with pytest.raises(Conflict):
        storage.clients.save(before, before, [])
    renamed = storage.clients.get(before.id)
    storage.clients.delete(renamed, [])

    assert renamed == replace(before, label="new name", version=2)
    with pytest.raises(NotFound):
        storage.clients.get(before.id)
    storage.clients.add(a_client(label="new name"), [])


def test_labels_of_clients_are_unique(storage: Storage) -> None:
    storage.clients.add(a_client(id="0oaA", label="a"), [])
    storage.clients.add(a_client(id="0oaB", label="b"), [])
    other = storage.clients.get("0oaB")

    with pytest.raises(AlreadyExists, match="label"):
        storage.clients.add(a_client(id="0oaC", label="a"), [an_event("lost")])
    with pytest.raises(AlreadyExists, match="label"):
        storage.clients.save(other, replace(other, label="a"), [an_event("lost")])
    with pytest.raises(AlreadyExists, match="id"):
        storage.clients.add(a_client(id="0oaA", label="c"), [])
    assert storage.events() == []


def test_a_client_that_reserves_no_label_may_share_one(storage: Storage) -> None:
    storage.clients.add(a_client(id="0oaA", label="a"), [])
    storage.clients.add(a_client(id="0oaB", label="a", reserves_label=False), [])
    storage.clients.add(a_client(id="0oaC", label="a", reserves_label=False), [])

    shared = storage.clients.get("0oaB")
    storage.clients.save(shared, replace(shared, label="b"), [])
    storage.clients.delete(storage.clients.get("0oaC"), [])

    with pytest.raises(AlreadyExists, match="label"):
        storage.clients.add(a_client(id="0oaD", label="a"), [])
    storage.clients.add(a_client(id="0oaD", label="b"), [])
    shared = storage.clients.get("0oaB")
    with pytest.raises(AlreadyExists, match="label"):
        storage.clients.save(shared, replace(shared, reserves_label=True), [])
    storage.clients.save(shared, replace(shared, label="c", reserves_label=True), [])
    holder = storage.clients.get("0oaA")
    storage.clients.save(holder, replace(holder, reserves_label=False), [])
    storage.clients.add(a_client(id="0oaE", label="a"), [])
    with pytest.raises(AlreadyExists, match="label"):
        storage.clients.add(a_client(id="0oaF", label="c"), [])


def test_a_reader_of_the_configuration_sees_every_change_at_once(storage: Storage) -> None:
    storage.servers.add(FULL, [])
    storage.clients.add(a_client(), [])
    first = storage.configuration.read(FULL.id, a_client().id)
    server, client = storage.servers.get(FULL.id), storage.clients.get(a_client().id)

    storage.servers.save(server, replace(server, name="changed"), [])
    storage.clients.save(client, replace(client, status="INACTIVE"), [])
    second = storage.configuration.read(FULL.id, a_client().id)

    assert first.server is not None
    assert first.server.name == FULL.name
    assert second.server is not None
    assert second.server.name == "changed"
    assert second.client is not None
    assert second.client.status == "INACTIVE"


def test_api_tokens_are_found_by_digest(storage: Storage) -> None:
    token = ApiToken("00T1", "name", "00u1", "digest", NOW)
    assert not storage.api_tokens.any()

    storage.api_tokens.add(token, [])

    assert storage.api_tokens.any()
    assert storage.api_tokens.find("digest") == token
    with pytest.raises(NotFound):
        storage.api_tokens.find("other")
    with pytest.raises(AlreadyExists):
        storage.api_tokens.add(token, [])


def test_api_tokens_are_listed_counted_and_revoked(storage: Storage) -> None:
    tokens = [ApiToken(f"00T{n}", "name", "00u1", f"digest{n}", NOW) for n in range(3)]
    for token in reversed(tokens):
        storage.api_tokens.add(token, [])

    storage.api_tokens.used(tokens[1], at=NOW + 5)
    storage.api_tokens.used(tokens[1], at=NOW + 9)  # not as it is any more: nothing happens
    storage.api_tokens.delete(tokens[2], [])
    storage.api_tokens.used(tokens[2], at=NOW + 5)

    assert storage.api_tokens.list() == [tokens[0], replace(tokens[1], used_at=NOW + 5)]
    assert storage.api_tokens.get("00T0") == tokens[0]
    for gone in ("00T2", "00T9", ""):
        with pytest.raises(NotFound):
            storage.api_tokens.get(gone)
    with pytest.raises(NotFound):
        storage.api_tokens.delete(tokens[2], [])


def test_an_assertion_is_used_once_until_it_has_expired(storage: Storage) -> None:
    storage.assertions.spend("0oaA", "j", expires_at=NOW + 10, at=NOW)

    with pytest.raises(AlreadyUsed):
        storage.assertions.spend("0oaA", "j", expires_at=NOW + 10, at=NOW + 10)
    storage.assertions.spend("0oaB", "j", expires_at=NOW + 10, at=NOW)
    storage.assertions.spend("0oaA", "j" * 512, expires_at=NOW + 10, at=NOW)
    storage.assertions.spend("0oaA", "j", expires_at=NOW + 30, at=NOW + 11)


def test_a_counter_counts_by_key_and_says_how_many_there_were(storage: Storage) -> None:
    counts = [storage.counters.add(key, expires_at=NOW + 60) for key in ("a#1", "a#1", "a#2", "a#1")]

    assert counts == [1, 2, 1, 3]


def test_of_fifty_who_count_at_once_each_has_a_number_of_its_own(storage: Storage) -> None:
    with ThreadPoolExecutor(16) as pool:
        counts = list(pool.map(lambda _: storage.counters.add("k", expires_at=NOW + 60), range(50)))

    assert sorted(counts) == list(range(1, 51))


def test_a_revocation_counts_once_and_for_its_server_only(storage: Storage) -> None:
    revocation = Revocation("ausA", "AT.1", "0oaA", NOW, NOW + 60)

    assert storage.revocations.add(revocation)
    assert not storage.revocations.add(revocation)
    assert storage.revocations.has("ausA", "AT.1")
    assert not storage.revocations.has("ausB", "AT.1")


def test_of_fifty_uses_of_one_assertion_exactly_one_wins(storage: Storage) -> None:
    outcomes = race(lambda _: storage.assertions.spend("0oaA", "j", expires_at=NOW + 10, at=NOW), AlreadyUsed)

    assert outcomes.count("won") == 1


def test_of_fifty_changes_from_one_version_exactly_one_wins(storage: Storage) -> None:
    storage.servers.add(FULL, [])
    seen = storage.servers.get(FULL.id)

    outcomes = race(
        lambda number: storage.servers.save(seen, replace(seen, name=f"n{number}"), [an_event(f"e{number}")]), Conflict
    )

    after = storage.servers.get(FULL.id)
    assert outcomes.count("won") == 1
    assert storage.events() == [f"e{after.name[1:]}"]
    assert after.version == 2


def test_of_fifty_clients_of_one_label_exactly_one_is_made(storage: Storage) -> None:
    outcomes = race(
        lambda number: storage.clients.add(a_client(id=f"0oa{number}", label="same"), []), AlreadyExists, Conflict
    )

    assert outcomes.count("won") == 1
    assert len(storage.clients.list()) == 1


def test_readers_never_see_half_of_a_change(storage: Storage) -> None:
    def rules(number: int) -> Any:
        return (a_policy(*(a_rule(id=f"r{i}", name=str(number)) for i in range(20)), id="p"),)

    storage.servers.add(replace(FULL, policies=rules(0)), [])

    def write(_: int) -> None:
        for number in range(1, 8):
            seen = storage.servers.get(FULL.id)
            storage.servers.save(seen, replace(seen, name=str(number), policies=rules(number)), [])

    def look(_: int) -> set[int]:
        return {len({rule.name for rule in storage.servers.get(FULL.id).policies[0].rules}) for _ in range(20)}

    with ThreadPoolExecutor(4) as pool:
        writer = pool.submit(write, 0)
        seen = [pool.submit(look, number) for number in range(3)]
        writer.result()
        assert {count for future in seen for count in future.result()} == {1}


def a_token_event(number: int, at: int = NOW) -> Event:
    return Event(f"event-{number:04d}", at * 1000 + number, "t", Party("a", "User"))


def everything(log: EventLog, *, descending: bool = False) -> Sequence[Recorded]:
    return list(log.read(after=FIRST, before=LAST, batch=100, descending=descending))


FIRST, LAST = place_of((NOW - 60) * 1000), place_of((NOW + 60) * 1000)


def test_events_are_recorded_once_and_read_in_order(storage: Storage) -> None:
    events = [a_token_event(number) for number in range(120)]

    storage.log.deliver(events, stream="s")
    storage.log.deliver([*events[100:], a_token_event(120)], stream="s")

    read = everything(storage.log)
    assert {recorded.event.id for recorded in read} == {f"event-{number:04d}" for number in range(121)}
    assert len(read) == 121
    assert [recorded.place for recorded in read] == sorted(recorded.place for recorded in read)
    backwards = everything(storage.log, descending=True)
    assert backwards == read[::-1]


def test_places_are_exclusive_bounds_and_pages_fit_together(storage: Storage) -> None:
    storage.log.record([a_token_event(number) for number in range(30)])
    read = everything(storage.log)

    def between(after: int, before: int) -> list[Recorded]:
        return list(storage.log.read(after=read[after].place, before=read[before].place, batch=9))

    assert list(storage.log.read(after=FIRST, before=LAST, batch=7)) == read
    assert between(3, 6) == read[4:6]
    assert between(3, 4) == []


def test_who_stops_early_has_read_little(deployed: Deployed) -> None:
    tables, fetched = deployed.tables(), []
    log = DynamoEventLog(tables, FrozenClock())
    log.record([a_token_event(number) for number in range(200)])
    tables.connection.client.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: fetched.append(len(parsed["Items"]))
    )

    first = list(itertools.islice(log.read(after=FIRST, before=LAST, batch=20), 10))

    assert [recorded.event.id for recorded in first] == [f"event-{number:04d}" for number in range(10)]
    assert sum(fetched) <= 40


def test_a_change_and_its_event_are_one(storage: Storage) -> None:
    storage.clients.add(a_client(), [a_token_event(1)])
    with pytest.raises(AlreadyExists):
        storage.clients.add(a_client(), [a_token_event(2)])

    assert [recorded.event for recorded in everything(storage.log)] == [a_token_event(1)]


def test_events_handed_over_at_once_by_many_are_there_once(storage: Storage) -> None:
    events = [a_token_event(number) for number in range(20)]

    def hand_over(_: int) -> None:
        storage.log.deliver(events, stream="s")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(hand_over, range(4)))

    assert sorted(recorded.event.id for recorded in everything(storage.log)) == [event.id for event in events]
