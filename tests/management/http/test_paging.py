"""Lists that walk: a page ends when it is full or when time runs out, and its link goes on."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from authmint.management.http.paging import fitting, scan

from tests.management.admin import Admin
from tests.management.apps import an_app, web

NUMBERS = [f"{number:04d}" for number in range(1_000)]


def read(after: str | None, size: int) -> Sequence[str]:
    return [number for number in NUMBERS if after is None or number > after][:size]


def walked(limit: int, in_time: Callable[[], bool]) -> tuple[list[str], int]:
    """What is wanted, page by page: every hundredth."""
    after, shown, pages = None, [], 0
    while True:
        found, after = scan(
            read, str, lambda number: number.endswith("42"), after=after, limit=limit, size=50, in_time=in_time
        )
        shown += found
        pages += 1
        if after is None:
            return shown, pages


WANTED = [number for number in NUMBERS if number.endswith("42")]


def test_a_page_holds_no_more_than_an_answer_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authmint.management.http.paging.LARGEST_ANSWER", 100)
    small: dict[str, Any] = {"id": "1", "x": "a" * 20}
    large: dict[str, Any] = {"id": "2", "x": "b" * 200}

    assert fitting([small] * 2, "next") == ([small] * 2, "next")
    assert fitting([small, small, small], None) == ([small, small], "1")
    assert fitting([small, large], "next") == ([small], "1")
    assert fitting([large, small], None) == ([large], "2")
    assert fitting([], None) == ([], None)


def test_large_profiles_come_in_more_pages_and_none_is_missed(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authmint.management.http.paging.LARGEST_ANSWER", 3_000)
    for number in range(9):
        admin.post("/api/v1/groups", {"profile": {"name": f"g{number}", "description": "x" * 1_000}})
    login, app = "ann@example.com", an_app(admin, **web())
    profile = {"login": login, "email": login, "firstName": "Ann", "lastName": "Lee", "nickName": "x" * 1_500}
    group = admin.get("/api/v1/groups?q=g0").json[0]["id"]
    for number in range(4):
        named = profile | {"login": f"{number}{login}"}
        user = admin.post("/api/v1/users", {"profile": named, "groupIds": [group]}).json["id"]
        admin.post(f"/api/v1/apps/{app['id']}/users", {"id": user, "profile": {"name": "x" * 1_500}})

    for path, most in (
        ("/api/v1/groups", 10),
        ("/api/v1/users", 4),
        (f"/api/v1/groups/{group}/users", 4),
        (f"/api/v1/apps/{app['id']}/users", 4),
    ):
        seen, pages = walk(admin, path)
        assert len(seen) == len(set(seen)) >= most
        assert pages > 1


def walk(admin: Admin, path: str) -> tuple[list[str], int]:
    """Ids of all items, page by page, and how many pages there were."""
    seen: list[str] = []
    pages = 0
    url: str | None = path
    while url is not None:
        answer = admin.get(url)
        seen += [item["id"] for item in answer.json]
        pages += 1
        links = [link for link in answer.header("link") if link.endswith('rel="next"')]
        url = links[0].partition("<")[2].partition(">")[0] if links else None
    return seen, pages


def test_full_pages_while_there_is_time() -> None:
    assert walked(3, lambda: True) == (WANTED, 4)


def test_short_and_empty_pages_when_there_is_none_and_nothing_missed() -> None:
    assert walked(3, lambda: False) == (WANTED, len(NUMBERS) // 50 + 1)
