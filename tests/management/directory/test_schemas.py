"""The schema of user profiles, as SDKs and Terraform send it."""

from typing import Any

import pytest
from authmint.storage.schemas import UserSchema

from tests.management.admin import Admin
from tests.management.directory.test_users import USERS, body

SCHEMA = "/api/v1/meta/schemas/user/default"


def custom(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": properties, "required": []}}}


LEVEL = {"title": "Level", "type": "integer", "description": "How high", "required": False}


def test_the_schema_of_a_new_org_has_the_standard_attributes(admin: Admin) -> None:
    schema = admin.get(SCHEMA).json

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

    assert added.json["definitions"]["custom"]["properties"]["level"] == LEVEL | {
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
        ("x", {"title": "X", "type": "string", "unique": "UNIQUE_VALIDATED"}, "E0000001"),
        ("x", {"title": "X", "type": "string", "enum": []}, "E0000001"),
        ("x", {"title": "X", "type": 5}, "E0000003"),
        ("x", "string", "E0000003"),
    ],
)
def test_what_is_no_attribute(admin: Admin, name: str, definition: Any, code: str) -> None:
    assert admin.post(SCHEMA, custom(**{name: definition})).code == code
    assert admin.storage.user_schemas.get() == UserSchema()


def test_a_schema_has_bounds(admin: Admin) -> None:
    many = {f"a{number}": LEVEL for number in range(501)}

    assert admin.post(SCHEMA, custom(**many)).code == "E0000001"
    assert admin.post(SCHEMA, custom(x={"title": "X", "type": "string", "oneOf": ["x" * 300_000]})).code == "E0000001"


GROUP_SCHEMA = "/api/v1/meta/schemas/group/default"


def test_the_schema_of_groups_is_a_name_and_a_description(admin: Admin) -> None:
    shown = admin.get(GROUP_SCHEMA).json

    assert shown["definitions"]["base"]["required"] == ["name"]
    assert set(shown["definitions"]["base"]["properties"]) == {"name", "description"}
    assert shown["definitions"]["custom"]["properties"] == {}
    assert admin.post(GROUP_SCHEMA, shown).json == shown
    assert admin.post(GROUP_SCHEMA, {"definitions": {"custom": {"properties": {"gone": None}}}}).json == shown
    refused = admin.post(GROUP_SCHEMA, {"definitions": {"custom": {"properties": {"level": {"type": "string"}}}}})
    assert (refused.status, refused.code) == (400, "E0000001")


@pytest.mark.parametrize(
    ("schema", "name", "change"),
    [
        ("/api/v1/meta/schemas/user/default", "city", {"permissions": [{"principal": "SELF", "action": "HIDE"}]}),
        ("/api/v1/meta/schemas/user/default", "firstName", {"minLength": 5}),
        ("/api/v1/meta/schemas/user/default", "nickName", {"required": True}),
        ("/api/v1/meta/schemas/user/default", "city", None),
        ("/api/v1/meta/schemas/user/default", "shoeSize", {"type": "integer"}),
        (GROUP_SCHEMA, "name", {"maxLength": 10}),
    ],
)
def test_a_change_of_a_standard_attribute_is_refused_and_not_ignored(
    admin: Admin, schema: str, name: str, change: dict[str, object] | None
) -> None:
    before = admin.get(schema).json

    answer = admin.post(schema, {"definitions": {"base": {"properties": {name: change}}}})

    assert (answer.status, answer.code) == (400, "E0000001")
    assert name in answer.causes[0]
    assert admin.get(schema).json == before


def test_standard_attributes_may_be_sent_back_as_they_were_shown(admin: Admin) -> None:
    schema = "/api/v1/meta/schemas/user/default"

    assert admin.post(schema, admin.get(schema).json).status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("POST", "/default"), ("PUT", "/default"), ("DELETE", "/default")]
)
def test_there_is_one_type_of_users_and_that_is_said(admin: Admin, method: str, path: str) -> None:
    answer = admin.call(method, f"/api/v1/meta/types/user{path}", {"name": "staff", "displayName": "Staff"})

    assert (answer.status, answer.code) == (501, "E0000060")
    assert "one type of users" in answer.causes[0]
