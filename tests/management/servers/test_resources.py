"""What tokens of a server can be for, over the API (docs/protocol.md §25.9)."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, SERVERS, Admin

MCP = "https://mcp.example.com/mcp"


@pytest.fixture
def path(admin: Admin) -> str:
    server = f"{SERVERS}/{admin.server()['id']}"
    for name in ("notes.read", "notes.write"):
        admin.made(f"{server}/scopes", {"name": name})
    return f"{server}/resources"


def verbs(admin: Admin) -> list[str]:
    return [e.type.rpartition(".")[2] for e in admin.storage.events if e.type.startswith("oauth2.resource.")]


def test_a_resource_is_made_read_changed_and_deleted(admin: Admin, path: str) -> None:
    made = admin.made(path, {"resource": MCP, "name": "Notes", "scopes": ["notes.read"]})
    one = f"{path}/{made['id']}"

    assert made == {
        "id": made["id"],
        "resource": MCP,
        "name": "Notes",
        "scopes": ["notes.read"],
        "default": False,
        "status": "ACTIVE",
        "created": made["created"],
        "lastUpdated": made["created"],
        "_links": {"self": {"href": BASE_URL + one, "hints": {"allow": ["GET", "PUT", "DELETE"]}}},
    }
    assert admin.get(one).json == made
    assert admin.get(path).json == [made]
    admin.clock.advance(seconds=60)
    changed = admin.put(one, {"scopes": ["notes.write", "notes.read"], "default": True, "status": "INACTIVE"}).json
    assert (changed["resource"], changed["name"], changed["scopes"]) == (MCP, "", ["notes.write", "notes.read"])
    assert (changed["default"], changed["status"], changed["created"]) == (True, "INACTIVE", made["created"])
    assert changed["lastUpdated"] > made["lastUpdated"]
    assert admin.call("DELETE", one).status == 204
    assert (admin.get(path).json, admin.get(one).code) == ([], "E0000007")
    assert verbs(admin) == ["created", "updated", "deleted"]
    target = admin.storage.events[-1].targets[0]
    assert (target.type, target.display_name) == ("AuthorizationServerResource", MCP)


def test_what_was_read_can_be_sent_again_and_changes_nothing(admin: Admin, path: str) -> None:
    made = admin.made(path, {"resource": MCP, "name": "Notes", "scopes": ["notes.read"], "default": True})
    version = admin.storage.servers.get(path.split("/")[4]).version
    admin.clock.advance(seconds=60)

    assert admin.put(f"{path}/{made['id']}", made).json == made
    assert admin.put(f"{path}/{made['id']}", {k: made[k] for k in ("name", "scopes", "default")}).json == made
    assert admin.storage.servers.get(path.split("/")[4]).version == version
    assert verbs(admin) == ["created"]


@pytest.mark.parametrize(
    "changes",
    [
        {"resource": None},
        {"resource": ""},
        {"resource": "mcp.example.com"},
        {"resource": "/mcp"},
        {"resource": f"{MCP}#a"},
        {"resource": "https://user@mcp.example.com/mcp"},
        {"resource": "https://mcp.example.com/ä"},
        {"resource": "https://mcp.example.com/a b"},
        {"resource": "https://mcp.example.com/*<"},
        {"resource": "https://mcp.example.com:x/"},
        {"resource": f"https://mcp.example.com/{'x' * 500}"},
        {"resource": "https://OTHER.example.com:443"},
        {"resource": "https://other.example.com/"},
        {"scopes": ["notes.read", "nobody.knows"]},
        {"status": "DELETED"},
        {"name": "x" * 256},
        {"default": True},
        {"audience": MCP},
    ],
)
def test_what_is_refused(admin: Admin, path: str, changes: dict[str, Any]) -> None:
    admin.made(path, {"resource": "https://other.example.com", "default": True})

    answer = admin.post(path, {"resource": MCP} | changes)

    assert (answer.status, answer.code) == (400, "E0000001")
    assert answer.causes[0].startswith(f"{next(iter(changes))}: ")
    assert len(admin.get(path).json) == 1
    assert admin.post(path, {"resource": MCP}).status == 201


def test_the_audience_of_tokens_cannot_be_changed(admin: Admin, path: str) -> None:
    made = admin.made(path, {"resource": MCP})

    assert admin.put(f"{path}/{made['id']}", {"resource": f"{MCP}/"}).code == "E0000001"
    assert admin.get(f"{path}/{made['id']}").json == made


def test_another_default_waits_until_there_is_none(admin: Admin, path: str) -> None:
    first = admin.made(path, {"resource": MCP, "default": True})
    second = admin.made(path, {"resource": "https://other.example.com"})

    refused = admin.put(f"{path}/{second['id']}", second | {"default": True})

    assert refused.causes == [f"default: '{MCP}' is the default already."]
    assert admin.put(f"{path}/{first['id']}", first | {"default": False}).status == 200
    assert admin.put(f"{path}/{second['id']}", second | {"default": True}).json["default"] is True


def test_a_server_has_a_hundred_at_most_and_they_come_in_pages(admin: Admin, path: str) -> None:
    ids = [admin.made(path, {"resource": f"{MCP}/{number}"})["id"] for number in range(100)]

    assert admin.post(path, {"resource": MCP}).causes == ["resource: A server can have at most 100 resources."]
    assert [item["id"] for item in admin.get(path).json] == sorted(ids)
    page = admin.get(f"{path}?limit=60")
    assert [item["id"] for item in page.json] == sorted(ids)[:60]
    rest = admin.get(f"{path}?limit=60&after={sorted(ids)[59]}")
    assert [item["id"] for item in rest.json] == sorted(ids)[60:]


def test_one_server_knows_nothing_of_those_of_another(admin: Admin, path: str) -> None:
    made = admin.made(path, {"resource": MCP})
    other = f"{SERVERS}/{admin.server()['id']}/resources"

    assert admin.get(other).json == []
    for method in ("GET", "PUT", "DELETE"):
        assert admin.call(method, f"{other}/{made['id']}", {} if method == "PUT" else None).code == "E0000007"
    assert admin.post(other, {"resource": MCP}).status == 201
    assert admin.get(f"{SERVERS}/ausNone/resources").code == "E0000007"


def test_a_scope_that_is_deleted_leaves_nothing_in_its_place(admin: Admin, path: str) -> None:
    made = admin.made(path, {"resource": MCP, "scopes": ["notes.read"]})
    scopes = f"{path.removesuffix('/resources')}/scopes"
    scope = next(scope["id"] for scope in admin.get(scopes).json if scope["name"] == "notes.read")

    admin.call("DELETE", f"{scopes}/{scope}")

    assert admin.get(f"{path}/{made['id']}").json["scopes"] == ["notes.read"]  # none of all the others
