"""OpenID Connect Back-Channel Logout 1.0: clients learn that a session has ended, each once it can."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from authmint.http import Request, Response
from authmint.keys.vault import VaultUnavailable
from authmint.oauth.backchannel_logout import EVENT, MOST_ATTEMPTS
from authmint.runtime import wiring
from authmint.storage.errors import NotFound

from tests.federation.world import ACME, Browser, Deployment, World

HOST = "https://rp.example.com"
LOGOUT = f"{HOST}/backchannel"
ANN = "ann@acme.example"


@dataclass
class Rp:
    """A client's server: what it was sent, and what it answers."""

    sent: list[str] = field(default_factory=list)
    status: int = 200

    def __call__(self, request: Request) -> Response:
        assert (request.method, request.path) == ("POST", "/backchannel")
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        (token,) = parse_qs(request.body.decode())["logout_token"]
        self.sent.append(token)
        return Response(self.status)


@dataclass
class Scene:
    """A deployment, a client that wants to be told, and a browser in which Ann is signed in."""

    world: World
    here: Deployment
    rp: Rp
    browser: Browser
    user: str
    id_token: dict[str, Any] = field(default_factory=dict)

    def deliver(self, payload: dict[str, Any] | None = None) -> dict[str, int]:
        direct = wiring.backchannel_logout(self.here.parts).direct
        assert direct is not None
        outcome: dict[str, int] = dict(direct(payload or {}))
        return outcome

    def events(self) -> list[tuple[str, str | None]]:
        return [(e.outcome, e.reason) for e in self.here.events("app.oauth2.client.backchannel_logout")]

    def verified(self) -> dict[str, Any]:
        """The last logout token, checked as a client does (§2.6), by the published keys alone."""
        keys = json.loads(self.here.answer(Request("GET", "/oauth2/v1/keys", ACME)).body)["keys"]
        header = jwt.get_unverified_header(self.rp.sent[-1])
        (key,) = (key for key in keys if key["kid"] == header["kid"])
        claims: dict[str, Any] = jwt.decode(
            self.rp.sent[-1],
            jwt.PyJWK(key).key,
            algorithms=["RS256"],
            audience=self.here.client["client_id"],
            issuer=ACME,
            options={"verify_exp": False, "verify_iat": False},
        )
        assert header["typ"] == "logout+jwt"
        return claims


def signed_in(here: Deployment, browser: Browser) -> dict[str, Any]:
    page = browser.open(here.authorize_uri())
    if "code" not in page.fields:
        page = browser.submit(page, username=ANN, password="Correct-horse-9")
    return here.tokens(page.fields["code"])


@pytest.fixture
def scene() -> Scene:
    world = World()
    here = Deployment(world)
    here.admin.api = wiring.management_api(here.parts)  # by the same clock
    here.client = here.app(label="rp", backchannel_logout_uri=LOGOUT, backchannel_logout_session_required=True)
    rp = Rp()
    world.hosts[HOST] = rp
    browser = Browser(world)
    scene = Scene(world, here, rp, browser, here.user(ANN))
    scene.id_token = signed_in(here, browser)
    return scene


def sign_out(scene: Scene) -> None:
    scene.browser.submit(scene.browser.open(f"{ACME}/signout"))


def end_by_id(scene: Scene) -> None:
    assert scene.here.admin.delete(f"/api/v1/sessions/{scene.id_token['sid']}").status == 204


def end_all(scene: Scene) -> None:
    assert scene.here.admin.delete(f"/api/v1/users/{scene.user}/sessions").status == 204


def another_user(scene: Scene) -> None:
    scene.here.user("ben@acme.example")
    scene.world.clock.advance(seconds=1)
    page = scene.browser.open(scene.here.authorize_uri(prompt="login"))
    page = scene.browser.submit(page, username="ben@acme.example", password="Correct-horse-9")
    assert "code" in page.fields, page.text


def changed(scene: Scene, path: str, body: Any = None, method: str = "post") -> None:
    answer = getattr(scene.here.admin, method)(f"/api/v1/users/{scene.user}{path}", body)
    assert answer.status in {200, 204}, answer.json


def deactivated(scene: Scene) -> None:
    changed(scene, "/lifecycle/deactivate")


