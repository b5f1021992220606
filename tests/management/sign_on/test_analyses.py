"""docs/protocol.md §33.11: what policies do wrong, whom they lock out, and what they would have asked lately."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.storage.events import Event, Party
from authmint.storage.factors import Factor

from tests.management.admin import Admin
from tests.management.apps import app_body, web
from tests.support.fakes import NOW

PATH = "/api/v1/policies"
FACTOR = {"signon": {"requireFactor": True, "factorPromptMode": "ALWAYS"}}
ANALYSIS = f"{PATH}/analysis"


class World:
    """Ann, Ben and Cleo, and a policy that asks everybody for a factor and lets nobody set one up."""

    def __init__(self, admin: Admin) -> None:
        self.admin = admin
        self.users = [self.user(name) for name in ("ann", "ben", "cleo")]

    def user(self, name: str) -> str:
        login = f"{name}@example.com"
        profile = {"firstName": name, "lastName": "B", "email": login, "login": login}
        body = {"profile": profile, "credentials": {"password": {"value": "Correct-Horse-7"}}}
        return str(self.admin.post("/api/v1/users", body).json["id"])

    def policy(self, policy_type: str = "OKTA_SIGN_ON", **body: Any) -> str:
        answer = self.admin.post(PATH, {"type": policy_type, "name": f"own {policy_type}", **body})
        assert answer.status == 200, answer.json
        return str(answer.json["id"])

    def rule(self, policy: str, name: str = "r", *, active: bool = True, **body: Any) -> str:
        path = f"{PATH}/{policy}/rules?confirm=true&activate={str(active).lower()}"
        answer = self.admin.post(path, {"name": name, **body})
        assert answer.status == 200, answer.json
        return str(answer.json["id"])

    def nobody_enrols(self) -> None:
        policy = self.policy("MFA_ENROLL", settings={"type": "AUTHENTICATORS", "authenticators": []})
        self.rule(policy, actions={"enroll": {"self": "NEVER"}})

    def enrolled(self, user: str, kind: Any = "totp") -> None:
        factor = Factor(f"uft{user}", user, kind, "ACTIVE", NOW, NOW, "GOOGLE")
        self.admin.storage.factors.add(factor, [])

    def asked(self, what: str, **body: Any) -> Any:
        answer = self.admin.post(f"{ANALYSIS}/{what}", body)
        assert answer.status == 200, answer.json
        return answer.json

    def signed_in(self, user: str, at: int, address: str = "10.0.0.1", **changes: Any) -> None:
        actor = Party(user, "User", "x@example.com")
        event = Event(f"e{at}{user}", at * 1_000, "user.session.start", actor, source_ip=address, user_agent="Firefox")
        self.admin.storage.log.deliver([replace(event, **changes)], stream="s")


@pytest.fixture
def world(admin: Admin) -> World:
    return World(admin)


def test_rules_that_nobody_matches_are_told_with_what_stands_before_them(world: World) -> None:
    group = world.admin.post("/api/v1/groups", {"profile": {"name": "staff"}}).json["id"]
    policy = world.policy()
    first = world.rule(policy, "all")
    world.rule(policy, "never", actions=FACTOR, conditions={"people": {"groups": {"include": [group]}}})
    apps = world.policy("ACCESS_POLICY")
    world.rule(apps, "alive")

    found = world.admin.get(ANALYSIS).json

    assert [(one["rule"]["name"], one["reason"], one["shadowedBy"]) for one in found["unreachableRules"]] == [
        ("never", "SHADOWED", first)
    ]
    assert found["missing"] == []
    assert world.admin.get(f"{ANALYSIS}?type=PASSWORD").json == {"unreachableRules": [], "missing": []}
    assert world.admin.get(f"{ANALYSIS}?type=OTHER").status == 400


def test_what_rules_name_and_is_gone_is_told(world: World) -> None:
    group = world.admin.post("/api/v1/groups", {"profile": {"name": "former"}}).json["id"]
    policy = world.policy()
    world.rule(policy, actions=FACTOR, conditions={"people": {"groups": {"include": [group]}}})
    zone = {"type": "IP", "name": "office", "gateways": [{"type": "CIDR", "value": "10.0.0.0/8"}]}
    office = world.admin.post("/api/v1/zones", zone).json["id"]
    world.rule(policy, "office", conditions={"network": {"connection": "ZONE", "include": [office]}})
    before = world.admin.get(ANALYSIS).json

    world.admin.delete(f"/api/v1/groups/{group}")
    world.admin.post(f"/api/v1/zones/{office}/lifecycle/deactivate")
    found = world.admin.get(ANALYSIS).json

    assert before == {"unreachableRules": [], "missing": []}
    assert [(one["rule"]["name"], one["reason"], one["condition"]) for one in found["unreachableRules"]] == [
        ("r", "GONE", "people"),
        ("office", "GONE", "network"),
    ]
    assert [(one["kind"], one["id"]) for one in found["missing"]] == [("group", group), ("zone", office)]


def test_people_who_cannot_prove_what_is_asked_are_told_page_by_page(world: World) -> None:
    ann, ben, cleo = world.users
    world.rule(world.policy(), "strict", actions=FACTOR)
    enrol = world.asked("people")
    world.nobody_enrols()
    world.enrolled(ben)

    first = world.asked("people", limit=2)
    second = world.asked("people", limit=2, after=first["next"])

    locked = [one for page in (first, second) for one in page["lockedOut"]]
    assert enrol["lockedOut"] == []
    assert {one["user"]["id"] for one in locked} == {ann, cleo}
    assert {one["rule"]["name"] for one in locked[0]["decidedBy"]} == {"strict"}
    assert (first["tried"], second["next"]) == (2, None)


def test_an_authenticator_that_is_off_helps_nobody(world: World) -> None:
    ann, *_ = world.users
    world.nobody_enrols()
    world.enrolled(ann)
    listed = world.admin.get("/api/v1/authenticators").json
    totp = next(one["id"] for one in listed if one["key"] == "google_otp")
    inactive = world.rule(world.policy(), "strict", active=False, actions=FACTOR)

    def locked_out() -> set[str]:
        found = world.asked("people", activate=[inactive])
        return {one["user"]["id"] for one in found["lockedOut"]}

    before = locked_out()
    answer = world.admin.post(f"/api/v1/authenticators/{totp}/lifecycle/deactivate")

    assert answer.status == 200, answer.json
    assert ann not in before
    assert locked_out() == set(world.users)
    assert world.asked("people")["lockedOut"] == []


def test_who_cannot_sign_in_anyhow_is_not_told(world: World) -> None:
    ann, ben, cleo = world.users
    world.rule(world.policy(), actions=FACTOR)
    world.nobody_enrols()
    world.admin.post(f"/api/v1/users/{ann}/lifecycle/suspend")

    assert {one["user"]["id"] for one in world.asked("people")["lockedOut"]} == {ben, cleo}


def test_the_policy_of_an_app_and_where_from_count(world: World) -> None:
    app = world.admin.post("/api/v1/apps", app_body(**web())).json["id"]
    policy = world.policy("ACCESS_POLICY")
    says = {"appSignOn": {"verificationMethod": {"type": "ASSURANCE", "factorMode": "2FA"}}}
    zone = {"type": "IP", "name": "office", "gateways": [{"type": "CIDR", "value": "10.0.0.0/8"}]}
    office = world.admin.post("/api/v1/zones", zone).json["id"]
    world.rule(policy, actions=says, conditions={"network": {"connection": "ZONE", "exclude": [office]}})
    world.admin.put(f"/api/v1/apps/{app}/policies/{policy}")
    world.nobody_enrols()

    def locked_out(**body: Any) -> int:
        return len(world.asked("people", **body)["lockedOut"])

    assert (locked_out(), locked_out(app=app, address="10.0.0.1"), locked_out(app=app, address="192.0.2.1")) == (
        0,
        0,
        3,
    )


def test_sign_ins_of_the_last_days_are_tried_with_a_rule_as_if_it_were_on(world: World) -> None:
    ann, ben, _ = world.users
    world.nobody_enrols()
    world.enrolled(ben)
    now = world.admin.clock.now()
    for user, ago in ((ann, 60), (ann, 120), (ben, 180), (ben, 9 * 86_400), ("00uGone", 200)):
        world.signed_in(user, now - ago)
    world.signed_in(ben, now - 70, outcome="FAILURE", reason="INVALID_CREDENTIALS")
    rule = world.rule(world.policy(), "strict", active=False, actions=FACTOR)

    today = world.asked("sign-ins")
    switched = world.asked("sign-ins", activate=[rule], days=30)

    def rows(found: Any) -> dict[str, tuple[int, str, Any]]:
        assert found["next"] is None
        return {
            one["user"]["id"]: (one["signIns"], one["outcome"], one.get("factorPromptMode")) for one in found["signIns"]
        }

    assert rows(today) == {ann: (2, "ALLOWED", None), ben: (1, "ALLOWED", None), "00uGone": (1, "UNKNOWN", None)}
    assert rows(switched) == {
        ann: (2, "CANNOT", "ALWAYS"),
        ben: (2, "ALLOWED", "ALWAYS"),
        "00uGone": (1, "UNKNOWN", None),
    }
    assert {one["rule"]["name"] for one in switched["signIns"][-1]["decidedBy"]} == {"strict"}


def test_the_log_is_read_page_by_page_and_each_sign_in_counted_once(world: World) -> None:
    ann, ben, cleo = world.users
    now = world.admin.clock.now()
    for number in range(7):
        world.signed_in((ann, ben, cleo)[number % 3], now - 1_000 + number, f"10.0.0.{number % 2}")

    counted, after, pages = 0, None, 0
    while pages == 0 or after is not None:
        found = world.asked("sign-ins", limit=3, **({} if after is None else {"after": after}))
        counted, after, pages = counted + sum(one["signIns"] for one in found["signIns"]), found["next"], pages + 1

    assert (counted, pages) == (7, 3)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("people", {"limit": 0}),
        ("people", {"limit": 1_000}),
        ("people", {"risk": "NONE"}),
        ("people", {"activate": ["x"] * 21}),
        ("sign-ins", {"days": 0}),
        ("sign-ins", {"days": 91}),
        ("sign-ins", {"after": "nonsense"}),
    ],
)
def test_what_cannot_be_is_refused(world: World, what: str, body: Any) -> None:
    assert world.admin.post(f"{ANALYSIS}/{what}", body).status == 400


def test_an_app_that_is_not_there_is_not_found(world: World) -> None:
    assert world.admin.post(f"{ANALYSIS}/people", {"app": "0oaGone"}).status == 404
