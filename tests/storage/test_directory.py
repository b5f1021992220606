"""Users, groups, memberships and assignments, in memory and in DynamoDB."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.app_schemas import DynamoAppSchemas
from authmint.dynamo.assignments import DynamoAssignments
from authmint.dynamo.cleanup import DynamoCleanup
from authmint.dynamo.clients import DynamoClients
from authmint.dynamo.configuration import WarmConfiguration
from authmint.dynamo.directory import DynamoDirectory
from authmint.dynamo.group_rules import DynamoGroupRules
from authmint.dynamo.groups import DynamoGroups
from authmint.dynamo.mappings import DynamoUserMappings
from authmint.dynamo.singletons import DynamoUserSchemas, DynamoUserTypes
from authmint.dynamo.tables import Tables
from authmint.dynamo.users import DynamoUsers
from authmint.storage.app_schemas import AppSchema, AppSchemas
from authmint.storage.assignments import AppGroup, AppUser, Assignments
from authmint.storage.clients import Clients, MappedAttribute
from authmint.storage.directory import Directory, is_assigned
from authmint.storage.errors import AlreadyExists, Conflict, NotFound
from authmint.storage.events import Event, Party
from authmint.storage.group_rules import GroupRule, GroupRules, Membership, RuleList, RuleRun
from authmint.storage.groups import EVERYONE_GROUP, EVERYONE_ID, Groups
from authmint.storage.mappings import UserMapping, UserMappings
from authmint.storage.schemas import ProfileSchemas
from authmint.storage.user_types import UserType, UserTypeList, UserTypes
from authmint.storage.users import Password, RecoveryToken, Users, login_key
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.storage import MemoryStorage
from tests.storage.racing import race
from tests.support.backend import Deployed
from tests.support.builders import a_client, a_group, a_user
from tests.support.fakes import NOW

MOST = 10


@dataclass
class Storage:
    """One deployment's directory, whatever it is made of."""

    users: Users
    groups: Groups
    rules: GroupRules
    clients: Clients
    assignments: Assignments
    schemas: ProfileSchemas
    types: UserTypes
    app_schemas: AppSchemas
    mappings: UserMappings
    directory: Directory
    events: Callable[[], list[str]]


def in_dynamo(tables: Tables) -> Storage:
    clock = SystemClock()
    assert tables.events is not None
    events = tables.events
    return Storage(
        DynamoUsers(tables, clock),
        DynamoGroups(tables, clock),
        DynamoGroupRules(tables),
        DynamoClients(tables, clock),
        DynamoAssignments(tables, clock),
        DynamoUserSchemas(tables),
        DynamoUserTypes(tables),
        DynamoAppSchemas(tables),
        DynamoUserMappings(tables),
        DynamoDirectory(tables, clock),
        lambda: sorted(item.sk.partition("#")[2] for item in events.scan()),
    )


@pytest.fixture(params=["memory", "dynamo"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "dynamo":
        return in_dynamo(request.getfixturevalue("deployed").tables())
    memory = MemoryStorage()
    return Storage(
        memory.users,
        memory.groups,
        memory.group_rules,
        memory.clients,
        memory.assignments,
        memory.user_schemas,
        memory.users.types,
        memory.app_schemas,
        memory.user_mappings,
        memory.directory,
        lambda: sorted(event.id for event in memory.events),
    )


def an_event(name: str) -> Event:
    return Event(name, NOW * 1000, "user.lifecycle.create", Party("00u1", "User"))


FULL = a_user(
    password=Password("$argon2id$x", NOW, ("$argon2id$y",)),
    ticket=RecoveryToken("activation", "digest", NOW + 60),
    profile={"level": 3, "tags": ["a", "b"], "vip": True, "nickName": "Ñandú"},
)


def test_a_user_comes_back_as_it_was_stored(storage: Storage) -> None:
    storage.users.add(FULL, [an_event("e1")])

    assert storage.users.get("00uA") == replace(FULL, version=1)
    assert storage.users.by_login("00UA@EXAMPLE.com").id == "00uA"
    assert storage.users.by_short_login("00ua").id == "00uA"
    assert [user.id for user in storage.users.by_email("00UA@example.com")] == ["00uA"]
    assert storage.events() == ["e1"]


def test_a_list_holds_no_hash_of_a_user(storage: Storage) -> None:
    storage.users.add(FULL, [])

    (listed,) = storage.users.list()

    assert listed.profile == FULL.profile
    assert "argon2id" not in repr(listed)
    assert "digest" not in repr(FULL)
    assert "argon2id" not in repr(FULL)


def test_whoever_holds_a_unique_value_is_found_by_it(storage: Storage) -> None:
    storage.users.add(a_user(id="00uA", unique=(NUMBER, BADGE)), [])
    assert storage.users.holder(*NUMBER).id == "00uA"
    before = storage.users.get("00uA")
    storage.users.save(before, replace(before, profile={**before.profile, "badge": "x"}, unique=(BADGE,)), [])
    for free in (NUMBER, (NUMBER[0], BADGE[1])):
        with pytest.raises(NotFound):
            storage.users.holder(*free)


def test_a_change_is_found_by_the_new_names_only(storage: Storage) -> None:
    storage.users.add(a_user(), [])
    before = storage.users.get("00uA")
    profile = {**before.profile, "login": "new@example.com", "email": "other@example.com"}

    storage.users.save(before, replace(before, profile=profile), [an_event("e2")])

    assert storage.users.by_login("new@example.com").version == 2
    assert [user.id for user in storage.users.by_email("other@example.com")] == ["00uA"]
    assert storage.users.by_email("00ua@example.com") == []
    with pytest.raises(NotFound):
        storage.users.by_login("00ua@example.com")
    storage.users.add(a_user(id="00uB", login="00ua@example.com"), [])
    with pytest.raises(Conflict):
        storage.users.save(before, before, [an_event("lost")])
    assert storage.events() == ["e2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.com", "ANN@Example.COM"),
        ("straße@example.com", "STRASSE@example.com"),
        ("İzmir@example.com", "i̇zmir@example.com"),
        ("caf\u00e9@example.com", "cafe\u0301@example.com"),
        ("ａｎｎ@example.com", "ann@example.com"),
        ("ﬁ@example.com", "FI@example.com"),
        ("Σίσυφος@example.com", "ΣΊΣΥΦΟΣ@example.com"),
    ],
)
def test_logins_that_look_the_same_are_the_same(storage: Storage, one: str, other: str) -> None:
    storage.users.add(a_user(login=one), [])

    with pytest.raises(AlreadyExists, match="login"):
        storage.users.add(a_user(id="00uB", login=other), [an_event("lost")])

    assert storage.users.by_login(other).login == one
    assert storage.events() == []


