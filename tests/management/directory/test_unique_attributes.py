"""Attributes of which no two users have the same value (docs/protocol.md §27.4)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from authmint.management.directory import schemas, unique_attributes
from authmint.management.http.call import Call
from authmint.storage.retrying import Retrying

from tests.management.admin import Admin
from tests.management.directory.users import USERS, body, made

SCHEMA = "/api/v1/meta/schemas/user/default"
NUMBER = {"title": "Number", "type": "string", "unique": "UNIQUE_VALIDATED"}
TAKEN = "number: An object with this field already exists in the current organization"


def let(admin: Admin, schema: str = SCHEMA, **properties: Any) -> Any:
    return admin.post(schema, {"definitions": {"custom": {"properties": properties}}})


def shown(admin: Admin, name: str = "number", schema: str = SCHEMA) -> Any:
    return admin.get(schema).json["definitions"]["custom"]["properties"].get(name, {}).get("unique")


@pytest.mark.parametrize("unique", ["UNIQUE_VALIDATED", True])
def test_an_attribute_that_nobody_has_yet_is_unique_at_once(admin: Admin, unique: Any) -> None:
    answer = let(admin, number=NUMBER | {"unique": unique})

    assert answer.json["definitions"]["custom"]["properties"]["number"]["unique"] == "UNIQUE_VALIDATED"
    assert shown(admin) == "UNIQUE_VALIDATED"
    assert [event.type for event in admin.storage.events].count("user.schema.update") == 1


def test_a_value_is_given_once(admin: Admin) -> None:
    let(admin, number=NUMBER)
    ann = made(admin, "ann@example.com", number="A-7")
    bob = made(admin, "bob@example.com", number="B-8")

    assert admin.post(USERS, body("cy@example.com", number="a-7")).causes == [TAKEN]
    assert admin.post(f"{USERS}/{bob['id']}", {"profile": {"number": "A-7"}}).causes == [TAKEN]
    assert admin.put(f"{USERS}/{bob['id']}", body("bob@example.com", number="A-7")).causes == [TAKEN]
    assert admin.get(f"{USERS}/{bob['id']}").json["profile"]["number"] == "B-8"
    assert admin.post(f"{USERS}/{ann['id']}", {"profile": {"nickName": "Annie"}}).status == 200
    for login in ("cy@example.com", "di@example.com"):
        assert admin.post(USERS, body(login)).status == 200, "who has no value is like nobody"
    for login in ("ed@example.com", "flo@example.com"):
        assert admin.post(USERS, body(login, number="")).status == 200


def test_a_value_is_free_when_it_is_changed_or_removed_or_its_user_deleted(admin: Admin) -> None:
    let(admin, number=NUMBER)
    ann = f"{USERS}/{made(admin, 'ann@example.com', number='7')['id']}"
    bob = f"{USERS}/{made(admin, 'bob@example.com')['id']}"

    admin.post(ann, {"profile": {"number": "8"}})
    assert admin.post(bob, {"profile": {"number": "7"}}).status == 200
    admin.post(bob, {"profile": {"number": None}})
    assert admin.post(ann, {"profile": {"number": "7"}}).status == 200
    admin.delete(ann)
    assert admin.post(bob, {"profile": {"number": "7"}}).causes == [TAKEN], "a deactivated user keeps it"
    admin.delete(ann)
    assert admin.post(bob, {"profile": {"number": "7"}}).status == 200


def test_numbers_are_unique_as_numbers(admin: Admin) -> None:
    let(admin, number=NUMBER | {"type": "number"})
    made(admin, "ann@example.com", number=7)

    assert admin.post(USERS, body("bob@example.com", number=7.0)).causes == [TAKEN]
    assert admin.post(USERS, body("bob@example.com", number=7.5)).status == 200


def test_users_of_before_hold_their_values(admin: Admin) -> None:
    let(admin, number=NUMBER | {"unique": "NOT_UNIQUE"})
    before = [made(admin, f"u{n}@example.com", number=f"{n}") for n in range(5)]
    made(admin, "none@example.com")

    assert let(admin, number=NUMBER).status == 200

    assert shown(admin) == "UNIQUE_VALIDATED"
    assert admin.post(USERS, body("new@example.com", number="3")).causes == [TAKEN]
    after = [admin.get(f"{USERS}/{user['id']}").json for user in before]
    assert [user["lastUpdated"] for user in after] == [user["lastUpdated"] for user in before]


def test_an_attribute_whose_values_are_not_unique_cannot_become_it(admin: Admin) -> None:
    let(admin, number=NUMBER | {"unique": "NOT_UNIQUE"})
    made(admin, "ann@example.com", number="7")
    bob = made(admin, "bob@example.com", number="7")

    answer = let(admin, number=NUMBER)

    assert answer.causes == [
        "definitions.custom.properties.number.unique: Values are not unique: "
        f"that of user '{bob['id']}' is held by another user too."
    ]
    assert shown(admin) != "UNIQUE_VALIDATED"
    assert admin.post(USERS, body("cy@example.com", number="7")).status == 200, "nothing is held any more"


def test_an_attribute_stops_being_unique_and_becomes_it_again(admin: Admin) -> None:
    let(admin, number=NUMBER)
    ann = made(admin, "ann@example.com", number="7")

    let(admin, number=NUMBER | {"unique": "NOT_UNIQUE"})
    bob = made(admin, "bob@example.com", number="7")

    assert shown(admin) == "NOT_UNIQUE"
    assert let(admin, number=NUMBER).status == 400
    admin.post(f"{USERS}/{ann['id']}", {"profile": {"number": None}})
    assert let(admin, number=NUMBER).status == 200
    assert admin.post(f"{USERS}/{ann['id']}", {"profile": {"number": "7"}}).causes == [TAKEN]
    assert admin.post(f"{USERS}/{bob['id']}", {"profile": {"number": "7"}}).status == 200


def test_an_attribute_that_was_removed_holds_nothing(admin: Admin) -> None:
    let(admin, number=NUMBER)
    made(admin, "ann@example.com", number="7")
    let(admin, number=None)
    let(admin, number=NUMBER | {"type": "integer"})

    assert admin.post(USERS, body("bob@example.com", number=7)).status == 200


def test_what_is_sent_back_stays_unique(admin: Admin) -> None:
    let(admin, number=NUMBER)
    made(admin, "ann@example.com", number="7")

    assert admin.post(SCHEMA, admin.get(SCHEMA).json).status == 200
    let(admin, other={"title": "O", "type": "string"})

    assert shown(admin) == "UNIQUE_VALIDATED"
    assert admin.post(USERS, body("bob@example.com", number="7")).causes == [TAKEN]


def test_five_attributes_can_be_unique(admin: Admin) -> None:
    for number in range(5):
        assert let(admin, SCHEMA, **{f"n{number}": NUMBER}).status == 200

    assert let(admin, n5=NUMBER).causes == ["definitions.custom.properties: At most 5 attributes can be unique."]


def test_each_type_of_users_has_values_of_its_own(admin: Admin) -> None:
    staff = admin.post("/api/v1/meta/types/user", {"name": "staff", "displayName": "Staff"}).json
    schema = staff["_links"]["schema"]["href"]
    let(admin, number=NUMBER)
    let(admin, schema, number=NUMBER)
    made(admin, "ann@example.com", number="7")

    bob = admin.post(USERS, body("bob@example.com", number="7") | {"type": {"id": staff["id"]}})
    moved = admin.post(f"{USERS}/{bob.json['id']}", {"type": {"id": "default"}})

    assert (bob.status, shown(admin, schema=schema)) == (200, "UNIQUE_VALIDATED")
    assert moved.causes == [TAKEN]


def test_attributes_of_groups_and_of_apps_users_are_never_unique(admin: Admin) -> None:
    answer = let(admin, "/api/v1/meta/schemas/group/default", number=NUMBER)

    assert answer.causes == ["definitions.custom.properties.number.unique: Unique attributes are not supported here."]


def test_a_user_that_was_being_made_meanwhile_is_made_by_the_new_rule(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann's request read the schema of before, and is stored after all users were walked through."""
    let(admin, number=NUMBER | {"unique": "NOT_UNIQUE"})
    bob = made(admin, "bob@example.com", number="8")
    add, save = admin.storage.users.add, admin.storage.users.save
    came: list[str] = []

    def before_it(write: Any) -> Any:
        def written(*values: Any, **named: Any) -> None:
            if not came:
                came.append("unique")
                assert let(admin, number=NUMBER).status == 200
            write(*values, **named)

        return written

    monkeypatch.setattr(admin.storage.users, "add", before_it(add))
    ann = made(admin, "ann@example.com", number="7")
    monkeypatch.setattr(admin.storage.users, "add", add)
    assert admin.post(USERS, body("cy@example.com", number="7")).causes == [TAKEN]

    let(admin, number=NUMBER | {"unique": "NOT_UNIQUE"})
    came.clear()
    monkeypatch.setattr(admin.storage.users, "save", before_it(save))
    changed = admin.post(f"{USERS}/{bob['id']}", {"profile": {"number": "7"}})
    monkeypatch.setattr(admin.storage.users, "save", save)

    assert changed.causes == [TAKEN]
    assert admin.get(f"{USERS}/{ann['id']}").json["profile"]["number"] == "7"


