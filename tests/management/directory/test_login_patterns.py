"""Logins that need be no e-mail addresses (docs/protocol.md §27.4)."""

from typing import Any

import pytest

from tests.management.admin import Admin
from tests.management.directory.users import USERS, body, made

SCHEMA = "/api/v1/meta/schemas/user/default"


def let_logins_be(admin: Admin, pattern: str | None) -> Any:
    answer = admin.post(SCHEMA, {"definitions": {"base": {"properties": {"login": {"pattern": pattern}}}}})
    assert answer.status == 200, answer.json
    return answer.json["definitions"]["base"]["properties"]["login"]


def person(login: str, **more: Any) -> dict[str, Any]:
    return body(login, email="ann@example.com", **more)


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        (
            ".+",
            ["a", "ann", "a b", "ünü", "ann@example.com", "00uA", "x" * 100],
            ["", " ann", "a\nb", "a\u200bb", "x" * 101],
        ),
        ("[a-z0-9]+", ["ann1"], ["Ann", "ann@example.com", "a b", ""]),
        (r"[-A-Za-z0-9_\.@\+]+", ["a-n_n.1@x+y"], ["ann!", "ünü"]),
        (r"[\-a\\]+", ["-\\a"], ["b"]),
    ],
)
def test_a_pattern_says_what_logins_look_like(admin: Admin, pattern: str, taken: list[str], refused: list[str]) -> None:
    shown = let_logins_be(admin, pattern)

    assert shown["pattern"] == pattern
    for login in taken:
        assert admin.post(USERS, person(login)).json["profile"]["login"] == login
    for login in refused:
        answer = admin.post(USERS, person(login))
        assert (answer.status, answer.causes[0].partition(":")[0]) == (400, "login"), login


def test_without_a_pattern_a_login_is_an_address_again(admin: Admin) -> None:
    before = admin.get(SCHEMA).json["definitions"]["base"]["properties"]["login"]
    let_logins_be(admin, ".+")
    ann = made(admin, "ann", email="ann@example.com")

    assert let_logins_be(admin, None) == before
    assert admin.post(USERS, person("bobby")).causes == ["login: Username must be in the form of an email address"]
    assert admin.get(f"{USERS}/ann").json["id"] == ann["id"], "who has one keeps it until the profile changes"


def test_other_changes_leave_the_pattern_alone(admin: Admin) -> None:
    let_logins_be(admin, ".+")
    admin.post(SCHEMA, {"definitions": {"base": {"properties": {"login": {"title": "Username", "required": True}}}}})

    assert admin.get(SCHEMA).json["definitions"]["base"]["properties"]["login"]["pattern"] == ".+"


def test_the_address_stays_an_address(admin: Admin) -> None:
    let_logins_be(admin, ".+")

    assert admin.post(USERS, body("ann", email="annannann")).causes[0].startswith("email: ")


def test_an_id_comes_before_a_login_and_a_login_before_a_short_one(admin: Admin) -> None:
    let_logins_be(admin, ".+")
    ann = made(admin, "ann@example.com")
    assert admin.get(f"{USERS}/ann").json["id"] == ann["id"]

    exact = made(admin, "ANN", email="ann@example.com")
    thief = made(admin, ann["id"], email="ann@example.com")

    assert admin.get(f"{USERS}/ann").json["id"] == exact["id"]
    assert admin.get(f"{USERS}/ann@example.com").json["id"] == ann["id"]
    assert admin.get(f"{USERS}/{ann['id']}").json["id"] == ann["id"], "nobody takes the place of an id"
    assert admin.get(f"{USERS}/{thief['id']}").json["profile"]["login"] == ann["id"]


def test_a_login_without_an_address_is_unique_too(admin: Admin) -> None:
    let_logins_be(admin, ".+")
    made(admin, "ann", email="ann@example.com")

    assert admin.post(USERS, person("ANN")).causes[0].startswith("login: An object with this field already exists")
    found = admin.get(f"{USERS}?filter=profile.login+eq+%22Ann%22").json
    assert [user["profile"]["login"] for user in found] == ["ann"]
