"""The schema of user profiles, as SDKs and Terraform send it."""

from typing import Any

import pytest
from authmint.storage.schemas import ProfileSchema

from tests.management.admin import BASE_URL, Admin
from tests.management.directory.users import USERS, body

SCHEMA = "/api/v1/meta/schemas/user/default"


def custom(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": properties, "required": []}}}


LEVEL = {"title": "Level", "type": "integer", "description": "How high", "required": False}


def test_the_schema_of_a_new_org_has_the_standard_attributes(admin: Admin) -> None:
    schema = admin.get(SCHEMA).json

    assert list(schema) == [
        "id", "$schema", "name", "title", "description", "lastUpdated", "created", "definitions", "type", "properties",
        "_links",
    ]  # fmt: skip
    assert schema["id"] == f"{BASE_URL}/meta/schemas/user/default"
    assert schema["definitions"]["custom"] == {"id": "#custom", "type": "object", "properties": {}, "required": []}
    assert len(schema["definitions"]["base"]["properties"]) == 31
    assert schema["definitions"]["base"]["required"] == ["login", "firstName", "lastName", "email"]
    assert admin.get(schema["_links"]["self"]["href"]).json == schema
    assert admin.get(schema["_links"]["type"]["href"]).json == admin.get("/api/v1/meta/types/user").json[0]
    assert admin.get("/api/v1/meta/types/user/default").json["default"] is True
    assert admin.get("/api/v1/meta/schemas/user/oscNone").code == "E0000007"
    assert admin.get("/api/v1/meta/types/user/otyNone").code == "E0000007"


def test_attributes_are_added_replaced_and_removed(admin: Admin) -> None:
    added = admin.post(SCHEMA, custom(level=LEVEL, tags={"title": "T", "type": "array", "items": {"type": "string"}}))
    changed = admin.post(SCHEMA, custom(level=LEVEL | {"title": "New"}))
    removed = admin.post(SCHEMA, custom(tags=None))

    assert added.json["definitions"]["custom"]["properties"]["level"] == {
        "title": "Level",
        "type": "integer",
        "description": "How high",
        "mutability": "READ_WRITE",
        "scope": "NONE",
        "permissions": [{"principal": "SELF", "action": "READ_ONLY"}],
        "master": {"type": "PROFILE_MASTER"},
    }
    assert changed.json["definitions"]["custom"]["properties"]["level"]["title"] == "New"
    assert list(removed.json["definitions"]["custom"]["properties"]) == ["level"]
    assert admin.get(SCHEMA).json == removed.json
    assert [event.type for event in admin.storage.events].count("user.schema.update") == 3


def test_a_profile_is_held_against_the_schema(admin: Admin) -> None:
    before = admin.post(USERS, body(level=3))
    admin.post(SCHEMA, custom(level=LEVEL, vip={"title": "V", "type": "boolean", "required": True}))

    wrong = admin.post(USERS, body(level="3"))
    right = admin.post(USERS, body(level=3, vip=False))

    assert before.causes == ["Property name 'level' is not defined in profile"]
    assert wrong.causes == ["level: The value must be of type integer.", "vip: The field cannot be left blank"]
    assert right.json["profile"]["level"] == 3
    assert right.json["profile"]["vip"] is False


@pytest.mark.parametrize(
    ("name", "definition", "code"),
    [
        ("login", LEVEL, "E0000001"),
        ("1st", LEVEL, "E0000001"),
        ("x" * 65, LEVEL, "E0000001"),
        ("a.b", LEVEL, "E0000001"),
        ("x", {"type": "integer"}, "E0000001"),
        ("x", {"title": "X", "type": "object"}, "E0000001"),
        ("x", {"title": "X", "type": "array"}, "E0000001"),
        ("x", {"title": "X", "type": "string", "maxLength": -1}, "E0000001"),
        ("x", {"title": "X", "type": "string", "pattern": "(a+)+$"}, "E0000001"),
        ("x", {"title": "X", "type": "string", "unique": "YES"}, "E0000001"),
        ("x", {"title": "X", "type": "boolean", "unique": "UNIQUE_VALIDATED"}, "E0000001"),
        ("x", {"title": "X", "type": "string", "enum": []}, "E0000001"),
        ("x", {"title": "X", "type": "string", "permissions": ["SELF"]}, "E0000001"),
        ("x", {"title": "X", "type": "string", "master": {"type": "X"}}, "E0000001"),
        ("x", {"title": "X", "type": 5}, "E0000003"),
        ("x", "string", "E0000003"),
    ],
)
def test_what_is_no_attribute(admin: Admin, name: str, definition: Any, code: str) -> None:
    assert admin.post(SCHEMA, custom(**{name: definition})).code == code
    assert admin.storage.user_schemas.get() == ProfileSchema()


def test_a_schema_has_bounds(admin: Admin) -> None:
    many = {f"a{number}": LEVEL for number in range(501)}

    assert admin.post(SCHEMA, custom(**many)).code == "E0000001"
    assert admin.post(SCHEMA, custom(x={"title": "X", "type": "string", "oneOf": ["x" * 300_000]})).code == "E0000001"


GROUP_SCHEMA = "/api/v1/meta/schemas/group/default"


def base(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"base": {"id": "#base", "type": "object", "properties": properties}}}


