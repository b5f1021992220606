"""``/api/v1/groups/rules`` (docs/protocol.md §40)."""

from typing import Any

import pytest
from authmint.storage.errors import Unavailable
from authmint.storage.groups import EVERYONE_ID

from tests.management.admin import Admin
from tests.management.administrators.people import grant, person
from tests.management.directory.groups import GROUPS
from tests.management.directory.groups import made as made_group
from tests.management.directory.users import USERS
from tests.management.directory.users import made as made_user

RULES = "/api/v1/groups/rules"


def body(*groups: str, name: str = "Berne", value: str = 'user.city == "Bern"', **people: Any) -> dict[str, Any]:
    return {
        "type": "group_rule",
        "name": name,
        "conditions": {
            "expression": {"type": "urn:okta:expression:1.0", "value": value},
            "people": {"users": people or {}},
        },
        "actions": {"assignUserToGroups": {"groupIds": list(groups)}},
    }


@pytest.fixture
def group(admin: Admin) -> str:
    found: str = made_group(admin, "Bernese")["id"]
    return found


def a_rule(admin: Admin, *groups: str, active: bool = True, **more: Any) -> str:
    answer = admin.post(RULES, body(*groups, **more))
    assert answer.status == 200, answer.json
    if active:
        assert admin.post(f"{RULES}/{answer.json['id']}/lifecycle/activate").status == 204
    found: str = answer.json["id"]
    return found


def members(admin: Admin, group: str) -> list[str]:
    return [user["profile"]["login"].partition("@")[0] for user in admin.get(f"{GROUPS}/{group}/users").json]


def test_a_rule_is_made_read_changed_and_listed(admin: Admin, group: str) -> None:
    made = admin.post(RULES, body(group))

    assert made.status == 200
    assert list(made.json) == [
        "type", "id", "status", "name", "created", "lastUpdated", "conditions", "actions", "allGroupsValid",
    ]  # fmt: skip
    assert (made.json["id"][:3], made.json["status"]) == ("0pr", "INACTIVE")
    assert made.json["conditions"]["people"] == {"users": {"exclude": []}, "groups": {"exclude": []}}
    path = f"{RULES}/{made.json['id']}"
    assert admin.get(path).json == made.json
    changed = admin.put(path, body(group, name="Rome", value='user.city == "Rome"', exclude=["00u1"]))
    assert changed.json["conditions"]["people"]["users"] == {"exclude": ["00u1"]}
    assert admin.get(f"{RULES}?limit=1&search=rom").json == [changed.json]
    assert admin.get(f"{RULES}?search=berne").json == []
    (expanded,) = admin.get(f"{RULES}?expand=groupIdToGroupNameMap").json
    assert expanded["_embedded"] == {"groupIdToGroupNameMap": {group: "Bernese"}}
    second = a_rule(admin, group, active=False, name="second")
    page = admin.get(f"{RULES}?limit=1")
    assert [one["name"] for one in page.json] == ["Rome"]
    assert f"after={made.json['id']}" in page.header("link")[1]
    assert [one["id"] for one in admin.get(f"{RULES}?after={made.json['id']}").json] == [second]
    answer = admin.delete(path)
    assert (answer.status, answer.json) == (202, {})
    assert admin.get(path).json["errorSummary"].endswith("(GroupRule)")
    assert admin.get(path).status == admin.delete(path).status == admin.put(path, body(group)).status == 404


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"name": ""}, "name: The field cannot be left blank"),
        ({"name": "x" * 51}, "name: The field is too long"),
        ({"value": "user."}, "is missing"),
        ({"value": "user.nothing == 1"}, "users have no attribute 'nothing'"),
        ({"value": "appuser.email == null"}, "there is no 'appuser'"),
        ({"value": "Time.now() == null"}, "there is no function 'Time.now'"),
        ({"include": ["00u1"]}, "Only users can be left out"),
        ({"exclude": [f"00u{number}" for number in range(101)]}, "too long"),
    ],
)
def test_what_cannot_be_a_rule_is_refused(admin: Admin, group: str, change: dict[str, Any], cause: str) -> None:
    answer = admin.post(RULES, body(group, **change))

    assert (answer.status, answer.code) == (400, "E0000001")
    assert cause in answer.causes[0]


