"""Conditions of rules of people's policies: how they are read, and how they are kept (docs/protocol.md §33.7)."""

from collections.abc import Mapping
from typing import Any, Final

from ...expressions.errors import ExpressionError
from ...expressions.regexes import BadPattern, compiled
from ...policy.sign_on.conditions import ALL_ZONES
from ...policy.sign_on.expression import check_condition
from ...storage.sign_on_policies import PolicyType
from ..http.fields import Fields

LEVELS: Final = ("ANY", "LOW", "MEDIUM", "HIGH")
_PLATFORMS: Final = ("ANY", "MOBILE", "DESKTOP")
_SYSTEMS: Final = ("ANY", "IOS", "ANDROID", "WINDOWS", "OSX", "MACOS", "CHROMEOS", "OTHER")
_PROVIDERS: Final = ("ANY", "OKTA", "SPECIFIC_IDP")
_MATCHES: Final = ("SUFFIX", "EQUALS", "STARTS_WITH", "CONTAINS", "EXPRESSION")
#: Conditions by type of the policy, in the order in which they are shown. Others would let in more than was meant.
_KNOWN: Final[Mapping[PolicyType, tuple[str, ...]]] = {
    "OKTA_SIGN_ON": ("people", "network", "authContext", "risk", "riskScore", "identityProvider"),
    "ACCESS_POLICY": ("people", "network", "device", "platform", "riskScore", "elCondition", "userType"),
    "PASSWORD": ("people", "network"),
    "MFA_ENROLL": ("people", "network", "app"),
    "PROFILE_ENROLLMENT": (),
    "IDP_DISCOVERY": ("network", "userIdentifier", "app", "platform"),
}
_NOT_SUPPORTED: Final = "This condition is not supported here."


def read_conditions(body: Fields, policy_type: PolicyType) -> dict[str, Any]:
    """The conditions of a rule as they are kept. Notes what is wrong; raises ApiError for wrong JSON types."""
    known = _KNOWN[policy_type]
    for name in body.names():
        if name not in known and body.has(name):
            body.problem(name, _NOT_SUPPORTED)
    found: dict[str, Any] = {}
    for name in known:
        value = _READERS[name](body, policy_type)
        if value is not None:
            found[name] = value
    return found


def ids_of(conditions: Mapping[str, Any] | None, name: str) -> tuple[str, ...]:
    """Ids that a rule names: ``zones``, ``behaviors``."""
    if name == "behaviors":
        return tuple(((conditions or {}).get("risk") or {}).get("behaviors") or ())
    network = (conditions or {}).get("network") or {}
    named = (*(network.get("include") or ()), *(network.get("exclude") or ()))
    return tuple(one for one in named if one != ALL_ZONES)


def _people(body: Fields, _: PolicyType) -> dict[str, Any]:
    people = body.below("people")
    users, groups = people.below("users"), people.below("groups")
    shown: dict[str, Any] = {"users": {}}
    if include := users.texts("include"):
        shown["users"]["include"] = list(include)
    shown["users"]["exclude"] = list(users.texts("exclude") or ())
    named = {name: list(groups.texts(name) or ()) for name in ("include", "exclude") if groups.has(name)}
    if any(named.values()):
        shown["groups"] = named
    return shown


def _network(body: Fields, _: PolicyType) -> dict[str, Any]:
    network = body.below("network")
    connection = network.choice("connection", ("ANYWHERE", "ZONE"), "ANYWHERE")
    shown: dict[str, Any] = {"connection": connection}
    for name in ("include", "exclude"):
        if zones := network.texts(name, longest=100):
            shown[name] = list(zones)
    if connection == "ANYWHERE":
        return {"connection": "ANYWHERE"}
    if len(shown) == 1:
        body.problem("network", "A condition on zones has to include or to exclude one.")
    return shown


def _auth_context(body: Fields, _: PolicyType) -> dict[str, Any]:
    return {"authType": body.below("authContext").choice("authType", ("ANY", "RADIUS", "LDAP_INTERFACE"), "ANY")}


def _risk(body: Fields, _: PolicyType) -> dict[str, Any] | None:
    if not (body.has("risk") or body.has("riskScore")):
        return None
    return {"behaviors": list(body.below("risk").texts("behaviors", longest=100) or ())}


def _risk_score(body: Fields, _: PolicyType) -> dict[str, Any] | None:
    return {"level": body.below("riskScore").choice("level", LEVELS, "ANY")} if body.has("riskScore") else None


