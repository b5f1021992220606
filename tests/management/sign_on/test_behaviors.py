"""docs/protocol.md §33.9: behaviours, risk, threats."""

from dataclasses import replace
from typing import Any

import pytest
from authmint.management.http.needed_scopes import needed_scope
from authmint.policy.sign_on.behaviors import SEEDED
from authmint.storage.sign_on_history import PastSignIn

from tests.management.admin import Admin
from tests.support.fakes import NOW

PATH = "/api/v1/behaviors"
NAMES = ["New City", "New Country", "New Device", "New Geo-Location", "New IP", "New State", "Velocity"]


def names(admin: Admin) -> list[str]:
    return [one["name"] for one in admin.get(PATH).json]


def test_some_are_there_from_the_start_by_name(admin: Admin) -> None:
    assert names(admin) == NAMES
    (velocity,) = [one for one in admin.get(PATH).json if one["name"] == "Velocity"]
    assert (velocity["type"], velocity["settings"], velocity["status"]) == ("VELOCITY", {"velocityKph": 805}, "ACTIVE")
    assert admin.get(f"{PATH}/{velocity['id']}").json == velocity


def test_a_list_is_paged_by_name(admin: Admin) -> None:
    answer = admin.get(f"{PATH}?limit=3")

    assert [one["name"] for one in answer.json] == NAMES[:3]
    assert [one["name"] for one in admin.get(f"{PATH}?after=New+Device&limit=2").json] == NAMES[3:5]


