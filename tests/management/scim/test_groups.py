"""Groups provisioned by a directory (docs/protocol.md §41.4)."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, Admin
from tests.management.directory.groups import made as made_group
from tests.management.scim.directory import GROUPS, USERS, Provisioning


@pytest.fixture
def scim(admin: Admin) -> Provisioning:
    return Provisioning(admin)


def members(scim: Provisioning, group: str) -> set[str]:
    return {one["value"] for one in scim.call("GET", f"{GROUPS}/{group}").json.get("members", [])}


def test_a_group_is_made_with_members_changed_and_deleted(admin: Admin, scim: Provisioning) -> None:
    ann, bob = scim.user()["id"], scim.user("bob@example.com")["id"]

    made = scim.call("POST", GROUPS, {"displayName": "Sales", "externalId": "g-1", "members": [{"value": ann}]})

    assert made.status == 201
    assert made.header("location") == [f"{BASE_URL}{GROUPS}/{made.json['id']}"]
    assert made.json["members"] == [{"value": ann, "$ref": f"{BASE_URL}{USERS}/{ann}", "type": "User"}]
    group = made.json["id"]
    assert admin.storage.groups.members(group) == [ann]
    assert scim.found(GROUPS, 'displayName eq "sales"') == [group]
    assert scim.found(GROUPS, 'externalId eq "g-1"') == [group]
    assert scim.found(GROUPS, f'id eq "{group}"') == [group]
    assert scim.found(GROUPS, f'members.value eq "{ann}"') == [group]
    assert scim.found(GROUPS, f'members[value eq "{bob}"]') == []
    assert scim.found(GROUPS, 'displayName eq "other"') == []
    (listed,) = scim.call("GET", GROUPS, excludedAttributes="members").json["Resources"]
    assert "members" not in listed
    replaced = scim.call("PUT", f"{GROUPS}/{group}", {"displayName": "Sellers", "members": [{"value": bob}]})
    assert (replaced.json["displayName"], members(scim, group)) == ("Sellers", {bob})
    assert "externalId" not in replaced.json
    assert scim.found(GROUPS, 'externalId eq "g-1"') == []
    assert scim.call("DELETE", f"{GROUPS}/{group}").status == 204
    assert scim.call("GET", f"{GROUPS}/{group}").status == 404
    joined = [event.type for event in admin.storage.events if event.type.startswith("group.user_membership")]
    assert joined == ["group.user_membership.add", "group.user_membership.add", "group.user_membership.remove"]


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "Add", "path": "members", "value": [{"value": "B"}]}], "AB"),
        ([{"op": "add", "path": "members", "value": [{"value": "A"}]}], "A"),
        ([{"op": "add", "value": {"members": [{"value": "B"}]}}], "AB"),
        ([{"op": "Remove", "path": 'members[value eq "A"]'}], ""),
        ([{"op": "Remove", "path": "members", "value": [{"value": "A"}]}], ""),
        ([{"op": "Remove", "path": "members", "value": "A"}], ""),
        ([{"op": "remove", "path": "members"}], ""),
        ([{"op": "replace", "path": "members", "value": [{"value": "B"}]}], "B"),
        ([{"op": "replace", "path": "members", "value": []}], ""),
        ([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": {"value": "B"}}], "B"),
        ([{"op": "add", "path": "members", "value": {"value": "B"}}, {"op": "remove", "path": 'members[value eq "B"]'}],
         "A"),
        ([{"op": "replace", "value": {"displayName": "New", "schemas": []}}], "A"),
    ],
)  # fmt: skip
def test_members_are_patched(admin: Admin, scim: Provisioning, operations: list[dict[str, Any]], expected: str) -> None:
    ids = {"A": scim.user()["id"], "B": scim.user("b@example.com")["id"]}
    group = scim.group(members=[{"value": ids["A"]}])["id"]

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        if isinstance(value, str) and value in ids:
            return ids[value]
        return (
            value.replace('"A"', f'"{ids["A"]}"').replace('"B"', f'"{ids["B"]}"') if isinstance(value, str) else value
        )

    answer = scim.patch(f"{GROUPS}/{group}", *filled(operations))

    assert answer.status == 200, answer.json
    assert members(scim, group) == {ids[letter] for letter in expected}


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "add", "path": "members", "value": [{"value": "00uNobody"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"display": "x"}]}, "invalidValue"),
        ({"op": "remove", "path": 'members[display eq "x"]'}, "invalidFilter"),
        ({"op": "replace", "path": "displayName", "value": ""}, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": "Everyone"}, "invalidValue"),
        ({"op": "replace", "path": "externalId", "value": 1}, "invalidValue"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "replace", "path": "owner", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "members", "value": [{"value": f"00u{number}"} for number in range(10_001)]}, "tooMany"),
    ],
)
def test_patches_that_cannot_be_done_change_nothing(scim: Provisioning, operation: Any, scim_type: str) -> None:
    group = scim.group()
    path = f"{GROUPS}/{group['id']}"

    answer = scim.patch(path, {"op": "replace", "path": "externalId", "value": "lost"}, operation)

    assert (answer.status, answer.json["scimType"]) == (400, scim_type)
    assert scim.call("GET", path).json == group


def test_names_are_unique_and_patched_back(admin: Admin, scim: Provisioning) -> None:
    made_group(admin, "Taken")
    group = scim.group(externalId="g")["id"]

    assert scim.call("POST", GROUPS, {"displayName": "taken"}).json["scimType"] == "uniqueness"
    answer = scim.patch(f"{GROUPS}/{group}", {"op": "replace", "path": "displayName", "value": "taken"})
    assert (answer.status, answer.json["scimType"]) == (409, "uniqueness")
    assert "externalId" not in scim.patch(f"{GROUPS}/{group}", {"op": "remove", "path": "externalId"}).json
    assert scim.call("POST", GROUPS, {}).json["scimType"] == "invalidValue"


def test_a_group_with_very_many_members_is_shown_without_them(
    admin: Admin, scim: Provisioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = scim.group(members=[{"value": scim.user(f"u{number}@example.com")["id"]} for number in range(3)])["id"]
    monkeypatch.setattr("authmint.management.scim.groups.MOST_MEMBERS", 2)

    assert scim.call("GET", f"{GROUPS}/{group}").json["scimType"] == "tooMany"
    assert scim.call("GET", f"{GROUPS}/{group}", excludedAttributes="members").status == 200


def test_group_rules_go_on_beside_it(admin: Admin, scim: Provisioning) -> None:
    by_rule = made_group(admin, "Bernese")["id"]
    rule = {
        "type": "group_rule",
        "name": "r",
        "conditions": {"expression": {"value": 'user.title == "CTO"'}},
        "actions": {"assignUserToGroups": {"groupIds": [by_rule]}},
    }
    made = admin.post("/api/v1/groups/rules", rule).json["id"]
    assert admin.post(f"/api/v1/groups/rules/{made}/lifecycle/activate").status == 204

    ann = scim.user(title="CTO")["id"]

    assert members(scim, by_rule) == {ann}
    scim.patch(f"{USERS}/{ann}", {"op": "remove", "path": "title"})
    assert members(scim, by_rule) == set()
