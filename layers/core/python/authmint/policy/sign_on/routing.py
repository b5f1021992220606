"""Where somebody signs in: here, or with an identity provider (IDP_DISCOVERY, docs/protocol.md §37.8). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...storage.sign_on_policies import SignOnPolicy, SignOnRule
from .conditions import conditions_of, every
from .facts import Facts
from .walk import in_order

#: This org, among providers.
OURS: Final = ""
MOST: Final = 10


@dataclass(frozen=True)
class Route:
    """What is decided.

    Attributes:
        providers: Ids, ``OURS`` among them, in the order of the rule; empty: who it is has to be asked first.
        rule: That decided; ``None``: none was there.
    """

    providers: tuple[str, ...] = (OURS,)
    rule: SignOnRule | None = None

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


def route(policies: Iterable[SignOnPolicy], facts: Facts, known: Mapping[str, str]) -> Route:
    """The first rule that holds, and has a provider that is there.

    A rule that would hold for some usernames has the username asked for. What cannot be told otherwise is passed over:
    a route is a way to a proof, and proves nothing.

    Args:
        policies: Of the type.
        facts: ``identifier`` as it was typed; ``None``: nobody was asked.
        known: Names of providers that are ACTIVE, by their ids.
    """
    for policy, rule in in_order(policies):
        if policy.status != "ACTIVE" or rule.status != "ACTIVE":
            continue
        values = conditions_of(rule.conditions, facts)
        if any(value is not True for name, value in values if name != "userIdentifier"):
            continue
        actions: Mapping[str, Any] = rule.actions.get("idp") or {}
        dynamic = actions.get("idpSelectionType") == "DYNAMIC"
        holds = every(value for _, value in values)
        if facts.identifier is None and (holds is None or (holds and dynamic)):
            return Route((), rule)
        providers = _by_name(actions, facts, known) if dynamic else _named(actions, known)
        if holds and providers:
            return Route(providers, rule)
    return Route()


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
