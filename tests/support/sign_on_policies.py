"""Policies of people as tests need them: what matters is named, the rest is given."""

from collections.abc import Mapping
from typing import Any

from authmint.policy.sign_on.defaults import IDS
from authmint.storage.sign_on_policies import PolicyType, SignOnPolicy, SignOnRule

from .fakes import NOW


def signon(access: str = "ALLOW", **actions: Any) -> dict[str, Any]:
    """Actions of a rule of type SIGN_ON."""
    return {"signon": {"access": access, "requireFactor": False, **actions}}


def with_factor(**actions: Any) -> dict[str, Any]:
    """The same, with a second factor."""
    return signon(requireFactor=True, **{"factorPromptMode": "ALWAYS", **actions})


def app_sign_on(access: str = "ALLOW", **method: Any) -> dict[str, Any]:
    """Actions of a rule of type ACCESS_POLICY."""
    return {"appSignOn": {"access": access, "verificationMethod": {"type": "ASSURANCE", "factorMode": "1FA", **method}}}


def a_rule(
    actions: Mapping[str, Any] | None = None, conditions: Mapping[str, Any] | None = None, **changes: Any
) -> SignOnRule:
    """A rule; it matches everything unless it has conditions."""
    values: dict[str, Any] = {"id": "0prA", "name": "rule", "created_at": NOW, "updated_at": NOW, "priority": 1}
    return SignOnRule(**values | changes, actions=signon() if actions is None else actions, conditions=conditions)


def a_policy(*rules: SignOnRule, type: PolicyType = "OKTA_SIGN_ON", **changes: Any) -> SignOnPolicy:  # noqa: A002
    """A policy of these rules."""
    values: dict[str, Any] = {"id": "00pA", "name": "policy", "created_at": NOW, "updated_at": NOW}
    return SignOnPolicy(type=type, rules=rules, **values | changes)


def zone(*include: str, exclude: tuple[str, ...] = ()) -> dict[str, Any]:
    """A condition on zones."""
    lists = {"include": list(include)} if include else {"exclude": list(exclude)}
    return {"network": {"connection": "ZONE", **lists}}


def welcoming(**changes: Any) -> SignOnPolicy:
    """The default policy of type PROFILE_ENROLLMENT, which lets strangers make accounts."""
    names = ("email", "firstName", "lastName")
    says = {
        "access": "ALLOW",
        "unknownUserAction": "REGISTER",
        "profileAttributes": [{"name": name, "required": True} for name in names],
        "targetGroupIds": None,
        "activationRequirements": {"emailVerification": True},
    }
    rule = a_rule({"profileEnrollment": says | changes})
    return a_policy(rule, type="PROFILE_ENROLLMENT", id=IDS["PROFILE_ENROLLMENT"][0])
