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
