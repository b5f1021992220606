"""What a configuration tells without any request (docs/protocol.md §22): rules that never match, and why.

Every verdict is proven for all requests; where a proof would need more than this looks at, nothing is said.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ...storage.clients import Client
from ...storage.servers import ALL_CLIENTS, ANY_SCOPE, EVERYONE, AuthorizationServer, People, Policy, Rule

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
    """A rule through which a scope can be had, and the clients that can: ids, or ``ALL_CLIENTS``."""

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
            and not any(_covers(policy, client.id) and _possible(rule, [client]) for policy, rule in live)
        ),
    )


def unreachable(server: AuthorizationServer, clients: Sequence[Client]) -> tuple[Unreachable, ...]:
    """The policies and rules that no request can match, in the order of their trial."""
    defined = frozenset(scope.name for scope in server.scopes)
    known = {client.id: client for client in clients if client.status == "ACTIVE"}
    found: list[Unreachable] = []
    before: list[tuple[Policy, Rule]] = []
    for policy in server.policies:
        reason = _policy_reason(policy, known)
        if reason is not None:
            found.append(Unreachable(policy.id, None, reason))
            found += [Unreachable(policy.id, rule.id, reason) for rule in policy.rules]
            continue
        covered = None if ALL_CLIENTS in policy.clients else [known[name] for name in policy.clients if name in known]
        for rule in policy.rules:
            verdict = _rule_verdict(policy=policy, rule=rule, covered=covered, defined=defined, before=before)
            if verdict is not None:
                found.append(verdict)
            if rule.status == "ACTIVE":
                before.append((policy, rule))
    return tuple(found)


def ways_to(server: AuthorizationServer, scope: str, clients: Sequence[Client]) -> tuple[Way, ...]:
    """Through which rules a scope can be had, and by which clients; in the order of their trial."""
    dead = {verdict.rule_id for verdict in unreachable(server, clients)}
    active = [client for client in clients if client.status == "ACTIVE"]
    found = []
    for policy, rule in _in_order(server):
        if rule.id in dead or not (ANY_SCOPE in rule.scopes or scope in rule.scopes):
            continue
        able = [client for client in active if _covers(policy, client.id) and _possible(rule, [client])]
        everyone = ALL_CLIENTS in policy.clients
        ids = (ALL_CLIENTS,) if everyone else tuple(client.id for client in able)
        grants = rule.grant_types if everyone else _possible(rule, able)
        found.append(Way(policy, rule, ids, grants))
    return tuple(found)


def _in_order(server: AuthorizationServer) -> Iterable[tuple[Policy, Rule]]:
    return ((policy, rule) for policy in server.policies for rule in policy.rules)


def _covers(policy: Policy, client_id: str) -> bool:
    return ALL_CLIENTS in policy.clients or client_id in policy.clients


def _possible(rule: Rule, clients: Collection[Client]) -> tuple[str, ...]:
    """The grant types of the rule that one of the clients has."""
    return tuple(grant for grant in rule.grant_types if any(grant in client.grant_types for client in clients))


def _policy_reason(policy: Policy, known: Collection[str]) -> Reason | None:
    if policy.status != "ACTIVE":
        return "inactive"
    if not policy.rules:
        return "no_rules"
    if ALL_CLIENTS not in policy.clients and not any(client_id in known for client_id in policy.clients):
        return "no_clients"
    return None


def _rule_verdict(  # noqa: PLR0911 - one for each reason
    policy: Policy,
    rule: Rule,
    covered: Sequence[Client] | None,
    defined: frozenset[str],
    before: Sequence[tuple[Policy, Rule]],
) -> Unreachable | None:
    """``covered``: the clients that the policy is for; ``None``: all there are and will be."""

    def verdict(reason: Reason, shadowed_by: Iterable[str] = ()) -> Unreachable:
        return Unreachable(policy.id, rule.id, reason, tuple(dict.fromkeys(shadowed_by)))

    if rule.status != "ACTIVE":
        return verdict("inactive")
    if not rule.grant_types:
        return verdict("no_grant_types")
    if ANY_SCOPE not in rule.scopes and defined.isdisjoint(rule.scopes):
        return verdict("no_scopes")
    grants = rule.grant_types if covered is None else _possible(rule, covered)
    if not grants:
        return verdict("no_client_has_the_grant_types")
    if _nobody(rule.people):
        grants = tuple(grant for grant in grants if grant == _WITHOUT_USER)
        if not grants:
            return verdict("nobody_is_included")
    # Every client and grant type that could bring a request here, with the rule that takes all such requests before.
    pairs = [(None, grant) for grant in grants] if covered is None else [
        (client.id, grant) for client in covered for grant in grants if grant in client.grant_types
    ]  # fmt: skip
    takers = [
        _taker(before=before, rule=rule, client_id=client_id, grant=grant, defined=defined)
        for client_id, grant in pairs
    ]
    if all(taker is not None for taker in takers):
        return verdict("shadowed", (taker for taker in takers if taker is not None))
    return None


def _taker(
    before: Sequence[tuple[Policy, Rule]], rule: Rule, client_id: str | None, grant: str, defined: frozenset[str]
) -> str | None:
    """The first earlier rule that matches whatever ``rule`` matches, for one client (``None``: any) and grant type."""
    for policy, earlier in before:
        if ALL_CLIENTS not in policy.clients and (client_id is None or client_id not in policy.clients):
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
