"""``…/policies/{policyId}/rules`` (docs/protocol.md §25.5)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...http import Response
from ...ids import Ids
from ...storage.errors import NotFound
from ...storage.events import Event, Party
from ...storage.hooks import TOKENS, Hooks, InlineHook
from ...storage.servers import AuthorizationServer, Policy, Rule, Status
from ..directory.people import PeopleRecords
from ..http.call import NO_CONTENT, Call, lifecycle, link
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import whole
from .policies import found_policy, policy_party
from .priorities import placed
from .rule_body import read_rule, rule_fields
from .server_changes import ServerChanges, find, path_of, replaced, server_party, without

MOST_PER_POLICY: Final = 500
MOST_PER_SERVER: Final = 2_000
Changed = tuple[AuthorizationServer, Rule, Sequence[Event]]


class Rules:
    """Rules of one policy."""

    def __init__(self, changes: ServerChanges, ids: Ids, people: PeopleRecords, hooks: Hooks[InlineHook]) -> None:
        self._changes = changes
        self._ids = ids
        self._people = people
        self._hooks = hooks

    def list(self, call: Call) -> Response:
        server = self._changes.load(call)
        policy = found_policy(server, call)
        return whole(call.request, [rule_json(rule, policy, server, call) for rule in policy.rules])

    def create(self, call: Call) -> Response:
        """201; ACTIVE unless the body says otherwise; at the priority asked for, else last."""
        found_policy(self._changes.load(call), call)
        body = call.body()
        priority = body.number("priority")
        status = body.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE")
        new = Rule(self._ids.object_id("0pr"), "", call.now, call.now, status)
        rule = self._read(body, new)

        def change(server: AuthorizationServer) -> Changed:
            policy = found_policy(server, call)
            if len(policy.rules) >= MOST_PER_POLICY or sum(len(p.rules) for p in server.policies) >= MOST_PER_SERVER:
                most = f"{MOST_PER_POLICY} rules, a server {MOST_PER_SERVER}"
                raise invalid_field("name", f"A policy can have at most {most}.")
            return self._put(server, policy, placed(policy.rules, rule, priority), rule, "add", call)

        return _answer(201, *self._changes.change(call, change), call)

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        policy = found_policy(server, call)
        return Response.json(200, rule_json(_found(policy, call), policy, server, call))

    def replace(self, call: Call) -> Response:
        _found(found_policy(self._changes.load(call), call), call)
        body = call.body()
        priority = body.number("priority")
        status = body.choice("status", ("ACTIVE", "INACTIVE"), "") or None
        content = self._read(body, Rule("", "", 0, 0))

        def change(server: AuthorizationServer) -> Changed:
            policy = found_policy(server, call)
            before = _found(policy, call)
            after = replace(
                content,
                id=before.id,
                created_at=before.created_at,
                updated_at=call.now,
                status=status or before.status,
                system=before.system,
            )
            return self._put(server, policy, placed(policy.rules, after, priority), after, "update", call)

        return _answer(200, *self._changes.change(call, change), call)

    def delete(self, call: Call) -> Response:
        def change(server: AuthorizationServer) -> Changed:
            policy = found_policy(server, call)
            rule = _found(policy, call)
            return self._put(server, policy, without(policy.rules, rule.id), rule, "delete", call)

        self._changes.change(call, change)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _read(self, body: Fields, base: Rule) -> Rule:
        return read_rule(body, base, any_valid=self._people.any_valid, is_token_hook=self._is_token_hook)

    def _is_token_hook(self, hook_id: str) -> bool:
        try:
            return self._hooks.get(hook_id).type == TOKENS
        except NotFound:
            return False

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        def change(server: AuthorizationServer) -> Changed:
            policy = found_policy(server, call)
            before = _found(policy, call)
            if before.status == status:
                return server, before, ()
            after = replace(before, status=status, updated_at=call.now)
            return self._put(server, policy, replaced(policy.rules, after), after, verb, call)

        self._changes.change(call, change)
        return NO_CONTENT

    def _put(
        self, server: AuthorizationServer, policy: Policy, rules: tuple[Rule, ...], rule: Rule, verb: str, call: Call
    ) -> Changed:
        """The server with these rules of a policy, and the event."""
        changed = replace(server, policies=replaced(server.policies, replace(policy, rules=rules)))
        party = Party(rule.id, "PolicyRule", display_name=rule.name)
        event = call.recorder.event(f"policy.rule.{verb}", party, policy_party(policy), server_party(server))
        return changed, rule, [event]


def rule_json(rule: Rule, policy: Policy, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """A rule as it is shown (docs/protocol.md §25.5)."""
    ids = [known.id for known in policy.rules]
    href = call.url(f"{path_of(server)}/policies/{policy.id}/rules/{rule.id}")
    links = {"self": link(href, "GET", "PUT", "DELETE"), **lifecycle(href, rule.status)}
    priority = ids.index(rule.id) + 1 if rule.id in ids else len(ids)
    return rule_fields(rule, priority) | {"_links": links, "type": "RESOURCE_ACCESS"}


def _found(policy: Policy, call: Call) -> Rule:
    rule: Rule | None = find(policy.rules, call.params["ruleId"])
    if rule is None:
        raise not_found(call.params["ruleId"], "PolicyRule")
    return rule


def _answer(status: int, server: AuthorizationServer, rule: Rule, call: Call) -> Response:
    return Response.json(status, rule_json(rule, found_policy(server, call), server, call))
