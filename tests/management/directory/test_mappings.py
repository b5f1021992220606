"""``/api/v1/mappings`` (docs/protocol.md §38.2)."""

import json
from typing import Any

import pytest
from authmint.management.directory.mapping_ids import Direction, direction_of, mapping_id
from authmint.storage.errors import Conflict
from authmint.storage.mappings import UserMapping
from hypothesis import given
from hypothesis import strategies as st

from tests.management.admin import BASE_URL, Admin
from tests.management.apps import APPS, app_body, web
from tests.management.directory.groups import GROUPS
from tests.management.directory.groups import made as made_group
from tests.management.directory.users import made as made_user

MAPPINGS = "/api/v1/mappings"
OTHER_WAY = "/api/v1/meta/schemas/apps/{}/default"


def made_app(admin: Admin, label: str = "Orders") -> Any:
    return admin.made(APPS, app_body(label, **web()))


def pair(admin: Admin, app_id: str) -> tuple[str, str]:
    """Paths of both mappings of an app: to users, and from them."""
    (to_user,) = admin.get(f"{MAPPINGS}?sourceId={app_id}").json
    (to_app,) = admin.get(f"{MAPPINGS}?targetId={app_id}").json
    return f"{MAPPINGS}/{to_user['id']}", f"{MAPPINGS}/{to_app['id']}"


def mapped(expression: str, status: str = "PUSH") -> dict[str, str]:
    return {"expression": expression, "pushStatus": status}


def define(admin: Admin, app_id: str, **properties: Any) -> None:
    definitions = {"custom": {"id": "#custom", "type": "object", "properties": properties}}
    assert admin.post(OTHER_WAY.format(app_id), {"definitions": definitions}).status == 200


def test_a_pair_is_there_from_the_moment_that_the_app_is(admin: Admin) -> None:
    app = made_app(admin)
    to_user, to_app = (admin.get(path).json for path in pair(admin, app["id"]))

    assert list(to_user) == ["id", "source", "target", "properties", "_links"]
    assert to_user["id"].startswith("prm")
    assert to_user["source"] == {
        "id": app["id"],
        "name": "oidc_client",
        "type": "appuser",
        "_links": {
            "self": {"href": f"{BASE_URL}/api/v1/apps/{app['id']}"},
            "schema": {"href": f"{BASE_URL}/api/v1/meta/schemas/apps/{app['id']}/default"},
        },
    }
    assert (to_user["target"]["name"], to_user["target"]["type"]) == ("user", "user")
    for link in to_user["target"]["_links"].values():
        assert admin.get(link["href"]).status == 200
    assert to_user["_links"] == {"self": {"href": f"{BASE_URL}{MAPPINGS}/{to_user['id']}"}}
    assert to_user["properties"] == {}
    assert to_app["source"] == to_user["target"]
    assert to_app["target"] == to_user["source"]
    assert to_app["properties"]["given_name"] == mapped("user.firstName")
    assert admin.storage.clients.get(app["id"]).user_mapping is None


def test_it_goes_with_the_app(admin: Admin) -> None:
    app = made_app(admin)
    to_user, to_app = pair(admin, app["id"])
    assert admin.post(to_user, {"properties": {"email": mapped("appuser.email")}}).status == 200
    admin.post(f"{APPS}/{app['id']}/lifecycle/deactivate")
    assert admin.delete(f"{APPS}/{app['id']}").status == 204

    for path in (to_user, to_app):
        answer = admin.get(path)
        assert (answer.status, answer.code) == (404, "E0000007")
        assert "(ProfileMapping)" in answer.json["errorSummary"]
    assert admin.get(f"{MAPPINGS}?sourceId={app['id']}").json == []
    assert admin.storage.user_mappings.get(app["id"]) == UserMapping()


@pytest.mark.parametrize(
    "name", ["invalid_mapping_id_that_does_not_exist", "prm00000000000000000", "prm-to-user-x", "-"]
)
def test_there_are_no_others(admin: Admin, name: str) -> None:
    assert admin.get(f"{MAPPINGS}/{name}").json["errorSummary"] == (
        f"Not found: Resource not found: {name} (ProfileMapping)"
    )


def test_what_is_sent_changes_null_removes_and_the_rest_stays(admin: Admin) -> None:
    app = made_app(admin)
    to_user, to_app = pair(admin, app["id"])
    before = admin.get(to_app).json
    sent = {"nickname": None, "name": mapped("user.lastName"), "email": mapped("source.secondEmail", "DONT_PUSH")}

    changed = admin.post(to_app, before | {"properties": sent})

    assert changed.status == 200
    assert "nickname" not in changed.json["properties"]
    assert changed.json["properties"]["name"] == mapped("user.lastName")
    assert changed.json["properties"]["email"] == mapped("source.secondEmail", "DONT_PUSH")
    assert changed.json["properties"]["given_name"] == before["properties"]["given_name"]
    assert admin.get(to_app).json == changed.json
    again = admin.post(to_app, changed.json)
    assert again.json == changed.json
    (event,) = [event for event in admin.storage.events if event.type == "directory.mapping.update"]
    assert event.debug == {
        "direction": "Okta to App",
        "attributes_modified": "name, email",
        "attributes_deleted": "nickname",
    }
    other = admin.post(to_user, {"properties": {"email": {"expression": "appuser.userName"}}}).json
    assert other["properties"] == {"email": mapped("appuser.userName", "DONT_PUSH")}
    assert admin.post(to_user, {"properties": {"email": None, "city": None}}).json["properties"] == {}


