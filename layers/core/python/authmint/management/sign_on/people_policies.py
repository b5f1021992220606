"""``/api/v1/policies``: the policies of people (docs/protocol.md §33.7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from ...http import Response
from ...ids import Ids
from ...policy.sign_on.defaults import CATCH_ALL
from ...storage.clients import Client
from ...storage.events import Event
from ...storage.servers import Status
from ...storage.sign_on_policies import OF_APPS, PREFIXES, PolicyOrder, PolicyType, SignOnPolicy, SignOnRule
from ..clients.app_view import AppView
from ..clients.client_changes import ClientChanges, app_party
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, invalid_field, read_only
from ..http.fields import Fields
from ..http.paging import whole
from ..servers.priorities import placed
from .policy_changes import PolicyChanges, policy_of, policy_party, with_policy
from .policy_settings import read_settings
from .policy_view import policy_json
from .rule_actions import first_actions

MOST: Final = 100
MOST_OF_APPS: Final = 5_000
_TYPES: Final[tuple[PolicyType, ...]] = get_args(PolicyType)
#: Types that others have, and of which there are none here.
_NONE_OF: Final = frozenset(
    {
        "CLIENT_UPDATE",
        "CONTINUOUS_ACCESS",
        "DEVICE_SIGNAL_COLLECTION",
        "ENTITY_RISK",
        "POST_AUTH_SESSION",
        "SESSION_VIOLATION_DETECTION",
        "USER_LIFECYCLE",
    }
)
_MAKEABLE: Final = ("OKTA_SIGN_ON", "ACCESS_POLICY", "PASSWORD", "MFA_ENROLL", "PROFILE_ENROLLMENT")


@dataclass(frozen=True)
class _Place:
    """Where a policy stands, or is to stand, among those of its type."""

    id: str
    asked: int | None = None


class PeoplePolicies:
    """Policies of people, their lifecycle, and the applications that they are for."""

    def __init__(self, changes: PolicyChanges, clients: ClientChanges, view: AppView, ids: Ids) -> None:
        self._changes = changes
        self._clients = clients
        self._view = view
        self._ids = ids

    def list(self, call: Call) -> Response:
        """All of a ``type``, in the order in which they are tried, or of their ids."""
        wanted = call.request.query_value("type") or ""
        if wanted in _NONE_OF:
            return whole(call.request, [])
        if wanted not in _TYPES:
            raise ApiError("E0000001", "type", [f"type: must be one of [{', '.join(_TYPES)}]."])
        policies: Sequence[SignOnPolicy] = self._changes.applied.of_type(wanted)
        status, q = call.request.query_value("status"), (call.request.query_value("q") or "").casefold()
        policies = [one for one in policies if status in {None, "", one.status} and one.name.casefold().startswith(q)]
        if call.request.query_value("sortBy") == "name":
            policies = sorted(policies, key=lambda one: one.name)
        return whole(call.request, [policy_json(one, call, with_rules=_expands(call)) for one in policies])

    def create(self, call: Call) -> Response:
        """200. ACTIVE unless ``activate`` is false, whatever the body says."""
        body = call.body()
        policy_type = body.choice("type", _MAKEABLE, "", required=True)
        priority = body.number("priority")
        body.check()
        policy = self._new(body, policy_type, call)

        def attempt() -> SignOnPolicy:
            listed = self._changes.applied.of_type(policy_type)
            most = MOST_OF_APPS if policy_type in OF_APPS else MOST
            if len(listed) > most:
                raise invalid_field("type", f"There can be at most {most} policies of a type.")
            order = None if policy_type in OF_APPS else _ordered(self._changes.order(policy_type), policy, priority)
            self._changes.check_access(call, policy)
            self._changes.applied.records.save(None, policy, [_event("create", policy, call)], order=order)
            return policy if order is None else replace(policy, priority=order.ids.index(policy.id) + 1)

        return Response.json(200, policy_json(call.retrying(attempt), call))

    def _new(self, body: Fields, policy_type: PolicyType, call: Call) -> SignOnPolicy:
        prefix, of_rule = PREFIXES[policy_type]
        active = (call.request.query_value("activate") or "true").lower() != "false"
        policy = _read(body, SignOnPolicy(self._ids.object_id(prefix), policy_type, "", call.now, call.now))
        policy = replace(policy, status="ACTIVE" if active else "INACTIVE")
        if policy_type not in OF_APPS:
            return policy
        rule = SignOnRule(
            self._ids.object_id(of_rule),
            "Catch-all Rule",
            call.now,
            call.now,
            CATCH_ALL,
            first_actions(policy_type),
            system=True,
        )
        return replace(policy, rules=(rule,))

    def get(self, call: Call) -> Response:
        return Response.json(200, policy_json(self._changes.find(call), call, with_rules=_expands(call)))

    def replace(self, call: Call) -> Response:
        """200. Of the system's policies, settings and description can be changed; ``status`` never is."""
        self._changes.find(call)
        body = call.body()
        priority = body.number("priority")

        def attempt() -> SignOnPolicy:
            before = self._changes.find(call)
            if body.has("type") and body.raw("type") != before.type:
                raise invalid_field("type", "The type of a policy cannot be changed.")
            after = replace(_read(body, before), updated_at=call.now)
            order = None
            if not before.system and before.type not in OF_APPS and priority is not None:
                order = _ordered(self._changes.order(before.type), after, priority)
                after = replace(after, priority=order.ids.index(after.id) + 1)
            self._changes.check_access(call, after)
            self._changes.applied.records.save(before, after, [_event("update", after, call)], order=order)
            return after

        return Response.json(200, policy_json(call.retrying(attempt), call))

    def delete(self, call: Call) -> Response:
        """204; its rules go with it, and its applications have the default policy from here on."""

        def attempt() -> SignOnPolicy:
            before = self._changes.find(call)
            if before.system:
                raise read_only("Policy")
            order = None
            if before.type not in OF_APPS:
                known = self._changes.order(before.type)
                asked = {one: place for one, place in known.asked.items() if one != before.id}
                order = replace(known, ids=tuple(one for one in known.ids if one != before.id), asked=asked)
            self._changes.check_access(call, before, gone=True)
            self._changes.applied.records.save(before, None, [_event("delete", before, call)], order=order)
            return before

        gone = call.retrying(attempt)
        if gone.type in OF_APPS:
            self._release(gone, call)
        return NO_CONTENT

    def _release(self, gone: SignOnPolicy, call: Call) -> None:
        """What time leaves is of no harm: a policy that is gone is the default one wherever it is read."""
        for client in self._using(gone, call):

            def released(client: Client = client) -> None:
                before = self._clients.clients.get(client.id)
                if policy_of(before, gone.type) == gone.id:
                    self._clients.clients.save(before, with_policy(before, gone.type, None), [])

            call.retrying(released)

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        def change(before: SignOnPolicy) -> tuple[SignOnPolicy, None, Sequence[Event]]:
            if before.system:
                raise ApiError("E0000086")
            if before.status == status:
                return before, None, ()
            after = replace(before, status=status, updated_at=call.now)
            return after, None, [_event(verb, after, call)]

        self._changes.change(call, change)
        return NO_CONTENT

    def clone(self, call: Call) -> Response:
        """200 with a copy of an ACCESS_POLICY and its rules."""
        original = self._changes.find(call)
        if original.type != "ACCESS_POLICY":
            raise invalid_field("type", "Only policies of type ACCESS_POLICY can be cloned.")
        policy_prefix, rule_prefix = PREFIXES[original.type]
        rules = tuple(
            replace(rule, id=self._ids.object_id(rule_prefix), created_at=call.now, updated_at=call.now)
            for rule in original.rules
        )
        copy = replace(
            original,
            id=self._ids.object_id(policy_prefix),
            name=f"[cloned] {original.name}"[:255],
            created_at=call.now,
            updated_at=call.now,
            rules=rules,
            system=False,
            version=0,
        )
        self._changes.applied.records.save(None, copy, [_event("create", copy, call)])
        return Response.json(200, policy_json(copy, call))

    def apps(self, call: Call) -> Response:
        """The applications that have an ACCESS_POLICY."""
        policy = self._changes.find(call)
        reach = call.caller.access.reach("access_policies")
        shown = [client for client in self._using(policy, call) if reach.has_app(client.id)]
        return whole(call.request, self._view.many(shown, call))

    def mappings(self, call: Call) -> Response:
        """The same, as mappings."""
        policy = self._changes.find(call)
        href = call.url(f"/api/v1/policies/{policy.id}/mappings")
        shown = [
            {
                "id": f"{policy.id}.{client.id}",
                "_links": {
                    "self": {"href": f"{href}/{policy.id}.{client.id}"},
                    "application": {"href": call.url(f"/api/v1/apps/{client.id}")},
                    "policy": {"href": call.url(f"/api/v1/policies/{policy.id}")},
                },
            }
            for client in self._using(policy, call)
        ]
        return whole(call.request, shown)

    def add_mapping(self, call: Call) -> Response:
        """400: an application is given its policy over its own resource."""
        self._changes.find(call)
        raise ApiError("E0000001", "Policy mappings are no longer supported on this endpoint.", [])

    def assign(self, call: Call) -> Response:
        """204: ``PUT /api/v1/apps/{appId}/policies/{policyId}``."""
        self._clients.load(call)
        policy = self._changes.find(call)
        if policy.type not in OF_APPS:
            raise invalid_field("policyId", "Applications have policies of type ACCESS_POLICY and PROFILE_ENROLLMENT.")

        def change(before: Client) -> tuple[Client, None, Sequence[Event]]:
            assigned = None if policy.system else policy.id
            if policy_of(before, policy.type) == assigned:
                return before, None, ()
            after = replace(with_policy(before, policy.type, assigned), updated_at=call.now)
            party = call.recorder.event("application.policy.sign_on.update", app_party(after), policy_party(policy))
            return after, None, [party]

        self._clients.change(call, change)
        return NO_CONTENT

    def _using(self, policy: SignOnPolicy, call: Call) -> Sequence[Client]:
        return self._changes.using(policy, self._clients.clients, call)


def _read(body: Fields, base: SignOnPolicy) -> SignOnPolicy:
    settings = read_settings(body, base.type, base.settings)
    if base.system:
        body.check()
        return replace(base, description=body.text("description") or base.description, settings=settings)
    groups = body.below("conditions").below("people").below("groups").texts("include", longest=100) or ()
    policy = replace(
        base,
        name=body.text("name", required=True) or "",
        description=body.text("description"),
        groups=() if base.type in OF_APPS else groups,
        settings=settings,
    )
    body.check()
    return policy


def _ordered(order: PolicyOrder, policy: SignOnPolicy, priority: int | None) -> PolicyOrder:
    """The order with a policy at a priority, new or moved (``management/servers/priorities``)."""
    known = [_Place(one, order.asked.get(one)) for one in order.ids]
    now = placed(known, _Place(policy.id, order.asked.get(policy.id)), priority)
    return replace(order, ids=tuple(one.id for one in now), asked={one.id: one.asked for one in now if one.asked})


def _expands(call: Call) -> bool:
    return call.request.query_value("expand") == "rules"


def _event(verb: str, policy: SignOnPolicy, call: Call) -> Event:
    return call.recorder.event(f"policy.lifecycle.{verb}", policy_party(policy))
