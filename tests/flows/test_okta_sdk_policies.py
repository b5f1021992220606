"""Claims, policies and rules about people, by the official SDK: what it reads it writes back, unchanged."""

from typing import Any

import pytest

from tests.flows.okta_sdk import Sdk
from tests.support.people import Deployment, deployment_with_a_person
from tests.support.stack import Running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def sdk(stack: Running, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    return Sdk(stack)


@pytest.fixture
def people(stack: Running) -> Deployment:
    return deployment_with_a_person(stack)


def plain(sdk_object: Any) -> Any:
    """As it goes over the wire; ``lastUpdated`` moves with every write."""
    members: dict[str, Any] = sdk_object.to_dict()
    return {name: value for name, value in members.items() if name != "lastUpdated"}


@pytest.mark.parametrize(
    "claim",
    [
        {"valueType": "EXPRESSION", "value": 'user.firstName + " of " + org.name', "claimType": "RESOURCE"},
        {"valueType": "GROUPS", "value": "eng-", "group_filter_type": "STARTS_WITH", "claimType": "IDENTITY"},
    ],
)
def test_claims_round_trip(sdk: Sdk, people: Deployment, claim: dict[str, Any]) -> None:
    body = {"name": "c", "status": "ACTIVE", "alwaysIncludeInToken": True, "conditions": {"scopes": ["openid"]}}

    made = sdk.create_o_auth2_claim(people.server, body | claim)
    read = sdk.get_o_auth2_claim(people.server, made.id)
    written = sdk.replace_o_auth2_claim(people.server, made.id, read)

    assert plain(made) == plain(read) == plain(written)
    assert plain(read)["value"] == claim["value"]
    assert made.id in [one.id for one in sdk.list_o_auth2_claims(people.server)]


def test_policies_and_rules_about_people_round_trip(sdk: Sdk, people: Deployment) -> None:
    group = people.stack.made("/api/v1/groups", {"profile": {"name": f"staff of {people.server}"}})["id"]
    policy = sdk.create_authorization_server_policy(
        people.server,
        {
            "name": "staff",
            "description": "d",
            "type": "OAUTH_AUTHORIZATION_POLICY",
            "status": "ACTIVE",
            "priority": 1,
            "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        },
    )
    rule = sdk.create_authorization_server_policy_rule(
        people.server,
        policy.id,
        {
            "name": "staff and Maria",
            "type": "RESOURCE_ACCESS",
            "priority": 1,
            "conditions": {
                "people": {
                    "users": {"include": [people.user]},
                    "groups": {"include": [group]},
                },
                "grantTypes": {"include": ["authorization_code"]},
                "scopes": {"include": ["openid"]},
            },
            "actions": {
                "token": {
                    "accessTokenLifetimeMinutes": 10,
                    "refreshTokenLifetimeMinutes": 0,
                    "refreshTokenWindowMinutes": 10080,
                }
            },
        },
    )

    read = sdk.get_authorization_server_policy_rule(people.server, policy.id, rule.id)
    written = sdk.replace_authorization_server_policy_rule(people.server, policy.id, rule.id, read.to_dict())
    policy_read = sdk.get_authorization_server_policy(people.server, policy.id)
    policy_written = sdk.replace_authorization_server_policy(people.server, policy.id, policy_read)

    assert plain(rule) == plain(read) == plain(written)
    assert plain(policy) == plain(policy_read) == plain(policy_written)
    conditions = plain(read)["conditions"]["people"]
    assert (conditions["users"]["include"], conditions["groups"]["include"]) == ([people.user], [group])
