"""What a configuration tells without any request (docs/protocol.md §22): rules that never match, and why.

Every verdict is proven for all requests; where a proof would need more than this looks at, nothing is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ...storage.client_registration import ALL_CLIENTS, class_of
from ...storage.clients import Client
from ...storage.servers import ANY_SCOPE, EVERYONE, AuthorizationServer, People, Policy, Rule
from .evaluate import is_for

Reason = Literal[
    "inactive",
    "no_rules",
    "no_clients",
    "no_client_has_the_grant_types",
    "no_grant_types",
    "no_scopes",
    "nobody_is_included",
    "shadowed",
]
#: Grant types without a user: conditions about people are not consulted (docs/protocol.md §9.1).
_WITHOUT_USER: Final = "client_credentials"
#: What clients can have that no administrator registered.
_UNREGISTERED: Final = ("authorization_code", "refresh_token")
#: Whom a policy is for: ids and words, and the grant types that can bring them; ``None``: any.
_Reach = Sequence[tuple[str, Sequence[str] | None]]


@dataclass(frozen=True)
class Unreachable:
    """A policy (``rule_id`` is ``None``) or a rule that no request can match.

    Attributes:
        shadowed_by: Ids of the rules that take every request before it.
    """

    policy_id: str
    rule_id: str | None
    reason: Reason
    shadowed_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Way:
    """A rule through which a scope can be had, and the clients that can: ids, and words for classes of them."""

    policy: Policy
    rule: Rule
    clients: tuple[str, ...]
    grant_types: tuple[str, ...]


@dataclass(frozen=True)
class Analysis:
    """What was found out about the rules of a server.

    Attributes:
        unobtainable_scopes: Names of custom scopes that no rule gives to anybody.
        refused_defaults: Names of default scopes that no rule permits.
        clients_without_rule: Ids of ACTIVE clients that no rule is for.
    """

    unreachable: tuple[Unreachable, ...]
    unobtainable_scopes: tuple[str, ...]
    refused_defaults: tuple[str, ...]
    clients_without_rule: tuple[str, ...]


def analyze(server: AuthorizationServer, clients: Sequence[Client]) -> Analysis:
    """Look at a server and all clients of the deployment."""
    found = unreachable(server, clients)
    dead = {verdict.rule_id for verdict in found if verdict.rule_id is not None}
    live = [(policy, rule) for policy, rule in _in_order(server) if rule.id not in dead]
    permitted = [rule.scopes for _, rule in live]
    any_scope = any(ANY_SCOPE in scopes for scopes in permitted)
    names = frozenset(name for scopes in permitted for name in scopes)
    missing = [scope for scope in server.scopes if not any_scope and scope.name not in names]
    return Analysis(
        unreachable=found,
        unobtainable_scopes=tuple(scope.name for scope in missing if not scope.system),
        refused_defaults=tuple(scope.name for scope in missing if scope.default),
        clients_without_rule=tuple(
            client.id
            for client in clients
            if client.status == "ACTIVE"
            and not any(is_for(policy, client.id) and _possible(rule, [_alone(client)]) for policy, rule in live)
        ),
    )


def unreachable(server: AuthorizationServer, clients: Sequence[Client]) -> tuple[Unreachable, ...]:
    """The policies and rules that no request can match, in the order of their trial."""
    defined = frozenset(scope.name for scope in server.scopes)
    known = {client.id: client for client in clients if client.status == "ACTIVE"}
    found: list[Unreachable] = []
    before: list[tuple[Policy, Rule]] = []
    for policy in server.policies:
        reach = _reach(policy, server, known)
        reason = _policy_reason(policy, reach)
        if reason is not None:
            found.append(Unreachable(policy.id, None, reason))
            found += [Unreachable(policy.id, rule.id, reason) for rule in policy.rules]
            continue
        for rule in policy.rules:
            verdict = _rule_verdict(policy=policy, rule=rule, reach=reach, defined=defined, before=before)
            if verdict is not None:
                found.append(verdict)
            if rule.status == "ACTIVE":
                before.append((policy, rule))
    return tuple(found)


def ways_to(server: AuthorizationServer, scope: str, clients: Sequence[Client]) -> tuple[Way, ...]:
    """Through which rules a scope can be had, and by which clients; in the order of their trial."""
    dead = {verdict.rule_id for verdict in unreachable(server, clients)}
    known = {client.id: client for client in clients if client.status == "ACTIVE"}
    found = []
    for policy, rule in _in_order(server):
        if rule.id in dead or not (ANY_SCOPE in rule.scopes or scope in rule.scopes):
            continue
        able = [one for one in _reach(policy, server, known) if _possible(rule, [one])]
        found.append(Way(policy, rule, tuple(name for name, _ in able), _possible(rule, able)))
    return tuple(found)


def _in_order(server: AuthorizationServer) -> Iterable[tuple[Policy, Rule]]:
    return ((policy, rule) for policy in server.policies for rule in policy.rules)


def _reach(policy: Policy, server: AuthorizationServer, known: Mapping[str, Client]) -> _Reach:
    """Whom the policy is for. ``ALL_CLIENTS`` stands for all registered ones; unregistered ones need a switch."""
    everyone = ALL_CLIENTS in policy.clients
    registered: _Reach = [
        _alone(known[client_id]) for client_id in sorted(known) if not everyone and client_id in policy.clients
    ]
    unregistered = [
        (name, _UNREGISTERED)
        for name in policy.clients
        if (class_ := class_of(name)) != "REGISTERED" and server.registration.takes(class_)
    ]
    return [*([(ALL_CLIENTS, None)] if everyone else registered), *unregistered]


def _alone(client: Client) -> tuple[str, Sequence[str]]:
    return client.id, client.grant_types


def _possible(rule: Rule, reach: _Reach) -> tuple[str, ...]:
    """The grant types of the rule that one of these can have."""
    return tuple(grant for grant in rule.grant_types if any(own is None or grant in own for _, own in reach))


def _policy_reason(policy: Policy, reach: _Reach) -> Reason | None:
    if policy.status != "ACTIVE":
        return "inactive"
    if not policy.rules:
        return "no_rules"
    return None if reach else "no_clients"


def _rule_verdict(  # noqa: PLR0911 - one for each reason
    policy: Policy,
    rule: Rule,
    reach: _Reach,
    defined: frozenset[str],
    before: Sequence[tuple[Policy, Rule]],
) -> Unreachable | None:
    def verdict(reason: Reason, shadowed_by: Iterable[str] = ()) -> Unreachable:
        return Unreachable(policy.id, rule.id, reason, tuple(dict.fromkeys(shadowed_by)))

    if rule.status != "ACTIVE":
        return verdict("inactive")
    if not rule.grant_types:
        return verdict("no_grant_types")
    if ANY_SCOPE not in rule.scopes and defined.isdisjoint(rule.scopes):
        return verdict("no_scopes")
    grants = _possible(rule, reach)
    if not grants:
        return verdict("no_client_has_the_grant_types")
    if _nobody(rule.people):
        grants = tuple(grant for grant in grants if grant == _WITHOUT_USER)
        if not grants:
            return verdict("nobody_is_included")
    # Whoever could bring a request here and by which grant type, with the rule that takes all such requests before.
    takers = [
        _taker(before=before, rule=rule, name=name, grant=grant, defined=defined)
        for name, own in reach
        for grant in grants
        if own is None or grant in own
    ]
    if all(taker is not None for taker in takers):
        return verdict("shadowed", (taker for taker in takers if taker is not None))
    return None


def _taker(
    before: Sequence[tuple[Policy, Rule]], rule: Rule, name: str, grant: str, defined: frozenset[str]
) -> str | None:
    """The first earlier rule that matches whatever ``rule`` does, for a grant type and a client, or a word for some."""
    for policy, earlier in before:
        if not is_for(policy, name):
            continue
        if grant not in earlier.grant_types or not _scopes_include(earlier, rule, defined):
            continue
        if grant == _WITHOUT_USER or _people_include(earlier.people, rule.people):
            return earlier.id
    return None


def _scopes_include(wide: Rule, narrow: Rule, defined: frozenset[str]) -> bool:
    if ANY_SCOPE in wide.scopes:
        return True
    asked = defined if ANY_SCOPE in narrow.scopes else defined.intersection(narrow.scopes)
    return asked <= frozenset(wide.scopes)


def _nobody(people: People) -> bool:
    """Whether everybody included is excluded by name as well."""
    if EVERYONE in people.groups_include or not (people.groups_include or people.users_include):
        return False
    return set(people.groups_include) <= set(people.groups_exclude) and set(people.users_include) <= set(
        people.users_exclude
    )


def _people_include(wide: People, narrow: People) -> bool:
    """Whether everybody of ``narrow`` is of ``wide``, whoever is member of what (docs/protocol.md §9.1)."""
    if EVERYONE in wide.groups_include:
        return True
    if EVERYONE in narrow.groups_include:
        return not (wide.groups_include or wide.users_include or wide.groups_exclude or wide.users_exclude)
    if not (
        set(wide.groups_exclude) <= set(narrow.groups_exclude) and set(wide.users_exclude) <= set(narrow.users_exclude)
    ):
        return False
    if not (wide.groups_include or wide.users_include):
        return True
    if not (narrow.groups_include or narrow.users_include):
        return False
    return set(narrow.groups_include) <= set(wide.groups_include) and set(narrow.users_include) <= set(
        wide.users_include
    )
