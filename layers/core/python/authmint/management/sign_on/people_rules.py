"""``/api/v1/policies/{policyId}/rules``: rules of people's policies (docs/protocol.md §33.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ...http import Response
from ...ids import Ids
from ...policy.sign_on.conditions import asks_how_unusual
from ...storage.events import Event, Party
from ...storage.identity_providers import IdentityProviders
from ...storage.servers import Status
from ...storage.sign_on_policies import OF_APPS, PREFIXES, SignOnPolicy, SignOnRule
from ..http.call import NO_CONTENT, Call
from ..http.errors import invalid_field, read_only
from ..http.fields import Fields
from ..http.paging import whole
from ..servers.priorities import placed
from .policy_changes import Changed, PolicyChanges, found_rule, policy_party
from .policy_view import rule_json
from .rule_actions import read_actions
from .rule_conditions import ids_of, read_conditions

MOST: Final = 100
#: Of rules of applications: the one that catches all comes behind it.
_LAST: Final = 98


class PeopleRules:
    """Rules of one policy."""

    def __init__(self, changes: PolicyChanges, providers: IdentityProviders, ids: Ids) -> None:
        self._changes = changes
        self._providers = providers
        self._ids = ids

    def list(self, call: Call) -> Response:
        policy = self._changes.find(call)
        return whole(call.request, [rule_json(rule, policy, call) for rule in policy.rules])

    def create(self, call: Call) -> Response:
        """200. ACTIVE unless ``activate`` is false, whatever the body says."""
        policy = self._changes.find(call)
        if policy.type == "PROFILE_ENROLLMENT":
            raise invalid_field("type", "Policies of this type have one rule.")
        body = call.body()
        priority = body.number("priority")
        active = (call.request.query_value("activate") or "true").lower() != "false"
        identifier = self._ids.object_id(PREFIXES[policy.type][1])
        status: Status = "ACTIVE" if active else "INACTIVE"
        new = self._read(body, policy, SignOnRule(identifier, "", call.now, call.now, 0, {}, status=status), call)

        def change(before: SignOnPolicy) -> Changed:
            if len(before.rules) >= MOST:
                raise invalid_field("name", f"A policy can have at most {MOST} rules.")
            return self._put(before, _with(before, new, priority), new.id, "add", call)

        return self._answer(call, *self._changes.change(call, change))

    def get(self, call: Call) -> Response:
        policy = self._changes.find(call)
        return Response.json(200, rule_json(found_rule(policy, call), policy, call))

    def replace(self, call: Call) -> Response:
        """200. Of the system's rules, the actions can be changed; ``status`` never is."""
        policy = self._changes.find(call)
        known = found_rule(policy, call)
        body = call.body()
        priority = body.number("priority")
        content = self._read(body, policy, known, call)

        def change(before: SignOnPolicy) -> Changed:
            there = found_rule(before, call)
            after = replace(content, created_at=there.created_at, updated_at=call.now, status=there.status)
            if there.system:
                after = replace(there, actions=content.actions, updated_at=call.now)
            return self._put(before, _with(before, after, priority), there.id, "update", call)

        return self._answer(call, *self._changes.change(call, change))

    def delete(self, call: Call) -> Response:
        def change(before: SignOnPolicy) -> Changed:
            rule = found_rule(before, call)
            if rule.system:
                raise read_only("PolicyRule")
            left = tuple(one for one in before.rules if one.id != rule.id)
            after = replace(before, rules=_numbered(before, left), updated_at=call.now)
            return after, rule, [_event("delete", rule, after, call)]

        self._changes.change(call, change)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        def change(before: SignOnPolicy) -> Changed:
            rule = found_rule(before, call)
            if rule.status == status:
                return before, rule, ()
            if rule.system:
                raise read_only("PolicyRule")
            after = replace(rule, status=status, updated_at=call.now)
            rules = tuple(after if one.id == rule.id else one for one in before.rules)
            return self._put(before, rules, rule.id, verb, call)

        self._changes.change(call, change)
        return NO_CONTENT

    def _read(self, body: Fields, policy: SignOnPolicy, base: SignOnRule, call: Call) -> SignOnRule:
        name = body.text("name", required=True) or ""
        conditions = read_conditions(body.below("conditions"), policy.type)
        self._check_zones(conditions, body)
        actions = read_actions(body.below("actions"), policy.type, conditions)
        self._check_providers(actions, body)
        if policy.type == "IDP_DISCOVERY" and base.system:
            if actions["idp"]["providers"] != base.actions["idp"]["providers"]:
                body.problem("actions", "The default rule leads to this service itself.")
            actions = dict(base.actions)
        body.check()
        if asks_how_unusual(conditions):
            call.retrying(self._changes.applied.records.watch)
        return replace(base, name=name, conditions=None if base.system else conditions, actions=actions)

    def _check_zones(self, conditions: dict[str, object], body: Fields) -> None:
        named = ids_of(conditions, "zones")
        if not named:
            return
        known = {zone.id for zone in self._changes.applied.all_zones()}
        if missing := [one for one in named if one not in known]:
            body.problem("conditions.network", f"There is no network zone '{missing[0]}'.")

    def _check_providers(self, actions: Mapping[str, Any], body: Fields) -> None:
        named = [one for one in (actions.get("idp") or {}).get("providers") or () if one["type"] != "OKTA"]
        if not named:
            return
        known = {(one.id, one.type) for one in self._providers.all().providers}
        if missing := [one for one in named if (one["id"], one["type"]) not in known]:
            body.problem("actions.idp.providers", f"There is no identity provider '{missing[0]['id']}' of that type.")

    def _put(self, before: SignOnPolicy, rules: Sequence[SignOnRule], rule_id: str, verb: str, call: Call) -> Changed:
        after = replace(before, rules=_numbered(before, rules), updated_at=call.now)
        rule = next(one for one in after.rules if one.id == rule_id)
        return after, rule, [_event(verb, rule, after, call)]

    def _answer(self, call: Call, policy: SignOnPolicy, rule: SignOnRule | None) -> Response:
        return Response.json(200, None if rule is None else rule_json(rule, policy, call))