@given(st.text(max_size=100))
def test_a_login_key_is_its_own_key(login: str) -> None:
    assert login_key(login_key(login)) == login_key(login)
    assert login_key(login.upper().lower()) == login_key(login_key(login).upper().lower())


STAFF = UserType("oty1", "staff", "Staff", None, NOW, "00uX", NOW, "00uX")


def with_types(storage: Storage, *types: UserType) -> int:
    before = storage.types.get()
    storage.types.save(before, replace(before, types=types), [])
    return before.version + 1


def test_types_of_users_are_one_list(storage: Storage) -> None:
    assert storage.types.get() == UserTypeList()

    with_types(storage, STAFF, replace(STAFF, id="oty2"))

    assert storage.types.get() == UserTypeList((STAFF, replace(STAFF, id="oty2")), 1)
    with pytest.raises(Conflict):
        storage.types.save(UserTypeList(), UserTypeList(), [an_event("lost")])
    assert storage.events() == []


def test_a_type_is_in_use_while_it_has_users(storage: Storage) -> None:
    version = with_types(storage, STAFF, replace(STAFF, id="oty2"))

    storage.users.add(a_user(type_id="oty1"), [], types_version=version)
    first = storage.users.get("00uA")
    used = [(storage.types.in_use("oty1"), storage.types.in_use("oty2"))]
    for type_id in ("oty2", None, "oty1"):
        before = storage.users.get("00uA")
        storage.users.save(before, replace(before, type_id=type_id), [], types_version=version)
        used.append((storage.types.in_use("oty1"), storage.types.in_use("oty2")))
    storage.users.delete(storage.users.get("00uA"), [])
    used.append((storage.types.in_use("oty1"), storage.types.in_use("oty2")))

    assert first.type_id == "oty1"
    assert used == [(True, False), (False, True), (False, False), (True, False), (False, False)]


def test_nobody_comes_to_a_type_once_the_types_have_changed(storage: Storage) -> None:
    version = with_types(storage, STAFF)
    storage.users.add(a_user(), [])
    with_types(storage)

    with pytest.raises(Conflict):
        storage.users.add(a_user(id="00uB", type_id="oty1"), [an_event("lost")], types_version=version)
    before = storage.users.get("00uA")
    with pytest.raises(Conflict):
        storage.users.save(before, replace(before, type_id="oty1"), [an_event("lost")], types_version=version)

    assert not storage.types.in_use("oty1")
    assert storage.events() == []


def test_a_taken_login_is_said_of_users_of_a_type_too(storage: Storage) -> None:
    version = with_types(storage, STAFF)
    storage.users.add(a_user(login="ann@example.com"), [])
    storage.users.add(a_user(id="00uB"), [])

    with pytest.raises(AlreadyExists, match="login"):
        storage.users.add(a_user(id="00uC", login="ann@example.com", type_id="oty1"), [], types_version=version)
    before = storage.users.get("00uB")
    taken = replace(before, type_id="oty1", profile={**before.profile, "login": "ann@example.com"})
    with pytest.raises(AlreadyExists, match="login"):
        storage.users.save(before, taken, [], types_version=version)


@pytest.mark.parametrize("name", ["", "x" * 5_000, "ß" * 900, "a#b", "\x00", "\ud800", "x@" * 600])
def test_names_that_cannot_be_find_nobody(storage: Storage, name: str) -> None:
    storage.users.add(a_user(), [])

    for find in (storage.users.get, storage.users.by_login, storage.users.by_short_login, storage.directory.by_login):
        with pytest.raises(NotFound):
            find(name)
    assert storage.users.by_email(name) == []


def test_a_short_login_of_two_users_names_nobody(storage: Storage) -> None:
    storage.users.add(a_user(id="00uA", login="ann@a.example"), [])
    storage.users.add(a_user(id="00uB", login="ann@b.example"), [])

    with pytest.raises(NotFound):
        storage.users.by_short_login("ann")


