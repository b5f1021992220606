"""docs/protocol.md §37.8: rules of IDP_DISCOVERY over the API."""

from typing import Any

import pytest

from tests.management.admin import Admin
from tests.management.federation.idps import PATH, made


@pytest.fixture
def admin() -> Admin:
    return Admin()


def rules_of(admin: Admin) -> str:
    (policy,) = admin.get("/api/v1/policies?type=IDP_DISCOVERY").json
    return f"/api/v1/policies/{policy['id']}/rules"


def a_rule(idp: str, **changes: Any) -> dict[str, Any]:
    rule = {
        "name": "partner",
        "type": "IDP_DISCOVERY",
        "conditions": {"network": {"connection": "ANYWHERE"}},
        "actions": {"idp": {"providers": [{"type": "OIDC", "id": idp}]}},
    }
    return rule | changes


def test_a_rule_as_it_is_shown(admin: Admin) -> None:
    idp, path = made(admin)["id"], rules_of(admin)

    shown = admin.made(path, a_rule(idp, priority=1, system=False))

    assert shown["type"] == "IDP_DISCOVERY"
    assert shown["conditions"] == {
        "network": {"connection": "ANYWHERE"},
        "userIdentifier": {"patterns": []},
        "app": {"include": [], "exclude": []},
    }
    assert shown["actions"] == {
        "idp": {"providers": [{"type": "OIDC", "id": idp}], "idpSelectionType": "SPECIFIC"},
    }
    assert [(rule["name"], rule["priority"]) for rule in admin.get(path).json] == [("partner", 1), ("Default Rule", 2)]
    assert admin.get(f"{path}/{shown['id']}").json == shown


def test_everything_that_a_rule_can_say_comes_back(admin: Admin) -> None:
    path = rules_of(admin)
    conditions = {
        "network": {"connection": "ANYWHERE"},
        "userIdentifier": {
            "type": "ATTRIBUTE",
            "attribute": "department",
            "patterns": [{"matchType": "EQUALS", "value": "Sales"}, {"matchType": "CONTAINS", "value": "x"}],
        },
        "app": {"include": [{"type": "APP", "id": "0oaX"}], "exclude": []},
        "platform": {"include": [{"type": "MOBILE", "os": {"type": "IOS"}}], "exclude": []},
    }
    criteria = [{"providerExpression": "login.identifier.substringAfter('@')", "propertyName": "name"}]
    idp = {"providers": [], "idpSelectionType": "DYNAMIC", "matchCriteria": criteria}
    shown = admin.made(path, a_rule("", conditions=conditions, actions={"idp": idp}))
    assert (shown["conditions"], shown["actions"]["idp"]) == (conditions, idp)

    renamed = admin.put(f"{path}/{shown['id']}", {**shown, "name": "renamed"}).json
    assert (renamed["name"], renamed["actions"]) == ("renamed", shown["actions"])
    assert admin.post(f"{path}/{shown['id']}/lifecycle/deactivate").status == 204
    assert admin.delete(f"{path}/{shown['id']}").status == 204


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"actions": {}}, "actions.idp.providers"),
        ({"actions": {"idp": {"providers": [{"type": "OIDC", "id": "0oaX"}]}}}, "actions.idp.providers"),
        ({"actions": {"idp": {"providers": [{"type": "SAML2", "id": "0oaX"}]}}}, "actions.idp.providers[0].type"),
        ({"actions": {"idp": {"providers": [{"type": "OKTA"}] * 11}}}, "actions.idp.providers"),
        ({"actions": {"idp": {"idpSelectionType": "DYNAMIC"}}}, "actions.idp.matchCriteria"),
        (
            {"actions": {"idp": {"idpSelectionType": "DYNAMIC", "matchCriteria": [{"providerExpression": "user.id"}]}}},
            "actions.idp.matchCriteria[0].providerExpression",
        ),
        ({"conditions": {"people": {"users": {"exclude": []}}}}, "conditions.people"),
        (
            {"conditions": {"userIdentifier": {"patterns": [{"matchType": "LIKE", "value": "x"}]}}},
            "conditions.userIdentifier.patterns[0].matchType",
        ),
        (
            {"conditions": {"userIdentifier": {"patterns": [{"matchType": "EXPRESSION", "value": "(["}]}}},
            "conditions.userIdentifier.patterns[0].value",
        ),
        (
            {
                "conditions": {
                    "userIdentifier": {
                        "patterns": [{"matchType": "EXPRESSION", "value": "a"}, {"matchType": "EQUALS", "value": "b"}]
                    }
                }
            },
            "conditions.userIdentifier.patterns",
        ),
        (
            {"conditions": {"userIdentifier": {"type": "ATTRIBUTE", "patterns": []}}},
            "conditions.userIdentifier.attribute",
        ),
    ],
)
def test_what_is_wrong_is_named(admin: Admin, changes: dict[str, Any], subject: str) -> None:
    idp = made(admin)["id"]
    answer = admin.post(rules_of(admin), a_rule(idp, **changes))
    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {subject}")


