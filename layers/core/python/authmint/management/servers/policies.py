"""``…/policies`` of a server (docs/protocol.md §25.4). Priorities are places in a list: dense by construction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer, Policy, Status
from ..clients.fixed_settings import refuse_unknown
from ..http.call import NO_CONTENT, Call, lifecycle, link
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import whole
from .priorities import placed
from .registration_settings import check_words
from .server_changes import ServerChanges, find, path_of, server_party, without

MOST: Final = 1_000
#: The URL of a metadata document may be that long, and an origin has a word before it.
_LONGEST_WORD: Final = 520
_CONDITIONS: Final = frozenset({"clients"})
Changed = tuple[AuthorizationServer, Policy, Sequence[Event]]


class Policies:
    """Access policies of one server."""

    def __init__(self, changes: ServerChanges, ids: Ids) -> None:
        self._changes = changes
        self._ids = ids

    def list(self, call: Call) -> Response:
        server = self._changes.load(call)
        return whole(call.request, [policy_json(policy, server, call) for policy in server.policies])

    def create(self, call: Call) -> Response:
        """201; ACTIVE; at the priority asked for, else last."""
        self._changes.load(call)
        body = call.body()
        priority = body.number("priority")
        base = Policy(self._ids.object_id("00p"), "", call.now, call.now)

        def change(server: AuthorizationServer) -> Changed:
            policy = _read(body, base, server)
            if len(server.policies) >= MOST:
                raise invalid_field("name", f"A server can have at most {MOST} policies.")
            policies = placed(server.policies, policy, priority)
            return replace(server, policies=policies), policy, [_event("create", policy, server, call)]

        return _answer(201, *self._changes.change(call, change), call)

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, policy_json(found_policy(server, call), server, call))

    def replace(self, call: Call) -> Response:
        found_policy(self._changes.load(call), call)
        body = call.body()
        priority = body.number("priority")
        status = body.choice("status", ("ACTIVE", "INACTIVE"), "") or None

        def change(server: AuthorizationServer) -> Changed:
            before = found_policy(server, call)
            after = _read(body, replace(before, updated_at=call.now, status=status or before.status), server)
            policies = placed(server.policies, after, priority)
            return replace(server, policies=policies), after, [_event("update", after, server, call)]

        return _answer(200, *self._changes.change(call, change), call)

    def delete(self, call: Call) -> Response:
        """204; its rules go with it."""

        def change(server: AuthorizationServer) -> Changed:
            policy = found_policy(server, call)
            changed = replace(server, policies=without(server.policies, policy.id))
            return changed, policy, [_event("delete", policy, server, call)]

        self._changes.change(call, change)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        def change(server: AuthorizationServer) -> Changed:
            before = found_policy(server, call)
            if before.status == status:
                return server, before, ()
            after = replace(before, status=status, updated_at=call.now)
            changed = replace(server, policies=placed(server.policies, after, None))
            return changed, after, [_event(verb, after, server, call)]

        self._changes.change(call, change)
        return NO_CONTENT


def policy_json(policy: Policy, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """A policy as it is shown (docs/protocol.md §25.4)."""
    href = call.url(f"{path_of(server)}/policies/{policy.id}")
    ids = [known.id for known in server.policies]
    return {
        "id": policy.id,
        "status": policy.status,
        "name": policy.name,
        "description": policy.description,
        "priority": ids.index(policy.id) + 1 if policy.id in ids else len(ids),
        "system": policy.system,
        "conditions": {"clients": {"include": list(policy.clients)}},
        "created": timestamp(policy.created_at),
        "lastUpdated": timestamp(policy.updated_at),
        "_links": {
            "self": link(href, "GET", "PUT", "DELETE"),
            "rules": link(f"{href}/rules", "GET"),
            **lifecycle(href, policy.status),
        },
        "type": "OAUTH_AUTHORIZATION_POLICY",
    }


def found_policy(server: AuthorizationServer, call: Call) -> Policy:
    """The policy of the URL. Raises ApiError (E0000007)."""
    policy: Policy | None = find(server.policies, call.params["policyId"])
    if policy is None:
        raise not_found(call.params["policyId"], "Policy")
    return policy


def policy_party(policy: Policy) -> Party:
    """The policy as a target of an event."""
    return Party(policy.id, "Policy", display_name=policy.name)


def _read(body: Fields, base: Policy, server: AuthorizationServer) -> Policy:
    refuse_unknown(body.below("conditions"), _CONDITIONS)
    policy = replace(
        base,
        name=body.text("name", required=True, longest=100) or "",
        description=body.text("description"),
        clients=body.below("conditions").below("clients").texts("include", longest=_LONGEST_WORD) or (),
    )
    check_words(body, policy, base, server)
    body.check()
    return policy


def _event(verb: str, policy: Policy, server: AuthorizationServer, call: Call) -> Event:
    return call.recorder.event(f"policy.lifecycle.{verb}", policy_party(policy), server_party(server))


def _answer(status: int, server: AuthorizationServer, policy: Policy, call: Call) -> Response:
    return Response.json(status, policy_json(policy, server, call))
