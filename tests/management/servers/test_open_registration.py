"""What administrators see and do of clients that registered themselves (docs/protocol.md §25.11, §25.12)."""

from typing import Any

import pytest
from authmint.clock import timestamp
from authmint.storage.clients import secret_digest
from authmint.storage.dynamic_clients import DynamicClient

from tests.management.admin import SERVERS, Admin
from tests.support.fakes import NOW

DAY = 86_400


@pytest.fixture
def server(admin: Admin) -> str:
    return f"{SERVERS}/{admin.server()['id']}"


def registered(admin: Admin, server: str, name: str = "dcr_A", **changes: Any) -> DynamicClient:
    values: dict[str, Any] = {"created_at": NOW, "expires_at": NOW + DAY} | changes
    at = server.rpartition("/")[2]
    client = DynamicClient(at, name, "App", ("http://localhost/cb",), ("authorization_code",), ("a",), **values)
    return admin.storage.dynamic_clients.register(client, most=99, at=NOW)


def happened(admin: Admin, kind: str) -> list[str]:
    return [event.type.rpartition(".")[2] for event in admin.storage.events if event.type.startswith(f"oauth2.{kind}.")]


def test_who_registered_is_shown_in_pages(admin: Admin, server: str) -> None:
    for name in ("dcr_C", "dcr_A", "dcr_B"):
        registered(admin, server, name, client_uri="https://app.example")
    registered(admin, f"{SERVERS}/{admin.server(name='other')['id']}", "dcr_0")

    first = admin.get(f"{server}/dynamicClients?limit=2")
    following = first.header("link")[-1].partition(">")[0].removeprefix("<")

    assert [one["id"] for one in first.json] == ["dcr_A", "dcr_B"]
    assert [one["id"] for one in admin.get(following).json] == ["dcr_C"]
    shown = admin.get(f"{server}/dynamicClients/dcr_A").json
    href = shown["_links"]["self"]["href"]
    assert href.endswith(f"{server}/dynamicClients/dcr_A")
    assert shown == {
        "id": "dcr_A",
        "name": "App",
        "redirectUris": ["http://localhost/cb"],
        "grantTypes": ["authorization_code"],
        "scopes": ["a"],
        "clientUri": "https://app.example",
        "status": "ACTIVE",
        "created": timestamp(NOW),
        "lastUsed": None,
        "expiresAt": timestamp(NOW + DAY),
        "_links": {
            "self": {"href": href, "hints": {"allow": ["GET", "DELETE"]}},
            "block": {"href": f"{href}/lifecycle/block", "hints": {"allow": ["POST"]}},
        },
    }
    admin.clock.advance(seconds=DAY)
    assert admin.get(f"{server}/dynamicClients/dcr_A").json["status"] == "EXPIRED"


@pytest.mark.parametrize(("method", "verb"), [("DELETE", ""), ("POST", "/lifecycle/block")])
def test_to_delete_one_is_to_block_it(admin: Admin, server: str, method: str, verb: str) -> None:
    registered(admin, server)
    one = f"{server}/dynamicClients/dcr_A"

    assert admin.call(method, f"{one}{verb}").status == 204

    assert (admin.get(one).json["status"], admin.get(one).json["expiresAt"]) == ("BLOCKED", None)
    assert "unblock" in admin.get(one).json["_links"]
    assert admin.call(method, f"{one}{verb}").status == 204
    assert happened(admin, "dynamic_client") == ["block"]
    admin.clock.advance(seconds=9)
    assert admin.post(f"{one}/lifecycle/unblock").status == 204
    assert admin.post(f"{one}/lifecycle/unblock").status == 204
    assert (admin.get(one).json["status"], admin.get(one).json["expiresAt"]) == ("ACTIVE", timestamp(NOW + 9 + DAY))
    assert happened(admin, "dynamic_client") == ["block", "unblock"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "dynamicClients/dcr_B"),
        ("DELETE", "dynamicClients/dcr_B"),
        ("POST", "dynamicClients/dcr_B/lifecycle/block"),
        ("POST", "dynamicClients/dcr_B/lifecycle/unblock"),
        ("GET", "registrationTokens/rgtX"),
        ("DELETE", "registrationTokens/rgtX"),
    ],
)
def test_what_is_not_there_is_404_and_so_is_what_is_at_another_server(
    admin: Admin, server: str, method: str, path: str
) -> None:
    other = f"{SERVERS}/{admin.server(name='other')['id']}"
    registered(admin, other, "dcr_B")

    assert (admin.call(method, f"{server}/{path}").status, admin.call(method, f"{SERVERS}/ausX/{path}").status) == (
        404,
        404,
    )
    assert admin.get(f"{other}/dynamicClients/dcr_B").json["status"] == "ACTIVE"


def test_a_token_is_shown_once(admin: Admin, server: str) -> None:
    path = f"{server}/registrationTokens"

    made = admin.made(path, {"name": "ci", "expiresAt": timestamp(NOW + 60), "uses": 5})

    token = made.pop("token")
    (stored,) = admin.storage.registration_tokens.records.values()
    assert stored.digest == secret_digest(token)
    assert token not in repr(admin.storage.registration_tokens.records)
    assert token not in repr(admin.storage.events)
    assert admin.get(f"{path}/{made['id']}").json == made
    assert admin.get(path).json == [made]
    assert (made["uses"], made["status"], made["expiresAt"]) == (5, "ACTIVE", timestamp(NOW + 60))
    admin.clock.advance(seconds=60)
    assert admin.get(f"{path}/{made['id']}").json["status"] == "SPENT"
    assert admin.delete(f"{path}/{made['id']}").status == 204
    assert (admin.get(path).json, admin.delete(f"{path}/{made['id']}").status) == ([], 404)
    assert happened(admin, "registration_token") == ["create", "delete"]


def test_a_token_that_nothing_else_is_said_of_lets_one_in_for_a_day(admin: Admin, server: str) -> None:
    made = admin.made(f"{server}/registrationTokens", {"name": "ci"})

    assert (made["uses"], made["expiresAt"]) == (1, timestamp(NOW + DAY))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "uses": 0}, "uses"),
        ({"name": "x", "uses": 10_001}, "uses"),
        ({"name": "x", "expiresAt": "tomorrow"}, "expiresAt"),
        ({"name": "x", "expiresAt": "2030-01-01T00:00:00"}, "expiresAt"),
        ({"name": "x", "expiresAt": timestamp(NOW)}, "expiresAt"),
        ({"name": "x", "expiresAt": timestamp(NOW + 366 * DAY)}, "expiresAt"),
        ({"name": "x", "token": "mine"}, "token"),
    ],
)
def test_tokens_that_cannot_be_are_refused(admin: Admin, server: str, body: dict[str, Any], field: str) -> None:
    answer = admin.post(f"{server}/registrationTokens", body)

    assert (answer.status, answer.causes[0].partition(":")[0]) == (400, field)
    assert admin.get(f"{server}/registrationTokens").json == []


def test_a_server_has_a_limited_number_of_tokens(admin: Admin, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authmint.management.servers.registration_tokens.MOST", 2)
    for _ in range(2):
        admin.made(f"{server}/registrationTokens", {"name": "ci"})

    assert admin.post(f"{server}/registrationTokens", {"name": "ci"}).status == 400
