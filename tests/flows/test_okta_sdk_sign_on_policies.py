"""Policies of people, zones and behaviours with Okta's Python SDK, unmodified."""

import pytest
from okta.models.behavior_rule import BehaviorRule
from okta.models.simulate_policy_body import SimulatePolicyBody

from tests.flows.okta_sdk import Sdk

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
#: Rules of routing name a provider that the SDK does not know, whoever serves them.
TYPES = ("OKTA_SIGN_ON", "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL", "PROFILE_ENROLLMENT")


@pytest.mark.parametrize("policy_type", TYPES)
def test_each_type_is_listed_with_its_rules(sdk: Sdk, policy_type: str) -> None:
    policies = sdk.list_policies(policy_type)
    system = [policy for policy in policies if policy.system]

    rules = sdk.list_policy_rules(system[0].id)

    assert len(system) == 1
    assert {policy.type for policy in policies} == {policy_type}
    assert [rule.system for rule in rules][-1:] == [True]
    assert sdk.get_policy_rule(system[0].id, rules[-1].id).id == rules[-1].id


@pytest.mark.parametrize(
    ("policy_type", "rule"),
    [
        (
            "OKTA_SIGN_ON",
            {"type": "SIGN_ON", "actions": {"signon": {"requireFactor": True, "factorPromptMode": "ALWAYS"}}},
        ),
        (
            "ACCESS_POLICY",
            {
                "type": "ACCESS_POLICY",
                "actions": {
                    "appSignOn": {
                        "access": "ALLOW",
                        "verificationMethod": {
                            "type": "ASSURANCE",
                            "factorMode": "2FA",
                            "reauthenticateIn": "PT2H",
                            "constraints": [{"possession": {"phishingResistant": "REQUIRED"}}],
                        },
                    }
                },
            },
        ),
        ("PASSWORD", {"type": "PASSWORD", "actions": {"passwordChange": {"access": "ALLOW"}}}),
        ("MFA_ENROLL", {"type": "MFA_ENROLL", "actions": {"enroll": {"self": "CHALLENGE"}}}),
    ],
)
def test_policies_and_rules_are_made_put_back_switched_and_deleted(sdk: Sdk, policy_type: str, rule: dict) -> None:  # type: ignore[type-arg]
    policy = sdk.create_policy({"type": policy_type, "name": f"sdk {policy_type}"})
    made = sdk.create_policy_rule(policy.id, {"name": "sdk rule", **rule})

    put = sdk.replace_policy(policy.id, policy)
    again = sdk.replace_policy_rule(policy.id, made.id, made)
    sdk.deactivate_policy_rule(policy.id, made.id)
    sdk.deactivate_policy(policy.id)

    assert (put.id, again.id, again.name) == (policy.id, made.id, "sdk rule")
    assert again.actions == made.actions
    assert sdk.get_policy(policy.id).status == "INACTIVE"
    assert sdk.get_policy_rule(policy.id, made.id).status == "INACTIVE"
    sdk.delete_policy_rule(policy.id, made.id)
    sdk.delete_policy(policy.id)
    assert policy.id not in [one.id for one in sdk.list_policies(policy_type)]


def test_an_app_policy_is_cloned_and_simulated(sdk: Sdk) -> None:
    group = sdk.add_group({"profile": {"name": "sdk nobody"}}).id
    nobody = {"people": {"groups": {"include": [group]}}}
    others = sdk.create_policy({"type": "OKTA_SIGN_ON", "name": "sdk others", "conditions": nobody})
    policy = sdk.create_policy({"type": "ACCESS_POLICY", "name": "sdk original"})
    copy = sdk.clone_policy(policy.id)

    profile = {"firstName": "S", "lastName": "D", "email": "sim@sdk.example.com", "login": "sim@sdk.example.com"}
    user = sdk.create_user({"profile": profile}, activate=False).id
    body = SimulatePolicyBody.from_dict(
        {
            "appInstance": "0oaAny",
            "policyTypes": ["OKTA_SIGN_ON"],
            "policyContext": {"user": {"id": user}, "groups": {"ids": ["00gAuthmintEveryone0"]}},
        }
    )
    (found,) = sdk.create_policy_simulation([body], expand="EVALUATED")

    assert copy.name == "[cloned] sdk original"
    assert found.result.policies  # which of them decides, others in the same stack may have changed
    for one in (policy, copy, others):
        sdk.delete_policy(one.id)


def test_zones_of_addresses(sdk: Sdk) -> None:
    zone = sdk.create_network_zone(
        {"type": "IP", "name": "sdk zone", "gateways": [{"type": "CIDR", "value": "198.51.100.0/24"}]}
    )

    put = sdk.replace_network_zone(zone.id, zone)
    switched = sdk.deactivate_network_zone(zone.id)

    assert (put.name, switched.status) == ("sdk zone", "INACTIVE")
    assert zone.id in [one.id for one in sdk.list_network_zones()]
    sdk.delete_network_zone(zone.id)
    assert zone.id not in [one.id for one in sdk.list_network_zones()]


def test_behaviours(sdk: Sdk) -> None:
    speed = {"type": "VELOCITY", "name": "sdk speed", "settings": {"velocityKph": 700}}
    rule = sdk.create_behavior_detection_rule(BehaviorRule.from_dict(speed))

    put = sdk.replace_behavior_detection_rule(rule.id, rule)
    switched = sdk.deactivate_behavior_detection_rule(rule.id)

    assert (put.name, put.settings.velocity_kph, switched.status) == ("sdk speed", 700, "INACTIVE")
    assert {"New Device", "sdk speed"} <= {one.name for one in sdk.list_behavior_detection_rules()}
    sdk.delete_behavior_detection_rule(rule.id)


def test_risk_of_a_user(sdk: Sdk) -> None:
    profile = {"firstName": "R", "lastName": "S", "email": "risk@sdk.example.com", "login": "risk@sdk.example.com"}
    user = sdk.create_user({"profile": profile}, activate=False).id

    put = sdk.upsert_user_risk(user, {"riskLevel": "HIGH"})

    assert put.risk_level == "HIGH"
    assert sdk.get_user_risk(user).risk_level == "HIGH"
