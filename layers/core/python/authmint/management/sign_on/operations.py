"""Operations of policies of people by method and path."""

from ...ids import Ids
from ..clients.app_view import AppView
from ..clients.client_changes import ClientChanges
from ..directory.people import PeopleRecords
from ..http.call import Operation
from ..http.crud import add_crud, add_lifecycle
from ..http.routes import Routes
from .people_policies import PeoplePolicies
from .people_rules import PeopleRules
from .policy_changes import PolicyChanges
from .policy_view import PATH
from .simulation import Simulation

_POLICY = f"{PATH}/{{policyId}}"


def add_people_policies(
    routes: Routes[Operation], people: PeopleRecords, clients: ClientChanges, view: AppView, ids: Ids
) -> None:
    """Policies and their rules, and which applications have them."""
    changes = PolicyChanges(people.applied)
    policies = PeoplePolicies(changes, clients, view, ids)
    add_crud(routes, PATH, "{policyId}", policies)
    add_lifecycle(routes, PATH, "{policyId}", policies)
    routes.add("POST", f"{PATH}/simulate", Simulation(people, clients).run)
    routes.add("POST", f"{_POLICY}/clone", policies.clone)
    routes.add("GET", f"{_POLICY}/app", policies.apps)
    routes.add("GET", f"{_POLICY}/mappings", policies.mappings)
    routes.add("POST", f"{_POLICY}/mappings", policies.add_mapping)
    routes.add("PUT", "/api/v1/apps/{appId}/policies/{policyId}", policies.assign)
    rules = PeopleRules(changes, ids)
    add_crud(routes, f"{_POLICY}/rules", "{ruleId}", rules)
    add_lifecycle(routes, f"{_POLICY}/rules", "{ruleId}", rules)