@pytest.mark.parametrize(
    ("kind", "sent", "shown"),
    [
        ("VELOCITY", {"velocityKph": 1000}, {"velocityKph": 1000}),
        ("VELOCITY", {}, {"velocityKph": 805}),
        ("ANOMALOUS_DEVICE", {}, {"minEventsNeededForEvaluation": 0, "maxEventsUsedForEvaluation": 20}),
        ("ANOMALOUS_IP", {}, {"minEventsNeededForEvaluation": 0, "maxEventsUsedForEvaluation": 50}),
        (
            "ANOMALOUS_LOCATION",
            {"granularity": "LAT_LONG", "maxEventsUsedForEvaluation": 100, "radiusKilometers": 5},
            {
                "minEventsNeededForEvaluation": 0,
                "maxEventsUsedForEvaluation": 100,
                "granularity": "LAT_LONG",
                "radiusKilometers": 5,
            },
        ),
        (
            "ANOMALOUS_LOCATION",
            {"granularity": "COUNTRY", "radiusKilometers": 5},
            {"minEventsNeededForEvaluation": 0, "maxEventsUsedForEvaluation": 20, "granularity": "COUNTRY"},
        ),
    ],
)
def test_a_behaviour_is_made_with_the_settings_of_its_type(admin: Admin, kind: str, sent: Any, shown: Any) -> None:
    answer = admin.post(PATH, {"name": "mine", "type": kind, "status": "INACTIVE", "settings": sent})

    assert (answer.status, answer.json["settings"], answer.json["status"]) == (200, shown, "ACTIVE")
    assert names(admin) == ["mine", *NAMES] or sorted(names(admin)) == sorted(["mine", *NAMES])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "ODD"}, "type"),
        ({"name": " "}, "name"),
        ({"name": "Velocity"}, "name"),
        ({"settings": {"velocityKph": 0}}, "settings.velocityKph"),
        (
            {"type": "ANOMALOUS_IP", "settings": {"maxEventsUsedForEvaluation": 101}},
            "settings.maxEventsUsedForEvaluation",
        ),
        ({"type": "ANOMALOUS_LOCATION", "settings": {"granularity": "STREET"}}, "settings.granularity"),
        ({"type": "ANOMALOUS_LOCATION", "settings": {"radiusKilometers": "5"}}, "settings.radiusKilometers"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(admin: Admin, body: Any, field: str) -> None:
    answer = admin.post(PATH, {"name": "x", "type": "VELOCITY", "settings": {}, **body})

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {field}"), answer.causes


def test_one_is_replaced_switched_and_deleted_and_the_others_stay(admin: Admin) -> None:
    path = f"{PATH}/{SEEDED[0].id}"

    replaced = admin.put(path, {"name": "Town", "type": SEEDED[0].type, "status": "INACTIVE", "settings": {}})
    switched = [admin.post(f"{path}/lifecycle/{verb}").json["status"] for verb in ("deactivate", "activate")]
    other = admin.put(path, {"name": "Town", "type": "VELOCITY"})
    deleted = admin.delete(path)

    assert (replaced.json["name"], replaced.json["status"], switched) == ("Town", "ACTIVE", ["INACTIVE", "ACTIVE"])
    assert other.json["errorSummary"] == "Api validation failed: type"
    assert deleted.status == 204
    assert names(admin) == NAMES[1:]
    assert admin.get(path).json["errorSummary"] == f"Not found: Resource not found: {SEEDED[0].id} (BehaviorSettings)"
    events = [event.type.rpartition(".")[2] for event in admin.storage.events if "behavior" in event.type]
    assert events == ["update", "update", "update", "delete"]


def a_user(admin: Admin) -> str:
    profile = {"firstName": "A", "lastName": "B", "email": "a@example.com", "login": "a@example.com"}
    return str(admin.post("/api/v1/users?activate=false", {"profile": profile}).json["id"])


def test_an_administrator_says_what_the_risk_is(admin: Admin) -> None:
    path = f"/api/v1/users/{a_user(admin)}/risk"

    before = admin.get(path).json["riskLevel"]
    answers = [admin.put(path, {"riskLevel": level}) for level in ("LOW", "HIGH", "NONE")]

    assert before == "NONE"
    assert [(one.status, one.json["riskLevel"]) for one in answers] == [(201, "LOW"), (200, "HIGH"), (200, "NONE")]
    assert answers[1].json["reason"] == "Admin override risk"
    assert admin.get(path).json["riskLevel"] == "NONE"
    assert [event.type for event in admin.storage.events].count("user.risk.change") == 3
    assert admin.put(path, {"riskLevel": "WILD"}).status == 400


def test_a_history_is_started_anew(admin: Admin) -> None:
    user = a_user(admin)
    before = admin.storage.histories.get(user)
    admin.storage.histories.save(before, replace(before, sign_ins=(PastSignIn(NOW, "10.0.0.1"),), override="LOW"))

    assert admin.post(f"/api/v1/users/{user}/behaviors/reset").status == 204
    history = admin.storage.histories.get(user)
    assert (history.sign_ins, history.override) == ((), "LOW")


def test_threats(admin: Admin) -> None:
    path = "/api/v1/threats/configuration"

    before = admin.get(path).json
    answer = admin.post(path, {"action": "block", "excludeZones": ["nzoAuthmintLegacy000"]})

    assert (before["action"], before["excludeZones"]) == ("none", [])
    assert (answer.status, answer.json["action"]) == (200, "block")
    assert admin.get(path).json == answer.json
    assert admin.storage.sign_on_policies.of_type("OKTA_SIGN_ON").order.watched
    assert admin.post(path, {"action": "panic"}).status == 400


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/zones/nzoA", "okta.networkZones.read"),
        ("POST", "/api/v1/behaviors", "okta.behaviors.manage"),
        ("POST", "/api/v1/threats/configuration", "okta.threatInsights.manage"),
        ("GET", "/api/v1/users/00uA/risk", "okta.userRisk.read"),
        ("PUT", "/api/v1/users/00uA/risk", "okta.userRisk.manage"),
        ("POST", "/api/v1/users/00uA/behaviors/reset", "okta.users.manage"),
        ("POST", "/api/v1/policies/simulate", "okta.policies.read"),
        ("POST", "/api/v1/policies", "okta.policies.manage"),
    ],
)
def test_scopes(method: str, path: str, scope: str) -> None:
    assert needed_scope(method, path) == scope
