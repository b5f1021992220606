"""Types of users, each with a schema of its own: ``/api/v1/meta/types/user``."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, Admin

TYPES = "/api/v1/meta/types/user"
USERS = "/api/v1/users"
STAFF = {"name": "staff", "displayName": "Staff", "description": "Who works here"}
LEVEL = {"title": "Level", "type": "integer"}


@pytest.fixture
def staff(admin: Admin) -> Any:
    answer = admin.post(TYPES, STAFF)
    assert answer.status == 200, answer.json
    return answer.json


def person(login: str = "ann@example.com", type_id: str | None = None, **more: Any) -> dict[str, Any]:
    profile = {"login": login, "email": login, "firstName": "Ann", "lastName": "Lee"} | more
    return {"profile": profile} | ({} if type_id is None else {"type": {"id": type_id}})


def add_level(admin: Admin, user_type: Any, **more: Any) -> Any:
    properties = {"definitions": {"custom": {"properties": {"level": LEVEL | more}}}}
    return admin.post(user_type["_links"]["schema"]["href"], properties)


def test_a_type_has_the_recorded_shape(admin: Admin, staff: Any) -> None:
    schema = f"{BASE_URL}/api/v1/meta/schemas/user/osc{staff['id'].removeprefix('oty')}"

    assert list(staff) == [
        "id", "displayName", "name", "description", "createdBy", "lastUpdatedBy", "created", "lastUpdated", "default",
        "_links",
    ]  # fmt: skip
    assert {name: staff[name] for name in STAFF} == STAFF
    assert staff["default"] is False
    assert staff["createdBy"] == staff["lastUpdatedBy"] == admin.get(f"{USERS}/me").json["id"]
    assert staff["_links"] == {
        "schema": {"rel": "schema", "href": schema, "method": "GET"},
        "self": {"rel": "self", "href": f"{BASE_URL}{TYPES}/{staff['id']}", "method": "GET"},
    }
    assert admin.get(f"{TYPES}/{staff['id']}").json == staff
    assert [one["name"] for one in admin.get(TYPES).json] == ["user", "staff"]


def test_a_type_is_changed_but_for_its_name(admin: Admin, staff: Any) -> None:
    path = f"{TYPES}/{staff['id']}"

    updated = admin.post(path, {"displayName": "Employees"}).json
    renamed = admin.post(path, {"name": "other"})
    replaced = admin.put(path, {"name": "staff", "displayName": "People"}).json

    assert (updated["displayName"], updated["description"]) == ("Employees", STAFF["description"])
    assert (renamed.status, renamed.causes) == (400, ["name: The name of a type cannot be changed."])
    assert (replaced["displayName"], replaced["description"]) == ("People", None)
    assert admin.put(path, {"description": "x"}).code == "E0000001"
    assert admin.get(path).json == replaced


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "staff"},
        {"displayName": "Staff"},
        {"name": "user", "displayName": "User"},
        {"name": "taken", "displayName": "Taken"},
        {"name": "1st", "displayName": "First"},
        {"name": "a b", "displayName": "A"},
        {"name": "a" * 51, "displayName": "A"},
    ],
)
def test_what_is_no_type(admin: Admin, body: Any) -> None:
    admin.post(TYPES, {"name": "taken", "displayName": "Taken"})

    assert admin.post(TYPES, body).code == "E0000001"
    assert len(admin.get(TYPES).json) == 2


def test_there_is_a_bound_to_types(admin: Admin) -> None:
    answers = [admin.post(TYPES, {"name": f"t{number}", "displayName": "T"}).status for number in range(10)]

    assert answers == [200] * 9 + [400]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("name", ["default", "otyAuthmintUserType0"])
def test_the_default_type_stays_as_it_is(admin: Admin, method: str, name: str) -> None:
    assert admin.call(method, f"{TYPES}/{name}", {"displayName": "X"}).code == "E0000111"
    assert admin.get(f"{TYPES}/default").json["displayName"] == "User"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_type_that_is_not_there(admin: Admin, method: str) -> None:
    answer = admin.call(method, f"{TYPES}/otyNone", None if method == "GET" else {"displayName": "X"})

    assert (answer.status, answer.json["errorSummary"]) == (404, "Not found: Resource not found: otyNone (UserType)")


def test_each_type_has_a_schema_of_its_own(admin: Admin, staff: Any) -> None:
    schema = add_level(admin, staff).json

    assert (schema["name"], schema["title"], schema["description"]) == ("staff", "Staff", "Who works here")
    assert list(schema["definitions"]["custom"]["properties"]) == ["level"]
    assert schema["_links"]["type"]["href"] == staff["_links"]["self"]["href"]
    assert admin.get(staff["_links"]["schema"]["href"]).json == schema
    assert admin.get("/api/v1/meta/schemas/user/default").json["definitions"]["custom"]["properties"] == {}
    assert admin.get(f"{TYPES}/{staff['id']}").json == staff
    assert admin.get("/api/v1/meta/schemas/user/oscNone").code == "E0000007"


def test_users_of_a_type_are_held_against_its_schema(admin: Admin, staff: Any) -> None:
    add_level(admin, staff, required=True)

    plain = admin.post(USERS, person(level=3))
    lacking = admin.post(USERS, person(type_id=staff["id"]))
    user = admin.post(USERS, person(type_id=staff["id"], level=3)).json

    assert plain.causes == ["Property name 'level' is not defined in profile"]
    assert lacking.causes == ["level: The field cannot be left blank"]
    assert user["type"] == {"id": staff["id"]}
    assert user["_links"]["type"]["href"] == staff["_links"]["self"]["href"]
    assert user["_links"]["schema"]["href"] == staff["_links"]["schema"]["href"]
    path = f"{USERS}/{user['id']}"
    assert admin.post(path, {"profile": {"level": 4}}).json["profile"]["level"] == 4
    assert admin.post(path, {"profile": {"level": "4"}}).code == "E0000001"
    found = admin.get(f'{USERS}?search=type.id+eq+"{staff["id"]}"').json
    assert [one["id"] for one in found] == [user["id"]]


def test_a_user_can_be_given_another_type_later(admin: Admin, staff: Any) -> None:
    add_level(admin, staff)
    user = admin.post(USERS, person()).json
    path = f"{USERS}/{user['id']}"

    moved = admin.put(path, person(type_id=staff["id"], level=1)).json
    same = admin.post(path, {"type": {"id": staff["id"]}}).json
    back = admin.post(path, {"type": {"id": "default"}}).json

    assert (moved["type"]["id"], moved["profile"]["level"]) == (staff["id"], 1)
    assert same == moved
    assert back["type"] == user["type"]
    assert "level" not in back["profile"]
    assert admin.post(path, {"type": {"id": "otyNone"}}).code == "E0000007"


def test_claims_may_read_attributes_of_every_type(admin: Admin, staff: Any) -> None:
    add_level(admin, staff)
    claim = {"name": "level", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.level"}

    assert admin.post("/api/v1/authorizationServers/default/claims", claim).status == 201


def test_a_type_goes_only_without_users(admin: Admin, staff: Any) -> None:
    path = f"{TYPES}/{staff['id']}"
    user = f"{USERS}/{admin.post(USERS, person(type_id=staff['id'])).json['id']}"

    refused = admin.delete(path)
    another = admin.post(USERS, person("bob@example.com", staff["id"]))
    for one in (user, f"{USERS}/{another.json['id']}"):
        admin.delete(one)
        admin.delete(one)

    assert (refused.status, refused.causes) == (400, ["id: A type that has users cannot be deleted."])
    assert another.status == 200
    assert admin.delete(path).status == 204
    assert admin.get(path).code == "E0000007"
    assert admin.get(staff["_links"]["schema"]["href"]).code == "E0000007"
    assert admin.post(USERS, person("eve@example.com", staff["id"])).code == "E0000007"
    assert [event.type for event in admin.storage.events if ".type." in event.type] == [
        "user.type.create",
        "user.type.delete",
    ]
