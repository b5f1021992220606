"""Conditions of policies of people, each true, false or undefined (docs/protocol.md §33.2).

A condition is undefined where a fact is missing that could make it hold and fail. Undefined is ``None`` here.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, Literal

from .facts import Facts, Platform

Truth = Literal["MATCH", "UNMATCHED", "UNDEFINED"]
ALL_ZONES: Final = "ALL_ZONES"
_Spec = Mapping[str, Any]


def truth_of(holds: bool | None) -> Truth:
    """The word that answers and logs have for it."""
    return "UNDEFINED" if holds is None else "MATCH" if holds else "UNMATCHED"


def every(values: Iterable[bool | None]) -> bool | None:
    """And, of three values: false beats undefined."""
    seen = list(values)
    return False if False in seen else None if None in seen else True


def some(values: Iterable[bool | None]) -> bool | None:
    """Or, of three values: true beats undefined."""
    seen = list(values)
    return True if True in seen else None if None in seen else False


def negated(value: bool | None) -> bool | None:
    """Not, of three values."""
    return None if value is None else not value


def conditions_of(conditions: _Spec | None, facts: Facts) -> tuple[tuple[str, bool | None], ...]:
    """Name and value of each condition, in the order in which they are written."""
    return tuple(
        (name, _CONDITIONS[name](spec, facts)) for name, spec in (conditions or {}).items() if spec is not None
    )


def asks_how_unusual(conditions: _Spec | None) -> bool:
    """Whether a rule asks for risk or behaviours, so that sign-ins have to be remembered."""
    found = conditions or {}
    level, behaviors = (found.get("riskScore") or {}).get("level", "ANY"), (found.get("risk") or {}).get("behaviors")
    expression = (found.get("elCondition") or {}).get("condition", "")
    return level != "ANY" or bool(behaviors) or "security." in expression


def in_groups(groups: Collection[str], facts: Facts) -> bool | None:
    """Whether a policy for these groups, or for everybody where there are none, is for the user."""
    return True if not groups else _is_member(groups, facts)


def _is_member(groups: Collection[str], facts: Facts) -> bool | None:
    return None if facts.group_ids is None else not facts.group_ids.isdisjoint(groups)


def _is_user(users: Collection[str], facts: Facts) -> bool | None:
    return None if facts.user_id is None else facts.user_id in users


def _people(spec: _Spec, facts: Facts) -> bool | None:
    users, groups = spec.get("users") or {}, spec.get("groups") or {}
    included: list[bool | None] = []
    if users.get("include"):
        included.append(_is_user(users["include"], facts))
    if groups.get("include"):
        included.append(_is_member(groups["include"], facts))
    excluded: list[bool | None] = []
    if users.get("exclude"):
        excluded.append(_is_user(users["exclude"], facts))
    if groups.get("exclude"):
        excluded.append(_is_member(groups["exclude"], facts))
    return every((some(included) if included else True, negated(some(excluded))))


def _network(spec: _Spec, facts: Facts) -> bool | None:
    if spec.get("connection") != "ZONE":
        return True
    include, exclude = spec.get("include") or (), spec.get("exclude") or ()
    inside = some(_in_zone(zone, facts) for zone in include) if include else True
    return every((inside, negated(some(_in_zone(zone, facts) for zone in exclude))))


def _in_zone(zone_id: str, facts: Facts) -> bool | None:
    zones = facts.zones
    if zones is None:
        return None
    if zone_id == ALL_ZONES:
        return True if zones.inside else None if zones.unknown else False
    return True if zone_id in zones.inside else None if zone_id in zones.unknown else False


def _risk_level(spec: _Spec, facts: Facts) -> bool | None:
    level = spec.get("level", "ANY")
    return True if level == "ANY" else None if facts.risk is None else bool(facts.risk == level)


def _behaviors(spec: _Spec, facts: Facts) -> bool | None:
    """Whether any of them is not ordinary: what cannot be told is not (docs/protocol.md §33.6)."""
    named = spec.get("behaviors") or ()
    if not named:
        return True
    if facts.behaviors is None:
        return None
    return any(facts.behaviors.get(one, "NEGATIVE") != "NEGATIVE" for one in named)


def _platform(spec: _Spec, facts: Facts) -> bool | None:
    include, exclude = spec.get("include") or (), spec.get("exclude") or ()
    inside = some(_runs_on(one, facts.platform) for one in include) if include else True
    return every((inside, negated(some(_runs_on(one, facts.platform) for one in exclude))))


def _runs_on(spec: _Spec, platform: Platform | None) -> bool | None:
    wanted, os = spec.get("type", "ANY"), spec.get("os") or {}
    named, expression = os.get("type", "ANY"), os.get("expression")
    if wanted == "ANY" and named == "ANY":
        return True
    if platform is None:
        return None
    if wanted not in {"ANY", platform.type}:
        return False
    if named == "OTHER" and expression:
        return re.search(re.escape(expression), platform.agent, re.IGNORECASE) is not None
    return bool(named == "ANY" or platform.os == {"OSX": "MACOS"}.get(named, named))


def _user_type(spec: _Spec, facts: Facts) -> bool | None:
    include, exclude = spec.get("include") or (), spec.get("exclude") or ()

    def is_of(types: Collection[str]) -> bool | None:
        return None if facts.user_type is None else facts.user_type in types

    return every((is_of(include) if include else True, negated(is_of(exclude) if exclude else False)))


def _device(spec: _Spec, _: Facts) -> bool | None:
    """Nobody's device is known to be managed here, so what asks for that matches nobody."""
    assured = (spec.get("assurance") or {}).get("include")
    return not (spec.get("registered") or spec.get("managed") or assured)


