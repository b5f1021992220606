"""Refresh tokens, consents and sessions in the hands of administrators (docs/protocol.md §28.3)."""

from typing import Any

import pytest
from authmint.storage.consents import Consent
from authmint.storage.servers import ORG_SERVER
from authmint.storage.sessions import Session
from authmint.storage.token_families import RefreshToken, TokenFamily

from tests.management.admin import BASE_URL, SERVERS, Admin
from tests.support.builders import a_client, a_user
from tests.support.fakes import NOW


class World:
    """A server, a client that holds two refresh tokens, and their user."""

    def __init__(self) -> None:
        self.admin = Admin()
        self.server: str = self.admin.server()["id"]
        registration = {"client_name": "orders", "redirect_uris": ["https://a.example/cb"]}
        self.client: str = self.admin.made("/oauth2/v1/clients", registration)["client_id"]
        self.admin.storage.users.add(a_user(), [])
        for number in range(2):
            self.hold(f"oar{number}")
        self.base = f"{SERVERS}/{self.server}/clients"

    def hold(self, family_id: str, **changes: Any) -> None:
        values: dict[str, Any] = {
            "server_id": self.server,
            "client_id": self.client,
            "user_id": "00uA",
            "scopes": ("openid", "offline_access"),
            "created_at": NOW,
            "updated_at": NOW,
            "auth_time": NOW,
            "amr": ("pwd",),
        }
        token = RefreshToken(f"digest {family_id}", family_id, NOW, NOW + 3_600)
        self.admin.storage.families.add(TokenFamily(id=family_id, **values | changes), token)

    def alive(self) -> list[str]:
        families = self.admin.storage.families.families.values()
        return sorted(family.id for family in families if family.revoked_at is None)

    def events(self) -> list[str]:
        return [event.type for event in self.admin.storage.events]


def test_holders_and_their_tokens_are_listed() -> None:
    world = World()

    holders = world.admin.get(world.base).json
    tokens = world.admin.get(f"{world.base}/{world.client}/tokens?expand=scope").json

    assert [holder["client_id"] for holder in holders] == [world.client]
    assert [token["id"] for token in tokens] == ["oar0", "oar1"]
    assert tokens[0]["status"] == "ACTIVE"
    assert tokens[0]["userId"] == "00uA"
    assert {scope["name"] for scope in tokens[0]["_embedded"]["scopes"]} == {"openid", "offline_access"}
    assert world.admin.get(f"{world.base}/{world.client}/tokens/oar1").json["id"] == "oar1"


def test_holders_come_in_pages_and_those_without_a_living_token_are_left_out() -> None:
    world = World()
    everyone = [world.client]
    for number in range(4):
        client = f"0oaZ{number}"
        world.admin.storage.clients.add(a_client(id=client, label=client), [])
        world.hold(f"oarZ{number}", client_id=client)
        everyone.append(client)
    world.admin.storage.families.revoke("oarZ1", "administrator", at=NOW)
    world.hold("oarGone", client_id="0oaZ9")  # a client that was deleted

    seen: list[str] = []
    url: str | None = f"{world.base}?limit=2"
    sizes = []
    while url is not None:
        answer = world.admin.get(url)
        seen += [one["client_id"] for one in answer.json]
        sizes.append(len(answer.json))
        links = [link for link in answer.header("link") if link.endswith('rel="next"')]
        url = links[0].partition("<")[2].partition(">")[0] if links else None

    assert seen == [client for client in everyone if client != "0oaZ1"]
    assert sizes == [2, 1, 1]
    assert [one["client_id"] for one in world.admin.get(world.base).json] == seen


def test_tokens_page_by_id() -> None:
    world = World()

    first = world.admin.get(f"{world.base}/{world.client}/tokens?limit=1")
    second = world.admin.get(first.header("link")[1].partition(">")[0].removeprefix("<"))

    assert [answer.json[0]["id"] for answer in (first, second)] == ["oar0", "oar1"]
    assert len(second.header("link")) == 1


def test_one_token_is_revoked_or_all_and_there_is_an_event() -> None:
    world = World()
    assert world.admin.delete(f"{world.base}/{world.client}/tokens/oar0").status == 204
    assert world.alive() == ["oar1"]

    assert world.admin.delete(f"{world.base}/{world.client}/tokens").status == 204

    assert world.alive() == []
    assert world.events().count("app.oauth2.as.token.revoke") == 2
    assert world.admin.get(world.base).json == []


