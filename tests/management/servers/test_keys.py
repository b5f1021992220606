"""``…/credentials``: revoking a leaked key, and what ``authmint keys doctor`` reads."""

import pytest
from authmint.keys.rotation import revoke, rotate

from tests.keys.key_sets import fresh
from tests.management.admin import SERVERS, Admin
from tests.oauth.engine import Engine
from tests.support.builders import a_form, a_server, basic


def test_a_revoked_key_is_gone_a_fresh_one_signs_and_the_log_says_why(admin: Admin) -> None:
    server = admin.server()
    path = f"{SERVERS}/{server['id']}"
    kid = server["credentials"]["signing"]["kid"]

    left = admin.post(f"{path}/credentials/keys/{kid}/lifecycle/revoke", {"reason": "found in a repository"})

    assert left.status == 200
    assert [key["status"] for key in left.json] == ["ACTIVE", "NEXT"]
    assert admin.get(f"{path}/credentials/keys").json == left.json
    assert admin.get(f"{path}/credentials/keys/{kid}").status == 404
    assert admin.get(path).json["credentials"]["signing"]["kid"] == left.json[0]["kid"] != kid
    event = admin.storage.events[-1]
    assert event.type == "app.oauth2.as.key.rollover"
    assert event.debug["revoked_kid"] == kid
    assert event.debug["reason"] == "found in a repository"
    assert kid in event.message


def test_revoking_again_answers_the_same_and_is_not_logged_again(admin: Admin) -> None:
    server = admin.server()
    path = f"{SERVERS}/{server['id']}/credentials/keys/{server['credentials']['signing']['kid']}/lifecycle/revoke"
    first = admin.post(path)
    events = len(admin.storage.events)

    again = admin.post(path)

    assert (again.status, again.json) == (200, first.json)
    assert len(admin.storage.events) == events
    assert len(admin.pairs.generated) == 7  # two of each server, and the fresh one


def test_a_key_of_another_server_is_not_there_to_revoke(admin: Admin) -> None:
    one, other = admin.server(), admin.server()
    kid = other["credentials"]["signing"]["kid"]

    answer = admin.post(f"{SERVERS}/{one['id']}/credentials/keys/{kid}/lifecycle/revoke")

    assert (answer.status, answer.code) == (404, "E0000007")
    assert answer.json["errorSummary"].endswith("(JsonWebKey)")


def test_the_doctor_reads_since_when_keys_serve_and_what_comes_next(admin: Admin) -> None:
    server = admin.server()
    path = f"{SERVERS}/{server['id']}"
    admin.post(f"{path}/credentials/lifecycle/keyRotate", {"use": "sig"})
    admin.clock.advance(seconds=60)

    shown = admin.get(f"{path}/credentials/rotation").json

    active, announced, expired = shown["keys"]
    assert shown["rotationMode"] == "AUTO"
    assert shown["jwksMaxAge"] == 86_400
    assert active["signsSince"] == "2099-12-03T16:53:20.000Z"
    assert active["next"] == {"step": "stop signing", "at": "2100-03-03T16:53:20.000Z", "overdue": False}
    assert announced["next"] == {"step": "start signing", "at": "2100-03-03T16:53:20.000Z", "overdue": False}
    assert expired["lastTokenExpiresBy"] == expired["next"]["at"] == "2099-12-04T17:53:20.000Z"
    assert "wrapped" not in str(shown)


@pytest.mark.parametrize("state", ["ACTIVE", "EXPIRED"])
def test_tokens_of_a_revoked_key_are_inactive_and_nothing_to_revoke(state: str) -> None:
    engine = Engine(a_server(algorithm="ES256"))
    token = engine.access_token()
    assert engine.state(token)["active"] is True
    server = engine.storage.servers.get(a_server().id)
    kid, now = server.active_key.kid, engine.clock.now()
    if state == "EXPIRED":
        engine.storage.servers.save(server, rotate(server, now, [fresh(now)]), [])
        server = engine.storage.servers.get(server.id)
        assert engine.state(token)["active"] is True

    after = revoke(server, kid, now, [fresh(now), fresh(now)])
    engine.storage.servers.save(server, after, [])

    assert engine.state(token) == {"active": False}
    assert engine.revoke(a_form({"token": token}, headers=basic(), path="revoke")).status == 200
    assert "app.oauth2.as.token.revoke" not in [event.type for event in engine.events.emitted]