def _auth_context(spec: _Spec, _: Facts) -> bool | None:
    """Everybody comes by a browser or the API: there is neither RADIUS nor LDAP."""
    return bool(spec.get("authType", "ANY") == "ANY")


def _identity_provider(spec: _Spec, facts: Facts) -> bool | None:
    provider, idp = spec.get("provider", "ANY"), facts.identity_provider
    if provider == "ANY":
        return True
    if idp is None:
        return None
    return not idp if provider == "OKTA" else idp in (spec.get("idpIds") or ())


def _app(spec: _Spec, facts: Facts) -> bool | None:
    def is_one(apps: Iterable[_Spec]) -> bool | None:
        return None if facts.app_id is None else any(facts.app_id in {app.get("id"), app.get("name")} for app in apps)

    include, exclude = spec.get("include") or (), spec.get("exclude") or ()
    return every((is_one(include) if include else True, negated(is_one(exclude) if exclude else False)))


def _user_identifier(spec: _Spec, facts: Facts) -> bool | None:
    """Of who is not known yet: what was typed, or an attribute of who is called so."""
    patterns, identifier = spec.get("patterns") or (), facts.identifier
    if not patterns:
        return True
    if identifier is None:
        return None
    text: Any = identifier
    if spec.get("type") == "ATTRIBUTE":
        text = (facts.profile or {}).get(spec.get("attribute", ""))
    return isinstance(text, str) and any(_fits(one, text) for one in patterns)


def _fits(pattern: _Spec, text: str) -> bool:
    value, kind = str(pattern.get("value", "")), pattern.get("matchType")
    if kind == "EXPRESSION":
        from ...expressions.regexes import matches  # few rules have one

        return matches(value, text)
    value, text = value.casefold(), text.casefold()
    by_kind: Mapping[Any, bool] = {
        "EQUALS": text == value,
        "SUFFIX": text.endswith(value),
        "STARTS_WITH": text.startswith(value),
        "CONTAINS": value in text,
    }
    return by_kind.get(kind, False)


def _expression(spec: _Spec, facts: Facts) -> bool | None:
    from .expression import holds  # only where a rule has one

    return holds(spec.get("condition", ""), facts)


def _anything(_spec: _Spec, _facts: Facts) -> bool | None:
    """Passwords of all providers are kept here."""
    return True


_CONDITIONS: Final[Mapping[str, Callable[[_Spec, Facts], bool | None]]] = {
    "people": _people,
    "network": _network,
    "authContext": _auth_context,
    "risk": _behaviors,
    "riskScore": _risk_level,
    "identityProvider": _identity_provider,
    "platform": _platform,
    "device": _device,
    "userType": _user_type,
    "elCondition": _expression,
    "app": _app,
    "userIdentifier": _user_identifier,
    "authProvider": _anything,
}
#: Names of the conditions that there are.
CONDITIONS: Final = frozenset(_CONDITIONS)
