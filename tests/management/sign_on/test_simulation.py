"""docs/protocol.md §33.8: what policies would say."""

from typing import Any

import pytest

from tests.management.admin import Admin
from tests.management.apps import app_body, web

PATH = "/api/v1/policies"


def simulated(admin: Admin, *, expand: str = "", **body: Any) -> Any:
    answer = admin.post(f"{PATH}/simulate{expand}", [body])
    assert answer.status == 200, answer.json
    return answer.json


def a_policy(admin: Admin, *rules: dict[str, Any], groups: list[str]) -> str:
    body = {"type": "OKTA_SIGN_ON", "name": "partners", "conditions": {"people": {"groups": {"include": groups}}}}
    policy = admin.post(PATH, body).json
    for rule in rules:
        assert admin.post(f"{PATH}/{policy['id']}/rules", rule).status == 200
    return str(policy["id"])


HIGH = {"name": "high", "conditions": {"riskScore": {"level": "HIGH"}}, "actions": {"signon": {"access": "DENY"}}}
OTHERS = {"name": "others"}


def test_what_matched_what_did_not_and_what_cannot_be_told(admin: Admin) -> None:
    policy = a_policy(admin, HIGH, OTHERS, groups=["00gPartners"])
    app = admin.post("/api/v1/apps", app_body(**web())).json["id"]

    def rules(context: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
        (found,) = simulated(
            admin,
            expand="?expand=EVALUATED",
            appInstance=app,
            policyTypes=["OKTA_SIGN_ON"],
            policyContext={"groups": {"ids": ["00gPartners"]}, **context},
        )
        assert found["policyType"] == ["OKTA_SIGN_ON"]
        parts = {"result": found["result"], "evaluated": found["evaluated"], "undefined": found["undefined"]}
        return {
            name: [(one["id"], rule["name"]) for one in part["policies"] for rule in one["rules"]]
            for name, part in parts.items()
        }

    assert rules({"risk": {"level": "HIGH"}}) == {"result": [(policy, "high")], "evaluated": [], "undefined": []}
    assert rules({"risk": {"level": "LOW"}}) == {
        "result": [(policy, "others")],
        "evaluated": [(policy, "high")],
        "undefined": [],
    }
    assert rules({}) == {"result": [(policy, "others")], "evaluated": [], "undefined": [(policy, "high")]}


def test_a_policy_of_other_groups_did_not_match(admin: Admin) -> None:
    policy = a_policy(admin, OTHERS, groups=["00gPartners"])

    (found,) = simulated(
        admin,
        expand="?expand=EVALUATED",
        appInstance="0oaAny",
        policyTypes=["OKTA_SIGN_ON"],
        policyContext={"groups": {"ids": ["00gAuthmintEveryone0"]}, "user": {}},
    )

    assert [one["id"] for one in found["evaluated"]["policies"]] == [policy]
    assert found["evaluated"]["policies"][0]["conditions"] == [
        {"type": "status", "status": "MATCH"},
        {"type": "people", "status": "NOT_MATCH"},
    ]
    assert found["result"]["policies"][0]["name"] == "Default Policy"


def test_a_user_brings_groups_and_profile(admin: Admin) -> None:
    profile = {"firstName": "A", "lastName": "B", "email": "a@example.com", "login": "a@example.com", "title": "Dr"}
    user = admin.post("/api/v1/users?activate=false", {"profile": profile}).json["id"]
    app = admin.post("/api/v1/apps", app_body(**web())).json["id"]
    own = admin.post(PATH, {"type": "ACCESS_POLICY", "name": "own"}).json["id"]
    rule = {"name": "doctors", "conditions": {"elCondition": {"condition": "user.profile.title == 'Dr'"}}}
    admin.post(f"{PATH}/{own}/rules", rule)
    admin.put(f"/api/v1/apps/{app}/policies/{own}")

    (found,) = simulated(
        admin,
        appInstance=app,
        policyTypes=["ACCESS_POLICY"],
        policyContext={"groups": {"ids": []}, "user": {"id": user}, "device": {"platform": "IOS"}, "ip": "10.0.0.1"},
    )

    assert found["status"] == "MATCH"
    assert [rule["name"] for rule in found["result"]["policies"][0]["rules"]] == ["doctors"]
    assert "evaluated" not in found


def test_without_types_all_are_walked(admin: Admin) -> None:
    app = admin.post("/api/v1/apps", app_body(**web())).json["id"]

    found = simulated(admin, appInstance=app)

    assert [one["policyType"] for one in found] == [
        ["OKTA_SIGN_ON"],
        ["ACCESS_POLICY"],
        ["PASSWORD"],
        ["MFA_ENROLL"],
        ["PROFILE_ENROLLMENT"],
        ["IDP_DISCOVERY"],
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        ["x"],
        [{"appInstance": "0oaA", "policyTypes": ["OKTA_SIGN_ON"], "policyContext": {"user": {"id": "00uA"}}}],
    ],
)
def test_what_is_not_well_formed_is_refused(admin: Admin, body: Any) -> None:
    assert admin.post(f"{PATH}/simulate", body).code == "E0000003"


def test_what_is_not_there_is_not_simulated(admin: Admin) -> None:
    context = {"groups": {"ids": []}, "user": {"id": "00uNone"}}

    user = admin.post(f"{PATH}/simulate", [{"appInstance": "0oaA", "policyContext": context}])
    app = admin.post(f"{PATH}/simulate", [{"appInstance": "0oaNone", "policyTypes": ["ACCESS_POLICY"]}])

    assert (user.status, app.status) == (404, 404)
