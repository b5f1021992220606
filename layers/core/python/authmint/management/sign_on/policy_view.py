"""How policies of people and their rules are shown (docs/protocol.md §33.7)."""

from typing import Any

from ...clock import timestamp
from ...storage.sign_on_policies import OF_APPS, SignOnPolicy, SignOnRule
from ..http.call import Call, lifecycle, link

PATH = "/api/v1/policies"


def policy_json(policy: SignOnPolicy, call: Call, *, with_rules: bool = False) -> dict[str, Any]:
    """A policy. ``with_rules``: they are embedded."""
    href = call.url(f"{PATH}/{policy.id}")
    shown: dict[str, Any] = {"id": policy.id, "status": policy.status, "name": policy.name}
    if policy.description is not None:
        shown["description"] = policy.description
    shown |= {
        "priority": policy.priority,
        "system": policy.system,
        "conditions": _conditions(policy),
        "created": timestamp(policy.created_at),
        "lastUpdated": timestamp(policy.updated_at),
    }
    if policy.settings is not None:
        shown["settings"] = policy.settings
    rules = link(f"{href}/rules", "GET", "POST")
    if policy.system:
        shown["_links"] = {"self": link(href, "GET", "PUT"), "rules": rules}
    else:
        shown["_links"] = {
            "mappings": link(f"{href}/mappings", "GET", "POST"),
            "self": link(href, "GET", "PUT", "DELETE"),
            "rules": rules,
            **lifecycle(href, policy.status),
        }
    if with_rules:
        shown["_embedded"] = {"rules": [rule_json(rule, policy, call) for rule in policy.rules]}
    return shown | {"type": policy.type}


def _conditions(policy: SignOnPolicy) -> dict[str, Any] | None:
    if policy.type in OF_APPS or policy.type == "IDP_DISCOVERY":
        return None
    conditions: dict[str, Any] = {"people": {"groups": {"include": list(policy.groups)}}}
    if policy.type == "PASSWORD":
        conditions["authProvider"] = {"provider": "OKTA"}
    return conditions


#: What rules lack that have no condition, and that clients read without looking whether it is there.
_ALWAYS: dict[str, Any] = {"people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"}}


_ANYBODY: dict[str, Any] = {
    "network": {"connection": "ANYWHERE"},
    "userIdentifier": {"patterns": []},
    "app": {"include": [], "exclude": []},
}


def rule_json(rule: SignOnRule, policy: SignOnPolicy, call: Call) -> dict[str, Any]:
    """A rule. The system's rules of applications show no condition at all."""
    href = call.url(f"{PATH}/{policy.id}/rules/{rule.id}")
    conditions = rule.conditions
    if conditions is None and policy.type == "IDP_DISCOVERY":
        conditions = _ANYBODY
    if conditions is None and policy.type not in OF_APPS:
        conditions = dict(_ALWAYS)
        if policy.type == "OKTA_SIGN_ON":
            conditions["authContext"] = {"authType": "ANY"}
    links = {"self": link(href, "GET", "PUT")}
    if not rule.system:
        links = {"self": link(href, "GET", "PUT", "DELETE"), **lifecycle(href, rule.status)}
    return {
        "id": rule.id,
        "status": rule.status,
        "name": rule.name,
        "priority": rule.priority,
        "created": timestamp(rule.created_at),
        "lastUpdated": timestamp(rule.updated_at),
        "system": rule.system,
        "conditions": conditions,
        "actions": rule.actions,
        "_links": links,
        "type": "SIGN_ON" if policy.type == "OKTA_SIGN_ON" else policy.type,
    }
