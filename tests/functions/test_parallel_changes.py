"""Twenty changes of one server, client, group or user at once, as Terraform sends them: all are there afterwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functions.deployment import Functions
from tests.support.backend import Deployed

MANY = 20
#: Warm instances that share the changes: as many as Terraform's default of parallel requests.
INSTANCES = 10
SERVERS = "/api/v1/authorizationServers"


class World:
    """One deployment and instances of its management function."""

    def __init__(self, deployed: Deployed, functions: Functions) -> None:
        self.first = functions
        self.server, self.client, _ = functions.ready()
        self.base = f"{SERVERS}/{self.server}"
        self._others = [Functions(deployed, functions.calls) for _ in range(INSTANCES)]
        for other in self._others:
            other.function("management")

    def at_once(self, change: Callable[[Functions, int], Any]) -> list[Any]:
        """What each change gives. Raises where one is refused."""
        with ThreadPoolExecutor(INSTANCES) as pool:
            return list(pool.map(change, self._others * (MANY // INSTANCES), range(MANY)))

    def get(self, path: str) -> Any:
        return self.first.admin("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self.first.admin("POST", path, body)

    def user(self, number: int) -> str:
        login = f"u{number}@example.org"
        profile = {"login": login, "email": login, "firstName": "U", "lastName": "V"}
        return str(self.post("/api/v1/users?activate=false", {"profile": profile})["id"])

    def group(self, number: int) -> str:
        return str(self.post("/api/v1/groups", {"profile": {"name": f"g{number}"}})["id"])


@pytest.fixture
def world(deployed: Deployed, functions: Functions) -> World:
    return World(deployed, functions)


def scope(number: int) -> dict[str, Any]:
    return {"name": f"parallel:{number}"}


def claim(number: int) -> dict[str, Any]:
    return {"name": f"c{number}", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.login"}


def policy(number: int) -> dict[str, Any]:
    return {"name": f"p{number}", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}


def rule(number: int) -> dict[str, Any]:
    grants = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    return {"name": f"r{number}", "conditions": grants}


@pytest.mark.parametrize(
    ("below", "body"), [("scopes", scope), ("claims", claim), ("policies", policy), ("rules", rule)]
)
def test_objects_of_one_server(world: World, below: str, body: Callable[[int], dict[str, Any]]) -> None:
    path = f"{world.base}/{below}"
    if below == "rules":
        path = f"{world.base}/policies/{world.get(f'{world.base}/policies')[0]['id']}/rules"
    before = {one["id"] for one in world.get(path)}

    made = world.at_once(lambda one, number: one.admin("POST", path, body(number)))

    assert {one["id"] for one in world.get(path)} - before == {one["id"] for one in made}
    assert len({one["id"] for one in made}) == MANY


def test_changes_of_different_objects_of_one_server(world: World) -> None:
    policies = [world.post(f"{world.base}/policies", policy(number))["id"] for number in range(MANY)]

    world.at_once(
        lambda one, number: one.admin("POST", f"{world.base}/policies/{policies[number]}/lifecycle/deactivate")
    )

    found = {one["id"]: one["status"] for one in world.get(f"{world.base}/policies")}
    assert {found[one] for one in policies} == {"INACTIVE"}


def test_groups_of_one_client(world: World) -> None:
    groups = [world.group(number) for number in range(MANY)]
    path = f"/api/v1/apps/{world.client}/groups"

    world.at_once(lambda one, number: one.admin("PUT", f"{path}/{groups[number]}", {}))

    assert {one["id"] for one in world.get(f"{path}?limit=200")} == set(groups)

    world.at_once(lambda one, number: one.admin("DELETE", f"{path}/{groups[number]}"))

    assert world.get(path) == []


def test_users_assigned_to_one_client(world: World) -> None:
    users = [world.user(number) for number in range(MANY)]
    path = f"/api/v1/apps/{world.client}/users"

    world.at_once(lambda one, number: one.admin("POST", path, {"id": users[number]}))

    assert {one["id"] for one in world.get(path)} == set(users)


def test_members_of_one_group(world: World) -> None:
    users, group = [world.user(number) for number in range(MANY)], world.group(1)

    world.at_once(lambda one, number: one.admin("PUT", f"/api/v1/groups/{group}/users/{users[number]}"))
    joined = {one["id"] for one in world.get(f"/api/v1/groups/{group}/users")}
    world.at_once(lambda one, number: one.admin("DELETE", f"/api/v1/groups/{group}/users/{users[number]}"))

    assert joined == set(users)
    assert world.get(f"/api/v1/groups/{group}/users") == []


def test_groups_of_one_user(world: World) -> None:
    groups, user = [world.group(number) for number in range(MANY)], world.user(1)

    world.at_once(lambda one, number: one.admin("PUT", f"/api/v1/groups/{groups[number]}/users/{user}"))

    assert {one["id"] for one in world.get(f"/api/v1/users/{user}/groups")} >= set(groups)


def test_attributes_of_one_user_and_of_the_schema_of_all(world: World) -> None:
    user, schema = world.user(1), "/api/v1/meta/schemas/user/default"

    def attribute(one: Functions, number: int) -> Any:
        body = {"title": "A", "type": "string"}
        return one.admin("POST", schema, {"definitions": {"custom": {"properties": {f"a{number}": body}}}})

    world.at_once(attribute)
    world.at_once(
        lambda one, number: one.admin("POST", f"/api/v1/users/{user}", {"profile": {f"a{number}": str(number)}})
    )

    profile = world.get(f"/api/v1/users/{user}")["profile"]
    assert {name: profile.get(name) for name in (f"a{n}" for n in range(MANY))} == {
        f"a{n}": str(n) for n in range(MANY)
    }


def test_the_profile_and_the_login_name_of_one_assignment(world: World) -> None:
    user = world.user(1)
    path = f"/api/v1/apps/{world.client}/users"
    world.post(path, {"id": user})

    def change(one: Functions, number: int) -> Any:
        body = {"credentials": {"userName": "own"}} if number else {"profile": {"kept": True}}
        return one.admin("POST", f"{path}/{user}", body)

    world.at_once(change)

    found = world.get(f"{path}/{user}")
    assert (found["credentials"]["userName"], found["profile"]["kept"]) == ("own", True)
