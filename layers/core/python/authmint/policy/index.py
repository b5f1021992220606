"""Decisions in time that does not grow with the policies: what ``evaluate`` finds, remembered per server version."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from ..storage.servers import EVERYONE, AuthorizationServer, Policy, Rule
from .evaluate import Decision, TokenRequest, covers, evaluate, includes, match

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
