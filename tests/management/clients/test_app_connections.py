"""``app_connections`` of clients, in both views (docs/protocol.md §45.4)."""

from typing import Any

import pytest

from tests.management.admin import Admin

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CLIENTS = "/oauth2/v1/clients"
NOTES = {
    "audience": "https://notes.example/oauth2/default",
    "client_id": "wiki",
    "scopes": ["notes.read"],
    "resources": ["https://mcp.notes.example/mcp"],
}
FILES = {"audience": "https://files.example", "client_id": "0oaFILES", "scopes": ["files.read", "files.write"]}


def registration(**changes: Any) -> dict[str, Any]:
    body = {
        "client_name": "wiki",
        "application_type": "web",
        "redirect_uris": ["https://wiki.example/cb"],
        "response_types": ["code"],
        "grant_types": ["authorization_code", EXCHANGE],
        "app_connections": [NOTES, FILES],
    }
    return body | changes


def test_a_client_is_connected_and_both_views_show_it(admin: Admin) -> None:
    made = admin.made(CLIENTS, registration())

    assert made["app_connections"] == [NOTES, FILES]
    view = admin.get(f"/api/v1/apps/{made['client_id']}").json
    assert view["settings"]["oauthClient"]["app_connections"] == [NOTES, FILES]
    assert admin.put(f"/api/v1/apps/{made['client_id']}", view).status == 200
    assert admin.get(f"{CLIENTS}/{made['client_id']}").json["app_connections"] == [NOTES, FILES]
    del view["settings"]["oauthClient"]["app_connections"]
    assert admin.put(f"/api/v1/apps/{made['client_id']}", view).status == 200
    assert "app_connections" not in admin.get(f"{CLIENTS}/{made['client_id']}").json


def test_one_without_connections_says_nothing_of_them(admin: Admin) -> None:
    made = admin.made(CLIENTS, registration(app_connections=[]))

    assert "app_connections" not in made


WRONG: dict[str, dict[str, Any]] = {
    "no list": {"app_connections": NOTES},
    "a list of texts": {"app_connections": ["x"]},
    "too many": {"app_connections": [FILES | {"audience": f"https://a{n}.example"} for n in range(21)]},
    "one audience twice": {"app_connections": [NOTES, NOTES | {"client_id": "other"}]},
    "no audience": {"app_connections": [{"client_id": "x", "scopes": ["a"]}]},
    "no issuer": {"app_connections": [NOTES | {"audience": "api://notes"}]},
    "plain http": {"app_connections": [NOTES | {"audience": "http://notes.example"}]},
    "a query": {"app_connections": [NOTES | {"audience": "https://notes.example/?a=b"}]},
    "a fragment": {"app_connections": [NOTES | {"audience": "https://notes.example/#a"}]},
    "nobody there": {"app_connections": [NOTES | {"client_id": ""}]},
    "a name with a line": {"app_connections": [NOTES | {"client_id": "a\nb"}]},
    "no scopes": {"app_connections": [NOTES | {"scopes": []}]},
    "a scope with a space": {"app_connections": [NOTES | {"scopes": ["a b"]}]},
    "a resource that is no URI": {"app_connections": [NOTES | {"resources": ["notes"]}]},
    "something else": {"app_connections": [NOTES | {"status": "ACTIVE"}]},
    "a public client": {"token_endpoint_auth_method": "none", "pkce_required": True},
    "no exchange": {"grant_types": ["authorization_code"]},
}


@pytest.mark.parametrize("what", WRONG)
def test_each_thing_that_is_wrong_is_refused(admin: Admin, what: str) -> None:
    answer = admin.post(CLIENTS, registration(**WRONG[what]))

    assert answer.status == 400, answer.json
    assert admin.post(CLIENTS, registration()).status == 201
