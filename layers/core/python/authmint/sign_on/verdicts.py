"""Decisions of the policies of people, as the log has them (docs/protocol.md §33.10)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..policy.sign_on.facts import Facts
from ..policy.sign_on.risk import in_words
from ..policy.sign_on.walk import Open, Step, misses
from ..storage.events import Party
from ..storage.sign_on_policies import PolicyType
from ..storage.sign_on_transactions import Assessment
from .requirement import Verdict

#: Types as the compatible product's log has them.
_TYPES: Final[Mapping[PolicyType, str]] = {"OKTA_SIGN_ON": "OktaSignOn"}
_MISSES_SHOWN: Final = 20


def verdict_of(decided: Sequence[Open], steps: Sequence[Step], facts: Facts, assessment: Assessment | None) -> Verdict:
    """Who decided, why the rules before did not, and how unusual the sign-on was where that was found out."""
    targets = [party for one in decided for party in _parties(one, facts)]
    debug: dict[str, Any] = {
        "missed": [
            f"{step.policy.name}{'' if step.rule is None else f'/{step.rule.name}'}: {', '.join(names)}"
            for step, names in list(misses(steps))[:_MISSES_SHOWN]
        ]
    }
    if assessment is not None:
        debug["risk"] = in_words(assessment)
        found = [f"{facts.behavior_names.get(one, one)}={result}" for one, result in assessment.behaviors.items()]
        debug["behaviors"] = f"{{{', '.join(found)}}}" if found else None
    return Verdict(tuple(targets), debug)


def _parties(one: Open, facts: Facts) -> Iterator[Party]:
    policy, rule = one.policy, one.rule
    yield Party(policy.id, "PolicyEntity", display_name=policy.name, detail={"policyType": policy.type})
    detail: dict[str, Any] = {
        "policy_id": policy.id,
        "policy_name": policy.name,
        "policy_type": _TYPES.get(policy.type, policy.type),
        "policy_rule_priority": rule.priority,
    }
    method = (rule.actions.get("appSignOn") or {}).get("verificationMethod") or {}
    if factor_mode := method.get("factorMode") or _factor_mode(rule.actions.get("signon") or {}):
        detail["policy_rule_factor_mode"] = factor_mode
    named = ((rule.conditions or {}).get("network") or {}).get("include") or ()
    inside = facts.zones.inside if facts.zones is not None else frozenset()
    if matched := [zone for zone in named if zone in inside]:
        detail["zone_id_match"] = ", ".join(matched)
    yield Party(rule.id, "PolicyRule", display_name=rule.name, detail=detail)


def _factor_mode(says: Mapping[str, Any]) -> str | None:
    return None if says.get("access") != "ALLOW" else "2FA" if says.get("requireFactor") else "1FA"