def test_names_are_unique_and_groups_are_there(admin: Admin, group: str) -> None:
    a_rule(admin, group)

    assert "already exists" in admin.post(RULES, body(group)).causes[0]
    assert admin.post(RULES, body("00gNobody", name="b")).status == 404
    assert "blank" in admin.post(RULES, body(name="b")).causes[0]
    assert "Everyone holds all users" in admin.post(RULES, body(EVERYONE_ID, name="b")).causes[0]


def test_a_group_that_has_a_role_is_no_rules(admin: Admin, group: str) -> None:
    """Who may write profiles would make administrators."""
    resting = a_rule(admin, group, active=False)
    grant(admin, f"{GROUPS}/{group}", "SUPER_ADMIN")

    assert "has a role" in admin.post(RULES, body(group, name="b")).causes[0]
    assert "has a role" in admin.post(f"{RULES}/{resting}/lifecycle/activate").causes[0]


def test_a_role_that_comes_later_stops_the_rule(admin: Admin, group: str) -> None:
    a_rule(admin, group)
    made_user(admin, "ann@example.com", city="Bern")
    grant(admin, f"{GROUPS}/{group}", "READ_ONLY_ADMIN")
    made_user(admin, "bob@example.com", city="Bern")

    assert members(admin, group) == ["ann"]


def test_users_join_and_leave_as_they_change(admin: Admin, group: str) -> None:
    rule = a_rule(admin, group)
    ann = made_user(admin, "ann@example.com", city="Bern")["id"]
    bob = made_user(admin, "bob@example.com", city="Rome")["id"]

    assert members(admin, group) == ["ann"]
    admin.post(f"{USERS}/{bob}", {"profile": {"city": "Bern"}})
    admin.post(f"{USERS}/{ann}", {"profile": {"city": "Rome"}})
    assert members(admin, group) == ["bob"]
    joined = [event for event in admin.storage.events if event.type == "group.user_membership.add"]
    assert [event.debug for event in joined] == [{"group_rules": rule}] * 2
    assert [target.id for target in joined[0].targets] == [ann, group]


def test_activation_looks_at_who_is_there_and_deactivation_takes_nobody_out(admin: Admin, group: str) -> None:
    ann = made_user(admin, "ann@example.com", city="Bern")["id"]
    rule = a_rule(admin, group)
    path = f"{RULES}/{rule}"

    assert members(admin, group) == ["ann"]
    assert admin.put(path, body(group)).causes == [
        "status: A rule that is active cannot be changed: deactivate it first."
    ]
    assert admin.post(f"{path}/lifecycle/deactivate").status == 204
    admin.post(f"{USERS}/{ann}", {"profile": {"city": "Rome"}})
    assert (members(admin, group), admin.get(path).json["status"]) == (["ann"], "INACTIVE")
    other = made_group(admin, "Other")["id"]
    assert admin.put(path, body(other, value='user.city == "Rome"')).status == 200
    assert admin.post(f"{path}/lifecycle/activate").status == 204
    assert admin.post(f"{path}/lifecycle/activate").status == 204
    assert (members(admin, group), members(admin, other)) == ([], ["ann"])


@pytest.mark.parametrize(("query", "left"), [("", ["ann", "bob"]), ("?removeUsers=false", ["ann", "bob"]),
                                             ("?removeUsers=true", ["bob"])])  # fmt: skip
