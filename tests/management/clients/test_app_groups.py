"""Priorities of the groups of an app: unique, and what lists are ordered by."""

from typing import Any

import pytest
from authmint.storage.assignments import MOST_MOVED, AppGroup

from tests.management.admin import Admin
from tests.management.apps import APPS, an_app


@pytest.fixture
def path(admin: Admin) -> str:
    return f"{APPS}/{an_app(admin)['id']}/groups"


def _groups(admin: Admin, count: int) -> list[str]:
    return [admin.made("/api/v1/groups", {"profile": {"name": f"group {n:03}"}})["id"] for n in range(count)]


def _priorities(admin: Admin, path: str) -> dict[str, int]:
    return {one["id"]: one["priority"] for one in admin.get(f"{path}?limit=200").json}


def test_a_group_without_a_priority_takes_the_first_free_one(admin: Admin, path: str) -> None:
    first, second, third = _groups(admin, 3)

    given = admin.put(f"{path}/{first}", {"priority": 1}).json["priority"]
    free = admin.put(f"{path}/{second}", {}).json["priority"]
    following = admin.put(f"{path}/{third}").json["priority"]

    assert (given, free, following) == (1, 0, 2)


def test_a_group_keeps_its_priority_where_none_is_sent(admin: Admin, path: str) -> None:
    (group,) = _groups(admin, 1)
    admin.put(f"{path}/{group}", {"priority": 4})

    assert admin.put(f"{path}/{group}", {"profile": {"role": "x"}}).json["priority"] == 4


@pytest.mark.parametrize("patching", [False, True])
def test_who_has_the_priority_makes_way(admin: Admin, path: str, patching: bool) -> None:
    a, b, c, d, new = _groups(admin, 5)
    for group, priority in ((a, 0), (b, 1), (c, 2), (d, 7)):
        admin.put(f"{path}/{group}", {"priority": priority})

    if patching:
        admin.put(f"{path}/{new}", {"priority": 9})
        admin.call("PATCH", f"{path}/{new}", [{"op": "replace", "path": "/priority", "value": 1}])
    else:
        admin.put(f"{path}/{new}", {"priority": 1})

    assert _priorities(admin, path) == {a: 0, new: 1, b: 2, c: 3, d: 7}


def test_those_that_had_one_priority_before_make_way_one_by_one(admin: Admin, path: str) -> None:
    a, b, c, new = _groups(admin, 4)
    app_id = path.split("/")[4]
    for group in (a, b, c):
        client = admin.storage.clients.get(app_id)
        admin.storage.assignments.put_group(client, AppGroup(app_id, group, 1, 0), [])

    admin.put(f"{path}/{new}", {"priority": 1})

    assert _priorities(admin, path) == {new: 1, a: 2, b: 3, c: 4}


def test_changing_places_one_by_one_ends_as_asked(admin: Admin, path: str) -> None:
    a, b, c = _groups(admin, 3)
    for priority, group in enumerate((a, b, c), start=1):
        admin.put(f"{path}/{group}", {"priority": priority})

    for priority, group in enumerate((c, a, b), start=1):
        admin.put(f"{path}/{group}", {"priority": priority})

    assert _priorities(admin, path) == {c: 1, a: 2, b: 3}


def test_lists_are_by_priority_and_pages_fit_together(admin: Admin, path: str) -> None:
    groups = _groups(admin, 5)
    for priority, group in enumerate(reversed(groups)):
        admin.put(f"{path}/{group}", {"priority": priority})
    seen: list[str] = []
    following: str | None = f"{path}?limit=2"

    while following:
        answer = admin.get(following)
        seen += [one["id"] for one in answer.json]
        links = [link for link in answer.header("link") if 'rel="next"' in link]
        following = links[0].partition(">")[0].removeprefix("<") if links else None

    assert seen == list(reversed(groups))


@pytest.mark.parametrize("cursor", ["x", "1", "1.", ".00g", "-1.00gA", "1.00g A", "9999999999.00gA"])
def test_what_is_no_cursor_is_refused(admin: Admin, path: str, cursor: str) -> None:
    answer = admin.get(f"{path}?after={cursor}")

    assert (answer.status, answer.code) == (400, "E0000029")


def test_more_than_can_move_at_once_do_not_move(admin: Admin, path: str) -> None:
    *groups, last = _groups(admin, MOST_MOVED + 2)
    for priority, group in enumerate(groups):
        admin.put(f"{path}/{group}", {"priority": priority})

    refused: Any = admin.put(f"{path}/{last}", {"priority": 0})

    assert (refused.status, refused.json["errorSummary"]) == (400, "Api validation failed: priority")
    assert admin.put(f"{path}/{last}", {"priority": 1}).status == 200