def access(action: str) -> dict[str, Any]:
    return {"permissions": [{"principal": "SELF", "action": action}]}


def test_the_schema_of_groups_is_a_name_and_a_description_at_first(admin: Admin) -> None:
    shown = admin.get(GROUP_SCHEMA).json

    assert shown["id"] == f"{BASE_URL}/meta/schemas/group/default"
    assert shown["definitions"]["base"]["required"] == ["name"]
    assert set(shown["definitions"]["base"]["properties"]) == {"name", "description"}
    assert shown["definitions"]["custom"]["properties"] == {}
    assert admin.post(GROUP_SCHEMA, shown).json == shown
    assert admin.post(GROUP_SCHEMA, custom(gone=None)).json == shown


def test_groups_have_the_attributes_that_their_schema_defines(admin: Admin) -> None:
    unknown = admin.post("/api/v1/groups", {"profile": {"name": "Staff", "level": 1}})
    added = admin.post(GROUP_SCHEMA, custom(level=LEVEL)).json
    made = admin.post("/api/v1/groups", {"profile": {"name": "Staff", "level": 1}}).json
    path = f"/api/v1/groups/{made['id']}"
    wrong = admin.put(path, {"profile": {"name": "Staff", "level": "high"}})
    changed = admin.put(path, {"profile": {"name": "Staff", "level": 2}}).json

    assert unknown.causes == ["Property name 'level' is not defined in profile"]
    assert added["definitions"]["custom"]["properties"]["level"]["title"] == "Level"
    assert made["profile"] == {"name": "Staff", "description": None, "level": 1}
    assert wrong.causes == ["level: The value must be of type integer."]
    assert changed["profile"]["level"] == 2
    assert admin.get(path).json["profile"] == changed["profile"]
    assert [group["id"] for group in admin.get("/api/v1/groups?search=profile.level+eq+2").json] == [made["id"]]
    assert "level" not in admin.put(path, {"profile": {"name": "Staff"}}).json["profile"]
    assert [event.type for event in admin.storage.events].count("group.schema.update") == 1
    assert admin.get(SCHEMA).json["definitions"]["custom"]["properties"] == {}


@pytest.mark.parametrize("schema", [SCHEMA, GROUP_SCHEMA])
@pytest.mark.parametrize(
    "change",
    [
        access("HIDE"),
        {"master": {"type": "OKTA"}},
        {"master": {"type": "OVERRIDE", "priority": [{"type": "APP", "value": "0oaX"}]}},
        {"required": True},
    ],
)
def test_who_may_see_an_attribute_where_it_comes_from_and_whether_it_must_be_there_can_change(
    admin: Admin, schema: str, change: dict[str, Any]
) -> None:
    name = "nickName" if schema == SCHEMA else "description"
    before = admin.get(schema).json["definitions"]["base"]["properties"]

    answer = admin.post(schema, base(**{name: {"title": before[name]["title"], "type": "string"} | change}))

    after = answer.json["definitions"]["base"]["properties"]
    assert after == before | {name: before[name] | change}
    assert admin.get(schema).json == answer.json
    assert (
        admin.post(schema, base(**{name: before[name] | {"required": False}})).json["definitions"]["base"]["properties"]
        == before
    )


