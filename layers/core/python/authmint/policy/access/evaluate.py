"""Evaluation of access policies: first policy and rule that match, and every step; remembered per server version."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ...storage.client_registration import words_for
from ...storage.servers import ANY_SCOPE, EVERYONE, AuthorizationServer, People, Policy, Rule

Mismatch = Literal["inactive", "client", "grant_type", "people", "scope"]
#: Internal ids of the error catalogue (docs/protocol.md §20.1).
Refusal = Literal["no_matching_policy", "no_scope_allowed"]


@dataclass(frozen=True)
class Subject:
    """The user of a request."""

    user_id: str
    groups: frozenset[str] = frozenset()


#: For whom a client acts that acts for another client: a rule about people is not about it.
NOBODY: Final = Subject("")


@dataclass(frozen=True)
class TokenRequest:
    """What is decided about.

    Attributes:
        scopes: In request order; where the request named none, the server's default scopes.
        defaulted: The request named none.
        user: ``None`` for client credentials: conditions about people are not consulted then. ``NOBODY``: they do not
            hold.
        or_grant_type: Another name that a rule may give the grant: ``refresh_token`` (docs/protocol.md §9.3).
    """

    client_id: str
    grant_type: str
    scopes: tuple[str, ...]
    defaulted: bool = False
    user: Subject | None = None
    or_grant_type: str | None = None


@dataclass(frozen=True)
class Step:
    """One comparison. ``mismatch`` is ``None`` where it held, ``rule_id`` where the policy itself was at issue."""

    policy_id: str
    rule_id: str | None
    mismatch: Mismatch | None


@dataclass(frozen=True)
class Decision:
    """The rule that matched, what it grants, and how it was found."""

    policy: Policy | None
    rule: Rule | None
    granted: tuple[str, ...] = ()
    refusal: Refusal | None = None
    steps: tuple[Step, ...] = field(default=())


def evaluate(server: AuthorizationServer, request: TokenRequest) -> Decision:
    """Try policies and their rules in ascending priority; the first full match decides.

    A policy whose rules all fail lets the next policy try. The scopes asked for must all be permitted by one rule;
    default scopes are cut down to what the rule permits (docs/protocol.md §8.3).
    """
    steps: list[Step] = []
    all_rejected = False
    for policy in server.policies:
        mismatch = _policy_mismatch(policy, request)
        if mismatch is not None:
            steps.append(Step(policy.id, None, mismatch))
            continue
        for rule in policy.rules:
            reason, granted = match(rule, request)
            steps.append(Step(policy.id, rule.id, reason))
            if reason is None:
                return Decision(policy=policy, rule=rule, granted=granted, refusal=None, steps=tuple(steps))
            all_rejected = all_rejected or (reason == "scope" and request.defaulted)
    refusal: Refusal = "no_scope_allowed" if all_rejected else "no_matching_policy"
    return Decision(policy=None, rule=None, granted=(), refusal=refusal, steps=tuple(steps))


def covers(policy: Policy, request: TokenRequest) -> bool:
    """Whether the policy is in force and for the client."""
    return _policy_mismatch(policy, request) is None


def _policy_mismatch(policy: Policy, request: TokenRequest) -> Mismatch | None:
    if policy.status != "ACTIVE":
        return "inactive"
    if not is_for(policy, request.client_id):
        return "client"
    return None


def is_for(policy: Policy, client_id: str) -> bool:
    """Whether a policy addresses a client: by its id, or by a word for its class (docs/protocol.md §9.1)."""
    return any(word in policy.clients for word in words_for(client_id))


def match(rule: Rule, request: TokenRequest) -> tuple[Mismatch | None, tuple[str, ...]]:
    """The first condition of the rule that does not hold, and the scopes granted where all do."""
    if rule.status != "ACTIVE":
        return "inactive", ()
    if request.grant_type not in rule.grant_types and request.or_grant_type not in rule.grant_types:
        return "grant_type", ()
    if request.user is not None and not includes(rule.people, request.user):
        return "people", ()
    if ANY_SCOPE in rule.scopes:
        granted = request.scopes
    else:
        granted = tuple(scope for scope in request.scopes if scope in rule.scopes)
        if len(granted) < len(request.scopes) and not (request.defaulted and granted):
            return "scope", ()
    return None, granted


def includes(people: People, user: Subject) -> bool:
    """Exclusion beats inclusion, except where EVERYONE is included: that ignores exclusions (docs/protocol.md §9.2)."""
    if user == NOBODY:
        return people == People()
    if EVERYONE in people.groups_include:
        return True
    neither = not people.groups_include and not people.users_include
    included = neither or user.user_id in people.users_include or _any_in(people.groups_include, user.groups)
    excluded = user.user_id in people.users_exclude or _any_in(people.groups_exclude, user.groups)
    return included and not excluded


def _any_in(groups: Iterable[str], of: frozenset[str]) -> bool:
    return any(group in of for group in groups)


_SERVERS_KEPT: Final = 1_000
#: Combinations of scopes are the client's choice, so what is remembered of them is bounded.
_REQUESTS_KEPT: Final = 1_000

_Candidate = tuple[Policy, Rule, tuple[str, ...]]
_Key = tuple[str, tuple[str, str | None], tuple[str, ...], bool, bool]


@dataclass
class _Known:
    """What was found for one version of a server."""

    server: AuthorizationServer
    candidates: OrderedDict[_Key, tuple[_Candidate, ...]] = field(default_factory=OrderedDict)


class PolicyIndex:
    """Finds the rule that ``evaluate`` finds.

    For each client, grant type and scopes it remembers the rules that match but for the user, in their order; the
    first one that is for the user decides. Everything else (that nothing matches, and why) is left to ``evaluate``.
    """

    def __init__(self) -> None:
        self._servers: OrderedDict[str, _Known] = OrderedDict()

    def decide(self, server: AuthorizationServer, request: TokenRequest) -> Decision:
        """The decision of ``evaluate``; without its steps where a rule matched."""
        for policy, rule, granted in self._candidates(server, request):
            if request.user is None or includes(rule.people, request.user):
                return Decision(policy, rule, granted)
        return evaluate(server, request)

    def _candidates(self, server: AuthorizationServer, request: TokenRequest) -> tuple[_Candidate, ...]:
        known = self._servers.get(server.id)
        if known is None or known.server is not server:
            known = self._servers[server.id] = _Known(server)
            if len(self._servers) > _SERVERS_KEPT:
                self._servers.popitem(last=False)
        # For a client alone the first match decides; for users, what comes after a match for everybody is out of reach.
        alone = request.user is None
        grants = request.grant_type, request.or_grant_type
        key = (request.client_id, grants, request.scopes, request.defaulted, alone)
        found = known.candidates.get(key)
        if found is None:
            found = known.candidates[key] = tuple(_matching(server, request, alone=alone))
            if len(known.candidates) > _REQUESTS_KEPT:
                known.candidates.popitem(last=False)
        return found


def _matching(server: AuthorizationServer, request: TokenRequest, *, alone: bool) -> list[_Candidate]:
    anybody = replace(request, user=None)
    found: list[_Candidate] = []
    for policy in server.policies:
        if not covers(policy, anybody):
            continue
        for rule in policy.rules:
            mismatch, granted = match(rule, anybody)
            if mismatch is None:
                found.append((policy, rule, granted))
                if alone or EVERYONE in rule.people.groups_include:
                    return found
    return found
