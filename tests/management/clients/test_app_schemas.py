"""Schemas of apps' users: ``/api/v1/meta/schemas/apps/{appId}/default``."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, Admin
from tests.management.apps import APPS, an_app, web

#: What tools send of an attribute beside what it is.
FIXED: dict[str, Any] = {
    "master": {"type": "PROFILE_MASTER"},
    "permissions": [{"action": "READ_ONLY", "principal": "SELF"}],
    "required": False,
    "scope": "NONE",
    "union": "DISABLE",
}
TEAM = {"title": "Team", "type": "string"}


@pytest.fixture
def app(admin: Admin) -> Any:
    return an_app(admin, **web())


@pytest.fixture
def path(app: Any) -> str:
    return f"/api/v1/meta/schemas/apps/{app['id']}/default"


def custom(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": properties}}}


def base(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"base": {"id": "#base", "type": "object", "properties": properties}}}


def test_a_new_app_has_the_standard_claims(admin: Admin, app: Any, path: str) -> None:
    schema = admin.get(path).json

    assert list(schema) == [
        "id", "$schema", "name", "title", "lastUpdated", "created", "definitions", "type", "properties",
    ]  # fmt: skip
    assert schema["id"] == f"{BASE_URL}/meta/schemas/apps/{app['id']}/default"
    assert schema["title"] == f"{app['label']} User"
    definitions = schema["definitions"]
    assert definitions["custom"] == {"id": "#custom", "type": "object", "properties": {}}
    assert len(definitions["base"]["properties"]) == 21
    assert definitions["base"]["required"] == ["userName"]
    assert definitions["base"]["properties"]["userName"] == {
        "title": "Username",
        "type": "string",
        "externalName": "preferred_username",
        "required": True,
        "scope": "SELF",
    }


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (TEAM, {"title": "Team", "type": "string", "scope": "NONE"}),
        (TEAM | FIXED, {"title": "Team", "type": "string", "scope": "NONE"}),
        (
            {"title": "Size", "type": "string", "enum": ["S", "L"], "minLength": 1, "maxLength": 50, "scope": "SELF"},
            {"title": "Size", "type": "string", "scope": "SELF", "enum": ["S", "L"], "minLength": 1, "maxLength": 50},
        ),
        (
            {"title": "Tags", "type": "array", "items": {"type": "integer", "enum": [1, 2]}} | FIXED,
            {
                "title": "Tags",
                "type": "array",
                "scope": "NONE",
                "items": {"type": "integer", "enum": [1, 2]},
                "union": "DISABLE",
            },
        ),
        (
            {"title": "Things", "type": "array", "items": {"type": "object", "enum": [{"value": "x"}]}},
            {
                "title": "Things",
                "type": "array",
                "scope": "NONE",
                "items": {"type": "object", "enum": [{"value": "x"}], "additionalProperties": True},
            },
        ),
    ],
)
def test_an_attribute_is_added_and_removed(admin: Admin, path: str, sent: Any, shown: Any) -> None:
    added = admin.post(path, custom(mine=sent))

    assert added.status == 200
    assert added.json["definitions"]["custom"]["properties"] == {"mine": shown}
    assert added.json["definitions"]["custom"]["required"] == []
    assert admin.get(path).json == added.json
    removed = admin.post(path, custom(mine=None)).json
    assert removed["definitions"]["custom"] == {"id": "#custom", "type": "object", "properties": {}}


def test_a_standard_claim_can_be_made_required_and_nothing_else(admin: Admin, path: str) -> None:
    changed = admin.post(path, base(name={"title": "Name", "type": "string", "required": True} | {"scope": "SELF"}))

    assert changed.json["definitions"]["base"]["required"] == ["userName", "name"]
    assert changed.json["definitions"]["base"]["properties"]["name"]["required"] is True
    assert admin.post(path, base(name={"title": "Other"})).status == 400
    assert admin.post(path, base(name=None)).status == 400
    assert admin.post(path, base(shoe_size={"title": "x"})).status == 400
    relaxed = admin.post(path, base(name={"required": False})).json
    assert relaxed["definitions"]["base"]["required"] == ["userName"]


def test_what_the_schema_asks_for_must_be_in_a_profile(admin: Admin, app: Any, path: str) -> None:
    profile = {"firstName": "A", "lastName": "B", "email": "a@example.com", "login": "a@example.com"}
    user = admin.made("/api/v1/users", {"profile": profile})
    admin.made(path, custom(team=TEAM | {"required": True}))
    users = f"{APPS}/{app['id']}/users"

    refused = admin.post(users, {"id": user["id"], "profile": {"other": "x"}})

    assert (refused.status, refused.causes) == (400, ["profile.team: The field cannot be left blank"])
    assert admin.post(users, {"id": user["id"], "profile": {"team": "x"}}).status == 200
    assert admin.post(f"{users}/{user['id']}", {"profile": {"team": None}}).status == 400
    assert admin.post(f"{users}/{user['id']}", {"credentials": {"userName": "ann"}}).status == 200


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("email", TEAM),
        ("no-name", TEAM),
        ("x" * 65, TEAM),
        ("team", {"type": "string"}),
        ("team", {"title": "Team", "type": "date"}),
        ("team", {"title": "Team", "type": "array"}),
        ("team", {"title": "Team", "type": "array", "items": {"type": "date"}}),
        ("team", TEAM | {"maxLength": -1}),
        ("team", {"title": "Team", "type": "integer", "maxLength": 3}),
        ("team", TEAM | {"enum": []}),
        ("team", TEAM | {"oneOf": "x"}),
        ("team", TEAM | {"pattern": ".*"}),
        ("team", TEAM | {"unique": "UNIQUE_VALIDATED"}),
        ("team", TEAM | {"permissions": [{"principal": "SELF", "action": "OWN"}]}),
        ("team", TEAM | {"master": {"type": "NOBODY"}}),
        ("team", TEAM | {"scope": "ALL"}),
    ],
)
def test_attributes_that_cannot_be_are_refused(admin: Admin, path: str, name: str, attribute: Any) -> None:
    answer = admin.post(path, custom(**{name: attribute}))

    assert (answer.status, answer.code) == (400, "E0000001")
    assert admin.get(path).json["definitions"]["custom"]["properties"] == {}


@pytest.mark.parametrize("action", ["READ_WRITE", "READ_ONLY", "HIDE"])
@pytest.mark.parametrize("master", ["PROFILE_MASTER", "OKTA"])
def test_who_may_see_an_attribute_is_taken_and_not_shown(admin: Admin, path: str, action: str, master: str) -> None:
    access = {"permissions": [{"principal": "SELF", "action": action}], "master": {"type": master}}

    definitions = admin.post(path, custom(team=TEAM | access)).json["definitions"]

    assert definitions["custom"]["properties"] == {"team": TEAM | {"scope": "NONE"}}
    assert admin.post(path, base(name={"title": "Name", "type": "string"} | access)).status == 200


@pytest.mark.parametrize("properties", [[], {"x": 1}, "x"])
def test_what_is_no_schema_is_malformed(admin: Admin, path: str, properties: Any) -> None:
    body = {"definitions": {"custom": {"properties": properties}}}

    assert admin.post(path, body).code == "E0000003"


def test_an_app_has_one_schema(admin: Admin, path: str) -> None:
    assert admin.get(path.replace("default", "other")).json["errorSummary"].endswith("(AppUserSchema)")
    assert admin.get("/api/v1/meta/schemas/apps/none/default").json["errorSummary"].endswith("(AppInstance)")


def test_a_change_has_an_event_and_no_change_has_none(admin: Admin, path: str) -> None:
    admin.post(path, custom(team=TEAM))
    admin.post(path, custom(team=TEAM))

    assert [event.type for event in admin.storage.events].count("application.user_schema.update") == 1
