"""docs/protocol.md §33.8: what somebody would be asked, from where, and by which rule."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.storage.factors import Factor
from authmint.storage.sign_on_history import PastSignIn

from tests.management.admin import Admin
from tests.management.apps import app_body, web
from tests.support.fakes import NOW

PATH = "/api/v1/policies"
LOGIN = "ann@example.com"
PHISHING_RESISTANT = {"constraints": [{"possession": {"phishingResistant": "REQUIRED"}}]}


class World:
    def __init__(self, admin: Admin) -> None:
        self.admin = admin
        profile = {"firstName": "Ann", "lastName": "B", "email": LOGIN, "login": LOGIN}
        body = {"profile": profile, "credentials": {"password": {"value": "Correct-Horse-7"}}}
        self.user = admin.post("/api/v1/users", body).json["id"]

    def explained(self, **body: Any) -> Any:
        answer = self.admin.post(f"{PATH}/explain", {"user": LOGIN, **body})
        assert answer.status == 200, answer.json
        return answer.json

    def rule(self, policy_type: str = "OKTA_SIGN_ON", **body: Any) -> str:
        policy = self.admin.post(PATH, {"type": policy_type, "name": "own"}).json["id"]
        answer = self.admin.post(f"{PATH}/{policy}/rules?confirm=true", {"name": "r", **body})
        assert answer.status == 200, answer.json
        return str(policy)

    def app(self, **method: Any) -> str:
        app: str = self.admin.post("/api/v1/apps", app_body(**web())).json["id"]
        says = {"appSignOn": {"verificationMethod": {"type": "ASSURANCE", "factorMode": "2FA", **method}}}
        self.admin.put(f"/api/v1/apps/{app}/policies/{self.rule('ACCESS_POLICY', actions=says)}")
        return app


@pytest.fixture
def world(admin: Admin) -> World:
    return World(admin)


FACTOR = {"signon": {"requireFactor": True, "factorPromptMode": "ALWAYS"}}


def test_the_default_asks_for_nothing_more(world: World) -> None:
    found = world.explained()

    assert (found["outcome"], found["session"]["requireFactor"], found["app"]) == ("ALLOWED", False, None)
    assert [one["policy"]["name"] for one in found["session"]["decidedBy"]] == ["Default Policy"]
    assert (found["risk"]["level"], found["risk"]["reasons"][0]) == ("HIGH", "New User")


def test_a_rule_by_a_zone_is_named(world: World) -> None:
    zone = world.admin.post(
        "/api/v1/zones", {"type": "IP", "name": "office", "gateways": [{"type": "CIDR", "value": "10.0.0.0/8"}]}
    ).json["id"]
    world.rule(conditions={"network": {"connection": "ZONE", "exclude": [zone]}}, actions=FACTOR)

    inside, outside = world.explained(address="10.1.1.1"), world.explained(address="192.0.2.1")

    assert [one["name"] for one in inside["from"]["zones"]] == ["office"]
    assert (inside["session"]["requireFactor"], outside["session"]["requireFactor"]) == (False, True)
    assert outside["session"]["decidedBy"][0]["rule"]["name"] == "r"
    unmatched = inside["session"]["evaluation"]["evaluated"]["policies"][0]["rules"][0]
    assert {one["type"]: one["status"] for one in unmatched["conditions"]}["network"] == "UNMATCHED"


def test_who_has_no_factor_enrols_or_is_locked_out(world: World) -> None:
    world.rule(actions=FACTOR)
    before = world.explained()["outcome"]
    world.rule("MFA_ENROLL", actions={"enroll": {"self": "NEVER"}})
    locked_out = world.explained()["outcome"]
    world.admin.storage.factors.add(Factor("uft1", world.user, "totp", "ACTIVE", NOW, NOW, "GOOGLE", secret="s"), [])

    assert (before, locked_out, world.explained()["outcome"]) == ("ENROLLS", "CANNOT", "ALLOWED")


def test_an_application_may_ask_for_more(world: World) -> None:
    app = world.app(**PHISHING_RESISTANT, reauthenticateIn="PT1H")

    found = world.explained(app=app)

    assert found["app"]["assurances"] == [
        {
            "twoFactors": True,
            "reauthenticateInSeconds": 3_600,
            "anyOf": [{"possession": {"phishingResistant": True}}],
        }
    ]
    assert found["outcome"] == "ENROLLS"


def test_a_known_device_and_a_place_make_it_ordinary(world: World) -> None:
    before = world.admin.storage.histories.get(world.user)
    past = PastSignIn(world.admin.clock.now() - 60, "10.0.0.1", device="d1", country="DE", point=(52.5, 13.4))
    world.admin.storage.histories.save(before, replace(before, sign_ins=(past,)))
    home = {"address": "10.0.0.1", "country": "DE", "latitude": 52.5, "longitude": 13.4}

    usual = world.explained(**home, device="known")
    unusual = world.explained(**{**home, "country": "US", "latitude": 40.7, "longitude": -74.0})

    assert (usual["risk"]["level"], usual["behaviors"]["New Device"]) == ("LOW", "NEGATIVE")
    assert unusual["risk"] == {
        "level": "HIGH",
        "reasons": ["Impossible Travel", "Anomalous Device", "Recent Change", "Anomalous Geo-Distance"],
    }


def test_a_blocked_zone_comes_first(world: World) -> None:
    blocked = {"gateways": [{"type": "CIDR", "value": "203.0.113.0/24"}]}
    world.admin.post("/api/v1/zones", {"type": "IP", "name": "bad", "usage": "BLOCKLIST", **blocked})

    found = world.explained(address="203.0.113.9")

    assert (found["outcome"], found["from"]["blockedBy"]["name"]) == ("BLOCKED", "bad")


def test_a_deny_is_an_outcome(world: World) -> None:
    world.rule(actions={"signon": {"access": "DENY"}})

    assert world.explained()["outcome"] == "DENIED"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": "nobody@example.com"}, 404),
        ({"user": "00uNone"}, 404),
        ({"app": "0oaNone"}, 404),
        ({"user": ""}, 400),
        ({"latitude": "north"}, 400),
        ({"latitude": 1.5}, 400),
    ],
)
def test_what_is_not_there_is_refused(world: World, body: Any, status: int) -> None:
    assert world.admin.post(f"{PATH}/explain", {"user": LOGIN, **body}).status == status