def test_a_first_name_may_become_optional_and_a_city_required(admin: Admin) -> None:
    shown = admin.post(SCHEMA, base(firstName={"required": False}, city={"required": True})).json
    made = body()
    del made["profile"]["firstName"]

    assert shown["definitions"]["base"]["required"] == ["login", "lastName", "email", "city"]
    assert "required" not in shown["definitions"]["base"]["properties"]["firstName"]
    assert admin.post(USERS, made).causes == ["city: The field cannot be left blank"]
    made["profile"]["city"] = "Bern"
    assert admin.post(USERS, made).json["profile"]["firstName"] is None


@pytest.mark.parametrize(
    ("schema", "name", "change"),
    [
        (SCHEMA, "login", {"required": False}),
        (SCHEMA, "email", {"required": False}),
        (SCHEMA, "login", {"pattern": "(a+)+$"}),
        (SCHEMA, "login", {"pattern": ".*"}),
        (SCHEMA, "login", {"pattern": "[z-a]+"}),
        (SCHEMA, "login", {"pattern": "[^a]+"}),
        (SCHEMA, "login", {"pattern": "[[:alpha:]]+"}),
        (SCHEMA, "login", {"pattern": "[a]+[b]+"}),
        (SCHEMA, "login", {"pattern": r"[\d]+"}),
        (SCHEMA, "email", {"pattern": ".+"}),
        (GROUP_SCHEMA, "name", {"pattern": ".+"}),
        (SCHEMA, "firstName", {"minLength": 5}),
        (SCHEMA, "city", {"permissions": [{"principal": "SELF", "action": "OWN"}]}),
        (SCHEMA, "city", {"permissions": []}),
        (SCHEMA, "city", {"master": {"type": "NOBODY"}}),
        (SCHEMA, "city", {"master": {"type": "OKTA", "priority": []}}),
        (SCHEMA, "city", {"master": {"type": "OVERRIDE", "priority": ["app"]}}),
        (SCHEMA, "city", None),
        (SCHEMA, "shoeSize", {"type": "integer"}),
        (GROUP_SCHEMA, "name", {"maxLength": 10}),
        (GROUP_SCHEMA, "name", {"required": False}),
    ],
)
def test_other_changes_of_a_standard_attribute_are_refused_and_not_ignored(
    admin: Admin, schema: str, name: str, change: dict[str, object] | None
) -> None:
    before = admin.get(schema).json

    answer = admin.post(schema, base(**{name: change}))

    assert (answer.status, answer.code) == (400, "E0000001")
    assert name in answer.causes[0]
    assert admin.get(schema).json == before


@pytest.mark.parametrize("schema", [SCHEMA, GROUP_SCHEMA])
def test_standard_attributes_may_be_sent_back_as_they_were_shown(admin: Admin, schema: str) -> None:
    assert admin.post(schema, admin.get(schema).json).json == admin.get(schema).json
    assert not [event for event in admin.storage.events if event.type.endswith(".schema.update")]


def test_what_an_administrator_removed_from_the_schema_does_not_stand_in_the_way_of_changes(admin: Admin) -> None:
    admin.post(SCHEMA, custom(level=LEVEL))
    path = f"{USERS}/{admin.post(USERS, body(level=3)).json['id']}"
    admin.post(SCHEMA, custom(level=None))

    answer = admin.post(path, {"profile": {"nickName": "Annie"}})

    assert (answer.status, answer.json["profile"]["nickName"]) == (200, "Annie")
    assert "level" not in admin.get(path).json["profile"]