def test_the_default_rule_stays_as_it_is(admin: Admin) -> None:
    idp, path = made(admin)["id"], rules_of(admin)
    (default,) = admin.get(path).json
    assert (default["actions"]["idp"]["providers"], default["system"]) == ([{"type": "OKTA"}], True)
    assert default["conditions"]["userIdentifier"] == {"patterns": []}

    assert admin.put(f"{path}/{default['id']}", a_rule(idp)).status == 400
    assert admin.put(f"{path}/{default['id']}", default).json["actions"] == default["actions"]
    assert admin.delete(f"{path}/{default['id']}").status == 403


def test_a_provider_that_is_named_can_go(admin: Admin) -> None:
    idp, path = made(admin)["id"], rules_of(admin)
    rule = admin.made(path, a_rule(idp))
    assert admin.delete(f"{PATH}/{idp}").status == 204
    assert admin.get(f"{path}/{rule['id']}").status == 200


def routed(admin: Admin) -> tuple[str, str]:
    """A provider for one domain, and one that is off for another."""
    path = rules_of(admin)
    ids = [made(admin, name=name)["id"] for name in ("Partner", "Closed")]
    for idp, domain in zip(ids, ("partner.example", "closed.example"), strict=True):
        patterns = [{"matchType": "SUFFIX", "value": domain}]
        conditions = {"userIdentifier": {"type": "IDENTIFIER", "patterns": patterns}}
        admin.made(path, a_rule(idp, name=domain, conditions=conditions))
    admin.made(f"{PATH}/{ids[1]}/lifecycle/deactivate", None)
    return ids[0], ids[1]


def simulated(admin: Admin, **context: Any) -> Any:
    body = [
        {"appInstance": "0oaAny", "policyTypes": ["IDP_DISCOVERY"], "policyContext": {"groups": {"ids": []}} | context}
    ]
    answer = admin.post("/api/v1/policies/simulate?expand=EVALUATED", body)
    assert answer.status == 200, answer.json
    (found,) = answer.json
    return found


def outcome(found: Any) -> dict[str, list[tuple[str, list[str]]]]:
    """By part: each rule, with the conditions that did not match."""
    return {
        part: [
            (rule["name"], [one["type"] for one in rule["conditions"] if one["status"] != "MATCH"])
            for policy in found[part]["policies"]
            for rule in policy["rules"]
        ]
        for part in ("result", "evaluated", "undefined")
    }


def test_a_simulation_follows_the_username(admin: Admin) -> None:
    routed(admin)

    partner = simulated(admin, identifier="ann@partner.example")
    closed = simulated(admin, identifier="ann@closed.example")
    nobody = simulated(admin)

    assert partner["status"] == "MATCH"
    assert outcome(partner) == {"result": [("partner.example", [])], "evaluated": [], "undefined": []}
    assert outcome(closed) == {
        "result": [("Default Rule", [])],
        "evaluated": [("partner.example", ["userIdentifier"]), ("closed.example", ["providers"])],
        "undefined": [],
    }
    assert nobody["status"] == "UNDEFINED"
    assert outcome(nobody)["undefined"] == [("partner.example", ["userIdentifier", "providers"])]


def test_a_simulation_takes_the_username_of_a_user(admin: Admin) -> None:
    routed(admin)
    profile = {"firstName": "A", "lastName": "B", "login": "bob@partner.example", "email": "bob@partner.example"}
    user = admin.made("/api/v1/users?activate=false", {"profile": profile})["id"]

    assert outcome(simulated(admin, user={"id": user}))["result"] == [("partner.example", [])]


def test_an_explanation_says_where_somebody_is_led_and_why(admin: Admin) -> None:
    partner, _ = routed(admin)
    profile = {"firstName": "A", "lastName": "B", "login": "ann@closed.example", "email": "ann@closed.example"}
    admin.made("/api/v1/users?activate=false", {"profile": profile})

    here = admin.made("/api/v1/policies/explain", {"user": "ann@closed.example"})["routing"]
    stranger = admin.made("/api/v1/policies/explain", {"username": "new@partner.example"})

    assert (here["usernameFirst"], here["ours"], here["providers"]) == (True, True, [])
    assert [one["rule"]["name"] for one in here["decidedBy"]] == ["Default Rule"]
    assert outcome(here["evaluation"])["evaluated"][1] == ("closed.example", ["providers"])
    assert stranger["user"] is None
    assert stranger["routing"]["providers"] == [{"id": partner, "name": "Partner", "type": "OIDC"}]
    assert stranger["routing"]["ours"] is False
    assert "outcome" not in stranger


def test_an_explanation_needs_somebody_and_an_app_that_is_there(admin: Admin) -> None:
    assert admin.post("/api/v1/policies/explain", {}).status == 400
    assert admin.post("/api/v1/policies/explain", {"username": "x", "app": "0oaGone"}).status == 404
    assert admin.post("/api/v1/policies/explain", {"user": "nobody@example.com", "username": "x"}).status == 404
