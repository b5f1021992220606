"""Lists of the first form move into shards: whole wherever that stops, and whoever is at work meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.list_migration import ListsIntoShards
from authmint.dynamo.migrations import Migrations
from authmint.dynamo.sharded import partitions, shard_of
from authmint.dynamo.tables import Tables
from authmint.dynamo.token_families import DynamoTokenFamilies
from authmint.dynamo.users import USERS, DynamoUsers
from authmint.ids import RandomIds
from authmint.storage.errors import NotFound, Unavailable
from authmint.storage.servers import ORG_SERVER

from tests.functions.faults import committed_and_lost, unreachable
from tests.storage.grant_records import a_family, a_token
from tests.support.backend import Deployed
from tests.support.builders import a_user
from tests.support.fakes import AT_ONCE, FrozenClock
from tests.support.first_form import list_family_as_before, list_user_as_before

SERVERS = (ORG_SERVER, "ausA", "ausB")
USER_IDS = [f"00u{number:03}" for number in range(60)]


@pytest.fixture
def tables(deployed: Deployed) -> Tables:
    return replace(deployed.tables(), retrying=AT_ONCE)


def listed(tables: Tables) -> tuple[list[str], list[list[str]]]:
    """Users, and the families of a client at each server."""
    users, families = DynamoUsers(tables, SystemClock()), DynamoTokenFamilies(tables, RandomIds(SystemClock()))
    held = [[family.id for family in families.of_client(server_id, "0oaA")] for server_id in SERVERS]
    return [user.id for user in users.list()], held


def filled(tables: Tables) -> tuple[list[str], list[list[str]]]:
    """Many of the first form, some of both, some of this one. What is listed."""
    users, families = DynamoUsers(tables, SystemClock()), DynamoTokenFamilies(tables, RandomIds(SystemClock()))
    for number, user_id in enumerate(USER_IDS):
        users.add(a_user(id=user_id), [])
        if number % 6:
            list_user_as_before(tables, user_id, number % 6 - 1 or None)
    for server_id in SERVERS:
        if server_id != ORG_SERVER:
            tables.config("SERVERS", server_id).save()
        for number in range(9):
            family = a_family(id=f"oar{server_id}{number}", server_id=server_id)
            families.add(family, a_token(family_id=family.id))
            if number % 3:
                list_family_as_before(tables, family, only=number % 3 == 1)
    return listed(tables)


def left(tables: Tables) -> int:
    """Items where lists were."""
    assert tables.grants is not None
    held = [(tables.grants, f"HOLDERS#{server_id}") for server_id in SERVERS]
    return sum(len(list(table.query(listing))) for table, listing in [(tables.config, USERS), *held])


def faulty(deployed: Deployed, fault: Callable[[Any], Any], calls: int) -> Tables:
    """The tables seen by somebody whose connection breaks after so many calls."""
    tables = replace(deployed.tables(), retrying=AT_ONCE)
    seen = 0

    def sent(request: Any, **_: Any) -> Any:
        nonlocal seen
        seen += 1
        return fault(request) if seen > calls else None

    tables.connection.client.meta.events.register("before-send.dynamodb.*", sent)
    return tables


def test_a_migration_moves_lists(tables: Tables) -> None:
    before, said = filled(tables), list[str]()
    assert tables.grants is not None
    ttl = {item.sk: item.ttl for item in tables.grants.query("HOLDERS#ausA")}
    assert (before[0], left(tables)) == (USER_IDS, 50 + 18)

    Migrations(tables, FrozenClock(), said.append).run()

    assert listed(tables) == before
    assert left(tables) == 0
    assert "lists in shards: moved 50 users and 18 families with a refresh token" in said
    assert {user.version for user in DynamoUsers(tables, SystemClock()).list()} == {1, 2, 3, 4}
    found = [item for name in partitions("HOLDERS#ausA") for item in tables.grants.query(name)]
    assert {item.sk: item.ttl for item in found if item.sk in ttl} == ttl
    assert {item.kind for item in found} == {"HOLDERS"}
    assert (ListsIntoShards(tables).users(), ListsIntoShards(tables).holders()) == (0, 0)


@pytest.mark.parametrize("fault", [unreachable, committed_and_lost])
def test_lists_are_whole_wherever_a_migration_stops(
    deployed: Deployed, tables: Tables, fault: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    before, stopped = filled(tables), 0
    for calls in range(0, 12, 2):
        migration = ListsIntoShards(faulty(deployed, fault, calls))
        try:
            migration.users()
            migration.holders()
        except Unavailable:
            stopped += 1
        assert listed(tables) == before

    ListsIntoShards(tables).users()
    ListsIntoShards(tables).holders()

    assert stopped >= 3
    assert listed(tables) == before
    assert left(tables) == 0


@pytest.mark.parametrize("form", ["old", "both"])
@pytest.mark.parametrize("change", ["save", "delete", "save by the release before"])
def test_who_changes_a_user_while_it_is_moved_wins(deployed: Deployed, tables: Tables, change: str, form: str) -> None:
    """The change comes after the migration has read the lists, and before it writes."""
    users = DynamoUsers(tables, SystemClock())
    users.add(a_user(), [])
    list_user_as_before(tables, "00uA", 1 if form == "both" else None)
    done = False

    def sent(request: Any, **_: Any) -> None:
        nonlocal done
        if done or b"TransactWriteItems" not in bytes(request.headers["X-Amz-Target"]):
            return
        done = True
        user = users.get("00uA")
        if change.startswith("save"):
            users.save(user, replace(user, status="SUSPENDED"), [])
        else:
            users.delete(user, [])
        if change == "save by the release before":
            list_user_as_before(tables, "00uA", None if form == "old" else 2)

    mover = replace(deployed.tables(), retrying=AT_ONCE)
    mover.connection.client.meta.events.register("before-send.dynamodb.*", sent)
    ListsIntoShards(mover).users()

    assert done
    if change.startswith("save"):
        assert [(user.status, user.version) for user in users.list()] == [("SUSPENDED", 2)]
        assert tables.config.get(shard_of(USERS, "00uA"), "00uA")
    else:
        assert users.list() == []
        with pytest.raises(NotFound):
            users.get("00uA")
    assert left(tables) == 0
