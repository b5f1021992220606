"""Why a request got what it got: every policy and rule tried, every condition with its values, and the nearest miss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...storage.client_registration import ALL_CLIENTS, class_of, words_for
from ...storage.servers import ANY_SCOPE, EVERYONE, AuthorizationServer, People, Policy, Rule
from .evaluate import NOBODY, Subject, TokenRequest, includes, is_for

ConditionName = Literal["status", "clients", "grantTypes", "people", "scopes"]


@dataclass(frozen=True)
class Condition:
    """One condition: what it asks for, what the request has, and what would have to change where it does not hold."""

    name: ConditionName
    holds: bool
    required: Any
    actual: Any
    change: str | None = None


@dataclass(frozen=True)
class Trial:
    """A policy or, with ``rule``, a rule that was tried."""

    policy: Policy
    policy_priority: int
    rule: Rule | None
    rule_priority: int | None
    conditions: tuple[Condition, ...]

    @property
    def matched(self) -> bool:
        """Whether every condition holds."""
        return all(condition.holds for condition in self.conditions)

    @property
    def misses(self) -> tuple[Condition, ...]:
        """The conditions that do not hold."""
        return tuple(condition for condition in self.conditions if not condition.holds)


@dataclass(frozen=True)
class Explanation:
    """What was tried, in order, up to the match.

    Attributes:
        nearest: Of a refused request: the rule, with its policy's conditions, that lacked least.
    """

    trials: tuple[Trial, ...]
    nearest: Trial | None


def explain(server: AuthorizationServer, request: TokenRequest) -> Explanation:
    """The same walk as ``evaluate``, with every condition of every rule looked at."""
    trials: list[Trial] = []
    candidates: list[Trial] = []
    for policy_priority, policy in enumerate(server.policies, 1):
        own = _policy_conditions(policy, request)
        of_policy = Trial(policy=policy, policy_priority=policy_priority, rule=None, rule_priority=None, conditions=own)
        if not of_policy.matched or not policy.rules:
            trials.append(of_policy)
        for rule_priority, rule in enumerate(policy.rules, 1):
            trial = Trial(
                policy=policy,
                policy_priority=policy_priority,
                rule=rule,
                rule_priority=rule_priority,
                conditions=_rule_conditions(rule, request),
            )
            candidates.append(
                Trial(
                    policy=policy,
                    policy_priority=policy_priority,
                    rule=rule,
                    rule_priority=rule_priority,
                    conditions=own + trial.conditions,
                )
            )
            if not of_policy.matched:
                continue
            trials.append(trial)
            if trial.matched:
                return Explanation(tuple(trials), None)
    nearest = min(candidates, key=lambda candidate: len(candidate.misses), default=None)
    return Explanation(tuple(trials), nearest)


def _policy_conditions(policy: Policy, request: TokenRequest) -> tuple[Condition, ...]:
    covered = is_for(policy, request.client_id)
    return (
        _active(policy.status, f"activate the policy '{policy.name}'"),
        Condition(
            name="clients",
            holds=covered,
            required=list(policy.clients),
            actual=request.client_id,
            change=None if covered else _clients_change(policy, request.client_id),
        ),
    )


def _clients_change(policy: Policy, client_id: str) -> str:
    where = f"conditions.clients.include of the policy '{policy.name}'"
    if class_of(client_id) == "REGISTERED":
        return f"add the client to {where}"
    word = words_for(client_id)[0]
    return f"add the client or '{word}' to {where}: '{ALL_CLIENTS}' means registered clients alone"


def _rule_conditions(rule: Rule, request: TokenRequest) -> tuple[Condition, ...]:
    granted = request.grant_type in rule.grant_types or request.or_grant_type in rule.grant_types
    conditions = [
        _active(rule.status, f"activate the rule '{rule.name}'"),
        Condition(
            name="grantTypes",
            holds=granted,
            required=list(rule.grant_types),
            actual=request.grant_type,
            change=None if granted else f"add '{request.grant_type}' to conditions.grantTypes.include of '{rule.name}'",
        ),
    ]
    if request.user is not None:
        conditions.append(_people(rule, request.user))
    conditions.append(_scopes(rule, request))
    return tuple(conditions)


def _active(status: str, change: str) -> Condition:
    return Condition(
        name="status",
        holds=status == "ACTIVE",
        required="ACTIVE",
        actual=status,
        change=None if status == "ACTIVE" else change,
    )


def _people(rule: Rule, user: Subject) -> Condition:
    people = rule.people
    holds = includes(people, user)
    required = {
        "users": {"include": list(people.users_include), "exclude": list(people.users_exclude)},
        "groups": {"include": list(people.groups_include), "exclude": list(people.groups_exclude)},
    }
    actual = {"user": user.user_id, "groups": sorted(user.groups)}
    return Condition(
        name="people",
        holds=holds,
        required=required,
        actual=actual,
        change=None if holds else _people_change(rule, people, user),
    )


def _people_change(rule: Rule, people: People, user: Subject) -> str:
    if user == NOBODY:
        return f"leave conditions.people of a rule like '{rule.name}' empty: the token is nobody's but a client's"
    excluding = [name for name in people.groups_exclude if name in user.groups]
    if user.user_id in people.users_exclude:
        return f"take the user out of conditions.people.users.exclude of '{rule.name}'"
    if excluding:
        return f"take the group '{excluding[0]}' out of conditions.people.groups.exclude of '{rule.name}'"
    included: Sequence[str] = people.groups_include
    if included:
        return f"make the user a member of a group of '{rule.name}', as in '{included[0]}', or include the user there"
    return f"add the user to conditions.people.users.include of '{rule.name}', or the group '{EVERYONE}'"


def _scopes(rule: Rule, request: TokenRequest) -> Condition:
    missing = [] if ANY_SCOPE in rule.scopes else [name for name in request.scopes if name not in rule.scopes]
    enough = len(missing) < len(request.scopes) if request.defaulted else not missing
    # Without any scope there is nothing that a rule could refuse; a request gets that far with default scopes only.
    holds = not missing or enough
    change = None
    if not holds:
        names = ", ".join(f"'{name}'" for name in missing)
        change = f"add {names} to conditions.scopes.include of '{rule.name}', or ask for less"
    return Condition(name="scopes", holds=holds, required=list(rule.scopes), actual=list(request.scopes), change=change)
