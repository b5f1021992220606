"""What policies of people tell without anybody who signs on (docs/protocol.md §33.11): rules that never match, and why.

Every verdict is proven for whoever signs on, of whom user, groups, address and risk are always known; where a proof
would need more than this looks at (expressions, platforms, places), nothing is said.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ...storage.groups import EVERYONE_ID
from ...storage.sign_on_policies import SignOnPolicy, SignOnRule
from .conditions import ALL_ZONES
from .walk import in_order

Reason = Literal["inactive", "contradiction", "gone", "shadowed"]
Kind = Literal["zone", "group", "behavior"]
_Spec = Mapping[str, Any]
_NOTHING: Final[_Spec] = {}


@dataclass(frozen=True)
class Known:
    """What there is that conditions can name.

    Attributes:
        zones: Ids of ACTIVE zones of policies.
        told: Those of them of which can always be told who is inside: zones of addresses.
        groups: Ids of groups, ``Everyone`` among them.
        behaviors: Ids of ACTIVE behaviours.
    """

    zones: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset({EVERYONE_ID})
    behaviors: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Unreachable:
    """A rule that nobody's sign-on can match.

    Attributes:
        condition: The one that never holds, where it is one.
        shadowed_by: The rule that takes everything before it.
    """

    policy: SignOnPolicy
    rule: SignOnRule
    reason: Reason
    condition: str | None = None
    shadowed_by: str | None = None


@dataclass(frozen=True)
class Missing:
    """Something that a rule, or a policy, names and that is gone or INACTIVE: it matches otherwise than it reads."""

    policy: SignOnPolicy
    rule: SignOnRule | None
    kind: Kind
    id: str


def unreachable(policies: Iterable[SignOnPolicy], known: Known) -> Iterator[Unreachable]:
    """Rules that nobody matches, of policies that are tried one after the other. The system's are the last resort."""
    before: list[tuple[SignOnPolicy, SignOnRule]] = []
    for policy, rule in in_order(policies):
        verdict = None if rule.system else _verdict(policy, rule, before, known)
        if verdict is not None:
            yield verdict
        elif _is_certain(rule, known):
            before.append((policy, rule))


def missing(policies: Iterable[SignOnPolicy], known: Known) -> Iterator[Missing]:
    """What policies and rules name that is not there."""
    for policy in policies:
        yield from (Missing(policy, None, "group", one) for one in policy.groups if one not in known.groups)
        for rule in policy.rules:
            there: Mapping[Kind, Collection[str]] = {
                "zone": known.zones | {ALL_ZONES},
                "group": known.groups,
                "behavior": known.behaviors,
            }
            for kind, one in _named(rule.conditions or _NOTHING):
                if one not in there[kind]:
                    yield Missing(policy, rule, kind, one)


def _named(conditions: _Spec) -> Iterator[tuple[Kind, str]]:
    network = _of(conditions, "network")
    if network.get("connection") == "ZONE":
        yield from (("zone", one) for name in ("include", "exclude") for one in network.get(name) or ())
    groups = _of(_of(conditions, "people"), "groups")
    yield from (("group", one) for name in ("include", "exclude") for one in groups.get(name) or ())
    yield from (("behavior", one) for one in _of(conditions, "risk").get("behaviors") or ())


def _verdict(
    policy: SignOnPolicy, rule: SignOnRule, before: Sequence[tuple[SignOnPolicy, SignOnRule]], known: Known
) -> Unreachable | None:
    if policy.status != "ACTIVE" or rule.status != "ACTIVE":
        return Unreachable(policy, rule, "inactive")
    conditions = rule.conditions or _NOTHING
    if policy.groups and known.groups.isdisjoint(policy.groups):
        return Unreachable(policy, rule, "gone", "people")
    for name, never in _NEVER.items():
        if (reason := never(_of(conditions, name), known)) is not None:
            return Unreachable(policy, rule, reason, name)
    excluded = frozenset(_lists(conditions, "people", "groups")[1])
    if policy.groups and excluded.issuperset(policy.groups):
        return Unreachable(policy, rule, "contradiction", "people")
    taker = next((one for of, one in before if _takes(of, one, policy, rule, known)), None)
    return None if taker is None else Unreachable(policy, rule, "shadowed", shadowed_by=taker.id)


def _of(conditions: _Spec, name: str) -> _Spec:
    return conditions.get(name) or _NOTHING


def _lists(conditions: _Spec, name: str, member: str = "") -> tuple[Sequence[str], Sequence[str]]:
    spec = _of(_of(conditions, name), member) if member else _of(conditions, name)
    return spec.get("include") or (), spec.get("exclude") or ()


# What never holds -----------------------------------------------------------------------------------------------------


def _no_people(spec: _Spec, known: Known) -> Reason | None:
    users, groups = _of(spec, "users"), _of(spec, "groups")
    if EVERYONE_ID in (groups.get("exclude") or ()):
        return "contradiction"
    named = users.get("include") or (), groups.get("include") or ()
    if not any(named):
        return None
    if not named[0] and known.groups.isdisjoint(named[1]):
        return "gone"
    left = set(named[0]) - set(users.get("exclude") or ()), set(named[1]) - set(groups.get("exclude") or ())
    return None if any(left) else "contradiction"


def _no_place(spec: _Spec, known: Known) -> Reason | None:
    if spec.get("connection") != "ZONE":
        return None
    include, exclude = spec.get("include") or (), spec.get("exclude") or ()
    there = known.zones if ALL_ZONES in include else known.zones.intersection(include)
    if include and not there:
        return "gone"
    if not include or not there <= known.told:
        return None
    return "contradiction" if ALL_ZONES in exclude or there <= set(exclude) else None