def _identity_provider(body: Fields, _: PolicyType) -> dict[str, Any] | None:
    if not body.has("identityProvider"):
        return None
    provider = body.below("identityProvider")
    shown: dict[str, Any] = {"provider": provider.choice("provider", _PROVIDERS, "ANY")}
    if shown["provider"] == "SPECIFIC_IDP":
        shown["idpIds"] = list(provider.texts("idpIds", longest=100) or ())
        if not shown["idpIds"]:
            provider.problem("idpIds", "The field cannot be left blank")
    return shown


def _device(body: Fields, _: PolicyType) -> dict[str, Any] | None:
    if not body.has("device"):
        return None
    device = body.below("device")
    shown: dict[str, Any] = {name: device.flag(name, default=False) for name in ("registered", "managed")}
    shown = {name: value for name, value in shown.items() if device.has(name)}
    if device.has("assurance"):
        shown["assurance"] = {"include": list(device.below("assurance").texts("include") or ())}
    return shown


def _platform(body: Fields, _: PolicyType) -> dict[str, Any] | None:
    platform = body.below("platform")
    include, exclude = (platforms(platform, name) for name in ("include", "exclude"))
    return {"include": include, "exclude": exclude} if include or exclude else None


def platforms(fields: Fields, name: str) -> list[dict[str, Any]]:
    """Platforms as they are kept: an expression that is ``null`` is left out, an empty one stays."""
    shown = []
    for one in fields.objects(name):
        wanted = one.choice("type", _PLATFORMS, "ANY")
        system = one.below("os")
        os: dict[str, Any] = {"type": system.choice("type", _SYSTEMS, "ANY")}
        if (expression := system.text("expression")) is not None:
            os["expression"] = expression
        shown.append({"type": wanted, "os": os})
    return shown


def _el_condition(body: Fields, _: PolicyType) -> dict[str, Any] | None:
    if not body.has("elCondition"):
        return None
    condition = body.below("elCondition")
    text = condition.text("condition", required=True, longest=1_024) or ""
    if text.strip():
        try:
            check_condition(text)
        except ExpressionError as error:
            condition.problem("condition", str(error))
    return {"condition": text}


def _user_type(body: Fields, _: PolicyType) -> dict[str, Any]:
    types = body.below("userType")
    return {name: list(types.texts(name, longest=100) or ()) for name in ("include", "exclude")}


def _user_identifier(body: Fields, _: PolicyType) -> dict[str, Any]:
    identifier = body.below("userIdentifier")
    patterns = []
    for one in identifier.objects("patterns"):
        kind = one.choice("matchType", _MATCHES, "SUFFIX", required=True)
        value = one.text("value", required=True, longest=1_024) or ""
        if kind == "EXPRESSION":
            _check_pattern(one, value)
        patterns.append({"matchType": kind, "value": value})
    if len(patterns) > 1 and any(one["matchType"] == "EXPRESSION" for one in patterns):
        identifier.problem("patterns", "An expression is the only one.")
    shown: dict[str, Any] = {}
    if identifier.has("type"):
        shown["type"] = identifier.choice("type", ("IDENTIFIER", "ATTRIBUTE"), "IDENTIFIER")
    if shown.get("type") == "ATTRIBUTE":
        shown["attribute"] = identifier.text("attribute", required=True) or ""
    return {**shown, "patterns": patterns}


def _check_pattern(pattern: Fields, value: str) -> None:
    try:
        compiled(value)
    except BadPattern as error:
        pattern.problem("value", f"{error}.")


def _app(body: Fields, policy_type: PolicyType) -> dict[str, Any] | None:
    if not body.has("app") and policy_type != "IDP_DISCOVERY":
        return None
    app = body.below("app")
    return {
        name: [
            {member: value for member in ("type", "name", "id") if (value := one.text(member)) is not None}
            for one in app.objects(name)
        ]
        for name in ("include", "exclude")
    }


_READERS: Final = {
    "people": _people,
    "network": _network,
    "authContext": _auth_context,
    "risk": _risk,
    "riskScore": _risk_score,
    "identityProvider": _identity_provider,
    "device": _device,
    "platform": _platform,
    "elCondition": _el_condition,
    "userType": _user_type,
    "app": _app,
    "userIdentifier": _user_identifier,
}