def test_a_login_without_a_domain_comes_before_those_that_only_begin_with_it(storage: Storage) -> None:
    storage.users.add(a_user(id="00uA", login="ann@a.example"), [])
    storage.users.add(a_user(id="00uB", login="Ann"), [])
    storage.users.add(a_user(id="00uC", login="anna"), [])

    for find in (storage.users.by_login, storage.users.by_short_login):
        assert find("ANN").id == "00uB"
    assert storage.directory.by_login("ANN").user.id == "00uB"
    with pytest.raises(AlreadyExists, match="login"):
        storage.users.add(a_user(id="00uD", login="aNN"), [])
    storage.users.delete(storage.users.get("00uB"), [])
    assert storage.users.by_short_login("ann").id == "00uA"


NUMBER, BADGE = ("unq1", "digest-of-7"), ("unq2", "digest-of-x")


def test_a_unique_value_has_one_holder_until_it_is_given_up(storage: Storage) -> None:
    storage.users.add(a_user(id="00uA", unique=(NUMBER, BADGE)), [])
    storage.users.add(a_user(id="00uB", unique=(("unq1", "digest-of-8"),)), [])
    with pytest.raises(AlreadyExists, match="unq2"):
        storage.users.add(a_user(id="00uC", unique=(("unq1", "digest-of-9"), BADGE)), [an_event("lost")])
    with pytest.raises(AlreadyExists, match="login"):
        storage.users.add(a_user(id="00uC", login="00ua@example.com", unique=(BADGE,)), [an_event("lost")])

    second = storage.users.get("00uB")
    with pytest.raises(AlreadyExists, match="unq1"):
        storage.users.save(second, replace(second, unique=(NUMBER,)), [an_event("lost")])
    renamed = replace(second, profile={**second.profile, "login": "new@example.com"}, unique=(BADGE, NUMBER))
    with pytest.raises(AlreadyExists, match="unq"):
        storage.users.save(second, renamed, [an_event("lost")])
    assert storage.users.get("00uB") == second

    first = storage.users.get("00uA")
    storage.users.save(first, replace(first, unique=(NUMBER,)), [])
    storage.users.save(second, replace(second, unique=(BADGE,)), [])
    storage.users.delete(storage.users.get("00uA"), [])
    third = a_user(id="00uC", unique=(NUMBER,))
    storage.users.add(third, [])
    assert storage.users.get("00uC").unique == (NUMBER,)
    assert [user.unique for user in storage.users.list()] == [(BADGE,), (NUMBER,)]
    assert storage.events() == []


def test_of_sixteen_users_with_one_unique_value_exactly_one_is_made(storage: Storage) -> None:
    outcomes = race(
        lambda number: storage.users.add(a_user(id=f"00u{number}", unique=(NUMBER,)), [an_event(f"e{number}")]),
        AlreadyExists,
        Conflict,
    )

    (made,) = storage.users.list()
    assert outcomes.count("won") == 1
    assert storage.events() == [f"e{made.id[3:]}"]


def test_of_two_users_that_take_a_value_at_once_one_gets_it(storage: Storage) -> None:
    for number in range(50):
        storage.users.add(a_user(id=f"00u{number:02}"), [])

    def take(number: int) -> None:
        user = storage.users.get(f"00u{number:02}")
        storage.users.save(user, replace(user, unique=(BADGE,)), [])

    outcomes = race(take, AlreadyExists, Conflict)

    assert outcomes.count("won") == 1
    assert sorted(user.unique for user in storage.users.list()).count((BADGE,)) == 1


def test_a_profile_that_was_checked_by_an_older_rule_is_not_taken(storage: Storage) -> None:
    storage.users.add(a_user(id="00uA"), [])
    storage.users.add(a_user(id="00uB", unique_version=3), [])
    first = storage.users.get("00uA")

    storage.users.expect(None, 2)
    storage.users.expect(None, 1)

    renamed = replace(first, profile={**first.profile, "badge": "A"})
    with pytest.raises(Conflict):
        storage.users.save(first, renamed, [an_event("lost")])
    with pytest.raises(Conflict):
        storage.users.add(a_user(id="00uC", unique_version=1), [an_event("lost")])
    # What was never unique may change: nobody asks how that was checked.
    storage.users.save(first, replace(first, profile={**first.profile, "nickName": "A"}), [])
    first = storage.users.get("00uA")
    storage.users.save(first, replace(first, status="SUSPENDED"), [])
    storage.users.save(storage.users.get("00uA"), replace(renamed, unique_version=2, status="ACTIVE"), [])
    storage.users.add(a_user(id="00uC", unique_version=2), [])
    assert storage.events() == []
    assert storage.users.get("00uA").profile["badge"] == "A"


def test_while_users_come_the_values_of_all_are_held_or_their_change_is_repeated(storage: Storage) -> None:
    """Fifty users are made by the rule of before while another one comes: who reads them all afterwards misses none."""
    began = threading.Barrier(2)

    def make() -> list[str]:
        began.wait()
        done = []
        for number in range(50):
            try:
                storage.users.add(a_user(id=f"00u{number:02}"), [])
            except Conflict:
                break
            done.append(f"00u{number:02}")
        return done

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(make)
        began.wait()
        storage.users.expect(None, 1)
        seen = [user.id for user in storage.users.list()]
        assert set(made.result()) == set(seen)


