"""The last super administrator stays, however their roles, their groups or they themselves are taken away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from authmint.clock import SystemClock
from authmint.dynamo.directory import DynamoDirectory
from authmint.dynamo.groups import DynamoGroups
from authmint.dynamo.roles import DynamoRoles
from authmint.dynamo.users import DynamoUsers
from authmint.management.administrators.super_admins import SuperAdmins
from authmint.management.http.errors import ApiError
from authmint.storage.retrying import Retrying
from authmint.storage.roles import RoleAssignment

from tests.management.admin import Admin
from tests.management.administrators.people import grant, group, person
from tests.management.directory.groups import GROUPS
from tests.management.directory.users import USERS
from tests.memory.storage import MemoryStorage
from tests.support.builders import a_user
from tests.support.fakes import NOW


@pytest.fixture
def root(admin: Admin) -> str:
    """The only one, by a role of their own."""
    one = person(admin, "root", "SUPER_ADMIN")
    suspended = person(admin, "away", "SUPER_ADMIN")
    assert admin.post(f"{USERS}/{suspended.id}/lifecycle/suspend").status == 200
    return one.id


def _role_of(admin: Admin, path: str) -> str:
    return str(admin.get(f"{path}/roles").json[0]["id"])


def test_the_only_one_is_not_taken_away(admin: Admin, root: str) -> None:
    before = len(admin.storage.events)
    for method, path in (
        ("POST", f"{USERS}/{root}/lifecycle/suspend"),
        ("POST", f"{USERS}/{root}/lifecycle/deactivate"),
        ("DELETE", f"{USERS}/{root}"),
        ("DELETE", f"{USERS}/{root}/roles/{_role_of(admin, f'{USERS}/{root}')}"),
    ):
        answer = admin.call(method, path)
        assert (answer.status, answer.code) == (403, "E0000006"), path
    assert admin.get(f"{USERS}/{root}").json["status"] == "ACTIVE"
    assert len(admin.storage.events) == before


def test_the_only_one_by_a_group_keeps_group_and_membership(admin: Admin) -> None:
    root = person(admin, "root")
    roots = group(admin, "roots", root.id)
    role = grant(admin, f"{GROUPS}/{roots}", "SUPER_ADMIN")

    for method, path in (
        ("DELETE", f"{GROUPS}/{roots}/users/{root.id}"),
        ("DELETE", f"{GROUPS}/{roots}"),
        ("DELETE", f"{GROUPS}/{roots}/roles/{role}"),
        ("POST", f"{USERS}/{root.id}/lifecycle/deactivate"),
    ):
        assert admin.call(method, path).code == "E0000006", path

    person(admin, "second", "SUPER_ADMIN")
    assert admin.delete(f"{GROUPS}/{roots}/users/{root.id}").status == 204
    assert admin.delete(f"{GROUPS}/{roots}").status == 204
    assert admin.storage.roles.get().groups == {}


def test_with_another_one_everything_goes(admin: Admin, root: str) -> None:
    person(admin, "second", "SUPER_ADMIN")

    assert admin.delete(f"{USERS}/{root}").status == 204
    assert root in admin.storage.roles.get().users  # deactivated, and back with the role when activated
    assert admin.delete(f"{USERS}/{root}").status == 204
    assert root not in admin.storage.roles.get().users


def test_where_there_is_none_nothing_is_kept(admin: Admin) -> None:
    reader = person(admin, "reader", "READ_ONLY_ADMIN")
    away = person(admin, "away")
    admin.post(f"{USERS}/{away.id}/lifecycle/suspend")
    grant(admin, f"{USERS}/{away.id}", "SUPER_ADMIN")

    assert admin.post(f"{USERS}/{reader.id}/lifecycle/deactivate").status == 200
    assert admin.post(f"{USERS}/{away.id}/lifecycle/deactivate").status == 200


def _in_dynamo(tables: Any) -> SuperAdmins:
    clock = SystemClock()
    users, groups = DynamoUsers(tables, clock), DynamoGroups(tables, clock)
    return SuperAdmins(DynamoRoles(tables), users, groups, DynamoDirectory(tables, clock))


@pytest.fixture(params=["memory", "dynamo"])
def admins(request: pytest.FixtureRequest) -> SuperAdmins:
    if request.param == "dynamo":
        return _in_dynamo(request.getfixturevalue("deployed").tables())
    memory = MemoryStorage()
    return SuperAdmins(memory.roles, memory.users, memory.groups, memory.directory)


def test_of_many_removals_at_once_one_is_refused(admins: SuperAdmins) -> None:
    """Half of them lose the role, half are deactivated: whoever is last by then stays."""
    ids = [f"00u{number}" for number in range(6)]
    role = RoleAssignment("ra1", "SUPER_ADMIN", NOW, NOW)
    book = admins.roles.get()
    for user_id in ids:
        admins.users.add(a_user(id=user_id, profile={"login": f"{user_id}@b.example", "email": "e@b.example"}), [])
    admins.roles.save(book, replace(book, users=dict.fromkeys(ids, (role,))), [])

    def deactivate(user_id: str) -> None:
        user = admins.users.get(user_id)
        admins.users.save(user, replace(user, status="DEPROVISIONED"), [], book=admins.ending(user_id))

    def revoke(user_id: str) -> None:
        before = admins.roles.get()
        after = before.having("USER", user_id, ())
        admins.check(before, after)
        admins.roles.save(before, after, [])

    def removed(number: int) -> bool:
        attempt: Callable[[str], None] = (deactivate, revoke)[number % 2]
        try:
            Retrying()(lambda: attempt(ids[number]))
        except ApiError:
            return False
        return True

    with ThreadPoolExecutor(len(ids)) as pool:
        outcomes = list(pool.map(removed, range(len(ids))))

    assert outcomes.count(False) == 1
    left = admins.roles.get().holders("USER", "SUPER_ADMIN")
    assert [user.id for user in admins.users.many(left) if user.status == "ACTIVE"] == [ids[outcomes.index(False)]]
