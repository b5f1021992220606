"""``/api/v1/policies``: the policies that apps are born with. Nothing of them can be changed yet."""

from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.groups import EVERYONE_GROUP
from ..http.call import Call, link
from ..http.errors import not_found

ACCESS_POLICY: Final = "rstAuthmintAccess000"
PROFILE_ENROLLMENT: Final = "rstAuthmintEnroll000"
_SINCE: Final = timestamp(EVERYONE_GROUP.created_at)

#: By id: type, the id of the one rule, and what it does: whoever is assigned signs in with a password.
_POLICIES: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    ACCESS_POLICY: (
        "ACCESS_POLICY",
        "rulAuthmintAccess000",
        {
            "appSignOn": {
                "access": "ALLOW",
                "verificationMethod": {
                    "factorMode": "1FA",
                    "type": "ASSURANCE",
                    "reauthenticateIn": "PT2H",
                    "constraints": [{"knowledge": {"required": True, "types": ["password"]}}],
                },
                "keepMeSignedIn": {"postAuth": "NOT_ALLOWED"},
            }
        },
    ),
    PROFILE_ENROLLMENT: (
        "PROFILE_ENROLLMENT",
        "rulAuthmintEnroll000",
        {
            "profileEnrollment": {
                "access": "DENY",
                "preRegistrationInlineHooks": None,
                "profileAttributes": [],
                "targetGroupIds": None,
                "unknownUserAction": "DENY",
                "activationRequirements": {"emailVerification": False},
                "progressiveProfilingAction": "DISABLED",
                "allowedIdentifiers": ["login"],
            }
        },
    ),
}


_LISTED: Final = {"_embedded": {"resourceType": "APP"}}


class DefaultPolicies:
    """The default access policy of apps, and the default of self-registration, which is off."""

    def list(self, call: Call) -> Response:
        """Those of the ``type`` asked for."""
        kind = call.request.query_value("type")
        found = [policy_id for policy_id, (known, _, _) in _POLICIES.items() if kind in {None, known}]
        return Response.json(200, [_policy_json(policy_id, call) | _LISTED for policy_id in found])

    def get(self, call: Call) -> Response:
        return Response.json(200, _policy_json(found_default(call), call))

    def rules(self, call: Call) -> Response:
        """The one rule, which catches all."""
        return Response.json(200, [_rule_json(found_default(call), call)])

    def rule(self, call: Call) -> Response:
        policy_id = found_default(call)
        if call.params["ruleId"] != _POLICIES[policy_id][1]:
            raise not_found(call.params["ruleId"], "PolicyRule")
        return Response.json(200, _rule_json(policy_id, call))


def found_default(call: Call) -> str:
    """The id of the default policy of the URL. Raises ApiError (E0000007)."""
    policy_id = call.params["policyId"]
    if policy_id not in _POLICIES:
        raise not_found(policy_id, "Policy")
    return policy_id


def _policy_json(policy_id: str, call: Call) -> dict[str, Any]:
    href = call.url(f"/api/v1/policies/{policy_id}")
    return {
        "id": policy_id,
        "status": "ACTIVE",
        "name": "Default Policy",
        "description": "Default policy",
        "priority": 1,
        "system": True,
        "conditions": None,
        "created": _SINCE,
        "lastUpdated": _SINCE,
        "_links": {"self": link(href, "GET"), "rules": link(f"{href}/rules", "GET")},
        "type": _POLICIES[policy_id][0],
    }


def _rule_json(policy_id: str, call: Call) -> dict[str, Any]:
    kind, rule_id, actions = _POLICIES[policy_id]
    return {
        "id": rule_id,
        "status": "ACTIVE",
        "name": "Catch-all Rule",
        "priority": 99,
        "created": _SINCE,
        "lastUpdated": _SINCE,
        "system": True,
        "conditions": None,
        "actions": actions,
        "_links": {"self": link(call.url(f"/api/v1/policies/{policy_id}/rules/{rule_id}"), "GET")},
        "type": kind,
    }