def test_values_that_mean_nothing_any_more_are_swept(deployed: Deployed) -> None:
    storage = in_dynamo(deployed.tables())
    storage.users.add(a_user(unique=(NUMBER, BADGE)), [])

    storage.users.release("unq1")

    assert list(deployed.tables().config.query("UNIQUE#unq1")) == []
    assert len(list(deployed.tables().config.query("UNIQUE#unq2"))) == 1
    user = storage.users.get("00uA")
    storage.users.save(user, replace(user, unique=(BADGE,)), [])
    storage.users.delete(storage.users.get("00uA"), [])
    assert list(deployed.tables().config.query("UNIQUE#unq2")) == []


def test_a_deleted_user_is_gone_with_all_that_was_its(storage: Storage) -> None:
    storage.groups.add(a_group(), [])
    storage.clients.add(a_client(), [])
    storage.users.add(a_user(), [], group_ids=["00gA"])
    storage.assignments.add_user(AppUser(a_client().id, "00uA", "ann", NOW, NOW), [])

    storage.users.delete(storage.users.get("00uA"), [an_event("gone")])

    for find in (storage.users.get, storage.users.by_login, storage.directory.person):
        with pytest.raises(NotFound):
            find("00uA" if find != storage.users.by_login else "00ua@example.com")
    assert storage.users.list() == []
    assert storage.groups.members("00gA") == []
    assert storage.assignments.users(a_client().id) == []
    assert storage.events() == ["gone"]
    storage.users.add(a_user(id="00uB", login="00ua@example.com"), [])


def test_names_of_groups_are_unique_and_can_change(storage: Storage) -> None:
    storage.groups.add(a_group(name="Eng"), [an_event("e1")])

    with pytest.raises(AlreadyExists, match="name"):
        storage.groups.add(a_group(id="00gB", name="ENG"), [an_event("lost")])
    before = storage.groups.get("00gA")
    storage.groups.save(before, replace(before, name="Ops"), [])
    storage.groups.add(a_group(id="00gB", name="eng"), [])
    other = storage.groups.get("00gB")
    with pytest.raises(AlreadyExists, match="name"):
        storage.groups.save(other, replace(other, name="ops"), [an_event("lost")])
    with pytest.raises(Conflict):
        storage.groups.save(before, before, [])

    assert storage.groups.by_name("OPS").id == "00gA"
    assert [group.name for group in storage.groups.list()] == ["Ops", "eng"]
    assert storage.events() == ["e1"]


def test_groups_that_make_way_are_stored_with_the_one_that_comes(storage: Storage) -> None:
    for name in ("00gA", "00gB", "00gC"):
        storage.groups.add(a_group(id=name, name=name), [])
    storage.clients.add(a_client(), [])
    own = a_client().id
    for priority, name in enumerate(("00gA", "00gB")):
        storage.assignments.put_group(storage.clients.get(own), AppGroup(own, name, priority, NOW), [])
    seen = storage.clients.get(own)
    moved = [AppGroup(own, "00gA", 1, NOW), AppGroup(own, "00gB", 2, NOW)]

    storage.assignments.put_group(seen, AppGroup(own, "00gC", 0, NOW), [], moved=moved)

    assert [one.priority for one in storage.assignments.groups(own)] == [1, 2, 0]
    assert storage.clients.get(own).groups == ("00gA", "00gB", "00gC")
    with pytest.raises(Conflict):
        storage.assignments.put_group(seen, AppGroup(own, "00gC", 3, NOW), [], moved=[AppGroup(own, "00gA", 9, NOW)])
    assert storage.assignments.group(own, "00gA").priority == 1


def test_the_schema_of_an_app_changes_by_its_version_and_goes_with_the_app(storage: Storage) -> None:
    client = a_client()
    schema = AppSchema({"team": {"type": "string", "title": "Team"}}, ("name",), NOW)
    with pytest.raises(NotFound):
        storage.app_schemas.save(client.id, AppSchema(), schema, [an_event("lost")])
    storage.clients.add(client, [])

    storage.app_schemas.save(client.id, AppSchema(), schema, [an_event("e1")])

    assert storage.app_schemas.get(client.id) == replace(schema, version=1)
    with pytest.raises(Conflict):
        storage.app_schemas.save(client.id, AppSchema(), schema, [an_event("lost")])
    stored = storage.app_schemas.get(client.id)
    storage.app_schemas.save(client.id, stored, replace(stored, custom={}), [])
    assert storage.app_schemas.get(client.id) == AppSchema({}, ("name",), NOW, 2)
    assert storage.events() == ["e1"]
    storage.clients.delete(storage.clients.get(client.id), [])
    assert storage.app_schemas.get(client.id) == AppSchema()


def test_a_person_has_groups_and_assignments(storage: Storage) -> None:
    for name in ("00gA", "00gB", "00gC"):
        storage.groups.add(a_group(id=name), [])
    storage.users.add(a_user(), [], group_ids=["00gB"])
    direct, by_group, by_everyone, none = (a_client(id=f"0oaClient{n}") for n in range(4))
    for client in (direct, by_group, by_everyone, none):
        storage.clients.add(client, [])

    assert storage.groups.join("00gA", "00uA", [an_event("joined")], at=NOW + 5)
    storage.assignments.add_user(AppUser(direct.id, "00uA", "ann", NOW, NOW), [])
    storage.assignments.put_group(storage.clients.get(by_group.id), AppGroup(by_group.id, "00gB", 0, NOW), [])
    storage.assignments.put_group(
        storage.clients.get(by_everyone.id), AppGroup(by_everyone.id, EVERYONE_ID, 0, NOW), []
    )

    person = storage.directory.by_login("00ua@example.com")
    assert person == storage.directory.person("00uA")
    assert [group.id for group in person.groups] == [EVERYONE_ID, "00gA", "00gB"]
    assert person.groups[0] == EVERYONE_GROUP
    assert person.groups[1].members_at == NOW + 5
    assert set(person.app_users) == {direct.id}
    assigned = [is_assigned(person, storage.clients.get(one.id)) for one in (direct, by_group, by_everyone, none)]
    assert assigned == [True, True, True, False]
    assert is_assigned(person, replace(none, implicit_assignment=True))