def _with(policy: SignOnPolicy, rule: SignOnRule, priority: int | None) -> tuple[SignOnRule, ...]:
    """The rules with one put at a priority, new or moved; the system's stays last."""
    last = tuple(one for one in policy.rules if one.system)
    if rule.system:
        return tuple(rule if one.id == rule.id else one for one in policy.rules)
    own = tuple(one for one in policy.rules if not one.system)
    if policy.type in OF_APPS:
        return (*_at(own, rule, priority), *last)
    return (*placed(own, rule, priority), *last)


def _at(own: tuple[SignOnRule, ...], rule: SignOnRule, priority: int | None) -> tuple[SignOnRule, ...]:
    """At exactly that priority; who has it moves up by one, and so on where they collide."""
    others = sorted((one for one in own if one.id != rule.id), key=lambda one: one.priority)
    known = next((one.priority for one in own if one.id == rule.id), None)
    if priority is None:
        priority = known if known is not None else max((one.priority for one in others), default=-1) + 1
    if not 0 <= priority <= _LAST:
        raise invalid_field("priority", f"must be from 0 to {_LAST}.")
    found = [replace(rule, priority=priority)]
    free = priority
    for one in others:
        if one.priority < priority:
            found.append(one)
        else:
            moved = max(one.priority, free + 1)
            free = moved
            found.append(replace(one, priority=moved))
    if free > _LAST:
        raise invalid_field("priority", f"There is no room for it: rules are from 0 to {_LAST}.")
    return tuple(sorted(found, key=lambda one: one.priority))


def _numbered(policy: SignOnPolicy, rules: Sequence[SignOnRule]) -> tuple[SignOnRule, ...]:
    """Rules are tried by their numbers: of applications as they were given, of others from 1."""
    if policy.type in OF_APPS:
        return tuple(rules)
    return tuple(replace(rule, priority=place) for place, rule in enumerate(rules, 1))


def _event(verb: str, rule: SignOnRule, policy: SignOnPolicy, call: Call) -> Event:
    party = Party(rule.id, "PolicyRule", display_name=rule.name)
    return call.recorder.event(f"policy.rule.{verb}", party, policy_party(policy))