def test_another_servers_token_is_not_there() -> None:
    world = World()
    other = world.admin.server(name="other")["id"]
    world.hold("oar9", server_id=other)

    for method in ("GET", "DELETE"):
        assert world.admin.call(method, f"{world.base}/{world.client}/tokens/oar9").status == 404
        assert world.admin.call(method, f"{world.base}/0oaNobody/tokens").code == "E0000007"
    world.admin.delete(f"{world.base}/{world.client}/tokens")
    assert world.alive() == ["oar9"]


@pytest.mark.parametrize("tokens", [True, False])
def test_a_users_sessions_end_and_with_them_the_tokens_where_asked(tokens: bool) -> None:
    world = World()
    world.admin.storage.sessions.add(Session("d", "102A", "00uA", NOW, NOW, NOW + 60, NOW + 60, "csrf", ("pwd",)))

    path = "/api/v1/users/00uA/sessions" + ("?oauthTokens=true" if tokens else "")
    assert world.admin.delete(path).status == 204

    assert world.admin.storage.sessions.end_all("00uA") == 0
    assert world.alive() == ([] if tokens else ["oar0", "oar1"])
    assert "user.session.clear" in world.events()


def test_consents_are_shown_and_forgotten() -> None:
    world = World()
    for number, client in enumerate([world.client, world.client, "0oaOther"]):
        consent = Consent(f"oag{number}", "00uA", client, world.server, f"s{number}", NOW)
        world.admin.storage.consents.record([consent])
    base = "/api/v1/users/00uA"

    assert [grant["scopeId"] for grant in world.admin.get(f"{base}/grants").json] == ["s0", "s1", "s2"]
    of_client = world.admin.get(f"{base}/clients/{world.client}/grants").json
    assert [grant["id"] for grant in of_client] == ["oag0", "oag1"]
    assert world.admin.delete(f"{base}/grants/oag0").status == 204
    assert world.admin.delete(f"{base}/grants/oag0").status == 404
    assert world.admin.delete(f"{base}/clients/0oaOther/grants").status == 204
    assert [grant["id"] for grant in world.admin.get(f"{base}/grants").json] == ["oag1"]
    assert "app.oauth2.as.consent.revoke.user" in world.events()


def test_how_refresh_tokens_rotate_is_a_setting_of_the_app() -> None:
    admin = Admin()
    app = {
        "label": "spa",
        "name": "oidc_client",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "none"}},
        "settings": {
            "oauthClient": {
                "application_type": "browser",
                "grant_types": ["authorization_code", "refresh_token"],
                "redirect_uris": ["https://a.example/cb"],
            }
        },
    }
    made = admin.made("/api/v1/apps", app)
    settings: Any = app["settings"]
    settings["oauthClient"]["refresh_token"] = {"rotation_type": "ROTATE", "leeway": 5}
    changed = admin.put(f"/api/v1/apps/{made['id']}", app).json
    settings["oauthClient"]["refresh_token"] = {"rotation_type": "STATIC"}
    static = admin.put(f"/api/v1/apps/{made['id']}", app).json
    settings["oauthClient"]["refresh_token"] = {"leeway": 61}

    shown = [one["settings"]["oauthClient"]["refresh_token"] for one in (made, changed, static)]
    assert shown == [
        {"rotation_type": "ROTATE", "leeway": 30},
        {"rotation_type": "ROTATE", "leeway": 5},
        {"rotation_type": "STATIC"},
    ]
    assert admin.put(f"/api/v1/apps/{made['id']}", app).status == 400


def a_session(**changes: Any) -> Session:
    values: dict[str, Any] = {
        "digest": "digest of the cookie",
        "id": "102A",
        "user_id": "00uA",
        "created_at": NOW,
        "auth_time": NOW,
        "amr": ("pwd",),
        "idle_expires_at": NOW + 60,
        "expires_at": NOW + 9_000,
        "csrf": "c",
    }
    return Session(**values | changes)


def test_a_session_is_shown_prolonged_and_ended() -> None:
    world = World()
    world.admin.storage.sessions.add(a_session())

    shown = world.admin.get("/api/v1/sessions/102A").json
    prolonged = world.admin.call("POST", "/api/v1/sessions/102A/lifecycle/refresh").json
    ended = world.admin.call("DELETE", "/api/v1/sessions/102A")

    assert (shown["id"], shown["userId"], shown["login"]) == ("102A", "00uA", a_user().login)
    assert prolonged["expiresAt"] > shown["expiresAt"]
    assert shown["_links"]["self"]["href"].endswith("/api/v1/sessions/102A")
    assert ended.status == 204
    assert world.admin.get("/api/v1/sessions/102A").status == 404
    assert world.events()[-1] == "user.session.end"