def test_joining_and_leaving_count_once(storage: Storage) -> None:
    storage.groups.add(a_group(), [])
    storage.users.add(a_user(), [])

    assert storage.groups.join("00gA", "00uA", [an_event("e1")], at=NOW + 1)
    assert not storage.groups.join("00gA", "00uA", [an_event("e2")], at=NOW + 2)
    assert storage.groups.get("00gA").members_at == NOW + 1
    assert storage.groups.leave("00gA", "00uA", [an_event("e3")], at=NOW + 3)
    assert not storage.groups.leave("00gA", "00uA", [an_event("e4")], at=NOW + 4)

    assert storage.groups.list()[0].members_at == NOW + 3
    assert storage.events() == ["e1", "e3"]


def test_nobody_joins_what_is_not_there(storage: Storage) -> None:
    storage.groups.add(a_group(), [])
    storage.users.add(a_user(), [])

    for group_id, user_id in (("00gX", "00uA"), ("00gA", "00uX"), ("", "00uA"), ("00gA", "x" * 2_000)):
        with pytest.raises(NotFound):
            storage.groups.join(group_id, user_id, [an_event("lost")], at=NOW)
    with pytest.raises(Conflict):
        storage.users.add(a_user(id="00uB"), [an_event("lost")], group_ids=["00gA", "00gX"])

    assert storage.groups.members("00gA") == []
    assert storage.events() == []


def test_a_deleted_group_is_gone_for_everybody(storage: Storage) -> None:
    storage.groups.add(a_group(), [])
    storage.users.add(a_user(), [], group_ids=["00gA"])
    storage.clients.add(a_client(), [])
    client = storage.clients.get(a_client().id)
    storage.assignments.put_group(client, AppGroup(client.id, "00gA", 0, NOW), [])
    assert is_assigned(storage.directory.person("00uA"), storage.clients.get(client.id))

    storage.groups.delete(storage.groups.get("00gA"), [an_event("gone")])

    with pytest.raises(NotFound):
        storage.groups.get("00gA")
    assert storage.groups.list() == []
    assert [group.id for group in storage.directory.person("00uA").groups] == [EVERYONE_ID]
    assert storage.clients.get(client.id).groups == ()
    assert storage.assignments.groups(client.id) == []
    with pytest.raises(NotFound):
        storage.groups.join("00gA", "00uA", [], at=NOW)
    storage.groups.add(a_group(id="00gB", name=a_group().name), [])


def test_a_deleted_client_leaves_nothing_to_its_successor(storage: Storage) -> None:
    storage.users.add(a_user(), [])
    storage.groups.add(a_group(), [])
    storage.clients.add(a_client(), [])
    client = storage.clients.get(a_client().id)
    storage.assignments.add_user(AppUser(client.id, "00uA", "ann", NOW, NOW), [])
    storage.assignments.put_group(client, AppGroup(client.id, "00gA", 0, NOW), [])

    storage.clients.delete(storage.clients.get(client.id), [])
    with pytest.raises(NotFound):
        storage.assignments.add_user(AppUser(client.id, "00uA", "ann", NOW, NOW), [])
    storage.clients.add(a_client(), [])

    assert not is_assigned(storage.directory.person("00uA"), storage.clients.get(client.id))
    assert storage.assignments.clients_of_group("00gA") == []


def test_assignments_are_made_changed_and_ended(storage: Storage) -> None:
    storage.users.add(a_user(), [])
    storage.groups.add(a_group(), [])
    storage.clients.add(a_client(), [])
    client = storage.clients.get(a_client().id)
    one = AppUser(client.id, "00uA", "ann", NOW, NOW)

    storage.assignments.add_user(one, [an_event("e1")])
    with pytest.raises(AlreadyExists):
        storage.assignments.add_user(one, [an_event("lost")])
    storage.assignments.change_user(one, replace(one, user_name="other"), [])
    with pytest.raises(Conflict):
        storage.assignments.change_user(one, replace(one, user_name="third"), [])
    storage.assignments.put_group(client, AppGroup(client.id, "00gA", 3, NOW), [an_event("e2")])
    with pytest.raises(Conflict):
        storage.assignments.put_group(client, AppGroup(client.id, "00gA", 4, NOW), [an_event("lost")])
    with pytest.raises(NotFound):
        storage.assignments.put_group(storage.clients.get(client.id), AppGroup(client.id, "00gX", 0, NOW), [])

    assert storage.assignments.user(client.id, "00uA").user_name == "other"
    assert storage.assignments.group(client.id, "00gA").priority == 3
    assert storage.assignments.clients_of_group("00gA") == [client.id]
    storage.assignments.remove_user(client.id, "00uA", [an_event("e3")])
    with pytest.raises(NotFound):
        storage.assignments.remove_user(client.id, "00uA", [an_event("lost")])
    with pytest.raises(NotFound):
        storage.assignments.change_user(one, one, [])
    storage.assignments.remove_group(storage.clients.get(client.id), "00gA", [])
    with pytest.raises(NotFound):
        storage.assignments.group(client.id, "00gA")
    assert storage.clients.get(client.id).groups == ()
    assert storage.events() == ["e1", "e2", "e3"]


