"""``/api/v1/policies/simulate``: what policies say of somebody, by condition (docs/protocol.md §33.8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, get_args

from ...http import Response
from ...jose.encoding import strict_json
from ...policy.sign_on.circumstances import Circumstances
from ...policy.sign_on.facts import Facts, Platform, ZoneFacts
from ...policy.sign_on.routing import route
from ...policy.sign_on.walk import Open, Step, Walk, walk
from ...storage.errors import NotFound
from ...storage.sign_on_policies import PolicyType, SignOnPolicy
from ..clients.client_changes import ClientChanges
from ..directory.people import PeopleRecords
from ..http.call import Call
from ..http.errors import ApiError, not_found
from ..http.fields import MAX_BODY, Fields

_TYPES: Final[tuple[PolicyType, ...]] = get_args(PolicyType)
_MOST: Final = 10
_PLATFORMS: Final[Mapping[str, Platform]] = {
    "IOS": Platform("MOBILE", "IOS"),
    "ANDROID": Platform("MOBILE", "ANDROID"),
    "WINDOWS": Platform("DESKTOP", "WINDOWS"),
    "MACOS": Platform("DESKTOP", "MACOS"),
    "OSX": Platform("DESKTOP", "MACOS"),
    "CHROMEOS": Platform("DESKTOP", "CHROMEOS"),
    "OTHER": Platform("DESKTOP", "OTHER"),
}


class Simulation:
    """Walks policies with the facts that a caller names. What is not named is not known: conditions are undefined."""

    def __init__(self, people: PeopleRecords, clients: ClientChanges) -> None:
        self._people = people
        self._clients = clients

    def run(self, call: Call) -> Response:
        """200 with an evaluation for each policy type of each object of the body."""
        evaluations: list[dict[str, Any]] = []
        expanded = (call.request.query_value("expand") or "").upper() in {"EVALUATED", "RULE"}
        for body in _bodies(call.request.body):
            app_id = body.text("appInstance", required=True) or ""
            types = body.texts("policyTypes") or _TYPES
            if unknown := [one for one in types if one not in _TYPES]:
                body.problem("policyTypes", f"'{unknown[0]}' is not a type of policies.")
            body.check()
            facts = replace(self._facts(body.below("policyContext"), known=body.has("policyContext")), app_id=app_id)
            for one in _TYPES:
                if one in types:
                    found = evaluation(one, self._walk(one, facts, app_id), full=expanded)
                    evaluations.append(_spelled(found))
        return Response.json(200, evaluations)

    def _walk(self, policy_type: PolicyType, facts: Facts, app_id: str) -> Walk:
        policies = self._policies(policy_type, app_id)
        if policy_type == "IDP_DISCOVERY":
            return route(policies, facts, self._people.identity_providers.all().active).walk
        return walk(policies, facts)

    def _policies(self, policy_type: PolicyType, app_id: str) -> Sequence[SignOnPolicy]:
        if policy_type != "ACCESS_POLICY":
            return self._people.applied.of_type(policy_type)
        try:
            client = self._clients.clients.get(app_id)
        except NotFound:
            raise not_found(app_id, "AppInstance") from None
        return [self._people.applied.of_app(client)]

    def _facts(self, context: Fields, *, known: bool) -> Facts:
        if not known:
            return Facts(identity_provider=None)
        if not context.has("groups"):
            raise ApiError("E0000003")
        groups = context.below("groups").texts("ids") or ()
        facts = self._person(context.below("user").text("id"))
        if (identifier := context.text("identifier")) is not None:
            facts = replace(facts, identifier=identifier)
        if groups:
            facts = replace(facts, group_ids=(facts.group_ids or frozenset()) | set(groups))
        level = context.below("risk").choice("level", ("LOW", "MEDIUM", "HIGH"), "") or None
        device = context.below("device")
        named = (device.text("platform") or "").upper()
        if named and named not in _PLATFORMS:
            device.problem("platform", f"must be one of [{', '.join(_PLATFORMS)}].")
        context.check()
        return replace(facts, risk=level, platform=_PLATFORMS.get(named), zones=self._zones(context))

    def _person(self, user_id: str | None) -> Facts:
        if user_id is None:
            return Facts(identity_provider=None)
        try:
            person = self._people.directory.person(user_id)
        except NotFound:
            raise not_found(user_id, "User") from None
        applied = self._people.applied
        facts = applied.facts(person, Circumstances(), now=0)
        return replace(facts, behaviors=None, identifier=person.user.login)

    def _zones(self, context: Fields) -> ZoneFacts | None:
        named = context.below("zones").texts("ids")
        address = context.text("ip")
        if address is None:
            return None if named is None else ZoneFacts(frozenset(named))
        found = self._people.applied.zones_of(Circumstances(address))
        return ZoneFacts(found.inside | frozenset(named or ()), found.unknown - frozenset(named or ()))


def _bodies(sent: bytes) -> Iterable[Fields]:
    """The objects of the body, which is a list. Raises ApiError (E0000003)."""
    try:
        body = strict_json(sent) if len(sent) <= MAX_BODY else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body) or not 0 < len(body) <= _MOST:
        raise ApiError("E0000003")
    return [Fields(one) for one in body]


def evaluation(policy_type: PolicyType, found: Walk, *, full: bool) -> dict[str, Any]:
    """What came out for one type: what matched, and with ``full`` what did not, or could not be told."""
    shown: dict[str, Any] = {
        "status": "MATCH" if found.certain else "UNDEFINED" if found.open else "UNMATCHED",
        "policyType": [policy_type],
        "result": {"policies": _policies(found, "MATCH")},
    }
    if full:
        shown["evaluated"] = {"policies": _policies(found, "UNMATCHED")}
        shown["undefined"] = {"policies": _policies(found, "UNDEFINED")}
    return shown


def _policies(found: Walk, status: str) -> list[dict[str, Any]]:
    """Policies with those of their rules that came out so."""
    certain = {_key(one) for one in found.open if one.certain}
    possible = {_key(one) for one in found.open if not one.certain}
    shown: list[dict[str, Any]] = []
    of_policy: Step | None = None
    for step in found.steps:
        if step.rule is None:
            of_policy = step
            if step.truth == status == "UNMATCHED":
                shown.append(_policy(step, status))
            continue
        key = (step.policy.id, step.rule.id)
        outcome = "MATCH" if key in certain else "UNDEFINED" if key in possible else "UNMATCHED"
        if outcome == status and of_policy is not None:
            if not shown or shown[-1]["id"] != step.policy.id:
                shown.append(_policy(of_policy, status))
            shown[-1]["rules"].append(
                {"id": step.rule.id, "name": step.rule.name, "status": status, "conditions": _conditions(step)}
            )
    return shown


def _spelled(found: Any) -> Any:
    """With the word that official SDKs read: they refuse any other."""
    if isinstance(found, dict):
        return {name: _spelled(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_spelled(value) for value in found]
    return "NOT_MATCH" if found == "UNMATCHED" else found


def _key(one: Open) -> tuple[str, str]:
    return one.policy.id, one.rule.id


def _policy(step: Step, status: str) -> dict[str, Any]:
    return {
        "id": step.policy.id,
        "name": step.policy.name,
        "status": status,
        "conditions": _conditions(step),
        "rules": [],
    }


def _conditions(step: Step) -> list[dict[str, str]]:
    return [{"type": name, "status": truth} for name, truth in step.conditions]
