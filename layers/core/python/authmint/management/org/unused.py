"""``/api/v1/usage/unused``: what is configured and nobody uses, and what ends soon (docs/protocol.md §36.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.api_tokens import ApiTokens
from ...storage.dynamic_clients import RegistrationTokens
from ...storage.errors import NotFound
from ...storage.servers import AuthorizationServer, Policy, Rule, Servers
from ...storage.sign_on_policies import PolicyType, SignOnPolicy, SignOnRule
from ...storage.usage import HOUR_MS, Counts
from ..administrators.token_owners import TokenOwners
from ..directory.people import PeopleRecords
from ..http.call import Call, Operation
from ..http.paging import id_after, limit_of
from ..http.routes import Routes
from .logs import Logs
from .usage import PATH, Counted, Usage

_MONTH_MS: Final = 30 * 86_400_000
#: Servers of a page: each is read with all that belongs to it.
_PAGE, _MOST = 20, 100
#: Seconds before its end that something ends soon.
_SOON: Final = 14 * 86_400
#: Types whose decisions are in the log.
_DECIDING: Final[tuple[PolicyType, ...]] = ("OKTA_SIGN_ON", "ACCESS_POLICY")


@dataclass
class _Used:
    """What was used of scopes and rules, by server and name, and by id."""

    scopes: set[tuple[str, str]] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, parts: Sequence[Counts]) -> "_Used":
        used = cls()
        for counts in parts:
            for row in counts.rows:
                if row.measure == "scopes":
                    used.scopes.add((row.server, row.scope))
                if row.rule:
                    used.rules.add(row.rule)
        return used


class Unused:
    """``/api/v1/usage/unused``."""

    def __init__(
        self,
        counted: Counted,
        servers: Servers,
        people: PeopleRecords,
        registrations: RegistrationTokens,
        api_tokens: ApiTokens,
    ) -> None:
        self._counted = counted
        self._servers = servers
        self._applied = people.applied
        self._registrations = registrations
        self._api_tokens = api_tokens
        self._owners = TokenOwners(people.directory, people.roles)

    def get(self, call: Call) -> Response:
        """200 with what belongs to a page of servers, on the first page also to none of them."""
        limit, after = limit_of(call.request, default=_PAGE, most=_MOST), id_after(call.request)
        first, last = self._counted.hours(call, default_ms=_MONTH_MS)
        found = self._counted.report(call, first, last)
        used, since = _Used.of(found.parts), first * HOUR_MS // 1_000
        answer: dict[str, Any] = {
            "since": timestamp(since),
            "until": timestamp((last + 1) * HOUR_MS // 1_000),
            "countedUntil": timestamp(found.counted_until_ms // 1_000),
            "scopes": [],
            "rules": [] if after else list(self._rules_of_people(used, since)),
            "secrets": [] if after else list(self._api_tokens_ending(call)),
        }
        listed = self._servers.list(after=after, limit=limit)
        following = listed[-1].id if len(listed) == limit else None
        for number, server in enumerate(self._whole(listed), 1):
            answer["scopes"] += _scopes(server, used)
            answer["rules"] += _rules(server, used, since)
            answer["secrets"] += self._registrations_ending(server, call.now)
            if number < len(listed) and not call.retrying.in_time():
                following = server.id
                break
        return Response.json(200, answer | {"next": following})

    def _whole(self, listed: Sequence[AuthorizationServer]) -> Iterator[AuthorizationServer]:
        """Servers with all that belongs to them; one that was deleted meanwhile as it is listed."""
        for server in listed:
            try:
                yield self._servers.get(server.id)
            except NotFound:
                yield server

    def _rules_of_people(self, used: _Used, since: int) -> Iterator[dict[str, Any]]:
        for policy_type in _DECIDING:
            for policy in self._applied.of_type(policy_type):
                for rule in policy.rules if policy.status == "ACTIVE" else ():
                    if _is_idle(rule, used, since):
                        yield _rule(None, policy, policy.type, rule)

    def _api_tokens_ending(self, call: Call) -> Iterator[dict[str, Any]]:
        for token in self._api_tokens.list():
            if call.now < token.expires_at <= call.now + _SOON and self._owners.may(call, token, "R"):
                yield _secret("API_TOKEN", token.id, token.name, token.expires_at, None)

    def _registrations_ending(self, server: AuthorizationServer, now: int) -> Iterator[dict[str, Any]]:
        for token in self._registrations.list(server.id):
            if now < token.expires_at <= now + _SOON and token.uses > 0:
                yield _secret("REGISTRATION_TOKEN", token.id, token.name, token.expires_at, server)


def _scopes(server: AuthorizationServer, used: _Used) -> Iterator[dict[str, Any]]:
    for scope in server.scopes:
        if not scope.system and (server.id, scope.name) not in used.scopes:
            yield {"server": _named(server), "scope": {"id": scope.id, "name": scope.name}}


def _rules(server: AuthorizationServer, used: _Used, since: int) -> Iterator[dict[str, Any]]:
    for policy in server.policies if server.status == "ACTIVE" else ():
        for rule in policy.rules if policy.status == "ACTIVE" else ():
            if _is_idle(rule, used, since):
                yield _rule(server, policy, "OAUTH_AUTHORIZATION_POLICY", rule)


def _is_idle(rule: Rule | SignOnRule, used: _Used, since: int) -> bool:
    """Whether it could have decided all the time, and did not once."""
    waited = rule.status == "ACTIVE" and not rule.system and rule.created_at <= since
    return waited and rule.id not in used.rules


def _rule(
    server: AuthorizationServer | None, policy: Policy | SignOnPolicy, policy_type: str, rule: Rule | SignOnRule
) -> dict[str, Any]:
    return {
        "server": None if server is None else _named(server),
        "policy": {"id": policy.id, "name": policy.name, "type": policy_type},
        "rule": {"id": rule.id, "name": rule.name},
    }


def _secret(kind: str, identifier: str, name: str, expires_at: int, server: AuthorizationServer | None) -> Any:
    where = None if server is None else _named(server)
    return {"kind": kind, "id": identifier, "name": name, "server": where, "expiresAt": timestamp(expires_at)}


def _named(server: AuthorizationServer) -> dict[str, str]:
    return {"id": server.id, "name": server.name}


def add_reports(routes: Routes[Operation], logs: Logs, counted: Counted, unused: Unused) -> None:
    """Add what reads the system log, and its numbers."""
    routes.add("GET", "/api/v1/logs", logs.list)
    routes.add("GET", PATH, Usage(counted).get)
    routes.add("GET", f"{PATH}/unused", unused.get)
