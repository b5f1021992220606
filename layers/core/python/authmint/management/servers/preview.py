"""``…/tokens/preview`` and ``…/analysis`` of a server: what a request would get, and what can be told without one.

Extensions of ours (docs/protocol.md §22). Nothing is stored, no event is written, and no signature is made.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from ...claims.compiled import WarmClaims
from ...claims.errors import ClaimFailed
from ...claims.explain import Outcome, explain_access_token, explain_id_token
from ...claims.failing import failures
from ...expressions.facts import Facts
from ...http import Response
from ...ids import Ids
from ...oauth.form import TOKEN_EXCHANGE
from ...oauth.preview import WITH_USER, Preview, Previews, Wish
from ...oauth.security_profile import NAMES, needs_proof, needs_push, profile_of
from ...oauth.unregistered_clients import StoredClients
from ...policy.access.analysis import Way, analyze, ways_to
from ...policy.access.explain import Trial
from ...storage.clients import Client, Clients
from ...storage.directory import Directory
from ...storage.servers import AuthorizationServer, Policy, Rule
from ..directory.origins import Origins
from ..http.call import Call
from ..http.errors import ApiError, not_found
from .previewed_client import find, person_of
from .previewed_hook import PreviewedHooks
from .server_changes import ServerChanges

_PAGE = 200


class Explanations:
    """Answers to "what would happen" and "why"."""

    def __init__(
        self,
        changes: ServerChanges,
        clients: Clients,
        unregistered: StoredClients,
        directory: Directory,
        previews: Previews,
        origins: Origins,
        hooks: PreviewedHooks,
        ids: Ids,
    ) -> None:
        self._changes = changes
        self._clients = clients
        self._unregistered = unregistered
        self._directory = directory
        self._previews = previews
        self._origins = origins
        self._hooks = hooks
        self._ids = ids
        self._claims = WarmClaims()

    def preview(self, call: Call) -> Response:
        """200 with the decision, every token that would be issued, decoded, or the error of the real request."""
        server = self._changes.load(call)
        body = call.body()
        client_id = body.text("client_id", required=True, longest=512) or ""
        grant_type = body.text("grant_type", required=True) or ""
        user_id = body.text("user_id")
        scope = body.text("scope", longest=4_096) or ""
        response_type = body.text("response_type") or ""
        redirect_uri = body.text("redirect_uri", longest=2_048) or ""
        resource = body.text("resource", longest=2_048) or ""
        call_hooks = body.flag("callHooks", default=False)
        if grant_type in WITH_USER and not user_id:
            body.problem("user_id", f"The grant type '{grant_type}' needs a user: an id or a login.")
        body.check()
        if call_hooks and not call.caller.access.reach("hooks", "W"):  # it is asked like by a token request
            raise ApiError("E0000006")
        found = find(server, client_id, redirect_uri, self._clients, self._unregistered)
        client = found.client
        about_somebody = grant_type in WITH_USER or (grant_type == TOKEN_EXCHANGE and user_id)
        person = person_of(self._directory, user_id or "") if about_somebody else None
        wish = Wish(client, grant_type, scope, person, " ".join(sorted(response_type.split())), redirect_uri, resource)
        preview = self._previews.preview(server, wish, call.request.base_url, refused=found.refused)
        hook = self._hooks.of(call.request, wish, preview, ask=call_hooks)
        shown = self._shown(server, wish, preview, call.now) | {"client": found.shown()}
        if hook is not None:
            shown["inlineHook"] = hook.shown(shown)
        return Response.json(200, shown)

    def analysis(self, call: Call) -> Response:
        """200 with what is wrong with the configuration, or, with ``scope``, who can get that scope, and how."""
        server = self._changes.load(call)
        clients = self._all_clients()
        scope = call.request.query_value("scope")
        if scope is not None:
            if scope not in {known.name for known in server.scopes}:
                raise not_found(scope, "OAuth2Scope")
            ways = [_way_json(way) for way in ways_to(_usable(server), scope, clients)]
            return Response.json(200, {"scope": scope, "ways": ways})
        found = analyze(_usable(server), clients)
        names, failing = _Names(server), failures(self._claims.of(server))
        return Response.json(
            200,
            {
                "unreachable": [
                    {
                        "policy": names.policy(verdict.policy_id),
                        "rule": names.rule(verdict.rule_id),
                        "reason": verdict.reason,
                        "shadowedBy": [names.rule(rule_id) for rule_id in verdict.shadowed_by],
                    }
                    for verdict in found.unreachable
                ],
                "unobtainableScopes": list(found.unobtainable_scopes),
                "defaultScopesNotPermitted": list(found.refused_defaults),
                "clientsWithoutRule": [
                    {"id": client.id, "name": client.label}
                    for client in clients
                    if client.id in set(found.clients_without_rule)
                ],
                "claimsThatCanFail": [
                    {
                        "id": claim.id,
                        "name": claim.name,
                        "failures": [{"for": one.witness, "reason": one.reason} for one in failing[claim.id]],
                    }
                    for claim in server.claims
                    if claim.id in failing
                ],
            },
        )

    def _all_clients(self) -> Sequence[Client]:
        found: list[Client] = []
        after = None
        while page := self._clients.list(after=after, limit=_PAGE):
            found += page
            after = page[-1].id
            if len(page) < _PAGE:
                break
        return found

    def _shown(self, server: AuthorizationServer, wish: Wish, preview: Preview, now: int) -> dict[str, Any]:
        claims, facts, draft = self._claims.of(server), preview.trace.facts, preview.draft
        only_id_token = wish.grant_type == "implicit" and wish.response_type == "id_token"
        fat = wish.response_type == "id_token"
        header = {"kid": server.active_key.kid, "alg": server.active_key.algorithm}
        access: dict[str, Any] | None = None
        identity: dict[str, Any] | None = None
        if facts is not None and not only_id_token:
            outcomes = [self._traced(one, facts) for one in explain_access_token(claims, facts)]
            access = {"header": header, "payload": None if draft is None else draft.access_token, "claims": outcomes}
        if facts is not None and facts.user is not None and "openid" in facts.scopes and _wants_id_token(wish):
            outcomes = [self._traced(one, facts) for one in explain_id_token(claims, facts, everything=fat)]
            payload = None if draft is None else draft.id_token(self._ids, now, access_token=None)
            identity = {"header": header, "payload": payload, "claims": outcomes}
        return {
            "decision": _decision_json(preview),
            "access_token": access,
            "id_token": identity,
            "refresh_token": _refresh_json(preview, wish),
            "requires": _requires_json(server, wish),
            "error": _error_json(preview),
        }

    def _traced(self, outcome: Outcome, facts: Facts) -> dict[str, Any]:
        """What became of a claim, and where what it read came from."""
        return outcome_json(outcome) | {"origins": self._origins.of(outcome.reads, facts)}


def _wants_id_token(wish: Wish) -> bool:
    return wish.grant_type != "implicit" or "id_token" in wish.response_type.split()


def _decision_json(preview: Preview) -> dict[str, Any]:
    decision, explanation = preview.trace.decision, preview.explanation
    return {
        "outcome": "ALLOW" if preview.error is None else "DENY",
        "policy": None if decision is None else _named(decision.policy),
        "rule": None if decision is None else _named(decision.rule),
        "grantedScopes": [] if decision is None else list(decision.granted),
        "consentNeeded": list(preview.consent),
        "steps": [] if explanation is None else [_trial_json(trial) for trial in explanation.trials],
        "nearestMiss": None
        if explanation is None or explanation.nearest is None
        else _trial_json(explanation.nearest) | {"changes": [miss.change for miss in explanation.nearest.misses]},
    }


def _trial_json(trial: Trial) -> dict[str, Any]:
    return {
        "policy": {**_named_always(trial.policy), "priority": trial.policy_priority},
        "rule": None if trial.rule is None else {**_named_always(trial.rule), "priority": trial.rule_priority},
        "matched": trial.matched and trial.rule is not None,
        "conditions": [asdict(condition) for condition in trial.conditions],
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """What became of one claim, as answers show it."""
    failure: ClaimFailed | None = outcome.failure
    return {
        "name": outcome.name,
        "id": outcome.claim_id,
        "definition": outcome.expression,
        "included": outcome.left_out is None,
        "value": outcome.value,
        "leftOut": outcome.left_out,
        "inputs": dict(outcome.reads),
        "failure": None if failure is None else failure.reason,
    }


def _refresh_json(preview: Preview, wish: Wish) -> dict[str, Any] | None:
    if preview.draft is None or not preview.draft.refreshable or wish.grant_type == "implicit":
        return None
    lifetimes = preview.draft.lifetimes
    return {"lifetimeMinutes": lifetimes.refresh_token // 60, "windowMinutes": lifetimes.refresh_token_window // 60}


def _requires_json(server: AuthorizationServer, wish: Wish) -> dict[str, Any]:
    """What a real request has to bring along, which a preview cannot look at."""
    authorization = wish.grant_type in {"authorization_code", "implicit"}
    exchange = wish.grant_type == TOKEN_EXCHANGE
    narrow = server.narrow_exchange or profile_of(server, wish.client).strict
    return {
        "profile": max(server.security_profile, wish.client.security_profile, key=NAMES.index),
        "proof": needs_proof(server, wish.client),
        "pushedRequest": authorization and needs_push(server, wish.client),
        "subjectToken": {"narrowOnly": narrow} if exchange else None,
    }


def _error_json(preview: Preview) -> dict[str, Any] | None:
    if preview.error is None:
        return None
    return {**preview.error.body(), "reason": preview.error.id, "detail": preview.error.reason}


def _way_json(way: Way) -> dict[str, Any]:
    return {
        "policy": _named_always(way.policy),
        "rule": _named_always(way.rule),
        "clients": list(way.clients),
        "grantTypes": list(way.grant_types),
        "people": {
            "users": {"include": list(way.rule.people.users_include), "exclude": list(way.rule.people.users_exclude)},
            "groups": {
                "include": list(way.rule.people.groups_include),
                "exclude": list(way.rule.people.groups_exclude),
            },
        },
    }


def _named(record: Policy | Rule | None) -> dict[str, Any] | None:
    return None if record is None else _named_always(record)


def _named_always(record: Policy | Rule) -> dict[str, Any]:
    return {"id": record.id, "name": record.name}


def _usable(server: AuthorizationServer) -> AuthorizationServer:
    """The server as its security profile leaves it: rules without the grant types that nobody may use there."""
    profile = profile_of(server)
    if not profile.strict:
        return server
    policies = tuple(
        replace(
            policy,
            rules=tuple(replace(rule, grant_types=profile.grant_types(rule.grant_types)) for rule in policy.rules),
        )
        for policy in server.policies
    )
    return replace(server, policies=policies)


class _Names:
    """Names of policies and rules by id."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._policies = {policy.id: policy for policy in server.policies}
        self._rules = {rule.id: rule for policy in server.policies for rule in policy.rules}

    def policy(self, policy_id: str) -> dict[str, Any] | None:
        return _named(self._policies.get(policy_id))

    def rule(self, rule_id: str | None) -> dict[str, Any] | None:
        return None if rule_id is None else _named(self._rules.get(rule_id))
