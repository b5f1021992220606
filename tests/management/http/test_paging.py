"""Lists that walk: a page ends when it is full or when time runs out, and its link goes on."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from authmint.management.http.paging import fitting, scan

from tests.management.admin import BASE_URL, SERVERS, Admin
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

    assert fitting([small] * 2) == 2
    assert fitting([small, small, small]) == 2
    assert fitting([small, large]) == 1
    assert fitting([large, small]) == 1
    assert fitting([]) == 0


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


def everything(admin: Admin) -> list[str]:
    """A deployment with two and more of everything, and the paths of its lists."""
    server, other = admin.server(), admin.server(name="payments", audiences=["api://payments"])
    admin.server(name="stock", audiences=["api://stock"])
    base = f"{SERVERS}/{server['id']}"
    for name in ("orders:read", "orders:write"):
        admin.made(f"{base}/scopes", {"name": name})
        value = {"name": name[-4:], "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'x'"}
        admin.made(f"{base}/claims", value)
        people = {"clients": {"include": ["ALL_CLIENTS"]}}
        policy = admin.made(
            f"{base}/policies",
            {"type": "OAUTH_AUTHORIZATION_POLICY", "name": name, "description": name, "conditions": people},
        )
        for number in range(3):
            rule = {
                "type": "RESOURCE_ACCESS",
                "name": f"r{number}",
                "conditions": {
                    "people": {"groups": {"include": ["EVERYONE"]}},
                    "grantTypes": {"include": ["authorization_code"]},
                    "scopes": {"include": ["*"]},
                },
            }
            admin.made(f"{base}/policies/{policy['id']}/rules", rule)
    admin.made(f"{base}/associatedServers", {"trusted": [other["id"], "default"]})
    apps = [an_app(admin, **web(label=f"app {number}")) for number in range(3)]
    app = f"/api/v1/apps/{apps[0]['id']}"
    admin.made(f"{app}/credentials/secrets", {})
    for scope in ("okta.apps.read", "okta.users.read"):
        admin.made(f"{app}/grants", {"issuer": BASE_URL, "scopeId": scope})
    for name in ("staff", "guests"):
        admin.made("/api/v1/meta/types/user", {"name": name, "displayName": name})
        admin.made(
            "/api/v1/trustedOrigins", {"name": name, "origin": f"https://{name}.example", "scopes": [{"type": "CORS"}]}
        )
        admin.made("/api/v1/api-tokens", {"name": name})
        profile = {"login": f"{name}@example.com", "email": "a@example.com", "firstName": "A", "lastName": "B"}
        user = admin.made("/api/v1/users", {"profile": profile})["id"]
        for number in range(2):
            group = admin.made("/api/v1/groups", {"profile": {"name": f"{name} {number}"}})["id"]
            admin.put(f"/api/v1/groups/{group}/users/{user}")
            for one in apps:
                admin.put(f"/api/v1/apps/{one['id']}/groups/{group}", {})
        admin.made(f"{app}/users", {"id": user})
    below = [f"{base}/{name}" for name in ("scopes", "claims", "policies", "credentials/keys", "associatedServers")]
    return [
        SERVERS, *below, f"{base}/policies/{policy['id']}/rules", "/api/v1/apps", "/oauth2/v1/clients",
        *(f"{app}/{name}" for name in ("groups", "users", "credentials/secrets", "grants")), "/api/v1/users",
        "/api/v1/groups", f"/api/v1/groups/{group}/users", f"/api/v1/groups/{group}/apps",
        f"/api/v1/users/{user}/groups", f"/api/v1/users/{user}/appLinks", "/api/v1/meta/types/user",
        "/api/v1/trustedOrigins", "/api/v1/api-tokens", "/api/v1/logs", "/api/v1/logs?sortOrder=DESCENDING",
        f"/api/v1/users/{user}/groups?a=b%26c",
    ]  # fmt: skip


def test_every_list_is_cut_to_what_one_answer_can_carry_and_shows_each_item_once(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = everything(admin)
    admin.clock.advance(seconds=600)
    in_one = {path: [_name(item) for item in admin.get(path).json] for path in paths}

    monkeypatch.setattr("authmint.management.http.paging.LARGEST_ANSWER", 1)

    for path in paths:
        seen, pages = walk(admin, path)
        assert len(set(seen)) == len(seen), path
        assert seen == in_one[path], path
        assert seen, path
        assert len(seen) <= pages <= len(seen) + 1, "one item at least stands on each page"


def test_a_list_goes_on_only_after_an_item_that_is_there(admin: Admin) -> None:
    path = f"{SERVERS}/{admin.server()['id']}/claims"

    assert admin.get(f"{path}?after=nothing").code == "E0000029"


def _name(item: Any) -> str:
    name: str = next(item[member] for member in ("id", "kid", "client_id", "uuid", "name") if member in item)
    return name


def walk(admin: Admin, path: str) -> tuple[list[str], int]:
    """Names of all items, page by page, and how many pages there were."""
    seen: list[str] = []
    pages = 0
    url: str | None = path
    while url is not None:
        answer = admin.get(url)
        seen += [_name(item) for item in answer.json]
        pages += 1
        if "/logs" in path and not answer.json:
            break
        links = [link for link in answer.header("link") if link.endswith('rel="next"')]
        url = links[0].partition("<")[2].partition(">")[0] if links else None
    return seen, pages


def test_full_pages_while_there_is_time() -> None:
    assert walked(3, lambda: True) == (WANTED, 4)


def test_short_and_empty_pages_when_there_is_none_and_nothing_missed() -> None:
    assert walked(3, lambda: False) == (WANTED, len(NUMBERS) // 50 + 1)
