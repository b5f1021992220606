"""Groups and their members over the management API (docs/protocol.md §27.3)."""

from typing import Any
from urllib.parse import quote

import pytest
from authmint.storage.groups import EVERYONE_ID

from tests.management.admin import BASE_URL, SERVERS, Admin
from tests.management.directory.groups import GROUPS, made
from tests.management.directory.users import USERS, events
from tests.management.directory.users import made as made_user


def test_a_group_has_the_recorded_shape(admin: Admin) -> None:
    group = made(admin)

    assert list(group) == [
        "id", "created", "lastUpdated", "lastMembershipUpdated", "objectClass", "type", "profile", "_links",
    ]  # fmt: skip
    assert group["id"].startswith("00g")
    assert (group["objectClass"], group["type"]) == (["okta:user_group"], "OKTA_GROUP")
    assert group["profile"] == {"name": "Eng", "description": None}
    assert group["_links"]["users"]["href"] == f"{BASE_URL}{GROUPS}/{group['id']}/users"
    assert admin.get(f"{GROUPS}/{group['id']}").json == group
    assert events(admin) == ["group.lifecycle.create"]


def test_a_group_is_replaced_and_deleted(admin: Admin) -> None:
    group = made(admin, description="d")
    path = f"{GROUPS}/{group['id']}"
    admin.clock.advance(seconds=3)

    changed = admin.put(path, {"profile": {"name": "Ops"}}).json
    sent_back = admin.put(path, changed).json
    gone = admin.delete(path)

    assert changed["profile"] == {"name": "Ops", "description": None}
    assert changed["lastUpdated"] > changed["lastMembershipUpdated"]
    assert sent_back == changed
    assert gone.status == 204
    assert admin.get(path).json["errorSummary"] == f"Not found: Resource not found: {group['id']} (UserGroup)"
    assert admin.delete(path).status == admin.put(path, {"profile": {"name": "x"}}).status == 404
    assert events(admin)[1:] == ["group.profile.update", "group.profile.update", "group.lifecycle.delete"]


@pytest.mark.parametrize(
    ("sent", "code", "causes"),
    [
        ({"boop": "bap"}, "E0000003", []),
        ({"profile": []}, "E0000003", []),
        ({"profile": {"name": 5}}, "E0000003", []),
        ({}, "E0000001", ["name: The field cannot be left blank"]),
        ({"profile": {"name": " "}}, "E0000001", ["name: The field cannot be left blank"]),
        ({"profile": {"name": "x" * 256}}, "E0000001", ["name: The field is too long"]),
        ({"profile": {"name": "\ufdfa" * 255}}, "E0000001", ["name: The field is too long"]),
        ({"profile": {"name": "x", "y": 1}}, "E0000001", ["Property name 'y' is not defined in profile"]),
        (
            {"profile": {"name": "eNG"}},
            "E0000001",
            ["name: An object with this field already exists in the current organization"],
        ),
        (
            {"profile": {"name": "everyone"}},
            "E0000001",
            ["name: An object with this field already exists in the current organization"],
        ),
    ],
)
def test_what_is_refused(admin: Admin, sent: Any, code: str, causes: list[str]) -> None:
    made(admin)

    answer = admin.post(GROUPS, sent)

    assert (answer.code, answer.causes) == (code, causes)
    assert len(admin.get(GROUPS).json) == 2


def test_everyone_is_there_and_cannot_be_changed(admin: Admin) -> None:
    user = made_user(admin)
    path = f"{GROUPS}/{EVERYONE_ID}"

    refused = [
        admin.put(path, {"profile": {"name": "x"}}),
        admin.delete(path),
        admin.put(f"{path}/users/{user['id']}"),
        admin.delete(f"{path}/users/{user['id']}"),
    ]

    assert [answer.code for answer in refused] == ["E0000111"] * 4
    assert admin.get(path).json["profile"] == {"name": "Everyone", "description": "All users in your organization"}
    assert admin.get(f"{GROUPS}?q=Everyone").json == [admin.get(path).json]
    assert [one["id"] for one in admin.get(f"{path}/users").json] == [user["id"]]


def test_members_come_and_go(admin: Admin) -> None:
    group, ann, bob = made(admin), made_user(admin), made_user(admin, "bob@example.com")
    path = f"{GROUPS}/{group['id']}/users"
    admin.clock.advance(seconds=3)

    statuses = [
        admin.put(f"{path}/{ann['id']}").status,
        admin.put(f"{path}/{ann['id']}").status,
        admin.put(f"{path}/{bob['id']}").status,
        admin.delete(f"{path}/{bob['id']}").status,
        admin.delete(f"{path}/{bob['id']}").status,
    ]

    after = admin.get(f"{GROUPS}/{group['id']}").json
    assert statuses == [204] * 5
    assert [one["profile"]["login"] for one in admin.get(path).json] == ["ann@example.com"]
    assert after["lastMembershipUpdated"] > after["lastUpdated"] == group["lastUpdated"]
    assert [name for name in events(admin) if "membership" in name] == [
        "group.user_membership.add",
        "group.user_membership.add",
        "group.user_membership.remove",
    ]
    admin.delete(f"{USERS}/{ann['id']}")
    assert admin.get(path).json == []


