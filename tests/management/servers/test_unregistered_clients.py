"""Which clients a server takes that nobody registered, over the API (docs/protocol.md §25.10)."""

from typing import Any

import pytest
from authmint.clock import timestamp
from authmint.storage.client_documents import ClientCopy, ClientDocument

from tests.management.admin import BASE_URL, SERVERS, Admin
from tests.support.fakes import NOW

URL = "https://app.example/client.json"
DOCUMENT = {"client_id": URL, "client_name": "App", "redirect_uris": ["http://localhost/callback"]}
KEYED = DOCUMENT | {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks.json"}
OFF = {
    "metadataDocuments": "OFF",
    "origins": [],
    "dynamic": "OFF",
    "scopes": [],
    "privateSchemes": ["cursor", "vscode", "vscode-insiders", "windsurf", "zed"],
    "httpsRedirectHosts": [],
    "maxDynamicClients": 1_000,
    "unusedDays": 30,
    "maxAccessTokenMinutes": 60,
    "maxRefreshDays": 30,
}


@pytest.fixture
def server(admin: Admin) -> str:
    return f"{SERVERS}/{admin.server()['id']}"


def registration(admin: Admin, server: str, **changes: Any) -> Any:
    """What is answered to these settings."""
    answer = admin.put(f"{server}/security", {"clientRegistration": changes})
    return answer.json["clientRegistration"] if answer.status == 200 else answer.causes


def test_nobody_is_taken_until_somebody_says_so(admin: Admin, server: str) -> None:
    asked = {"metadataDocuments": "ORIGINS", "origins": ["https://app.example", "https://b.example:8443"]}
    rest = {"privateSchemes": [], "httpsRedirectHosts": ["app.example"], "scopes": ["openid"], "dynamic": "TOKEN"}
    numbers = {"maxDynamicClients": 5, "unusedDays": 1, "maxAccessTokenMinutes": 5, "maxRefreshDays": 365}

    assert admin.get(f"{server}/security").json["clientRegistration"] == OFF
    assert registration(admin, server, **asked, **rest, **numbers) == asked | rest | numbers
    assert admin.put(f"{server}/security", admin.get(f"{server}/security").json).status == 200
    assert registration(admin, server) == OFF


@pytest.mark.parametrize(
    "changes",
    [
        {"metadataDocument": "OPEN"},
        {"metadataDocuments": "ON"},
        {"metadataDocuments": "ORIGINS"},
        {"origins": ["https://app.example/"]},
        {"origins": ["https://App.example"]},
        {"origins": ["http://app.example"]},
        {"origins": ["https://localhost"]},
        {"origins": ["https://app.example:443"]},
        {"dynamic": "ON"},
        {"scopes": ["nothing"]},
        {"privateSchemes": ["javascript"]},
        {"privateSchemes": ["Cursor"]},
        {"privateSchemes": ["a b"]},
        {"httpsRedirectHosts": ["https://app.example"]},
        {"httpsRedirectHosts": ["*.app.example"]},
        {"maxDynamicClients": 0},
        {"unusedDays": 366},
        {"maxAccessTokenMinutes": 4},
        {"maxRefreshDays": 0},
    ],
)
def test_settings_that_cannot_be_are_refused(admin: Admin, server: str, changes: dict[str, Any]) -> None:
    refused = registration(admin, server, **changes)

    assert [cause for cause in refused if cause.startswith(f"clientRegistration.{next(iter(changes))}")] or (
        changes == {"metadataDocuments": "ORIGINS"} and refused[0].startswith("clientRegistration.origins")
    )
    assert registration(admin, server) == OFF


def test_a_profile_for_registered_clients_and_a_switch_for_others_exclude_each_other(admin: Admin) -> None:
    strict = admin.made(
        SERVERS,
        {"name": "bank", "audiences": ["api://bank"], "credentials": {"signing": {"alg": "PS256"}}},
    )
    url = f"{SERVERS}/{strict['id']}/security"

    refused = admin.put(url, {"profile": "FAPI2", "clientRegistration": {"dynamic": "OPEN"}})

    assert refused.causes == [
        "clientRegistration: The profile is for registered clients alone: set both of its switches to OFF."
    ]


def test_a_policy_names_clients_that_the_server_takes(admin: Admin, server: str) -> None:
    def policy(*words: str) -> Any:
        body = {"type": "OAUTH_AUTHORIZATION_POLICY", "name": "Agents", "status": "ACTIVE", "priority": 1}
        return body | {"description": "d", "conditions": {"clients": {"include": list(words)}}}

    refused = admin.call("POST", f"{server}/policies", policy("METADATA_CLIENTS"))
    assert refused.causes == [
        "conditions.clients.include: 'METADATA_CLIENTS': the server takes no such clients; "
        "'clientRegistration.metadataDocuments' is OFF."
    ]
    registration(admin, server, metadataDocuments="OPEN")
    words = ["METADATA_CLIENTS", "origin:https://app.example", URL, "0oaSomebody"]
    made = admin.made(f"{server}/policies", policy(*words))
    assert made["conditions"]["clients"]["include"] == words
    for wrong in ("origin:app.example", "https://app.example", "https://app.example/?x=1", "dcr_short"):
        refused = admin.call("POST", f"{server}/policies", policy(wrong))
        assert (refused.status, wrong in refused.causes[0]) == (400, True)
    assert "dynamic" in admin.call("POST", f"{server}/policies", policy("DYNAMIC_CLIENTS")).causes[0]
    registration(admin, server)
    renamed = policy(*words) | {"name": "Renamed"}
    assert admin.put(f"{server}/policies/{made['id']}", renamed).json["name"] == "Renamed"  # a switch locks nobody in


@pytest.mark.parametrize("client_id", ["dcr_123456", "METADATA_CLIENTS", "DYNAMIC_CLIENTS", "ALL_CLIENTS"])
def test_no_registered_client_has_an_id_that_means_others(admin: Admin, client_id: str) -> None:
    body = {
        "name": "oidc_client", "label": "L", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"client_id": client_id}},
        "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"]}},
    }  # fmt: skip

    assert admin.call("POST", "/api/v1/apps", body).status == 400


