"""ETag and If-Match on objects of the management API."""

from typing import Any

import pytest
from authmint.storage.errors import Conflict

from .admin import TOKEN, Admin, Answer

GROUPS = "/api/v1/groups"


def with_tag(admin: Admin, method: str, path: str, body: Any, tag: str) -> Answer:
    return admin.call(method, path, body, headers={"authorization": f"SSWS {TOKEN}", "if-match": tag})


def group(name: str) -> dict[str, Any]:
    return {"profile": {"name": name, "description": ""}}


def test_objects_have_a_tag_that_changes_with_them_and_lists_have_none() -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"

    (first,) = admin.get(path).header("etag")
    assert admin.get(path).header("etag") == [first]
    admin.put(path, group("b"))
    assert admin.get(path).header("etag") != [first]
    assert admin.get(GROUPS).header("etag") == []
    assert admin.get(f"{GROUPS}/nothing").header("etag") == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_second_of_two_who_change_the_same_is_refused_and_nothing_is_changed(method: str) -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"
    (read,) = admin.get(path).header("etag")

    first = with_tag(admin, "PUT", path, group("first"), read)
    second = with_tag(admin, method, path, None if method == "DELETE" else group("second"), read)

    assert (first.status, second.status, second.code) == (200, 412, "E0000412")
    assert admin.get(path).json["profile"]["name"] == "first"
    (now,) = admin.get(path).header("etag")
    assert with_tag(admin, "PUT", path, group("second"), f'"other", {now}').status == 200


def test_who_sends_no_tag_or_any_is_answered_as_ever() -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"

    assert admin.put(path, group("b")).status == 200
    assert with_tag(admin, "PUT", path, group("c"), "*").status == 200
    assert with_tag(admin, "PUT", f"{GROUPS}/nothing", group("c"), '"x"').status == 404
    assert with_tag(admin, "POST", GROUPS, group("d"), '"x"').status == 412


def test_what_comes_first_while_a_change_is_being_written_is_seen_when_it_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin = Admin()
    path = f"{GROUPS}/{admin.made(GROUPS, group('a'))['id']}"
    (read,) = admin.get(path).header("etag")
    groups = type(admin.storage.groups)
    save, others = groups.save, [group("between")]

    def late(*args: Any, **kwargs: Any) -> Any:
        if others:
            admin.put(path, others.pop())
            raise Conflict
        return save(*args, **kwargs)

    monkeypatch.setattr(groups, "save", late)
    answer = with_tag(admin, "PUT", path, group("late"), read)

    assert (answer.status, admin.get(path).json["profile"]["name"]) == (412, "between")
