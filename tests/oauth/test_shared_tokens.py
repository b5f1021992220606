"""docs/protocol.md §9.5: requests of one machine for the very same token share it, and nobody else does."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from authmint.storage.errors import Unavailable

from tests.management.admin import Admin
from tests.management.apps import app_body
from tests.oauth.engine import Engine
from tests.support.builders import CLIENT_ID, SERVER_ID, a_form, a_server, basic
from tests.support.fakes import decoded

MACHINE: dict[str, Any] = {
    "application_type": "service",
    "grant_types": ["client_credentials"],
    "response_types": ["token"],
}


@pytest.fixture
def engine() -> Engine:
    engine = Engine(a_server())
    change(engine, shares_seconds=60)
    return engine


def change(engine: Engine, **changes: Any) -> None:
    client = engine.storage.clients.get(CLIENT_ID)
    engine.storage.clients.save(client, replace(client, **changes), [])


def ask(engine: Engine, **form: str) -> dict[str, Any]:
    answer: dict[str, Any] = decoded(engine.ask(form).body)
    assert "access_token" in answer, answer
    return answer


def test_the_same_again_is_the_same_token_with_less_of_its_life(engine: Engine) -> None:
    first = ask(engine)
    engine.clock.advance(seconds=59)
    second = ask(engine)

    assert second == first | {"expires_in": first["expires_in"] - 59}
    assert jwt.decode(second["access_token"], options={"verify_signature": False})["exp"] == (
        engine.clock.now() + second["expires_in"]
    )
    assert len(engine.events.emitted) == 1, "what was minted is in the log, once"
    engine.clock.advance(seconds=1)
    assert ask(engine)["access_token"] != first["access_token"]


def test_without_the_setting_each_gets_another() -> None:
    engine = Engine(a_server())
    assert ask(engine)["access_token"] != ask(engine)["access_token"]


def test_half_of_its_life_is_left(engine: Engine) -> None:
    change(engine, shares_seconds=600)
    server = engine.storage.servers.get(SERVER_ID)
    policies = tuple(
        replace(
            policy,
            rules=tuple(replace(rule, access_token_lifetime=300) for rule in policy.rules),
        )
        for policy in server.policies
    )
    engine.storage.servers.save(server, replace(server, policies=policies), [])
    first = ask(engine)
    engine.clock.advance(seconds=150)
    assert ask(engine)["access_token"] == first["access_token"]
    engine.clock.advance(seconds=1)
    assert ask(engine)["access_token"] != first["access_token"]


def test_a_revoked_token_is_shared_no_more(engine: Engine) -> None:
    first = ask(engine)
    engine.revoke(a_form({"token": first["access_token"]}, headers=basic(), path="revoke"))
    second = ask(engine)
    assert second["access_token"] != first["access_token"]
    assert engine.state(second["access_token"])["active"] is True
    assert ask(engine)["access_token"] == second["access_token"]


def test_any_change_of_client_or_server_makes_another(engine: Engine) -> None:
    seen = {ask(engine)["access_token"]}
    change(engine, label="other")
    seen.add(ask(engine)["access_token"])
    server = engine.storage.servers.get(SERVER_ID)
    engine.storage.servers.save(server, replace(server, description="other"), [])
    seen.add(ask(engine)["access_token"])
    assert len(seen) == 3


def test_other_scopes_make_another(engine: Engine) -> None:
    names = [scope.name for scope in engine.storage.servers.get(SERVER_ID).scopes if not scope.system]
    assert names
    tokens = {ask(engine, scope=name)["access_token"] for name in names} | {ask(engine)["access_token"]}
    assert len(tokens) >= len(names)
    for name in names:
        assert ask(engine, scope=name)["access_token"] in tokens


def test_who_is_not_the_client_gets_nothing(engine: Engine) -> None:
    ask(engine)
    wrong = engine.token(a_form({"grant_type": "client_credentials"}, headers=basic(secret="wrong" * 8)))
    assert wrong.status == 401
    change(engine, status="INACTIVE")
    assert decoded(engine.ask().body)["error"] == "invalid_client"


def test_where_it_cannot_be_told_whether_it_was_revoked_nothing_is_given(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(engine)

    def down(*_: Any) -> bool:
        raise Unavailable("DynamoDB")

    monkeypatch.setattr(engine.storage.revocations, "has", down)
    assert engine.ask().status == 503


@pytest.mark.parametrize("value", [-1, 601, 10**9])
def test_what_cannot_be_a_time_is_refused(value: Any) -> None:
    answer = Admin().post("/api/v1/apps", app_body(**MACHINE, token_sharing_seconds=value))
    assert (answer.status, "token_sharing_seconds" in answer.json["errorSummary"]) == (400, True)


def test_it_is_shown_and_only_machines_have_it() -> None:
    admin = Admin()
    made = admin.made("/api/v1/apps", app_body(**MACHINE, token_sharing_seconds=60))
    assert made["settings"]["oauthClient"]["token_sharing_seconds"] == 60
    people = app_body(
        label="web",
        grant_types=["authorization_code"],
        redirect_uris=["https://app.example.com/cb"],
        token_sharing_seconds=60,
    )
    assert admin.post("/api/v1/apps", people).status == 400
