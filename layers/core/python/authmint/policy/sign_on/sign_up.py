"""Whether strangers may make an account of their own, and what they are asked: policies of type PROFILE_ENROLLMENT."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...storage.sign_on_policies import SignOnPolicy, SignOnRule


@dataclass(frozen=True)
class AskedAttribute:
    """One field of the form. ``label``: as an administrator wrote it; empty: the attribute's own title."""

    name: str
    label: str = ""
    required: bool = False


@dataclass(frozen=True)
class AskedProfile:
    """What somebody who signs in to an app is asked of their profile.

    Attributes:
        attributes: All of these must have a value.
        hook_id: Of the hook that is asked about them; empty: none is.
    """

    attributes: tuple[AskedAttribute, ...]
    hook_id: str = ""


@dataclass(frozen=True)
class SignUpDecision:
    """What a policy says to a stranger.

    Attributes:
        open: Whether an account can be made.
        attributes: What is asked for; ``email`` is among them.
        group_ids: What the new account is put into.
        hook_id: Of the hook that is asked about each; empty: none is.
        policy_id, rule_id: What decided.
        progressive: What those are asked for who are here already; ``None``: nothing.
    """

    open: bool = False
    attributes: tuple[AskedAttribute, ...] = ()
    group_ids: tuple[str, ...] = ()
    hook_id: str = ""
    policy_id: str = ""
    rule_id: str = ""
    progressive: AskedProfile | None = None


def sign_up_decision(policy: SignOnPolicy) -> SignUpDecision:
    """The first active rule decides; without one nothing is open."""
    rules = sorted(policy.rules, key=lambda rule: rule.priority)
    rule = next((rule for rule in rules if rule.status == "ACTIVE"), None)
    if rule is None or policy.status != "ACTIVE":
        return SignUpDecision(policy_id=policy.id)
    says: Mapping[str, Any] = rule.actions.get("profileEnrollment") or {}
    verifies = (says.get("activationRequirements") or {}).get("emailVerification") is True
    welcome = says.get("access") == "ALLOW" and says.get("unknownUserAction") == "REGISTER"
    asked = tuple(
        AskedAttribute(str(one["name"]), str(one.get("label") or ""), one.get("required") is True)
        for one in says.get("profileAttributes") or ()
    )
    if all(one.name != "email" for one in asked):
        asked = (AskedAttribute("email", required=True), *asked)
    progressive = None
    if says.get("progressiveProfilingAction") == "ENABLED":
        progressive = AskedProfile(tuple(one for one in asked if one.required), hook_of(rule))
    # Nobody is taken for the owner of an address that nobody confirmed.
    return SignUpDecision(
        open=welcome and verifies,
        attributes=asked,
        group_ids=tuple(says.get("targetGroupIds") or ()),
        hook_id=hook_of(rule),
        policy_id=policy.id,
        rule_id=rule.id,
        progressive=progressive,
    )


def hook_of(rule: SignOnRule) -> str:
    """Id of the hook that a rule has asked about each new account; empty: none."""
    hooks = (rule.actions.get("profileEnrollment") or {}).get("preRegistrationInlineHooks") or ()
    return str(hooks[0]["inlineHookId"]) if hooks else ""