@pytest.mark.parametrize("changes", [{"idle_expires_at": NOW}, {"expires_at": NOW}, {"id": "102B"}])
def test_a_session_that_is_over_is_not_there(changes: dict[str, Any]) -> None:
    """Expired, or another one."""
    world = World()
    world.admin.storage.sessions.add(a_session(**changes))

    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/lifecycle/refresh")):
        assert world.admin.call(method, f"/api/v1/sessions/102A{path}").status == 404


def test_a_session_of_a_suspended_user_is_not_there() -> None:
    world = World()
    world.admin.storage.sessions.add(a_session())
    world.admin.call("POST", "/api/v1/users/00uA/lifecycle/suspend")

    assert world.admin.get("/api/v1/sessions/102A").status == 404


def test_tokens_of_an_app_are_those_at_every_server() -> None:
    world = World()
    other = world.admin.server(name="other")["id"]
    world.hold("oar2", server_id=other)
    world.hold("oar3", server_id=ORG_SERVER, scopes=("openid",))
    world.hold("oar4", client_id="0oaNobody")
    path = f"/api/v1/apps/{world.client}/tokens"

    tokens = world.admin.get(f"{path}?expand=scope").json

    assert [token["id"] for token in tokens] == ["oar0", "oar1", "oar2", "oar3"]
    assert tokens[2]["issuer"] == f"{BASE_URL}/oauth2/{other}"
    assert tokens[2]["_links"]["authorizationServer"]["title"] == "other"
    assert tokens[2]["_links"]["self"]["href"] == f"{BASE_URL}{path}/oar2"
    assert tokens[2]["_links"]["user"]["title"] == "Ann Lee"
    assert tokens[3]["issuer"] == BASE_URL
    assert [token["id"] for token in world.admin.get(f"{path}?limit=2&after=oar0").json] == ["oar1", "oar2"]
    assert world.admin.get(f"{path}/oar2").json["id"] == "oar2"
    missing = world.admin.get(f"{path}/oar4").json["errorSummary"]
    assert missing == f"Not found: Resource not found: {world.client}.oar4 (OAuth2RefreshTokenTx)"
    assert world.admin.get("/api/v1/apps/none/tokens").json["errorSummary"].endswith("none (AppInstance)")


def test_tokens_of_an_app_are_revoked_one_by_one_or_all() -> None:
    world = World()
    other = world.admin.server(name="other")["id"]
    world.hold("oar2", server_id=other)
    path = f"/api/v1/apps/{world.client}/tokens"

    assert world.admin.delete(f"{path}/oar1").status == 204
    assert world.alive() == ["oar0", "oar2"]
    assert world.admin.delete(path).status == 204

    assert world.alive() == []
    assert world.events().count("app.oauth2.as.token.revoke") == 3


def test_clients_of_a_user_are_those_that_hold_or_were_granted_something() -> None:
    world = World()
    granted, stranger = (
        world.admin.made("/oauth2/v1/clients", {"client_name": name, "redirect_uris": ["https://a.example/cb"]})
        for name in ("granted", "stranger")
    )
    world.admin.storage.consents.record([Consent("oag1", "00uA", granted["client_id"], world.server, "a", NOW)])
    world.hold("oar9", client_id=stranger["client_id"], user_id="00uB")
    path = "/api/v1/users/00uA/clients"

    clients = world.admin.get(path).json

    assert {client["client_name"] for client in clients} == {"orders", "granted"}
    (holder,) = (client for client in clients if client["client_id"] == world.client)
    assert list(holder) == ["client_id", "client_name", "client_uri", "logo_uri", "_links"]
    for name, link in holder["_links"].items():
        assert link["href"] == f"{BASE_URL}{path}/{world.client}/{name}"
        assert link["hints"] == {"allow": ["GET", "DELETE"]}
        assert world.admin.get(link["href"]).status == 200
    world.admin.delete(f"{path}/{world.client}/tokens")
    world.admin.delete(f"{path}/{granted['client_id']}/grants")
    assert world.admin.get(path).json == []
    assert world.admin.get("/api/v1/users/none/clients").json["errorSummary"].endswith("(User)")


def test_tokens_of_a_user_for_a_client() -> None:
    world = World()
    world.admin.storage.users.add(a_user(id="00uB"), [])
    world.hold("oar7", user_id="00uB")
    path = f"/api/v1/users/00uA/clients/{world.client}/tokens"

    assert [token["id"] for token in world.admin.get(path).json] == ["oar0", "oar1"]
    assert world.admin.get(f"{path}/oar7").json["errorSummary"].endswith("(OAuth2RefreshToken)")
    assert world.admin.delete(f"{path}/oar0").status == 204
    assert world.admin.delete(f"{path}/oar7").status == 404
    assert world.admin.delete(path).status == 204
    assert world.alive() == ["oar7"]
    assert world.admin.get("/api/v1/users/00uA/clients/none/tokens").status == 404
