"""Where somebody signs in: here, or with an identity provider (IDP_DISCOVERY, docs/protocol.md §37.8). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...storage.sign_on_policies import SignOnPolicy, SignOnRule
from .conditions import conditions_of, every, truth_of
from .facts import Facts
from .walk import Open, Step, Walk, in_order

#: This org, among providers.
OURS: Final = ""
MOST: Final = 10


@dataclass(frozen=True)
class Route:
    """What is decided.

    Attributes:
        providers: Ids, ``OURS`` among them, in the order of the rule; empty: who it is has to be asked first.
        rule: That decided; ``None``: none was there.
        steps: What was tried, in order.
    """

    providers: tuple[str, ...] = (OURS,)
    rule: SignOnRule | None = None
    steps: tuple[Step, ...] = field(default=(), compare=False)

    @property
    def asks(self) -> bool:
        """Whether a username would decide."""
        return not self.providers

    @property
    def ours(self) -> bool:
        """Whether this service itself is one of them."""
        return OURS in self.providers

    @property
    def others(self) -> tuple[str, ...]:
        """The providers but ours."""
        return tuple(one for one in self.providers if one != OURS)

    @property
    def alone(self) -> str | None:
        """The one provider that there is no choice beside; ``None``: there is, or it is us."""
        return self.providers[0] if len(self.providers) == 1 and self.providers[0] != OURS else None

    @property
    def walk(self) -> Walk:
        """The same as of other policies: rules that could not be told stand before the one that decided."""
        found = (
            Open(step.policy, step.rule, certain=step.truth == "MATCH")
            for step in self.steps
            if step.rule is not None and step.truth != "UNMATCHED"
        )
        return Walk(tuple(found), self.steps)


def route(policies: Iterable[SignOnPolicy], facts: Facts, known: Mapping[str, str]) -> Route:
    """The first rule that holds, and has a provider that is there.

    A rule that would hold for some usernames has the username asked for. What cannot be told otherwise is passed over:
    a route is a way to a proof, and proves nothing.

    Args:
        policies: Of the type.
        facts: ``identifier`` as it was typed; ``None``: nobody was asked.
        known: Names of providers that are ACTIVE, by their ids.
    """
    steps: list[Step] = []
    for policy, rule in in_order(policies):
        active = policy.status == "ACTIVE"
        if not steps or steps[-1].policy.id != policy.id:
            steps.append(Step(policy, None, truth_of(active), (("status", truth_of(active)),)))
        if not active:
            continue
        values = [("status", rule.status == "ACTIVE"), *conditions_of(rule.conditions, facts)]
        holds = every(value for _, value in values)
        could = all(value is True for name, value in values if name != "userIdentifier")
        providers: tuple[str, ...] | None = ()
        if could and holds is not False:
            providers = _providers(rule, facts, known, holds=holds)
            values.append(("providers", None if providers is None else bool(providers)))
        truth = truth_of(every(value for _, value in values))
        steps.append(Step(policy, rule, truth, tuple((name, truth_of(value)) for name, value in values)))
        if providers is None or truth == "MATCH":
            return Route(providers or (), rule, tuple(steps))
    return Route(steps=tuple(steps))


def _providers(
    rule: SignOnRule, facts: Facts, known: Mapping[str, str], *, holds: bool | None
) -> tuple[str, ...] | None:
    """Where a rule leads; ``None``: a username decides, and nobody was asked for one."""
    actions: Mapping[str, Any] = rule.actions.get("idp") or {}
    dynamic = actions.get("idpSelectionType") == "DYNAMIC"
    if facts.identifier is None and (holds is None or dynamic):
        return None
    return _by_name(actions, facts, known) if dynamic else _named(actions, known)


def _named(actions: Mapping[str, Any], known: Mapping[str, str]) -> tuple[str, ...]:
    found = (
        OURS if one.get("type") == "OKTA" else one["id"]
        for one in actions.get("providers") or ()
        if one.get("type") == "OKTA" or one.get("id") in known
    )
    return tuple(dict.fromkeys(found))


def _by_name(actions: Mapping[str, Any], facts: Facts, known: Mapping[str, str]) -> tuple[str, ...]:
    from .expression import text_of  # few rules have one

    for criterion in actions.get("matchCriteria") or ():
        name = text_of(criterion.get("providerExpression", ""), facts)
        found = tuple(idp_id for idp_id, known_name in known.items() if name and known_name == name)
        if found:
            return found[:1]
    return ()
