"""Reading and changing policies of people: one transaction per change, with its events (docs/protocol.md §33.7)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from ...policy.sign_on.defaults import IDS, default_policy
from ...policy.sign_on.facts import Facts
from ...policy.sign_on.session import session_decision
from ...sign_on.policies import AppliedPolicies
from ...storage.clients import Client, Clients
from ...storage.errors import NotFound
from ...storage.events import Event, Party
from ...storage.groups import EVERYONE_ID
from ...storage.sign_on_policies import OF_APPS, PREFIXES, PolicyOrder, PolicyType, SignOnPolicy, SignOnRule
from ..http.call import Call
from ..http.errors import ApiError, not_found

#: What a change of one policy gives: the policy as it shall be, what the answer is about, and its events.
Changed = tuple[SignOnPolicy, SignOnRule | None, Sequence[Event]]
_LOCKED_OUT: Final = (
    "After this change nobody could sign in from where you call: no policy lets anybody in without a condition that "
    "fails or cannot be told. Add confirm=true to the query if this is what you want."
)


class PolicyChanges:
    """What the resources of people's policies share."""

    def __init__(self, applied: AppliedPolicies) -> None:
        self.applied = applied

    def find(self, call: Call) -> SignOnPolicy:
        """The policy of the URL with its priority. Raises ApiError (E0000007)."""
        policy_id = call.params["policyId"]
        for policy_type, (prefix, _) in PREFIXES.items():
            if not policy_id.startswith(prefix):
                continue
            if policy_id == IDS[policy_type][0] or self._has(policy_type, policy_id):
                return self._listed(policy_type, policy_id)
        raise not_found(policy_id, "Policy")

    def _has(self, policy_type: PolicyType, policy_id: str) -> bool:
        try:
            self.applied.records.get(policy_type, policy_id)
        except NotFound:
            return False
        return True

    def _listed(self, policy_type: PolicyType, policy_id: str) -> SignOnPolicy:
        if policy_type in OF_APPS:
            try:
                return self.applied.records.get(policy_type, policy_id)
            except NotFound:
                return default_policy(policy_type, self.applied.seeds)
        found = next((one for one in self.applied.of_type(policy_type) if one.id == policy_id), None)
        if found is None:
            raise not_found(policy_id, "Policy")
        return found

    def change(self, call: Call, change: Callable[[SignOnPolicy], Changed]) -> tuple[SignOnPolicy, SignOnRule | None]:
        """Apply a pure change to the policy of the URL.

        Raises:
            ApiError: It is not there, the change refuses, or it would lock everybody out.
            Unavailable: Others keep coming first.
        """

        def attempt() -> tuple[SignOnPolicy, SignOnRule | None]:
            before = self.find(call)
            after, about, events = change(before)
            if events:
                self.check_access(call, after)
                self.applied.records.save(before, after, events)
            return after, about

        return call.retrying(attempt)

    def order(self, policy_type: PolicyType) -> PolicyOrder:
        """In which order the policies of a type are tried."""
        return self.applied.records.of_type(policy_type).order

    def using(self, policy: SignOnPolicy, clients: Clients, call: Call) -> Sequence[Client]:
        """The applications that have a policy of theirs; the default one is of all that have no other."""
        if policy.type not in OF_APPS:
            return []
        wanted: set[str | None] = {policy.id, None} if policy.system else {policy.id}
        found: list[Client] = []
        after: str | None = None
        while call.retrying.in_time():
            page = clients.list(after=after, limit=200)
            found += [client for client in page if policy_of(client, policy.type) in wanted]
            if len(page) < 200:
                break
            after = page[-1].id
        return found

    def check_access(self, call: Call, after: SignOnPolicy, *, gone: bool = False) -> None:
        """Refuse a change after which nobody could have a session, unless it is confirmed. Raises ApiError."""
        if after.type != "OKTA_SIGN_ON" or call.request.query_value("confirm") == "true":
            return
        others = [one for one in self.applied.of_type(after.type) if one.id != after.id]
        policies = others if gone else [*others, after]
        circumstances = self.applied.circumstances(call.request, device=None)
        facts = Facts(zones=self.applied.zones_of(circumstances), risk="LOW", behaviors={}, now=call.now)
        if not any(_may(policies, facts, kind) for kind in _kinds(policies)):
            raise ApiError("E0000001", "actions.signon.access", [_LOCKED_OUT])


def _may(policies: Sequence[SignOnPolicy], facts: Facts, kind: tuple[str, frozenset[str]]) -> bool:
    user_id, groups = kind
    somebody = replace(facts, user_id=user_id, group_ids=groups | {EVERYONE_ID})
    return session_decision(policies, somebody).access == "ALLOW"


def _kinds(policies: Sequence[SignOnPolicy]) -> list[tuple[str, frozenset[str]]]:
    """Everybody that policies and rules tell apart: by one group, or by themselves."""
    groups, users = {""}, {""}
    for policy in policies:
        groups.update(policy.groups)
        for rule in policy.rules:
            people = (rule.conditions or {}).get("people") or {}
            groups.update((people.get("groups") or {}).get("include") or ())
            users.update((people.get("users") or {}).get("include") or ())
    return [("", frozenset({group} - {""})) for group in groups] + [(user, frozenset[str]()) for user in users]


def policy_party(policy: SignOnPolicy) -> Party:
    """The policy as a target of an event."""
    return Party(policy.id, "PolicyEntity", display_name=policy.name, detail={"policyType": policy.type})


def found_rule(policy: SignOnPolicy, call: Call) -> SignOnRule:
    """The rule of the URL. Raises ApiError (E0000007)."""
    rule_id = call.params["ruleId"]
    found = next((rule for rule in policy.rules if rule.id == rule_id), None)
    if found is None:
        raise not_found(rule_id, "PolicyRule")
    return found


def policy_of(client: Client, policy_type: PolicyType) -> str | None:
    """Id of the policy of a type that an application was given."""
    return client.enrollment_policy if policy_type == "PROFILE_ENROLLMENT" else client.access_policy


def with_policy(client: Client, policy_type: PolicyType, policy_id: str | None) -> Client:
    """The application with another one."""
    if policy_type == "PROFILE_ENROLLMENT":
        return replace(client, enrollment_policy=policy_id)
    return replace(client, access_policy=policy_id)
