"""What everybody at a stack that tests share meets: settings of the whole org."""

from typing import Any

from tests.support.stack import Running

_EVERYWHERE = (
    "/api/v1/meta/schemas/user/default",
    "/api/v1/org/selfService",
    "/api/v1/authenticators",
    "/api/v1/threats/configuration",
    "/api/v1/idps",
    "/api/v1/eventHooks",
    "/api/v1/groups/rules",
    "/api/v1/org",
    "/api/v1/trustedOrigins",
    "/api/v1/inlineHooks",
)
_TYPES = ("OKTA_SIGN_ON", "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL", "PROFILE_ENROLLMENT", "IDP_DISCOVERY")
#: When something was last written, and a place in an order that others of the test are part of, say nothing.
_MOVES = {"lastUpdated", "priority", "_links"}


def org_settings(stack: Running) -> dict[str, Any]:
    """Each setting by where it is read. Policies of groups that a test made for itself are its own."""
    found = {path: _still(_read(stack, path)) for path in _EVERYWHERE}
    for kind in _TYPES:
        path = f"/api/v1/policies?type={kind}"
        found[path] = [_still(one) for one in _read(stack, f"{path}&expand=rules") if _of_everybody(one)]
    return found


def changed_settings(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Which of them differ, with what stands there now."""
    return [f"{path}: {after[path]}" for path in before if before[path] != after[path]]


def _read(stack: Running, path: str) -> Any:
    answer = stack.admin("GET", path)
    answer.raise_for_status()
    return answer.json()


def _of_everybody(policy: dict[str, Any]) -> bool:
    people = ((policy.get("conditions") or {}).get("people") or {}).get("groups") or {}
    return bool(policy["system"]) or not people.get("include")


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _still(member) for name, member in value.items() if name not in _MOVES}
    return [_still(member) for member in value] if isinstance(value, list) else value
