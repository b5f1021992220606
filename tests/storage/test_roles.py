"""The book of roles, in memory and in DynamoDB: it changes as one, alone or together with whom it is about."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.clients import DynamoClients
from authmint.dynamo.groups import DynamoGroups
from authmint.dynamo.roles import DynamoRoles
from authmint.dynamo.users import DynamoUsers
from authmint.storage.clients import Clients
from authmint.storage.errors import Conflict, NotFound
from authmint.storage.events import Event, Party
from authmint.storage.groups import Groups
from authmint.storage.roles import BookChange, RoleAssignment, RoleBook, Roles
from authmint.storage.users import Users

from tests.memory.storage import MemoryStorage
from tests.support.builders import a_client, a_group, a_user
from tests.support.fakes import NOW

ROLE = RoleAssignment("ra1", "SUPER_ADMIN", NOW, NOW)
LIMITED = RoleAssignment("KVJUKUS7IFCE2SKO", "USER_ADMIN", NOW, NOW, groups=("00g1", "00g2"))
EVENT = Event("e-role", NOW * 1000, "user.account.privilege.grant", Party("a", "User"))


@dataclass
class Storage:
    roles: Roles
    users: Users
    groups: Groups
    clients: Clients
    events: Callable[[], list[str]]


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        memory = MemoryStorage()
        events = memory.events
        return Storage(memory.roles, memory.users, memory.groups, memory.clients, lambda: [one.id for one in events])
    tables, clock = request.getfixturevalue("deployed").tables(), SystemClock()
    return Storage(
        DynamoRoles(tables),
        DynamoUsers(tables, clock),
        DynamoGroups(tables, clock),
        DynamoClients(tables, clock),
        lambda: [item.sk.partition("#")[2] for item in tables.events.scan()],
    )


def test_a_book_is_kept_whole_with_its_event(storage: Storage) -> None:
    first = storage.roles.get()
    assert (first, first.version) == (RoleBook(), 0)

    after = first.having("USER", "00u1", [ROLE]).having("GROUP", "00g1", [LIMITED]).having("CLIENT", "0oa1", [ROLE])
    storage.roles.save(first, after, [EVENT])

    kept = storage.roles.get()
    assert kept == replace(after, version=1)
    assert kept.of_user("00u2", ["00g1"]) == (LIMITED,)
    assert storage.events() == [EVENT.id]
    with pytest.raises(Conflict):
        storage.roles.save(first, first, [EVENT])


def test_what_stands_on_a_book_that_changed_is_not_stored(storage: Storage) -> None:
    storage.users.add(a_user(id="00u1"), [])
    storage.groups.add(a_group(id="00g1"), [])
    storage.groups.join("00g1", "00u1", [], at=NOW)
    storage.clients.add(a_client(id="0oa1"), [])
    old = storage.roles.get()
    storage.roles.save(old, old.having("USER", "00u1", [ROLE]), [])
    user, group, client = storage.users.get("00u1"), storage.groups.get("00g1"), storage.clients.get("0oa1")
    stale = BookChange(old, old)

    for attempt in (
        lambda: storage.users.save(user, replace(user, status="SUSPENDED"), [EVENT], book=stale),
        lambda: storage.users.delete(user, [EVENT], book=stale),
        lambda: storage.groups.leave("00g1", "00u1", [EVENT], at=NOW, book=stale),
        lambda: storage.groups.delete(group, [EVENT], book=stale),
        lambda: storage.clients.delete(client, [EVENT], book=stale),
    ):
        with pytest.raises(Conflict):
            attempt()

    assert storage.users.get("00u1").status == user.status
    assert storage.groups.members("00g1") == ["00u1"]
    assert storage.clients.get("0oa1") == client
    assert storage.events() == []


def test_what_changes_with_a_book_moves_its_version(storage: Storage) -> None:
    storage.users.add(a_user(id="00u1"), [])
    storage.groups.add(a_group(id="00g1"), [])
    storage.groups.join("00g1", "00u1", [], at=NOW)
    storage.clients.add(a_client(id="0oa1"), [])

    def unchanged() -> BookChange:
        book = storage.roles.get()
        return BookChange(book, book)

    user = storage.users.get("00u1")
    storage.users.save(user, replace(user, status="SUSPENDED"), [], book=unchanged())
    assert storage.groups.leave("00g1", "00u1", [], at=NOW, book=unchanged())
    assert not storage.groups.leave("00g1", "00u1", [], at=NOW, book=unchanged())
    storage.groups.delete(storage.groups.get("00g1"), [], book=unchanged())
    storage.clients.delete(storage.clients.get("0oa1"), [], book=unchanged())
    storage.users.delete(storage.users.get("00u1"), [], book=unchanged())

    assert storage.roles.get().version == 5
    with pytest.raises(NotFound):
        storage.users.get("00u1")


def test_a_book_that_is_only_looked_at_has_to_be_as_it_was(storage: Storage) -> None:
    user = a_user()
    storage.users.add(user, [])
    user = storage.users.get(user.id)
    old = storage.roles.get()
    storage.roles.save(old, old.having("USER", "00uX", [ROLE]), [])
    renamed = replace(user, profile={**user.profile, "email": "other@example.com"})

    with pytest.raises(Conflict):
        storage.users.save(user, renamed, [], book=BookChange(old, old, looked_at=True))
    with pytest.raises(Conflict):
        storage.users.delete(user, [EVENT], book=BookChange(old, old, looked_at=True))
    assert (storage.users.get(user.id).email, storage.events()) == (user.email, [])

    book = storage.roles.get()
    storage.users.save(user, renamed, [], book=BookChange(book, book, looked_at=True))
    storage.users.delete(storage.users.get(user.id), [EVENT], book=BookChange(book, book, looked_at=True))

    assert storage.roles.get() == book
    assert storage.events() == ["e-role"]
    with pytest.raises(NotFound):
        storage.users.get(user.id)


def test_a_book_that_is_too_large_says_so() -> None:
    wide = replace(LIMITED, groups=tuple(f"00g{number}" for number in range(100)))
    assert RoleBook(users={f"00u{number}": (wide,) for number in range(50)}).fits
    assert not RoleBook(users={f"00u{number}": (wide,) for number in range(51)}).fits
    assert not RoleBook(users={f"00u{number}": (ROLE,) for number in range(1_001)}).fits