def test_lists_go_on_after_a_key(storage: Storage) -> None:
    storage.groups.add(a_group(), [])
    storage.clients.add(a_client(), [])
    for name in "CADB":
        storage.users.add(a_user(id=f"00u{name}"), [], group_ids=["00gA"])
        storage.assignments.add_user(AppUser(a_client().id, f"00u{name}", name, NOW, NOW), [])

    assert [user.id for user in storage.users.list(limit=2)] == ["00uA", "00uB"]
    assert [user.id for user in storage.users.list(after="00uB", limit=1)] == ["00uC"]
    assert storage.groups.members("00gA", limit=3) == ["00uA", "00uB", "00uC"]
    assert storage.groups.members("00gA", after="00uC") == ["00uD"]
    assert storage.groups.members("00gA", after="00uD") == []
    assert [one.user_id for one in storage.assignments.users(a_client().id, after="00uA", limit=2)] == ["00uB", "00uC"]


def test_a_schema_changes_from_the_version_that_was_seen(storage: Storage) -> None:
    before = storage.schemas.get()
    storage.schemas.save(before, replace(before, custom={"level": {"type": "integer"}}), [an_event("e1")])

    with pytest.raises(Conflict):
        storage.schemas.save(before, before, [an_event("lost")])

    assert storage.schemas.get().custom == {"level": {"type": "integer"}}
    assert storage.events() == ["e1"]


def failed(storage: Storage, name: str) -> int:
    user = storage.users.get("00uA")
    locked = replace(user, status="LOCKED_OUT")
    return storage.users.count_failure(user, locked, [an_event(name)], most=MOST)


def test_failures_are_counted_and_the_last_one_locks(storage: Storage) -> None:
    storage.users.add(a_user(), [])

    counts = [failed(storage, f"e{number}") for number in range(MOST)]

    assert counts == list(range(1, MOST + 1))
    assert storage.users.get("00uA").status == "LOCKED_OUT"
    assert storage.users.list()[0].status == "LOCKED_OUT"
    assert storage.events() == ["e9"]
    with pytest.raises(Conflict):
        failed(storage, "lost")
    with pytest.raises(Conflict):
        storage.users.signed_in(storage.users.get("00uA"), at=NOW, most=MOST)
    locked = storage.users.get("00uA")
    storage.users.save(locked, replace(locked, status="ACTIVE", failed_attempts=0), [])
    assert failed(storage, "again") == 1


def test_a_sign_in_forgets_failures_and_a_change_does_not(storage: Storage) -> None:
    storage.users.add(a_user(), [])
    seen = storage.users.get("00uA")
    failed(storage, "e1")
    storage.users.save(seen, replace(seen, updated_at=NOW + 1), [])
    assert storage.users.get("00uA").failed_attempts == 1

    storage.users.signed_in(seen, at=NOW + 9, most=MOST)

    after = storage.users.get("00uA")
    assert (after.failed_attempts, after.last_login_at) == (0, NOW + 9)
    assert storage.users.sign_ins(storage.users.list())[0].last_login_at == NOW + 9


def test_of_sixteen_users_of_one_login_exactly_one_is_made(storage: Storage) -> None:
    outcomes = race(
        lambda number: storage.users.add(a_user(id=f"00u{number}", login="Same@example.com"), [an_event(f"e{number}")]),
        AlreadyExists,
        Conflict,
    )

    (made,) = storage.users.list()
    assert outcomes.count("won") == 1
    assert storage.events() == [f"e{made.id[3:]}"]


def test_parallel_failures_are_counted_exactly(storage: Storage) -> None:
    storage.users.add(a_user(), [])

    def attempt(number: int) -> None:
        if number < MOST - 2:
            failed(storage, f"e{number}")

    race(attempt)

    assert storage.users.get("00uA").failed_attempts == MOST - 2


def test_of_fifty_parallel_failures_ten_count_and_one_locks(storage: Storage) -> None:
    storage.users.add(a_user(), [])

    def attempt(number: int) -> None:
        while storage.users.get("00uA").status != "LOCKED_OUT":
            try:
                failed(storage, f"e{number}")
            except Conflict:
                continue
            return
        raise Conflict("locked")

    outcomes = race(attempt, Conflict)

    assert outcomes.count("won") == MOST
    assert len(storage.events()) == 1
    assert storage.users.get("00uA").failed_attempts == MOST


def test_parallel_joins_all_take_place(storage: Storage) -> None:
    storage.groups.add(a_group(), [])
    for number in range(50):
        storage.users.add(a_user(id=f"00u{number:02d}"), [])

    def attempt(number: int) -> None:
        while True:
            try:
                storage.groups.join("00gA", f"00u{number:02d}", [an_event(f"e{number:02d}")], at=NOW)
            except Conflict:
                continue
            return

    race(attempt)

    assert len(storage.groups.members("00gA")) == 50
    assert len(storage.events()) == 50


