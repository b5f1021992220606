"""Roles and their targets over the API (docs/protocol.md §35.1), and how the first administrators come to be."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, Admin
from tests.management.administrators.people import by_oauth, grant, group, person
from tests.management.apps import CLIENTS, an_app, web
from tests.management.directory.groups import GROUPS
from tests.management.directory.users import USERS, body, made

ID_OF = {
    "USER_ADMIN": "KVJUKUS7IFCE2SKO",
    "APP_ADMIN": "IFIFAX2BIRGUSTQ",
    "HELP_DESK_ADMIN": "JBCUYUC7IRCVGS27IFCE2SKO",
    "GROUP_MEMBERSHIP_ADMIN": "I5JE6VKQL5GUKTKCIVJFGSCJKBPUCRCNJFHA",
}
LABELS = {
    "SUPER_ADMIN": "Super Administrator",
    "ORG_ADMIN": "Organizational Administrator",
    "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
    "READ_ONLY_ADMIN": "Read-only Administrator",
    "REPORT_ADMIN": "Report Administrator",
}


@pytest.fixture
def ann(admin: Admin) -> str:
    return f"{USERS}/{made(admin)['id']}"


@pytest.mark.parametrize(
    ("path", "kind", "prefix"),
    [("users", "USER", "ra1"), ("groups", "GROUP", "gra"), ("clients", "CLIENT", "ra1")],
)
def test_roles_are_granted_shown_and_taken_away(admin: Admin, ann: str, path: str, kind: str, prefix: str) -> None:
    holder = {
        "users": ann,
        "groups": f"{GROUPS}/{group(admin, 'staff')}",
        "clients": f"{CLIENTS}/{an_app(admin)['id']}",
    }[path]
    for role_type, label in {**LABELS, **dict.fromkeys(ID_OF)}.items():
        answer = admin.post(f"{holder}/roles?disableNotifications=true", {"type": role_type})
        role = answer.json
        assert answer.status == 201
        assert role["id"] == ID_OF.get(role_type) or role["id"].startswith(prefix)
        assert (role["type"], role["status"], role["assignmentType"]) == (role_type, "ACTIVE", kind)
        assert label is None or role["label"] == label
        assert role["_links"] == {"assignee": {"href": BASE_URL + holder}}
        assert admin.get(f"{holder}/roles/{role['id']}").json == role
    listed = admin.get(f"{holder}/roles").json
    assert [one["type"] for one in listed] == sorted([*LABELS, *ID_OF])
    for one in listed:
        assert admin.delete(f"{holder}/roles/{one['id']}").status == 204
        assert admin.delete(f"{holder}/roles/{one['id']}").code == "E0000007"
    assert admin.get(f"{holder}/roles").json == []
    verbs = [event.type.rpartition(".")[2] for event in admin.storage.events if ".privilege." in event.type]
    assert verbs == ["grant"] * 9 + ["revoke"] * 9


def test_a_role_is_granted_once(admin: Admin, ann: str) -> None:
    first = admin.post(f"{ann}/roles", {"type": "APP_ADMIN"}).json

    assert admin.post(f"{ann}/roles", {"type": "APP_ADMIN"}).code == "E0000090"
    again = admin.post(f"{ann}/roles?disableNotifications=false", {"type": "APP_ADMIN"})
    assert (again.status, again.json) == (201, first)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "E0000001"),
        ({"type": "MOBILE_ADMIN"}, "E0000001"),
        ({"type": ["SUPER_ADMIN"]}, "E0000003"),
        ({"type": "CUSTOM", "role": "cr0", "resource-set": "iam"}, "E0000015"),
    ],
)
def test_other_roles_are_refused(admin: Admin, ann: str, sent: Any, code: str) -> None:
    assert admin.post(f"{ann}/roles", sent).code == code


def test_everyone_and_apps_that_are_no_services_have_no_roles(admin: Admin) -> None:
    everyone = admin.get(GROUPS).json[0]["id"]
    app = an_app(admin, **web())["id"]

    assert admin.post(f"{GROUPS}/{everyone}/roles", {"type": "SUPER_ADMIN"}).code == "E0000211"
    assert admin.post(f"{CLIENTS}/{app}/roles", {"type": "SUPER_ADMIN"}).code == "E0000227"
    assert admin.post(f"{CLIENTS}/none/roles", {"type": "SUPER_ADMIN"}).code == "E0000007"


def test_roles_of_groups_are_listed_with_those_of_a_member(admin: Admin, ann: str) -> None:
    staff = group(admin, "staff", ann.rpartition("/")[2])
    grant(admin, f"{GROUPS}/{staff}", "READ_ONLY_ADMIN")
    grant(admin, ann, "USER_ADMIN", groups=(staff,))

    listed = admin.get(f"{ann}/roles?expand=targets/groups").json

    assert [(one["type"], one["assignmentType"]) for one in listed] == [
        ("READ_ONLY_ADMIN", "GROUP"),
        ("USER_ADMIN", "USER"),
    ]
    targets = listed[1]["_embedded"]["targets"]
    assert ([one["id"] for one in targets["groups"]], targets["catalog"]["apps"]) == ([staff], [])
    assert admin.get(f"{ann}/roles/{listed[0]['id']}").code == "E0000007"  # it is the group's


def test_targets_are_groups(admin: Admin, ann: str) -> None:
    one, two = group(admin, "one"), group(admin, "two")
    path = f"{ann}/roles/{grant(admin, ann, 'HELP_DESK_ADMIN')}/targets/groups"

    assert admin.get(path).json == []
    assert [admin.put(f"{path}/{target}").status for target in (two, one, one)] == [204] * 3
    assert [target["id"] for target in admin.get(path).json] == [one, two]
    assert admin.put(f"{path}/00gnone").code == "E0000007"
    assert admin.delete(f"{path}/{two}").status == 204
    assert admin.delete(f"{path}/{two}").code == "E0000007"
    assert admin.delete(f"{path}/{one}").code == "E0000006"  # or it would reach everybody
    super_role = grant(admin, ann, "SUPER_ADMIN")
    assert admin.put(f"{ann}/roles/{super_role}/targets/groups/{one}").code == "E0000001"


def test_targets_are_apps(admin: Admin, ann: str) -> None:
    app, other = an_app(admin)["id"], an_app(admin, label="b")["id"]
    path = f"{ann}/roles/{grant(admin, ann, 'APP_ADMIN')}/targets/catalog/apps"

    assert [admin.put(f"{path}/oidc_client/{target}").status for target in (app, other)] == [204, 204]
    assert admin.get(path).json[0] == {
        "name": "svc",
        "status": "ACTIVE",
        "id": app,
        "_links": {"self": {"href": f"{BASE_URL}/api/v1/apps/{app}"}},
    }
    assert admin.put(f"{path}/oidc_client").code == "E0000001"  # all of them and one of them
    assert admin.put(f"{path}/facebook").code == admin.put(f"{path}/oidc_client/none").code == "E0000007"
    assert admin.delete(f"{path}/oidc_client/{app}").status == 204
    assert admin.delete(f"{path}/oidc_client/{other}").code == "E0000006"
    whole = grant(admin, f"{GROUPS}/{group(admin, 'g')}", "APP_ADMIN", apps=("oidc_client",))
    assert whole == ID_OF["APP_ADMIN"]


def test_assignees_are_listed_in_pages(admin: Admin) -> None:
    users = [made(admin, f"u{number}@example.com")["id"] for number in range(5)]
    grant(admin, f"{USERS}/{users[3]}", "READ_ONLY_ADMIN")
    grant(admin, f"{GROUPS}/{group(admin, 'staff', *users[:2])}", "REPORT_ADMIN")

    first = admin.get("/api/v1/iam/assignees/users?limit=2").json
    second = admin.get(first["_links"]["next"]["href"]).json

    assert [one["id"] for one in first["value"] + second["value"]] == [users[0], users[1], users[3]]
    assert second["value"][0]["_links"]["roles"] == {"href": f"{BASE_URL}{USERS}/{users[3]}/roles"}
    assert "_links" not in second


def test_there_are_no_custom_roles(admin: Admin) -> None:
    assert admin.get("/api/v1/iam/roles").json["roles"] == []
    assert admin.get("/api/v1/iam/resource-sets").json["resource-sets"] == []
    assert admin.post("/api/v1/iam/roles", {"label": "x"}).code == "E0000015"
    assert admin.get("/api/v1/iam/resource-sets/x").code == "E0000007"


# Two factors


def test_people_grant_with_two_factors_only(admin: Admin, ann: str) -> None:
    root = person(admin, "root", "SUPER_ADMIN")
    staff = group(admin, "staff")
    scopes = ("okta.roles.manage", "okta.groups.manage", "okta.users.manage")
    weak, strong = by_oauth(admin, root.id, *scopes), by_oauth(admin, root.id, *scopes, amr=("pwd", "otp", "mfa"))
    granting: tuple[tuple[str, str, Any], ...] = (
        ("POST", f"{GROUPS}/{staff}/roles", {"type": "USER_ADMIN"}),
        ("PUT", f"{GROUPS}/{staff}/roles/{ID_OF['USER_ADMIN']}/targets/groups/{staff}", None),
        ("PUT", f"{GROUPS}/{staff}/users/{ann.rpartition('/')[2]}", None),
        ("POST", USERS, body("new@example.com") | {"groupIds": [staff]}),
    )

    for method, path, sent in granting:
        if method != "POST" or "roles" not in path:
            assert admin.get(f"{GROUPS}/{staff}/roles").json
        refused = weak.call(method, path, sent)
        assert refused.status == 401, path
        assert 'error="insufficient_user_authentication"' in refused.header("www-authenticate")[0]
        assert 'acr_values="urn:okta:loa:2fa:any"' in refused.header("www-authenticate")[0]
        assert strong.status(method, path, sent) in {200, 201, 204}, path


# The first administrators


def test_an_invocation_makes_a_person_who_administers(admin: Admin) -> None:
    payload = {"action": "create_administrator", "login": "ann@example.com", "password": "Correct-horse-9"}

    made = admin.api.bootstrap(payload)

    assert made == {"userId": made["userId"], "login": "ann@example.com", "created": True}
    assert admin.get(f"{USERS}/{made['userId']}").json["status"] == "ACTIVE"
    assert [one["type"] for one in admin.get(f"{USERS}/{made['userId']}/roles").json] == ["SUPER_ADMIN"]
    assert admin.api.bootstrap(payload) == made | {"created": False}
    events = [(event.type, event.actor.id) for event in admin.storage.events[-2:]]
    assert events == [("user.lifecycle.create", "iam"), ("user.account.privilege.grant", "iam")]


def test_without_a_password_there_is_a_token_to_choose_one_with(admin: Admin) -> None:
    made = admin.api.bootstrap({"action": "create_administrator", "login": "ann@example.com", "firstName": "Ann"})

    user = admin.storage.users.get(made["userId"])
    assert (user.status, user.profile["firstName"]) == ("PROVISIONED", "Ann")
    assert user.ticket is not None
    assert made["activationToken"].startswith(f"{user.id}.")


def test_a_person_who_is_there_is_given_the_role_and_nothing_else(admin: Admin, ann: str) -> None:
    before = admin.storage.users.get(ann.rpartition("/")[2])

    answer = admin.api.bootstrap({"action": "create_administrator", "login": before.login, "password": "Other-one-9"})

    assert answer == {"userId": before.id, "login": before.login, "created": False}
    assert admin.storage.users.get(before.id) == before


@pytest.mark.parametrize(
    "payload", [{}, {"login": ""}, {"login": 1}, {"login": "a@b.example", "password": "short"}, {"login": "a" * 300}]
)
def test_a_person_who_cannot_be_made_is_refused(admin: Admin, payload: Any) -> None:
    assert admin.api.bootstrap({"action": "create_administrator", **payload})["error"] == "bad_person"
    assert admin.storage.roles.get().users == {}