def _no_behavior(spec: _Spec, known: Known) -> Reason | None:
    named = spec.get("behaviors") or ()
    return "gone" if named and known.behaviors.isdisjoint(named) else None


def _no_type(spec: _Spec, _: Known) -> Reason | None:
    include, exclude = spec.get("include") or (), spec.get("exclude") or ()
    return "contradiction" if include and set(include) <= set(exclude) else None


def _no_client(spec: _Spec, _: Known) -> Reason | None:
    """Neither RADIUS nor LDAP signs anybody in."""
    return None if spec.get("authType", "ANY") == "ANY" else "contradiction"


def _no_device(spec: _Spec, _: Known) -> Reason | None:
    """Nobody's device is known to be managed."""
    asked = spec.get("registered") or spec.get("managed") or _of(spec, "assurance").get("include")
    return "contradiction" if asked else None


_NEVER: Final[Mapping[str, Callable[[_Spec, Known], Reason | None]]] = {
    "people": _no_people,
    "network": _no_place,
    "risk": _no_behavior,
    "userType": _no_type,
    "authContext": _no_client,
    "device": _no_device,
}

# What an earlier rule takes -------------------------------------------------------------------------------------------


def _is_certain(rule: SignOnRule, known: Known) -> bool:
    """Whether the rule could take anything for sure: none of its conditions is one that this does not look at."""
    conditions = rule.conditions or _NOTHING
    return all(name in _INCLUDE or not spec for name, spec in conditions.items()) and _decidable(conditions, known)


def _decidable(conditions: _Spec, known: Known) -> bool:
    network = _of(conditions, "network")
    if network.get("connection") != "ZONE":
        return True
    return all(_told(one, known) for one in (*(network.get("include") or ()), *(network.get("exclude") or ())))


def _told(zone: str, known: Known) -> bool:
    """Whether it can be told of everybody whether they are inside: nobody is inside of what is not there."""
    return known.zones <= known.told if zone == ALL_ZONES else zone in known.told or zone not in known.zones


def _takes(of: SignOnPolicy, wide: SignOnRule, policy: SignOnPolicy, narrow: SignOnRule, known: Known) -> bool:
    """Whether ``wide`` certainly matches whatever ``narrow`` may match."""
    everybody = not of.groups or EVERYONE_ID in of.groups
    if not everybody and not (policy.groups and set(policy.groups) <= set(of.groups)):
        return False
    one, other = wide.conditions or _NOTHING, narrow.conditions or _NOTHING
    return all(_INCLUDE[name](spec, _of(other, name), known) for name, spec in one.items() if spec)


def _all_people(wide: _Spec, narrow: _Spec, _: Known) -> bool:
    """Whether everybody of ``narrow`` is of ``wide``, whoever is member of what."""
    w_users, w_groups, n_users, n_groups = (_of(one, name) for one in (wide, narrow) for name in ("users", "groups"))
    for wider, narrower in ((w_users, n_users), (w_groups, n_groups)):
        if not set(wider.get("exclude") or ()) <= set(narrower.get("exclude") or ()):
            return False
    users, groups = set(w_users.get("include") or ()), set(w_groups.get("include") or ())
    if not (users or groups) or EVERYONE_ID in groups:
        return True
    inner = set(n_users.get("include") or ()), set(n_groups.get("include") or ())
    return bool(inner[0] or inner[1]) and inner[0] <= users and inner[1] <= groups


def _all_places(wide: _Spec, narrow: _Spec, _: Known) -> bool:
    if wide.get("connection") != "ZONE":
        return True
    zones = narrow if narrow.get("connection") == "ZONE" else _NOTHING
    excluded = set(wide.get("exclude") or ())
    if not excluded <= set(zones.get("exclude") or ()):
        return False
    include, inner = set(wide.get("include") or ()), set(zones.get("include") or ())
    return not include or (bool(inner) and (ALL_ZONES in include or inner <= include))


def _all_behaviors(wide: _Spec, narrow: _Spec, _: Known) -> bool:
    named, inner = set(wide.get("behaviors") or ()), set(narrow.get("behaviors") or ())
    return not named or (bool(inner) and inner <= named)


def _all_levels(wide: _Spec, narrow: _Spec, _: Known) -> bool:
    return bool(wide.get("level", "ANY") in {"ANY", narrow.get("level", "ANY")})


def _all_types(wide: _Spec, narrow: _Spec, _: Known) -> bool:
    if not set(wide.get("exclude") or ()) <= set(narrow.get("exclude") or ()):
        return False
    include, inner = set(wide.get("include") or ()), set(narrow.get("include") or ())
    return not include or (bool(inner) and inner <= include)


def _all_clients(wide: _Spec, _narrow: _Spec, _: Known) -> bool:
    return bool(wide.get("authType", "ANY") == "ANY")


def _all_providers(wide: _Spec, narrow: _Spec, _: Known) -> bool:
    provider = wide.get("provider", "ANY")
    return bool(provider == "ANY" or provider == narrow.get("provider") == "OKTA")


def _anything(_wide: _Spec, _narrow: _Spec, _: Known) -> bool:
    return True


#: Whether the condition of the first rule holds wherever that of the second may.
_INCLUDE: Final[Mapping[str, Callable[[_Spec, _Spec, Known], bool]]] = {
    "people": _all_people,
    "network": _all_places,
    "risk": _all_behaviors,
    "riskScore": _all_levels,
    "userType": _all_types,
    "authContext": _all_clients,
    "identityProvider": _all_providers,
    "authProvider": _anything,
}