def test_an_entry_is_made_read_changed_and_removed(admin: Admin, server: str) -> None:
    path = f"{server}/metadataClients"
    made = admin.made(path, {"clientId": URL})
    one = f"{path}/{made['id']}"

    assert made == {
        "id": made["id"],
        "clientId": URL,
        "mode": "FOLLOW",
        "status": "ACTIVE",
        "created": made["created"],
        "lastUpdated": made["created"],
        "_links": {"self": {"href": BASE_URL + one, "hints": {"allow": ["GET", "PUT", "DELETE"]}}},
    }
    assert (admin.get(one).json, admin.get(path).json) == (made, [made])
    assert admin.put(one, made).json == made
    pinned = admin.put(one, {"document": DOCUMENT | {"contacts": ["a@b.example"]}}).json
    assert (pinned["mode"], pinned["document"]["contacts"]) == ("PINNED", ["a@b.example"])
    assert admin.put(one, pinned).json == pinned
    assert admin.put(one, {"status": "BLOCKED"}).json["status"] == "BLOCKED"
    assert admin.call("DELETE", one).status == 204
    assert (admin.get(path).json, admin.get(one).status, admin.call("DELETE", one).status) == ([], 404, 404)
    verbs = [event.type for event in admin.storage.events if event.type.startswith("oauth2.metadata_client.")]
    assert [verb.rpartition(".")[2] for verb in verbs] == ["created", "updated", "updated", "deleted"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "clientId"),
        ({"clientId": "http://app.example/client.json"}, "clientId"),
        ({"clientId": "https://app.example"}, "clientId"),
        ({"clientId": URL, "mode": "PINNED"}, "mode"),
        ({"clientId": URL, "mode": "FOLLOW", "document": DOCUMENT}, "mode"),
        ({"clientId": URL, "document": DOCUMENT | {"client_id": f"{URL}/"}}, "document"),
        ({"clientId": URL, "document": DOCUMENT | {"client_secret": "s"}}, "document"),
        ({"clientId": URL, "document": DOCUMENT | {"x": "y" * 11_000}}, "document"),
        ({"clientId": URL, "status": "REMOVED"}, "status"),
        ({"clientId": URL, "url": URL}, "url"),
    ],
)
def test_entries_that_cannot_be_are_refused(admin: Admin, server: str, body: dict[str, Any], field: str) -> None:
    answer = admin.call("POST", f"{server}/metadataClients", body)

    assert (answer.status, answer.causes[0].partition(":")[0]) == (400, field)
    assert admin.get(f"{server}/metadataClients").json == []


