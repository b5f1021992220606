"""Status lists in memory and in DynamoDB: numbers that nobody has twice, what they hang on, and what was revoked."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.client_copies import DynamoClientCopies
from authmint.dynamo.clients import DynamoClients
from authmint.dynamo.dynamic_clients import DynamoDynamicClients
from authmint.dynamo.logout_notices import DynamoLogoutNotices
from authmint.dynamo.servers import DynamoServers
from authmint.dynamo.status_lists import DynamoStatusLists
from authmint.ids import RandomIds
from authmint.storage.client_documents import ClientCopy, ClientDocument
from authmint.storage.client_registration import MetadataClient
from authmint.storage.dynamic_clients import DynamicClient
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.logout_notices import EndedTokens
from authmint.storage.status_lists import DAY, SIZE, Run, StatusLists, list_name, of_client, of_family

from tests.memory.storage import MemoryStorage
from tests.storage.grant_records import Storage, a_family, a_token, in_dynamo
from tests.support.backend import Deployed
from tests.support.builders import CLIENT_ID, a_client, a_server
from tests.support.fakes import NOW, FrozenClock

TODAY = NOW // DAY


@pytest.fixture(params=["memory", "dynamo"])
def lists(request: pytest.FixtureRequest) -> StatusLists:
    if request.param == "memory":
        return MemoryStorage().status_lists
    deployed: Deployed = request.getfixturevalue("deployed")
    return DynamoStatusLists(deployed.tables(), RandomIds(SystemClock()))


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage | MemoryStorage:
    if request.param == "memory":
        return MemoryStorage()
    deployed: Deployed = request.getfixturevalue("deployed")
    return in_dynamo(deployed.tables())


def a_run(first: int = 0, count: int = 8, **more: Any) -> Run:
    values: dict[str, Any] = {"server_id": "aus1", "list_id": list_name(TODAY, 0), "expires_at": NOW + 60}
    return Run(first=first, count=count, **values | more)


def test_a_list_is_named_by_its_day() -> None:
    assert (list_name(0, 0), list_name(20_783, 12)) == ("19700101-0", "20261126-12")


def test_numbers_are_given_away_once_and_of_one_key(lists: StatusLists) -> None:
    def take(number: int) -> tuple[str, int]:
        found = lists.reserve("aus1", TODAY, 0, 256, key=f"k{number}")
        assert found is not None
        return found[0].key, found[1]

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(24)))

    assert sorted(first for _, first in taken) == [256 * number for number in range(24)]
    assert len({key for key, _ in taken}) == 1
    known = lists.get("aus1", list_name(TODAY, 0))
    assert (known.key, known.expires_at) == (taken[0][0], (TODAY + 1) * DAY)
    assert known.key not in repr(known)


def test_a_list_that_is_full_gives_nothing_and_others_go_on(lists: StatusLists) -> None:
    assert lists.reserve("aus1", TODAY, 0, SIZE - 100, key="k") is not None
    assert lists.reserve("aus1", TODAY, 0, 101, key="k") is None
    last = lists.reserve("aus1", TODAY, 0, 100, key="k")
    assert last is not None
    assert last[1] == SIZE - 100
    for place in (("aus1", TODAY, 1), ("aus1", TODAY + 1, 0), ("aus2", TODAY, 0)):
        first = lists.reserve(*place, 256, key="k")
        assert first is not None
        assert first[1] == 0


@pytest.mark.parametrize("name", ["20991231-0", "", "x" * 200, "\x00", "ö"])
def test_what_no_number_was_given_of_is_not_there(lists: StatusLists, name: str) -> None:
    with pytest.raises(NotFound):
        lists.get("aus1", name)


def test_runs_are_found_by_what_ends_them(lists: StatusLists) -> None:
    url = "https://app.example/" + "c" * 480
    runs = [a_run(), a_run(8, 32, generation=3), a_run(7, server_id="aus2")]
    for run in (*runs, runs[0]):
        lists.note(of_client(url), run)
    lists.note(of_family("oar1"), a_run(500, 1))

    assert list(lists.under(of_client(url))) == runs
    assert list(lists.under(of_family("oar1"))) == [a_run(500, 1)]
    assert list(lists.under(of_family("oar2"))) == []
    lists.forget(of_client(url), [runs[1], a_run(99)])
    assert list(lists.under(of_client(url))) == [runs[0], runs[2]]


def test_what_was_revoked_is_read_from_a_time_on(lists: StatusLists) -> None:
    for at, places in ((NOW, range(2_500)), (NOW + 10, [7, 4_000]), (NOW + 20, [])):
        lists.revoke("aus1", "20991203-0", places, at=at, expires_at=NOW + 60)
    lists.revoke("aus1", "20991203-1", [9_000], at=NOW, expires_at=NOW + 60)

    assert sorted(lists.revoked("aus1", "20991203-0")) == sorted([*range(2_500), 7, 4_000])
    assert sorted(lists.revoked("aus1", "20991203-0", since=NOW + 1)) == [7, 4_000]
    assert list(lists.revoked("aus2", "20991203-0")) == []


@pytest.mark.parametrize("listed", [True, False])
def test_a_family_that_is_in_lists_leaves_a_notice_when_it_ends_and_another_none(
    storage: Storage | MemoryStorage, listed: bool
) -> None:
    storage.families.add(a_family(listed=listed), a_token())

    assert storage.families.revoke("oar1", "user", at=NOW)
    assert not storage.families.revoke("oar1", "reuse", at=NOW + 1)

    family = storage.families.get("oar1")
    assert (family.revoked_at, family.revoked_because, family.listed) == (NOW, "user", listed)
    waiting = list(storage.logout_notices.due(at=NOW, limit=9))
    assert waiting == (["tokens#oar1"] if listed else [])
    if listed:
        taken = storage.logout_notices.take("tokens#oar1", at=NOW, until=NOW + 60)
        assert taken.notice == EndedTokens("tokens#oar1", NOW, family_id="oar1")


def test_a_family_is_enlisted_while_it_lives(storage: Storage | MemoryStorage) -> None:
    storage.families.add(a_family(), a_token())
    storage.families.enlist("oar1", at=NOW + 5)
    assert storage.families.get("oar1") == a_family(listed=True, updated_at=NOW + 5)

    storage.families.revoke("oar1", "user", at=NOW + 6)
    assert storage.logout_notices.due(at=NOW + 6, limit=9)
    with pytest.raises(Conflict):
        storage.families.enlist("oar1", at=NOW + 7)
    with pytest.raises(NotFound):
        storage.families.enlist("oar2", at=NOW + 7)


def test_every_kind_of_client_leaves_a_notice_when_it_becomes_another(request: pytest.FixtureRequest) -> None:
    """In memory and in DynamoDB alike: the same changes, the same notices."""
    deployed: Deployed = request.getfixturevalue("deployed")
    tables, ids, clock = deployed.tables(), RandomIds(FrozenClock()), FrozenClock()
    memory = MemoryStorage()
    stores = (
        (memory.clients, memory.servers, memory.dynamic_clients, memory.client_copies, memory.logout_notices),
        (
            DynamoClients(tables, clock),
            DynamoServers(tables, clock),
            DynamoDynamicClients(tables, ids),
            DynamoClientCopies(tables, ids),
            DynamoLogoutNotices(tables, ids),
        ),
    )
    url = "https://app.example/client.json"
    server = replace(a_server(), metadata_clients=(MetadataClient("mcl1", url, NOW, NOW, generation=1),))
    document = ClientDocument(url, "", ("http://localhost/cb",), "none", ("authorization_code",))
    copy = ClientCopy("ausA", document, NOW, NOW + 60, since=NOW, generation=1)
    uris, grant_types = ("http://localhost/cb",), ("authorization_code",)
    themselves = DynamicClient("ausA", "dcr_A", "A", uris, grant_types, (), NOW, NOW + 60)
    left = []
    for clients, servers, dynamic, copies, notices in stores:
        servers.add(server, [])
        clients.add(a_client(), [])
        copies.save(None, copy)
        dynamic.register(themselves, most=5, at=NOW)
        known, known_server = clients.get(CLIENT_ID), servers.get(server.id)
        clients.save(known, replace(known, label="another"), [])
        servers.save(known_server, replace(known_server, name="another"), [])
        copies.save(copy, replace(copy, checked_at=NOW + 1))
        assert not notices.due(at=NOW, limit=9)

        known, known_server = clients.get(CLIENT_ID), servers.get(server.id)
        clients.save(known, replace(known, token_generation=1, updated_at=NOW), [])
        entries = tuple(replace(one, generation=NOW) for one in known_server.metadata_clients)
        servers.save(known_server, replace(known_server, metadata_clients=entries, updated_at=NOW), [])
        copies.save(replace(copy, checked_at=NOW + 1), replace(copy, checked_at=NOW + 2, generation=NOW + 2))
        dynamic.block(themselves, at=NOW, events=[])
        clients.delete(clients.get(CLIENT_ID), [])
        found = [notices.take(one, at=NOW, until=NOW + 9).notice for one in notices.due(at=NOW, limit=9)]
        left.append(sorted(found, key=str))

    assert left[0] == left[1]
    assert left[0] == sorted(
        [
            EndedTokens.of_client(CLIENT_ID, 1, at=NOW),
            EndedTokens.of_client(CLIENT_ID, 2, at=NOW),
            EndedTokens.of_client(url, NOW, at=NOW, server_id=server.id),
            EndedTokens.of_client(url, NOW + 2, at=NOW + 2, server_id="ausA"),
            EndedTokens.of_client("dcr_A", NOW, at=NOW, server_id="ausA"),
        ],
        key=str,
    )