def test_a_replaced_app_keeps_its_mapping(admin: Admin) -> None:
    app = made_app(admin)
    to_app = pair(admin, app["id"])[1]
    admin.post(to_app, {"properties": {"name": mapped("user.lastName")}})

    assert admin.put(f"{APPS}/{app['id']}", app_body("Renamed", **web())).status == 200

    assert admin.get(to_app).json["properties"]["name"] == mapped("user.lastName")


@pytest.mark.parametrize(
    ("way", "attribute", "expression", "cause"),
    [
        (0, "tempProperty", "appuser.userName", "Invalid target field tempProperty"),
        (1, "userName", "user.login", "Invalid target field userName"),
        (0, "email", "appuser.", "Invalid property expression: email: "),
        (0, "email", "appuser.nothing", "the source has no attribute 'nothing'"),
        (0, "email", "user.email", "there is no 'user'"),
        (1, "email", "appuser.email", "there is no 'appuser'"),
        (1, "email", "user.nothing", "users have no attribute 'nothing'"),
        (1, "email", 'Groups.contains("OKTA", "a", 1)', "there is no function 'Groups.contains' here"),
        (1, "email", 'getFilteredGroups({"a"}, "group.name", 1)', "there is no function 'getFilteredGroups' here"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    admin: Admin, way: int, attribute: str, expression: str, cause: str
) -> None:
    path = pair(admin, made_app(admin)["id"])[way]

    answer = admin.post(path, {"properties": {attribute: mapped(expression)}})

    assert (answer.status, answer.code) == (400, "E0000001")
    assert answer.json["errorSummary"] == "Api validation failed: updateMapping"
    assert cause in answer.causes[0]


def test_malformed_bodies_are_refused(admin: Admin) -> None:
    path = pair(admin, made_app(admin)["id"])[1]
    for body, status in (
        ({}, 400),
        ({"properties": []}, 400),
        ({"properties": {"email": "user.email"}}, 400),
        ({"properties": {"email": {"pushStatus": "PUSH"}}}, 400),
        ({"properties": {"email": mapped("user.email", "SOMETIMES")}}, 400),
        ({"properties": {"email": mapped("user.email + " + "'x'" * 1_000)}}, 400),
        ({"properties": {}}, 200),
    ):
        assert admin.post(path, body).status == status, body


def test_a_mapping_does_not_grow_without_end(admin: Admin) -> None:
    app = made_app(admin)
    define(admin, app["id"], **{f"a{number}": {"title": "a", "type": "string"} for number in range(60)})
    path = pair(admin, app["id"])[1]

    answer = admin.post(path, {"properties": {f"a{number}": mapped("'" + "x" * 1_000 + "'") for number in range(60)}})

    assert "at most 500 attributes" in answer.causes[0]


def test_lists_are_narrowed_and_come_in_pages(admin: Admin) -> None:
    apps = sorted(made_app(admin, f"app {number}")["id"] for number in range(3))
    user = admin.get(MAPPINGS).json[0]["target"]["id"]
    walked, path = [], f"{MAPPINGS}?limit=1"
    while path:
        answer = admin.get(path)
        walked += answer.json
        links = answer.header("link")
        path = next((link[1:].partition(">")[0] for link in links if 'rel="next"' in link), "")

    everything = admin.get(f"{MAPPINGS}?limit=200").json
    assert walked == everything
    assert "properties" not in everything[0]
    assert [one["id"] for one in admin.get(f"{MAPPINGS}?sourceId={apps[0]}&targetId={user}").json] == [
        one["id"] for one in everything if one["source"]["id"] == apps[0]
    ]
    assert len(admin.get(f"{MAPPINGS}?sourceId={user}&limit=200").json) == len(everything) / 2
    assert admin.get(f"{MAPPINGS}?sourceId={apps[0]}&targetId={apps[1]}").json == []
    assert admin.get(f"{MAPPINGS}?sourceId=nobody").json == []
    second = admin.get(f"{MAPPINGS}?sourceId={user}&limit=1")
    assert "sourceId=" in next(link for link in second.header("link") if 'rel="next"' in link)
    assert admin.get(f"{MAPPINGS}?after=here").code == "E0000029"


def test_a_list_goes_on_after_an_app_that_is_gone(admin: Admin) -> None:
    apps = sorted(made_app(admin, f"app {number}")["id"] for number in range(2))
    gone = mapping_id(Direction(apps[0], to_user=True))
    admin.post(f"{APPS}/{apps[0]}/lifecycle/deactivate")
    admin.delete(f"{APPS}/{apps[0]}")

    assert admin.get(f"{MAPPINGS}?after={gone}").json[0]["source"]["id"] == apps[1]


@given(st.sampled_from(["0oa0", "0oa1", "0oa", "client", "prm-to-user-"]), st.text("aZ09", max_size=20), st.booleans())
def test_ids_of_mappings_name_one_mapping_each(prefix: str, rest: str, to_user: bool) -> None:
    direction = Direction((prefix + rest)[:100], to_user)

    assert direction_of(mapping_id(direction)) == direction
    assert mapping_id(direction) != mapping_id(Direction(direction.owner_id, not to_user))


def test_an_attribute_of_an_app_follows_the_user(admin: Admin) -> None:
    app, user = made_app(admin), made_user(admin, department="sales", employeeNumber="7")
    define(
        admin,
        app["id"],
        dept={"title": "Department", "type": "string", "required": True},
        number={"title": "Number", "type": "integer"},
        once={"title": "Once", "type": "string"},
        broken={"title": "Broken", "type": "integer"},
    )
    to_app = pair(admin, app["id"])[1]
    sent = {
        "dept": mapped('user.department + "-x"'),
        "number": mapped("user.employeeNumber"),
        "once": mapped("user.department", "DONT_PUSH"),
        "broken": mapped("user.department"),
    }
    assert admin.post(to_app, {"properties": sent}).status == 200

    users = f"{APPS}/{app['id']}/users"
    assigned = admin.post(users, {"id": user["id"]})
    admin.post(f"/api/v1/users/{user['id']}", {"profile": {"department": "law"}})

    assert assigned.status == 200, assigned.json
    profile = admin.get(f"{users}/{user['id']}").json["profile"]
    assert (profile["dept"], profile["number"], profile["once"]) == ("law-x", 7, "sales")
    assert "broken" not in profile
    assert admin.get(users).json[0]["profile"] == profile
    (event,) = [one for one in admin.storage.events if one.type == "application.appuser.mapping.invalid.expression"]
    assert (event.outcome, event.reason) == ("FAILURE", "the value is no number")
    assert event.debug == {"attribute": "broken", "expression": "user.department", "direction": "Okta to App"}
    assert "sales" not in json.dumps(event.debug)


def test_nobody_is_assigned_without_what_the_app_needs(admin: Admin) -> None:
    app, user = made_app(admin), made_user(admin)
    define(admin, app["id"], dept={"title": "Department", "type": "string", "required": True})
    to_app, users = pair(admin, app["id"])[1], f"{APPS}/{app['id']}/users"
    assert admin.post(to_app, {"properties": {"dept": mapped("user.department")}}).status == 200

    refused = admin.post(users, {"id": user["id"]})
    said = admin.post(users, {"id": user["id"], "profile": {"dept": "here"}})
    emptied = admin.post(f"{users}/{user['id']}", {"profile": {}})

    assert (refused.status, refused.causes) == (400, ["profile.dept: The field cannot be left blank"])
    assert said.json["profile"]["dept"] == "here"
    assert emptied.status == 400


def test_groups_decide_in_an_app_profile(admin: Admin) -> None:
    app, user, group = made_app(admin), made_user(admin), made_group(admin, "admins")
    define(admin, app["id"], role={"title": "Role", "type": "string"})
    expression = 'isMemberOfGroupName("admins") ? "admin" : "user"'
    assert admin.post(pair(admin, app["id"])[1], {"properties": {"role": mapped(expression)}}).status == 200
    users = f"{APPS}/{app['id']}/users"
    admin.post(users, {"id": user["id"]})

    assert admin.get(users).json[0]["profile"]["role"] == "user"
    admin.put(f"{GROUPS}/{group['id']}/users/{user['id']}")
    assert admin.get(users).json[0]["profile"]["role"] == "admin"


def test_two_changes_at_once_both_hold(admin: Admin) -> None:
    path = pair(admin, made_app(admin)["id"])[0]
    mappings, save = admin.storage.user_mappings, admin.storage.user_mappings.save

    def other_first(source_id: str, before: UserMapping, after: UserMapping, events: Any) -> None:
        mappings.save = save  # type: ignore[method-assign]
        admin.post(path, {"properties": {"city": mapped("appuser.locality")}})
        raise Conflict(source_id)

    mappings.save = other_first  # type: ignore[method-assign]
    answer = admin.post(path, {"properties": {"email": mapped("appuser.email")}})

    assert set(answer.json["properties"]) == {"city", "email"}