def test_the_administrators_own_user_is_made_whatever_is_unique(admin: Admin) -> None:
    let(admin, number=NUMBER)

    assert admin.get(f"{USERS}/me").status == 200


def test_where_one_call_has_no_time_for_all_users_the_next_one_goes_on(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    let(admin, number=NUMBER | {"unique": "NOT_UNIQUE"})
    for number in range(5):
        made(admin, f"u{number}@example.com", number=f"{number}")
    held: list[int] = []

    def in_haste(call: Call, left: Callable[[], bool]) -> Call:
        return replace(call, retrying=Retrying(in_time=left))

    def finish(schemas: Any, users: Any, type_id: Any, call: Call) -> Any:
        times = iter([True] * 4)
        return unique_attributes.finish(schemas, users, type_id, in_haste(call, lambda: next(times, False)))

    monkeypatch.setattr(schemas, "finish", finish)
    statuses = []
    for _ in range(9):
        statuses.append(let(admin, number=NUMBER).status)
        held.append(sum(bool(user.unique) for user in admin.storage.users.list()))
        if statuses[-1] == 200:
            break
        assert shown(admin) is None
        assert admin.post(USERS, body("new@example.com", number="0")).causes == [TAKEN], "what is held is held"

    assert statuses == [503, 200]
    assert held == [3, 5]
