"""Users and groups assigned to apps (docs/protocol.md §26.7)."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from authmint.storage.groups import EVERYONE_ID

from tests.management.admin import BASE_URL, Admin
from tests.management.directory.groups import GROUPS
from tests.management.directory.groups import made as made_group
from tests.management.directory.users import USERS
from tests.management.directory.users import made as made_user

APPS = "/api/v1/apps"


def made_app(admin: Admin, label: str = "Orders", **settings: Any) -> Any:
    answer = admin.post(
        APPS,
        {
            "name": "oidc_client",
            "label": label,
            "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
            "settings": {"oauthClient": {"redirect_uris": ["https://a.example/cb"]}} | settings,
        },
    )
    assert answer.status == 200, answer.json
    return answer.json


def events(admin: Admin) -> list[str]:
    return [event.type for event in admin.storage.events if "membership" in event.type or "assignment" in event.type]


def test_nobody_is_assigned_to_a_new_app(admin: Admin) -> None:
    app = made_app(admin)

    assert admin.get(f"{APPS}/{app['id']}/users").json == []
    assert admin.get(f"{APPS}/{app['id']}/groups").json == []
    assert app["settings"]["implicitAssignment"] is False


def test_everybody_can_be_assigned_implicitly(admin: Admin) -> None:
    app = made_app(admin, implicitAssignment=True)

    assert app["settings"]["implicitAssignment"] is True
    assert admin.storage.clients.get(app["id"]).implicit_assignment


def test_a_user_is_assigned_changed_and_unassigned(admin: Admin) -> None:
    app, user = made_app(admin), made_user(admin)
    path = f"{APPS}/{app['id']}/users"

    assigned = admin.post(path, {"id": user["id"], "scope": "USER", "credentials": {"userName": "ann"}})
    again = admin.post(path, {"id": user["id"]})
    changed = admin.post(f"{path}/{user['id']}", {"credentials": {"userName": "other"}, "profile": {"role": "x"}})

    assert assigned.status == 200
    assert list(assigned.json) == [
        "id", "externalId", "created", "lastUpdated", "scope", "status", "statusChanged", "passwordChanged",
        "syncState", "credentials", "profile", "_links",
    ]  # fmt: skip
    assert assigned.json["credentials"] == {"userName": "ann"}
    assert assigned.json["_links"]["user"]["href"] == f"{BASE_URL}{USERS}/{user['id']}"
    assert (again.status, again.code) == (409, "E0000062")
    assert changed.json["profile"]["role"] == "x"
    assert (changed.json["profile"]["name"], changed.json["profile"]["given_name"]) == ("Ann Lee", "Ann")
    assert changed.json["profile"]["birthdate"] is None
    assert admin.get(f"{path}/{user['id']}").json == changed.json
    assert admin.get(path).json == [changed.json]
    assert admin.get(f"{path}?expand=user").json[0]["_embedded"]["user"]["id"] == user["id"]
    assert [link["label"] for link in admin.get(f"{USERS}/{user['id']}/appLinks").json] == ["Orders"]
    assert admin.delete(f"{path}/{user['id']}").status == 204
    assert admin.delete(f"{path}/{user['id']}").status == 404
    assert events(admin) == [f"application.user_membership.{verb}" for verb in ("add", "update", "remove")]


def test_a_group_is_assigned_changed_and_unassigned(admin: Admin) -> None:
    app, group, other = made_app(admin), made_group(admin), made_group(admin, "Ops")
    path = f"{APPS}/{app['id']}/groups"

    first = admin.put(f"{path}/{group['id']}")
    second = admin.put(f"{path}/{other['id']}", {})
    moved = admin.put(f"{path}/{other['id']}", {"priority": 7, "profile": {"role": "x"}})
    patched = admin.call(
        "PATCH",
        f"{path}/{other['id']}",
        raw=json.dumps(
            [
                {"op": "replace", "path": "/priority", "value": 3},
                {"op": "add", "path": "/profile/team", "value": "t"},
                {"op": "remove", "path": "/profile/role"},
            ]
        ).encode(),
    )

    assert (first.json["priority"], second.json["priority"], moved.json["priority"]) == (0, 1, 7)
    assert list(first.json) == ["id", "lastUpdated", "priority", "profile", "_links"]
    assert (patched.json["priority"], patched.json["profile"]) == (3, {"team": "t"})
    assert admin.get(f"{path}/{other['id']}").json == patched.json
    assert [one["id"] for one in admin.get(path).json] == [group["id"], other["id"]]
    assert [one["id"] for one in admin.get(f"{GROUPS}/{group['id']}/apps").json] == [app["id"]]
    assert admin.delete(f"{path}/{group['id']}").status == 204
    assert admin.delete(f"{path}/{group['id']}").status == 404
    assert events(admin) == [f"group.application_assignment.{verb}" for verb in ("add", "add", "remove")]


def test_members_of_an_assigned_group_are_assigned(admin: Admin) -> None:
    app, group, user = made_app(admin), made_group(admin), made_user(admin)
    admin.put(f"{GROUPS}/{group['id']}/users/{user['id']}")
    path = f"{APPS}/{app['id']}/users/{user['id']}"
    before = admin.get(path)

    admin.put(f"{APPS}/{app['id']}/groups/{group['id']}", {})

    assert before.status == 404
    assert admin.get(path).json["scope"] == "GROUP"
    admin.delete(f"{GROUPS}/{group['id']}")
    assert admin.get(path).status == 404
    admin.put(f"{APPS}/{app['id']}/groups/{EVERYONE_ID}", {})
    assert admin.get(path).json["scope"] == "GROUP"


def test_what_is_not_there_is_named_app_first(admin: Admin) -> None:
    app = made_app(admin)

    for method, path in (("PUT", "groups/00gNone"), ("GET", "groups/00gNone"), ("GET", "users/00uNone")):
        kind = "UserGroup" if "groups" in path else "User"
        here = admin.call(method, f"{APPS}/{app['id']}/{path}", {} if method == "PUT" else None)
        nowhere = admin.call(method, f"{APPS}/0oaNone/{path}", {} if method == "PUT" else None)
        assert here.json["errorSummary"].endswith(f"({kind})")
        assert nowhere.json["errorSummary"].endswith("(AppInstance)")
    assert admin.post(f"{APPS}/{app['id']}/users", {"id": "00uNone"}).json["errorSummary"].endswith("00uNone (User)")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "E0000003"),
        (b"{}", "E0000003"),
        (b"[1]", "E0000003"),
        (b'[{"op":"replace","path":"/id","value":1}]', "E0000001"),
        (b'[{"op":"move","path":"/priority","value":1}]', "E0000001"),
        (b'[{"op":"replace","path":"/priority","value":"1"}]', "E0000003"),
        (b'[{"op":"replace","path":"/priority","value":-1}]', "E0000001"),
        (b'[{"op":"replace","path":"/profile","value":[]}]', "E0000003"),
        (b"[" * 100_000, "E0000003"),
    ],
)
def test_bad_patches(admin: Admin, raw: bytes, code: str) -> None:
    app, group = made_app(admin), made_group(admin)
    path = f"{APPS}/{app['id']}/groups/{group['id']}"
    admin.put(path, {})

    assert admin.call("PATCH", path, raw=raw).code == code
    assert admin.get(path).json["priority"] == 0


def test_a_deactivated_user_is_not_assigned(admin: Admin) -> None:
    app, user = made_app(admin), made_user(admin)
    admin.delete(f"{USERS}/{user['id']}")

    assert admin.post(f"{APPS}/{app['id']}/users", {"id": user["id"]}).code == "E0000117"


def test_apps_by_who_is_assigned(admin: Admin) -> None:
    one, two, _ = made_app(admin, "one"), made_app(admin, "two"), made_app(admin, "three")
    group, user = made_group(admin), made_user(admin)
    admin.put(f"{GROUPS}/{group['id']}/users/{user['id']}")
    admin.put(f"{APPS}/{one['id']}/groups/{group['id']}", {})
    admin.post(f"{APPS}/{two['id']}/users", {"id": user["id"]})

    def found(condition: str) -> list[str]:
        return [app["label"] for app in admin.get(f"{APPS}?filter={quote(condition)}").json]

    assert found(f'user.id eq "{user["id"]}"') == ["one", "two"]
    assert found(f'group.id eq "{group["id"]}"') == ["one"]
    assert found('user.id eq "00uNone"') == []
    assert found('status eq "ACTIVE" and label sw "t"') == ["two", "three"]


def test_assigned_users_come_in_pages(admin: Admin) -> None:
    app = made_app(admin)
    for number in range(5):
        admin.post(f"{APPS}/{app['id']}/users", {"id": made_user(admin, f"u{number}@example.com")["id"]})

    first = admin.get(f"{APPS}/{app['id']}/users?limit=2")
    second = admin.get(first.header("link")[1].partition(">")[0].removeprefix("<"))

    ids = [one["id"] for one in first.json + second.json]
    assert len(set(ids)) == 4
    assert admin.get(f"{APPS}/{app['id']}/users?after=é").code == "E0000029"
