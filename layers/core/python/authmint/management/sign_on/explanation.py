"""``POST /api/v1/policies/explain``: what would be asked, and by which rule (docs/protocol.md §33.8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...http import Response
from ...policy.sign_on.app import AppDecision
from ...policy.sign_on.assurance import Assurance, Demand
from ...policy.sign_on.circumstances import Circumstances, Place
from ...policy.sign_on.facts import Facts
from ...policy.sign_on.routing import Route, route
from ...policy.sign_on.session import SessionDecision
from ...policy.sign_on.walk import Open, Walk
from ...policy.sign_on.zones import blocking, holds
from ...storage.clients import Client
from ...storage.directory import Person
from ...storage.errors import NotFound
from ...storage.identity_providers import IdentityProviderList
from ...storage.sign_on_transactions import Assessment
from ..clients.client_changes import ClientChanges
from ..directory.people import PeopleRecords
from ..http.call import Call
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from .simulation import evaluation
from .trial import Trials

#: What a device can be called that has no digest.
_NEW, _KNOWN = "new", "known"


class Explanations:
    """Tries a sign-on without its proofs. It changes nothing, and nobody is told."""

    def __init__(self, people: PeopleRecords, clients: ClientChanges, trials: Trials) -> None:
        self._people = people
        self._applied = people.applied
        self._clients = clients
        self._trials = trials

    def explain(self, call: Call) -> Response:
        """200 with what would be asked for a session and for an application, each with the steps that led there."""
        body = call.body()
        username, app_id = body.text("username"), body.text("app")
        name = body.text("user", required=username is None)
        body.check()
        if name is None:
            return self._of_nobody(body, username or "", app_id)
        person = self._person(name)
        here = self._circumstances(body, person)
        remembered = body.flag("remembered", default=False)
        body.check()
        facts = self._applied.facts(person, here, now=call.now)
        facts, assessment = self._applied.assessed(facts, trusted=remembered)
        found = self._trials.of(person, facts, here, None if app_id is None else self._app(app_id))
        session, app = found.session, found.app
        return Response.json(
            200,
            {
                "user": {"id": person.user.id, "login": person.user.login, "status": person.user.status},
                "from": self._where(here),
                "routing": self._routing(here, app_id, person.user.login, person.user.profile),
                "risk": {"level": assessment.level, "reasons": list(assessment.reasons)},
                "behaviors": self._behaviors(assessment),
                "session": _session_json(session),
                "app": None if app is None else {"id": app_id, **_app_json(app)},
                "enrollment": self._enrolment(facts),
                "outcome": found.outcome,
            },
        )

    def _of_nobody(self, body: Fields, username: str, app_id: str | None) -> Response:
        """Where somebody is led who is not there, and may come with a provider: nothing else can be said of them."""
        here = self._circumstances(body, None)
        body.check()
        if app_id is not None:
            self._app(app_id)
        said = {"user": None, "from": self._where(here), "routing": self._routing(here, app_id, username, None)}
        return Response.json(200, said)

    def _routing(
        self, here: Circumstances, app_id: str | None, username: str, profile: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Where they are led: by what is known at first, and where that is not enough by the username."""
        listed = self._people.identity_providers.all()
        facts = Facts(app_id=app_id, zones=self._applied.zones_of(here), platform=here.platform)
        policies = self._applied.of_type("IDP_DISCOVERY")
        found = route(policies, facts, listed.active)
        if asked := found.asks:
            found = route(policies, replace(facts, identifier=username, profile=profile), listed.active)
        return _routing_json(found, listed, asked=asked)

    def _person(self, name: str) -> Person:
        directory = self._people.directory
        try:
            return directory.by_login(name) if "@" in name else directory.person(name)
        except NotFound:
            raise not_found(name, "User") from None

    def _app(self, app_id: str) -> Client:
        try:
            return self._clients.clients.get(app_id)
        except NotFound:
            raise not_found(app_id, "AppInstance") from None

    def _circumstances(self, body: Fields, person: Person | None) -> Circumstances:
        country, region = body.text("country"), body.text("region")
        latitude, longitude = body.raw("latitude"), body.raw("longitude")
        point = None
        if latitude is not None or longitude is not None:
            if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in (latitude, longitude)):
                raise invalid_field("latitude", "goes with longitude, and both are degrees.")
            point = (float(latitude), float(longitude))
        place = Place(country, region, body.text("city"), point)
        device = body.text("device") or _NEW
        if device == _KNOWN and person is not None:
            past = self._people.watch.histories.get(person.user.id).sign_ins
            device = next((one.device for one in past if one.device is not None), _NEW)
        return Circumstances(
            address=body.text("address") or "",
            user_agent=body.text("userAgent", longest=500) or "",
            device=None if device == _NEW else device,
            place=None if place == Place() else place,
            asn=body.text("asn"),
            anonymous=body.flag("anonymous", default=False) if body.has("anonymous") else None,
        )

    def _where(self, here: Circumstances) -> dict[str, Any]:
        zones = self._applied.all_zones()
        blocked = blocking(zones, here)
        found = [(zone, holds(zone, here)) for zone in zones if zone.usage == "POLICY"]
        return {
            "address": here.address or None,
            "zones": [{"id": zone.id, "name": zone.name} for zone, inside in found if inside],
            "undefinedZones": [{"id": zone.id, "name": zone.name} for zone, inside in found if inside is None],
            "blockedBy": None if blocked is None else {"id": blocked.id, "name": blocked.name},
        }

    def _behaviors(self, assessment: Assessment) -> dict[str, str]:
        names = self._people.watch.names()
        return {names.get(one, one): result for one, result in assessment.behaviors.items()}

    def _enrolment(self, facts: Facts) -> dict[str, Any]:
        decision = self._applied.enrolment(facts)
        return {
            "when": decision.when,
            "authenticators": dict(decision.authenticators),
            "decidedBy": _decided(decision.decided),
        }