def test_a_deleted_rule_leaves_its_members_or_takes_them_along(
    admin: Admin, group: str, query: str, left: list[str]
) -> None:
    rule = a_rule(admin, group)
    made_user(admin, "ann@example.com", city="Bern")
    bob = made_user(admin, "bob@example.com", city="Bern")["id"]
    admin.put(f"{GROUPS}/{group}/users/{bob}")

    assert admin.delete(f"{RULES}/{rule}{query}").status == 202

    assert members(admin, group) == left
    assert admin.get(RULES).json == []
    assert admin.storage.group_rules.all().rules == ()
    again = a_rule(admin, group, value="false")
    assert (again != rule, members(admin, group)) == (True, left)


def test_what_somebody_did_by_hand_no_rule_undoes(admin: Admin, group: str) -> None:
    a_rule(admin, group)
    ann = made_user(admin, "ann@example.com", city="Bern")["id"]
    cat = made_user(admin, "cat@example.com")["id"]
    for user in (ann, cat, cat):
        assert admin.put(f"{GROUPS}/{group}/users/{user}").status == 204

    admin.post(f"{USERS}/{ann}", {"profile": {"city": "Rome"}})

    assert members(admin, group) == ["ann", "cat"]


def test_whom_somebody_takes_out_no_rule_puts_back(admin: Admin, group: str) -> None:
    rule = a_rule(admin, group)
    ann = made_user(admin, "ann@example.com", city="Bern")["id"]

    assert admin.delete(f"{GROUPS}/{group}/users/{ann}").status == 204

    assert members(admin, group) == []
    assert admin.get(f"{RULES}/{rule}").json["conditions"]["people"]["users"]["exclude"] == [ann]
    admin.post(f"{USERS}/{ann}", {"profile": {"city": "Bern", "nickName": "x"}})
    assert members(admin, group) == []
    assert "group.user_membership.rule.add_exclusion" in [event.type for event in admin.storage.events]


def test_a_rule_leaves_a_hundred_alone_and_no_more(admin: Admin, group: str) -> None:
    a_rule(admin, group, exclude=[f"00u{number}" for number in range(100)])
    ann = made_user(admin, "ann@example.com", city="Bern")["id"]

    answer = admin.delete(f"{GROUPS}/{group}/users/{ann}")

    assert (answer.status, members(admin, group)) == (400, ["ann"])


def test_a_rule_that_names_what_is_gone_is_invalid(admin: Admin, group: str) -> None:
    other = made_group(admin, "Other")["id"]
    rule = a_rule(admin, group, other)
    schema = "/api/v1/meta/schemas/user/default"
    custom = {"definitions": {"custom": {"properties": {"team": {"title": "T", "type": "string"}}}}}
    assert admin.post(schema, custom).status == 200
    by_team = a_rule(admin, group, name="team", value='user.team == "a"')
    admin.delete(f"{GROUPS}/{other}")
    admin.post(schema, {"definitions": {"custom": {"properties": {"team": None}}}})

    found = admin.get(f"{RULES}/{rule}").json
    assert (found["status"], found["allGroupsValid"]) == ("INVALID", False)
    team = admin.get(f"{RULES}/{by_team}").json
    assert (team["status"], team["allGroupsValid"]) == ("INVALID", True)
    admin.post(f"{RULES}/{rule}/lifecycle/deactivate")
    assert "there is no group" in admin.post(f"{RULES}/{rule}/lifecycle/activate").causes[0]
    made_user(admin, "ann@example.com", city="Bern")
    assert members(admin, group) == []


def test_groups_that_rules_fill_decide_no_rule(admin: Admin, group: str) -> None:
    """So that the order of rules never matters, and none goes round in circles."""
    other = made_group(admin, "Other")["id"]
    a_rule(admin, group)
    a_rule(admin, other, name="other", value=f'isMemberOfGroup("{group}")')
    ann = made_user(admin, "ann@example.com", city="Bern")["id"]

    assert (members(admin, group), members(admin, other)) == (["ann"], [])
    admin.put(f"{GROUPS}/{group}/users/{ann}")
    assert members(admin, other) == ["ann"]
    admin.delete(f"{GROUPS}/{group}/users/{ann}")
    assert members(admin, other) == []