def test_a_crash_during_a_deletion_is_finished_by_the_schedule(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = deployed.tables()
    storage, leftovers = in_dynamo(tables), DynamoCleanup(tables)
    storage.groups.add(a_group(), [])
    storage.groups.add(a_group(id="00gB"), [])
    storage.clients.add(a_client(), [])
    for number in range(5):
        storage.users.add(a_user(id=f"00u{number}"), [], group_ids=["00gA", "00gB"])
    client = storage.clients.get(a_client().id)
    storage.assignments.add_user(AppUser(client.id, "00u1", "one", NOW, NOW), [])
    storage.assignments.put_group(client, AppGroup(client.id, "00gA", 0, NOW), [])
    with monkeypatch.context() as crash:
        for module in ("users", "groups", "clients"):
            crash.setattr(f"authmint.dynamo.{module}.sweep", lambda *_, **__: False)
        storage.users.delete(storage.users.get("00u0"), [])
        storage.groups.delete(storage.groups.get("00gA"), [])
        storage.clients.delete(storage.clients.get(client.id), [])

    # Gone at once, whatever is left.
    assert [group.id for group in storage.directory.person("00u1").groups] == [EVERYONE_ID, "00gB"]
    with pytest.raises(NotFound):
        storage.groups.join("00gA", "00u1", [], at=NOW)
    assert WarmConfiguration(tables, SystemClock()).read("default", client.id).client is None
    with pytest.raises(AlreadyExists, match="id"):
        storage.clients.add(a_client(), [])
    swept, broken = leftovers.run()

    assert sorted(swept) == [f"CLIENT#{client.id}", "GROUP#00gA", "USER#00u0"]
    assert broken == []
    assert leftovers.run() == ([], [])
    left = {(item.pk, item.sk) for item in tables.config.scan()}
    gone = {"USER#00u0", "GROUP#00gA", f"CLIENT#{client.id}"}
    assert not {pair for pair in left if gone & set(pair)}
    storage.clients.add(a_client(), [])


def test_a_group_of_hundreds_is_swept_in_parts(deployed: Deployed) -> None:
    tables = deployed.tables()
    storage = in_dynamo(tables)
    storage.groups.add(a_group(), [])
    with tables.config.batch_write() as batch:
        for number in range(1_200):
            batch.save(tables.config("GROUP#00gA", f"USER#{number}"))
            batch.save(tables.config(f"USER#{number}", "GROUP#00gA"))

    storage.groups.delete(storage.groups.get("00gA"), [])

    assert DynamoCleanup(tables).run() == (["GROUP#00gA"], [])
    assert list(tables.config.scan()) == []


def test_a_person_costs_one_query_and_one_batch(deployed: Deployed) -> None:
    tables = deployed.tables()
    storage = in_dynamo(tables)
    calls: list[str] = []
    tables.connection.client.meta.events.register(
        "before-parameter-build.*.*", lambda model, **_: calls.append(model.name)
    )
    for number in range(3):
        storage.groups.add(a_group(id=f"00g{number}"), [])
    storage.users.add(a_user(), [], group_ids=["00g0", "00g1", "00g2"])

    calls.clear()
    storage.directory.person("00uA")
    by_id = calls.copy()
    calls.clear()
    storage.directory.by_login("00ua@example.com")

    assert by_id == ["Query", "BatchGetItem"]
    assert calls == ["GetItem", "Query", "BatchGetItem"]


def test_a_mapping_to_users_is_stored_on_its_version_and_goes_with_its_app(storage: Storage) -> None:
    storage.clients.add(a_client(id="0oaA", user_mapping={"x": MappedAttribute("user.city", type="array")}), [])
    before, mapping = storage.mappings.get("0oaA"), UserMapping({"city": MappedAttribute("source.city", pushed=True)})

    storage.mappings.save("0oaA", before, mapping, [an_event("e1")])

    assert before == UserMapping()
    assert storage.mappings.get("0oaA") == replace(mapping, version=1)
    assert storage.mappings.get("#") == storage.mappings.get("0oaB") == UserMapping()
    with pytest.raises(Conflict):
        storage.mappings.save("0oaA", before, mapping, [an_event("e2")])
    storage.mappings.save("0oaA", storage.mappings.get("0oaA"), UserMapping(), [an_event("e3")])
    assert storage.events() == ["e1", "e3"]
    client = storage.clients.get("0oaA")
    assert client.user_mapping == {"x": MappedAttribute("user.city", type="array")}
    storage.clients.delete(client, [])
    assert storage.mappings.get("0oaA") == UserMapping()
    storage.mappings.save("0oaIdp", UserMapping(), mapping, [])
    storage.mappings.forget("0oaIdp")
    storage.mappings.forget("0oaIdp")
    assert storage.mappings.get("0oaIdp") == UserMapping()


RULE = GroupRule("0prA", "a", NOW, NOW, "true", ("00gA",), status="ACTIVE")
BY_RULE = Membership("00gA", manual=False, rules=("0prA",))


def test_rules_are_saved_on_their_version_and_say_how_far_their_run_is(storage: Storage) -> None:
    assert (storage.rules.all(), storage.rules.run()) == (RuleList(), RuleRun())

    storage.rules.save(RuleList(), RuleList((RULE,)), [an_event("e1")], rerun=True)

    listed = storage.rules.all()
    assert listed == RuleList((RULE,), version=1)
    assert storage.rules.run() == RuleRun(1)
    with pytest.raises(Conflict):
        storage.rules.save(RuleList(), RuleList(), [an_event("e2")], rerun=True)
    storage.rules.advance(RuleRun(1), RuleRun(1, "00uA"))
    with pytest.raises(Conflict):
        storage.rules.advance(RuleRun(1), RuleRun(1, "00uB"))
    storage.rules.save(listed, listed, [], rerun=False)
    assert storage.rules.run() == RuleRun(2, "00uA")
    storage.rules.save(storage.rules.all(), listed, [], rerun=True)
    assert storage.rules.run() == RuleRun(3)
    assert storage.events() == ["e1"]


def test_a_membership_knows_who_made_it(storage: Storage) -> None:
    storage.users.add(a_user(), [])
    storage.groups.add(a_group(), [])
    storage.rules.save(RuleList(), RuleList((RULE,)), [], rerun=True)
    user, listed = storage.users.get("00uA"), storage.rules.all()

    storage.rules.put(user, None, BY_RULE, [an_event("e1")], rules=listed, at=NOW + 7)

    assert storage.rules.memberships("00uA") == [BY_RULE]
    assert storage.rules.memberships("#") == []
    assert storage.groups.members("00gA") == ["00uA"]
    assert storage.groups.get("00gA").members_at == NOW + 7
    assert [group.id for group in storage.directory.person("00uA").groups] == [EVERYONE_ID, "00gA"]
    for before in (None, Membership("00gA"), replace(BY_RULE, manual=True)):
        with pytest.raises(Conflict):
            storage.rules.put(user, before, BY_RULE, [an_event("e2")], rules=listed, at=NOW)
    assert storage.groups.join("00gA", "00uA", [an_event("e3")], at=NOW)
    assert not storage.groups.join("00gA", "00uA", [an_event("e4")], at=NOW)
    both = replace(BY_RULE, manual=True)
    assert storage.rules.memberships("00uA") == [both]
    storage.rules.put(user, both, Membership("00gA"), [], rules=listed, at=NOW)
    assert storage.rules.memberships("00uA") == [Membership("00gA")]
    storage.rules.put(user, Membership("00gA"), None, [an_event("e5")], rules=listed, at=NOW)
    assert storage.rules.memberships("00uA") == []
    assert storage.groups.members("00gA") == []
    assert storage.events() == ["e1", "e3", "e5"]


def test_old_users_old_rules_and_groups_that_are_gone_make_no_membership(storage: Storage) -> None:
    storage.users.add(a_user(), [])
    storage.groups.add(a_group(), [])
    storage.rules.save(RuleList(), RuleList((RULE,)), [], rerun=True)
    user, listed = storage.users.get("00uA"), storage.rules.all()
    storage.users.save(user, replace(user, profile={**user.profile, "city": "Rome"}), [])
    with pytest.raises(Conflict):
        storage.rules.put(user, None, BY_RULE, [], rules=listed, at=NOW)
    user = storage.users.get("00uA")
    with pytest.raises(NotFound):
        storage.rules.put(user, None, replace(BY_RULE, group_id="00gX"), [], rules=listed, at=NOW)
    storage.rules.save(listed, RuleList(), [], rerun=False)
    with pytest.raises(Conflict):
        storage.rules.put(user, None, BY_RULE, [], rules=listed, at=NOW)
    assert storage.rules.memberships("00uA") == []
    with pytest.raises((ValueError, AssertionError)):
        storage.rules.put(user, None, None, [], rules=listed, at=NOW)


def test_users_and_groups_are_found_by_what_a_directory_calls_them(storage: Storage) -> None:
    user = replace(a_user(), external_id="ext/1")
    storage.users.add(user, [])
    storage.groups.add(replace(a_group(), external_id="ext/1"), [])

    assert [one.id for one in storage.users.by_external_id("ext/1")] == ["00uA"]
    assert [one.id for one in storage.groups.by_external_id("ext/1")] == ["00gA"]
    known, group = storage.users.get("00uA"), storage.groups.get("00gA")
    other = {**known.profile, "login": "b@example.com", "email": "b@example.com"}
    storage.users.save(known, replace(known, external_id="2", profile=other), [])
    storage.groups.save(group, replace(group, name="other", external_id=None), [])
    assert not (storage.users.by_external_id("ext/1"))
    assert not (storage.groups.by_external_id("ext/1"))
    assert [one.id for one in storage.users.by_external_id("2")] == ["00uA"]
    with pytest.raises(Conflict):
        storage.users.save(known, replace(known, external_id="3", profile=other), [])
    storage.groups.add(a_group(id="00gB", name="third"), [])
    group = storage.groups.get("00gA")
    storage.groups.save(group, replace(group, external_id="4"), [])
    group = storage.groups.get("00gA")
    with pytest.raises(AlreadyExists, match="name"):
        storage.groups.save(group, replace(group, name="third", external_id="5"), [])
    with pytest.raises(Conflict):
        storage.groups.save(replace(group, version=1), replace(group, name="fourth", external_id="5"), [])
    storage.users.delete(storage.users.get("00uA"), [])
    storage.groups.delete(storage.groups.get("00gA"), [])
    assert not (storage.users.by_external_id("2"))
    assert not (storage.groups.by_external_id("4"))