def _routing_json(found: Route, listed: IdentityProviderList, *, asked: bool) -> dict[str, Any]:
    """``asked``: the page asks for the username first."""
    providers = [one for one in map(listed.get, found.others) if one is not None]
    walk = found.walk
    return {
        "usernameFirst": asked,
        "ours": found.ours,
        "providers": [{"id": one.id, "name": one.name, "type": one.type} for one in providers],
        "decidedBy": _decided(one for one in walk.open if one.certain),
        "evaluation": evaluation("IDP_DISCOVERY", walk, full=True),
    }


def _session_json(decision: SessionDecision) -> dict[str, Any]:
    return {
        "access": decision.access,
        "requireFactor": decision.require_factor,
        "factorPromptMode": decision.prompt,
        "factorLifetimeSeconds": decision.factor_lifetime,
        "primaryFactor": decision.primary,
        "idleSeconds": decision.idle,
        "lifetimeSeconds": decision.lifetime,
        "decidedBy": _decided(decision.decided),
        "evaluation": evaluation("OKTA_SIGN_ON", Walk(decision.decided, decision.steps), full=True),
    }


def _app_json(decision: AppDecision) -> dict[str, Any]:
    return {
        "access": decision.access,
        "assurances": [_assurance_json(one) for one in decision.assurances],
        "decidedBy": _decided(decision.decided),
        "evaluation": evaluation("ACCESS_POLICY", Walk(decision.decided, decision.steps), full=True),
    }


def _assurance_json(assurance: Assurance) -> dict[str, Any]:
    return {
        "twoFactors": assurance.two_factors,
        "reauthenticateInSeconds": assurance.reauthenticate_in,
        "anyOf": [{name: _demand_json(demand) for name, demand in one.demands} for one in assurance.alternatives],
    }


def _demand_json(demand: Demand) -> dict[str, Any]:
    shown = {
        "phishingResistant": demand.phishing_resistant,
        "deviceBound": demand.device_bound,
        "hardwareProtection": demand.hardware_protected,
        "userVerification": demand.user_verified,
        "methods": sorted(demand.methods),
        "excluded": sorted(demand.excluded),
        "reauthenticateInSeconds": demand.reauthenticate_in,
    }
    return {name: value for name, value in shown.items() if value not in (False, [], None)}


def _decided(found: Iterable[Open]) -> Sequence[dict[str, Any]]:
    """The rules that decided. Where it is more than one, those that are not certain could not be ruled out."""
    return [
        {
            "policy": {"id": one.policy.id, "name": one.policy.name},
            "rule": {"id": one.rule.id, "name": one.rule.name},
            "certain": one.certain,
        }
        for one in found
    ]