def test_who_is_deactivated_joins_nothing(admin: Admin, group: str) -> None:
    a_rule(admin, group)
    ann = made_user(admin, "ann@example.com", city="Rome")["id"]
    admin.post(f"{USERS}/{ann}/lifecycle/deactivate")
    rule = a_rule(admin, group, name="b", value="true")

    assert admin.storage.groups.members(group) == []
    admin.post(f"{USERS}/{ann}/lifecycle/activate")
    assert admin.storage.groups.members(group) == [ann]
    admin.post(f"{USERS}/{ann}/lifecycle/deactivate")
    admin.delete(f"{RULES}/{rule}?removeUsers=true")
    assert admin.storage.groups.members(group) == []


def test_why_somebody_is_in_a_group_is_explained(admin: Admin, group: str) -> None:
    other = made_group(admin, "Other")["id"]
    rule = a_rule(admin, group)
    broken = a_rule(admin, other, name="broken", value="user.city")
    ann = made_user(admin, "ann@example.com", city="Bern")["id"]
    admin.put(f"{GROUPS}/{other}/users/{ann}")

    said = admin.post(f"{RULES}/explain", {"userId": "ann@example.com"}).json

    assert {one["id"]: (one["holds"], one["inputs"], one["problem"]) for one in said["rules"]} == {
        rule: (True, {"user.city": "Bern"}, None),
        broken: (False, {"user.city": "Bern"}, "a condition is not boolean"),
    }
    assert said["groups"] == [
        {"id": group, "name": "Bernese", "byHand": False, "byRules": [{"id": rule, "name": "Berne"}]},
        {"id": other, "name": "Other", "byHand": True, "byRules": []},
    ]
    tried = {"conditions": {"expression": {"value": 'user.city == "Rome"'}}}
    last = admin.post(f"{RULES}/explain", {"userId": ann, "rule": tried}).json["rules"][-1]
    assert (last["id"], last["name"], last["holds"]) == (None, None, False)
    assert admin.post(f"{RULES}/explain", {"userId": "nobody"}).status == 404
    assert admin.post(f"{RULES}/explain", {}).status == 400


def test_rules_are_for_who_administers_groups_all_over(admin: Admin, group: str) -> None:
    a_rule(admin, group)
    helper = person(admin, "helper", "USER_ADMIN")
    reader = person(admin, "reader", "READ_ONLY_ADMIN")
    assert (helper.status("GET", RULES), helper.status("POST", RULES, body(group, name="c"))) == (403, 403)
    assert (reader.status("GET", RULES), reader.status("POST", RULES, body(group, name="c"))) == (200, 403)


def test_a_run_goes_on_by_schedule(admin: Admin, group: str) -> None:
    for number in range(230):
        made_user(admin, f"u{number:03d}@example.com", city="Bern")
    rule = a_rule(admin, group, active=False)
    admin.post(f"{RULES}/{rule}/lifecycle/activate")

    assert len(admin.storage.groups.members(group, limit=1_000)) == 200
    assert admin.api.run_group_rules() == {"users": 30}
    assert len(admin.storage.groups.members(group, limit=1_000)) == 230
    assert admin.api.run_group_rules() == {"users": 0}


def test_a_user_who_is_made_is_answered_even_where_rules_cannot_be_asked(
    admin: Admin, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_rule(admin, group)

    def away(_: str) -> Any:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(admin.storage.group_rules, "memberships", away)
        user = made_user(admin, "ann@example.com", city="Bern")
        assert admin.post(f"{USERS}/{user['id']}", {"profile": {"nickName": "A"}}).status == 503
    assert members(admin, group) == []
    assert admin.post(f"{USERS}/{user['id']}", {"profile": {"nickName": "A"}}).status == 200
    assert members(admin, group) == ["ann"]
