"""Evaluation of access policies (runtime contract §18.2): first policy and rule that match, and every step."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ..storage.servers import ALL_CLIENTS, ANY_SCOPE, EVERYONE, AuthorizationServer, People, Policy, Rule

Mismatch = Literal["inactive", "client", "grant_type", "people", "scope"]
#: Internal ids of the error catalogue (§25).
Refusal = Literal["no_matching_policy", "no_scope_allowed"]


@dataclass(frozen=True)
class Subject:
    """The user of a request."""

    user_id: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TokenRequest:
    """What is decided about.

    Attributes:
        scopes: In request order; where the request named none, the server's default scopes.
        defaulted: The request named none.
        user: ``None`` for client credentials: conditions about people are not consulted then.
        or_grant_type: Another name that a rule may give the grant: ``refresh_token`` (DEC-31).
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
    default scopes are cut down to what the rule permits (DEC-26).
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
                return Decision(policy, rule, granted, None, tuple(steps))
            all_rejected = all_rejected or (reason == "scope" and request.defaulted)
    refusal: Refusal = "no_scope_allowed" if all_rejected else "no_matching_policy"
    return Decision(None, None, (), refusal, tuple(steps))


def covers(policy: Policy, request: TokenRequest) -> bool:
    """Whether the policy is in force and for the client."""
    return _policy_mismatch(policy, request) is None


def _policy_mismatch(policy: Policy, request: TokenRequest) -> Mismatch | None:
    if policy.status != "ACTIVE":
        return "inactive"
    if ALL_CLIENTS not in policy.clients and request.client_id not in policy.clients:
        return "client"
    return None


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
    """Exclusion beats inclusion, except where EVERYONE is included: then exclusions are ignored (§18.2)."""
    if EVERYONE in people.groups_include:
        return True
    neither = not people.groups_include and not people.users_include
    included = neither or user.user_id in people.users_include or _any_in(people.groups_include, user.groups)
    excluded = user.user_id in people.users_exclude or _any_in(people.groups_exclude, user.groups)
    return included and not excluded


def _any_in(groups: Iterable[str], of: frozenset[str]) -> bool:
    return any(group in of for group in groups)