def test_whose_membership_is_not_there(admin: Admin) -> None:
    group, user = made(admin), made_user(admin)

    for method in ("PUT", "DELETE"):
        nobody = admin.call(method, f"{GROUPS}/{group['id']}/users/00uNone")
        nowhere = admin.call(method, f"{GROUPS}/00gNone/users/{user['id']}")
        assert nobody.json["errorSummary"].endswith("00uNone (User)")
        assert nowhere.json["errorSummary"].endswith("00gNone (UserGroup)")


@pytest.fixture
def many(admin: Admin) -> Admin:
    for name in ("Alpha", "Beta", "Gamma", "alphabet"):
        made(admin, name, description=f"about {name}")
        admin.clock.advance(seconds=1)
    return admin


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Everyone", "Alpha", "Beta", "Gamma", "alphabet"]),
        ("q=ALPHA", ["Alpha", "alphabet"]),
        ("q=e", ["Everyone"]),
        ('q=alpha&filter=type eq "OKTA_GROUP"', ["Alpha", "alphabet"]),
        ('q=alpha&filter=type eq "BUILT_IN"', []),
        ('filter=type eq "BUILT_IN"', ["Everyone"]),
        ('search=profile.name eq "beta"', ["Beta"]),
        ('search=profile.name eq "Everyone"', ["Everyone"]),
        ('search=profile.name eq "Nobody"', []),
        ('search=type eq "OKTA_GROUP" and profile.name sw "a"', ["Alpha", "alphabet"]),
        ('search=profile.description co "gam"', ["Gamma"]),
        (f'filter=id eq "{EVERYONE_ID}"', ["Everyone"]),
        ('filter=lastMembershipUpdated gt "2099-12-03T16:53:22.000Z" and type eq "OKTA_GROUP"', ["alphabet"]),
    ],
)
def test_searching(many: Admin, query: str, names: list[str]) -> None:
    found = many.get(f"{GROUPS}?{quote(query, safe='=&')}").json

    assert [group["profile"]["name"] for group in found] == names


@pytest.mark.parametrize("query", ["", "&q=", "&search=id pr", '&filter=type eq "OKTA_GROUP"'])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_hold_every_group_once(many: Admin, query: str, limit: int) -> None:
    seen: list[str] = []
    url = f"{GROUPS}?limit={limit}{query}"
    for _ in range(10):
        answer = many.get(url)
        seen += [group["profile"]["name"] for group in answer.json]
        links = answer.header("link")
        if len(links) == 1:
            break
        url = links[1].partition(">")[0].removeprefix("<").removeprefix(BASE_URL)

    assert len(seen) == len(set(seen)) == (4 if "filter" in query else 5)


def test_members_come_in_pages(admin: Admin) -> None:
    group = made(admin)
    for number in range(5):
        user = made_user(admin, f"u{number}@example.com")
        admin.put(f"{GROUPS}/{group['id']}/users/{user['id']}")

    first = admin.get(f"{GROUPS}/{group['id']}/users?limit=3")
    following = first.header("link")[1].partition(">")[0].removeprefix("<")
    second = admin.get(following)

    assert [len(first.json), len(second.json)] == [3, 2]
    assert len(second.header("link")) == 1
    assert len(admin.get(f"{GROUPS}/{EVERYONE_ID}/users?limit=3").json) == 3


def test_a_rule_needs_somebody_who_is_there(admin: Admin) -> None:
    group, user = made(admin), made_user(admin)
    server = admin.server()
    policy = admin.made(f"{SERVERS}/{server['id']}/policies", {"name": "p"})
    rules = f"{SERVERS}/{server['id']}/policies/{policy['id']}/rules"

    def rule(**people: Any) -> Any:
        conditions = {"grantTypes": {"include": ["authorization_code"]}, "people": people}
        return admin.post(rules, {"name": "r", "conditions": conditions})

    for people in (
        {"groups": {"include": [group["id"]]}},
        {"users": {"include": [user["id"]]}},
        {"groups": {"include": ["00gNone", EVERYONE_ID]}},
        {"users": {"include": [user["id"]]}, "groups": {"include": ["00gNone"]}},
    ):
        assert rule(**people).status == 201
    for people in ({"groups": {"include": ["00gNone"]}}, {"users": {"include": ["00uNone", ""]}}, {}):
        assert "must contain a valid user or group" in rule(**people).causes[0]
