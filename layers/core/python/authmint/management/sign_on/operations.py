"""Operations of policies of people by method and path."""

from ...factors.user_factors import UserFactors
from ...ids import Ids
from ...storage.events import EventLog
from ..clients.app_view import AppView
from ..clients.client_changes import ClientChanges
from ..directory.people import PeopleRecords
from ..http.call import Operation
from ..http.crud import add_crud, add_lifecycle
from ..http.routes import Routes
from .analyses import PolicyAnalyses
from .behaviors import PATH as BEHAVIORS
from .behaviors import THREATS, BehaviorsResource, ThreatSettings, UserRisk
from .explanation import Explanations
from .people_policies import PeoplePolicies
from .people_rules import PeopleRules
from .policy_changes import PolicyChanges
from .policy_view import PATH
from .simulation import Simulation
from .trial import Trials
from .zones import PATH as ZONES
from .zones import ZonesResource

_POLICY = f"{PATH}/{{policyId}}"


def add_people_policies(
    routes: Routes[Operation],
    people: PeopleRecords,
    clients: ClientChanges,
    factors: UserFactors,
    log: EventLog,
    view: AppView,
    ids: Ids,
) -> None:
    """Policies and their rules, and which applications have them."""
    changes, trials = PolicyChanges(people.applied), Trials(people.applied, factors)
    analyses = PolicyAnalyses(people, clients, trials, log)
    routes.add("GET", f"{PATH}/analysis", analyses.rules)  # before the policies, one of which it could be by its name
    policies = PeoplePolicies(changes, clients, view, ids)
    add_crud(routes, PATH, "{policyId}", policies)
    add_lifecycle(routes, PATH, "{policyId}", policies)
    routes.add("POST", f"{PATH}/simulate", Simulation(people, clients).run)
    routes.add("POST", f"{PATH}/explain", Explanations(people, clients, trials).explain)
    routes.add("POST", f"{PATH}/analysis/people", analyses.people)
    routes.add("POST", f"{PATH}/analysis/sign-ins", analyses.sign_ins)
    routes.add("POST", f"{_POLICY}/clone", policies.clone)
    routes.add("GET", f"{_POLICY}/app", policies.apps)
    routes.add("GET", f"{_POLICY}/mappings", policies.mappings)
    routes.add("POST", f"{_POLICY}/mappings", policies.add_mapping)
    routes.add("PUT", "/api/v1/apps/{appId}/policies/{policyId}", policies.assign)
    rules = PeopleRules(changes, people.identity_providers, ids)
    add_crud(routes, f"{_POLICY}/rules", "{ruleId}", rules)
    _add_zones_and_risk(routes, changes, people, ids)
    add_lifecycle(routes, f"{_POLICY}/rules", "{ruleId}", rules)


def _add_zones_and_risk(routes: Routes[Operation], changes: PolicyChanges, people: PeopleRecords, ids: Ids) -> None:
    zones = ZonesResource(changes, ids)
    add_crud(routes, ZONES, "{zoneId}", zones)
    add_lifecycle(routes, ZONES, "{zoneId}", zones)
    behaviors = BehaviorsResource(people.watch, ids)
    add_crud(routes, BEHAVIORS, "{behaviorId}", behaviors)
    add_lifecycle(routes, BEHAVIORS, "{behaviorId}", behaviors)
    risk = UserRisk(people.watch, people)
    routes.add("GET", "/api/v1/users/{userId}/risk", risk.get)
    routes.add("PUT", "/api/v1/users/{userId}/risk", risk.replace)
    routes.add("POST", "/api/v1/users/{userId}/behaviors/reset", risk.forget)
    threats = ThreatSettings(people.watch, changes)
    routes.add("GET", THREATS, threats.get)
    routes.add("POST", THREATS, threats.replace)
