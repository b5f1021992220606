"""Settings of policies of passwords and of enrolment: how they are read and kept (docs/protocol.md §33.7)."""

from collections.abc import Mapping
from typing import Any, Final

from ...policy.sign_on.defaults import password_settings
from ...policy.sign_on.enrolment import FACTORS
from ...sign_on.policies import AUTHENTICATORS
from ...storage.sign_on_policies import PolicyType
from ..http.errors import ApiError
from ..http.fields import Fields

_ENROLMENT: Final = ("NOT_ALLOWED", "OPTIONAL", "REQUIRED")
#: By the dotted name of a number: the least and the most.
_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "minLength": (4, 256),
    "historyCount": (0, 30),
    "maxAgeDays": (0, 999),
    "expireWarnDays": (0, 999),
    "minAgeMinutes": (0, 525_600),
    "maxAttempts": (0, 100),
    "autoUnlockMinutes": (0, 525_600),
    "expireAfterDays": (0, 999),
    "tokenLifetimeMinutes": (1, 43_200),
}
_MOST: Final = 1_000
#: Statuses of means of recovery.
_STATUS: Final = ("ACTIVE", "INACTIVE")


def read_settings(body: Fields, policy_type: PolicyType, before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The settings as they are kept: those that were there where none are sent."""
    if policy_type == "PASSWORD":
        return merged(body.below("settings"), before or password_settings(mail=False))
    if policy_type == "MFA_ENROLL":
        if before is not None and not body.has("settings"):
            return before
        return _enrolment(body.below("settings"))
    return None


def merged(body: Fields, template: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent in the place of what is there, member by member; the template says which there are."""
    shown: dict[str, Any] = {}
    for name, there in template.items():
        shown[name] = there if not body.has(name) and not isinstance(there, Mapping) else _member(body, name, there)
    return shown


def _member(body: Fields, name: str, there: Any) -> Any:
    if isinstance(there, Mapping):
        return merged(body.below(name), there)
    if isinstance(there, bool):
        return body.flag(name, default=there)
    if isinstance(there, int) or name in _BOUNDS:
        least, most = _BOUNDS.get(name, (0, _MOST))
        value = body.number(name)
        if value is None or not least <= value <= most:
            body.problem(name, f"must be from {least} to {most}.")
        return value
    if isinstance(there, list):
        return list(body.texts(name) or ())
    return body.choice(name, _STATUS, there) if name == "status" else body.text(name)


def _enrolment(body: Fields) -> dict[str, Any]:
    if body.choice("type", ("AUTHENTICATORS", "FACTORS"), "AUTHENTICATORS") == "FACTORS":
        return {"type": "FACTORS", "factors": _factors(body)}
    listed = [_authenticator(one) for one in body.objects("authenticators")]
    known = {one["key"]: one for one in listed if one["key"] in AUTHENTICATORS}
    others = [one for one in listed if one["key"] not in AUTHENTICATORS]
    shown = [known.get(key, {"key": key, "enroll": {"self": _unless_sent(key)}}) for key in AUTHENTICATORS]
    return {"type": "AUTHENTICATORS", "authenticators": [*others, *shown]}


def _unless_sent(key: str) -> str:
    return "REQUIRED" if key == "okta_password" else "NOT_ALLOWED"


def _authenticator(body: Fields) -> dict[str, Any]:
    shown: dict[str, Any] = {"key": body.text("key", required=True, longest=50) or ""}
    if body.has("id"):
        shown["id"] = body.text("id")
    shown["enroll"] = {"self": body.below("enroll").choice("self", _ENROLMENT, "NOT_ALLOWED")}
    constraints = body.below("constraints")
    if constraints.has("aaguidGroups"):
        shown["constraints"] = {"aaguidGroups": list(constraints.texts("aaguidGroups") or ())}
    return shown


def _factors(body: Fields) -> dict[str, Any]:
    factors = body.below("factors")
    if not all(isinstance(factors.raw(name), Mapping) for name in factors.names()):
        raise ApiError("E0000003")
    shown = {}
    for name in factors.names()[: len(FACTORS) * 4]:
        one = factors.below(name)
        consent = one.below("consent").choice("type", ("NONE", "TERMS_OF_USE"), "NONE")
        enrolment = one.below("enroll").choice("self", _ENROLMENT, "NOT_ALLOWED")
        shown[name] = {"enroll": {"self": enrolment}, "consent": {"type": consent}}
    return shown