def test_one_document_has_one_entry(admin: Admin, server: str) -> None:
    made = admin.made(f"{server}/metadataClients", {"clientId": URL})

    assert admin.call("POST", f"{server}/metadataClients", {"clientId": URL}).status == 400
    assert admin.put(f"{server}/metadataClients/{made['id']}", {"clientId": f"{URL}x"}).status == 400


def entry(admin: Admin, server: str) -> Any:
    return admin.storage.servers.get(server.rpartition("/")[2]).metadata_clients[-1]


def test_what_an_entry_ended_stays_ended(admin: Admin, server: str) -> None:
    path = f"{server}/metadataClients"
    one = f"{path}/{admin.made(path, {'clientId': URL, 'document': KEYED})['id']}"
    assert (entry(admin, server).since, entry(admin, server).generation) == (NOW, 0)

    admin.clock.advance(seconds=10)
    admin.put(one, {"document": KEYED | {"contacts": []}})
    assert (entry(admin, server).since, entry(admin, server).generation) == (NOW, 0)
    admin.put(one, {"document": KEYED | {"client_name": "Else"}})
    assert (entry(admin, server).since, entry(admin, server).generation) == (NOW + 10, 0)
    admin.put(one, {"document": DOCUMENT})
    assert (entry(admin, server).since, entry(admin, server).generation) == (NOW + 11, NOW + 10)
    admin.put(one, {"status": "BLOCKED"})
    assert entry(admin, server).generation == NOW + 11
    admin.put(one, {})
    assert (entry(admin, server).status, entry(admin, server).generation) == ("ACTIVE", NOW + 11)
    admin.call("DELETE", one)
    admin.clock.advance(seconds=10)
    admin.made(path, {"clientId": URL})
    assert (entry(admin, server).since, entry(admin, server).generation) == (NOW + 20, NOW + 12)
    assert len(admin.storage.servers.get(server.rpartition("/")[2]).metadata_clients) == 1


def test_the_documents_that_were_fetched_are_shown(admin: Admin, server: str) -> None:
    server_id, path = server.rpartition("/")[2], f"{server}/metadataDocuments"
    for number in range(3):
        url = f"https://app{number}.example/client.json"
        document = ClientDocument(url, "App", ("http://localhost/callback",), "none", ("authorization_code",))
        withdrawn = NOW if number == 1 else None
        copy = ClientCopy(server_id, document, NOW, NOW + 60, NOW, NOW, withdrawn)
        admin.storage.client_copies.save(None, copy)
    made = admin.made(f"{server}/metadataClients", {"clientId": "https://app0.example/client.json"})

    shown = {one["clientId"]: one for one in admin.get(path).json}

    assert shown["https://app0.example/client.json"] == {
        "clientId": "https://app0.example/client.json",
        "name": "App",
        "redirectUris": ["http://localhost/callback"],
        "tokenEndpointAuthMethod": "none",
        "grantTypes": ["authorization_code"],
        "status": "ACTIVE",
        "checked": timestamp(NOW),
        "freshUntil": timestamp(NOW + 60),
        "entry": made["id"],
    }
    assert shown["https://app1.example/client.json"]["status"] == "WITHDRAWN"
    first = admin.get(f"{path}?limit=2")
    following = first.header("link")[-1].partition(">")[0].removeprefix("<")
    assert len(first.json) == 2
    assert {one["clientId"] for one in first.json + admin.get(following).json} == shown.keys()