def deleted(scene: Scene) -> None:
    for _ in range(2):
        assert scene.here.admin.delete(f"/api/v1/users/{scene.user}").status == 204


def given_a_password(scene: Scene) -> None:
    scene.world.clock.advance(seconds=1)
    changed(scene, "", {"credentials": {"password": {"value": "Another-horse-9"}}})


def everything_ended(scene: Scene) -> None:
    body = {"sub_id": {"format": "opaque", "id": scene.user}}
    assert scene.here.admin.post("/oauth2/v1/global-token-revocation", body).status == 204


def suspended(scene: Scene) -> None:
    scene.world.clock.advance(seconds=1)
    changed(scene, "/lifecycle/suspend")


@pytest.mark.parametrize("ended", [deactivated, deleted, given_a_password, everything_ended, suspended])
def test_whoevers_sign_in_counts_no_more_is_signed_out_everywhere(scene: Scene, ended: Callable[[Scene], None]) -> None:
    ended(scene)
    outcome = scene.deliver()
    assert outcome.pop("ended") >= 1
    assert (outcome | scene.deliver()) == {"told": 1}
    assert scene.verified()["sid"] == scene.id_token["sid"]
    with pytest.raises(NotFound):
        scene.here.storage.sessions.by_id(scene.id_token["sid"])
    assert scene.deliver() == {}


def test_who_signs_in_again_before_that_is_left_signed_in(scene: Scene) -> None:
    deactivated(scene)
    changed(scene, "/lifecycle/activate")
    scene.world.clock.advance(seconds=1)
    again = signed_in(scene.here, Browser(scene.world))

    assert scene.deliver()["ended"] >= 1
    scene.deliver()

    (told,) = scene.rp.sent
    assert jwt.decode(told, options={"verify_signature": False})["sid"] == scene.id_token["sid"]
    assert scene.here.storage.sessions.by_id(again["sid"]).id == again["sid"]


def test_who_is_locked_out_first_is_signed_out_all_the_same_by_what_comes_then(scene: Scene) -> None:
    users = scene.here.storage.users
    locked = replace(users.get(scene.user), status="LOCKED_OUT")
    users.save(users.get(scene.user), locked, [])
    assert scene.deliver() == {}, "nobody signs anybody out by wrong passwords"
    users.save(users.get(scene.user), replace(users.get(scene.user), status="ACTIVE"), [])
    assert scene.deliver() == {}
    users.save(users.get(scene.user), locked, [])

    everything_ended(scene)

    assert scene.deliver() == {"ended": 1, "told": 1}


def test_more_sessions_than_are_looked_at_at_once_end_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authmint.oauth.backchannel_logout._MOST_SESSIONS", 2)
    for _ in range(4):
        signed_in(scene.here, Browser(scene.world))
    everything_ended(scene)
    for _ in range(4):
        scene.deliver()
    assert scene.here.storage.sessions.of_user(scene.user) == []
    assert len(scene.rp.sent) == 5


def test_a_session_that_ends_meanwhile_gives_no_token_that_names_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = scene.here.storage.sessions
    inform = sessions.inform

    def ended_first(session: Any, client: Any) -> None:
        sessions.end(session)
        inform(session, client)

    monkeypatch.setattr(sessions, "inform", ended_first)
    page = scene.browser.open(scene.here.authorize_uri())
    assert "code" not in page.fields
    assert scene.deliver() == {"told": 1}


def test_a_code_of_a_session_that_has_ended_gives_nothing(scene: Scene) -> None:
    code = scene.browser.open(scene.here.authorize_uri()).fields["code"]
    sign_out(scene)
    with pytest.raises(AssertionError, match="invalid_grant"):
        scene.here.redeemed(code)


def test_who_wants_to_be_told_later_is_named_no_session_of_before(scene: Scene) -> None:
    here = scene.here
    here.client = here.app(label="later", grant_types=["authorization_code", "refresh_token"])
    page = scene.browser.open(here.authorize_uri(scope="openid offline_access"))
    first = here.redeemed(page.fields["code"])
    path = f"/api/v1/apps/{here.client['client_id']}"
    app = here.admin.get(path).json
    app["settings"]["oauthClient"]["backchannel_logout_uri"] = LOGOUT
    assert here.admin.put(path, app).status == 200
    second = here.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    for tokens in (first, second):
        assert "sid" not in jwt.decode(tokens["id_token"], options={"verify_signature": False})


def test_what_nobody_expected_is_given_up_in_the_end_and_stops_nobody(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_out(scene)
    reported: list[BaseException] = []
    monkeypatch.setattr(scene.here.log, "report", lambda fault, *_, **__: reported.append(fault))

    def broken(*_: Any) -> Any:
        raise KeyError("x")

    monkeypatch.setattr("authmint.oauth.backchannel_logout.logout_token", broken)
    outcomes = []
    for _ in range(MOST_ATTEMPTS):
        outcomes += [*scene.deliver()]
        scene.world.clock.advance(seconds=3_600)
    assert outcomes == ["delayed"] * (MOST_ATTEMPTS - 1) + ["given_up"]
    assert {type(fault) for fault in reported} == {KeyError}


def test_a_change_that_ends_nothing_is_told_to_nobody(scene: Scene) -> None:
    changed(scene, "", {"profile": {"nickName": "a"}})
    assert scene.deliver() == {}


@pytest.mark.parametrize("ended", [sign_out, end_by_id, end_all, another_user])
def test_whoever_ends_a_session_its_client_is_told(scene: Scene, ended: Callable[[Scene], None]) -> None:
    assert scene.deliver() == {}
    ended(scene)

    assert scene.deliver() == {"told": 1}

    claims = scene.verified()
    assert (claims["sub"], claims["sid"]) == (scene.user, scene.id_token["sid"])
    assert (claims["events"], claims["exp"] - claims["iat"]) == ({EVENT: {}}, 120)
    assert "nonce" not in claims
    assert scene.deliver() == {}
    assert scene.events() == [("SUCCESS", None)]


def test_the_stream_of_the_table_tells_at_once(scene: Scene) -> None:
    sign_out(scene)
    (notice,) = scene.here.storage.logout_notices.waiting
    records = [
        {"eventName": name, "dynamodb": {"Keys": {"pk": {"S": "LOGOUT#1"}, "sk": {"S": notice}}}}
        for name in ("INSERT", "MODIFY", "REMOVE")
    ]
    assert scene.deliver({"Records": records}) == {"told": 1}


def test_who_wants_nothing_is_told_nothing_and_has_no_sid(scene: Scene) -> None:
    scene.here.client = scene.here.app(label="quiet")
    assert "sid" not in signed_in(scene.here, scene.browser)
    sign_out(scene)
    assert scene.deliver() == {"told": 1}
    (told,) = scene.rp.sent
    assert jwt.decode(told, options={"verify_signature": False})["aud"] == scene.id_token["aud"]


def test_a_client_is_told_once_however_often_it_asked(scene: Scene) -> None:
    assert signed_in(scene.here, scene.browser)["sid"] == scene.id_token["sid"]
    sign_out(scene)
    assert scene.deliver() == {"told": 1}


def test_refreshed_id_tokens_name_the_session_too(scene: Scene) -> None:
    here = scene.here
    here.client = here.app(
        label="refreshing",
        backchannel_logout_uri=LOGOUT,
        grant_types=["authorization_code", "refresh_token"],
    )
    page = scene.browser.open(here.authorize_uri(scope="openid offline_access"))
    first = here.redeemed(page.fields["code"])
    second = here.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    sids = {jwt.decode(t["id_token"], options={"verify_signature": False})["sid"] for t in (first, second)}
    assert sids == {scene.id_token["sid"]}


@pytest.mark.parametrize("status", [500, 302, 404, 429])
def test_who_has_trouble_is_told_later(scene: Scene, status: int) -> None:
    scene.rp.status = status
    sign_out(scene)
    assert scene.deliver() == {"delayed": 1}
    assert scene.deliver() == {}, "not before its time"
    scene.rp.status = 204
    scene.world.clock.advance(seconds=60)
    assert scene.deliver() == {"told": 1}
    first, second = (jwt.decode(token, options={"verify_signature": False}) for token in scene.rp.sent)
    assert first["jti"] != second["jti"]
    assert second["iat"] - first["iat"] == 60


def test_who_is_gone_is_given_up_after_hours(scene: Scene) -> None:
    del scene.world.hosts[HOST]
    sign_out(scene)
    outcomes = []
    for _ in range(MOST_ATTEMPTS):
        outcomes += [*scene.deliver()]
        scene.world.clock.advance(seconds=3_600)
    assert outcomes == ["delayed"] * (MOST_ATTEMPTS - 1) + ["given_up"]
    assert scene.deliver() == {}
    assert scene.events() == [("FAILURE", "name does not resolve")]


def test_who_refuses_the_token_is_not_asked_again(scene: Scene) -> None:
    scene.rp.status = 400
    sign_out(scene)
    assert scene.deliver() == {"given_up": 1}
    assert scene.events() == [("FAILURE", "status 400")]


def test_of_a_silent_host_nobody_waits_twice(scene: Scene) -> None:
    second = Browser(scene.world)
    signed_in(scene.here, second)
    del scene.world.hosts[HOST]
    end_all(scene)
    asked = len(scene.world.asked)
    assert scene.deliver() == {"delayed": 2}
    assert len(scene.world.asked) == asked + 1


def test_a_client_that_wants_it_no_more_is_left_alone(scene: Scene) -> None:
    path = f"/api/v1/apps/{scene.here.client['client_id']}"
    app = scene.here.admin.get(path).json
    del app["settings"]["oauthClient"]["backchannel_logout_uri"]
    assert scene.here.admin.put(path, app).status == 200
    sign_out(scene)
    assert scene.deliver() == {"unwanted": 1}
    assert scene.rp.sent == []


def test_a_key_that_cannot_be_opened_now_is_opened_later(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_out(scene)

    def down(*_: Any) -> Any:
        raise VaultUnavailable("KMS: down")

    with monkeypatch.context() as outage:
        outage.setattr(scene.here.admin.pairs, "unwrap", down)
        outage.setattr(scene.here.log, "report", lambda *_, **__: None)
        assert scene.deliver() == {"delayed": 1}
    scene.world.clock.advance(seconds=60)
    assert scene.deliver() == {"told": 1}


def test_no_other_token_can_be_taken_for_it_and_it_for_no_other(scene: Scene) -> None:
    sign_out(scene)
    scene.deliver()
    hint = f"{ACME}/oauth2/v1/logout?id_token_hint={scene.rp.sent[-1]}"
    assert "code" not in scene.browser.open(hint).fields
    assert scene.browser.open(hint).response.status == 401
    bearer = Request("GET", "/oauth2/v1/userinfo", ACME, headers={"authorization": f"Bearer {scene.rp.sent[-1]}"})
    assert scene.here.answer(bearer).status == 401
    told = scene.here.called("/oauth2/v1/introspect", token=scene.rp.sent[-1])
    assert told == {"active": False}


def test_metadata_says_so(scene: Scene) -> None:
    document = json.loads(scene.here.answer(Request("GET", "/.well-known/openid-configuration", ACME)).body)
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert "sid" in document["claims_supported"]


@pytest.mark.parametrize(
    "uri", ["http://rp.example.com/x", "javascript:alert(1)", f"{LOGOUT}#x", "https://user@rp.example.com/", "x"]
)
def test_what_cannot_be_such_an_address_is_refused(scene: Scene, uri: str) -> None:
    from tests.management.apps import app_body

    body = app_body(redirect_uris=["https://app.example.com/cb"], backchannel_logout_uri=uri)
    answer = scene.here.admin.post("/api/v1/apps", body)
    assert (answer.status, "backchannel_logout_uri" in answer.json["errorSummary"]) == (400, True)


def test_registered_clients_say_it_as_well_and_see_it_again(scene: Scene) -> None:
    body = {
        "client_name": "r",
        "redirect_uris": ["https://app.example.com/cb"],
        "backchannel_logout_uri": LOGOUT,
        "backchannel_logout_session_required": True,
    }
    answer = scene.here.admin.post("/oauth2/v1/clients", body)
    assert answer.status == 201, answer.json
    assert {name: answer.json[name] for name in body} == body


def test_a_session_that_is_gone_ends_twice_and_tells_once(scene: Scene) -> None:
    session = scene.here.storage.sessions.by_id(scene.id_token["sid"])
    for _ in range(2):
        scene.here.storage.sessions.end(session)
    assert scene.deliver() == {"told": 1}
    with pytest.raises(NotFound):
        scene.here.storage.sessions.by_id(session.id)
