"""Every operation of the management API by method and path."""

from ..ids import Ids
from ..keys.vault import KeyPairs, SecretSeals
from ..storage.api_tokens import ApiTokens
from .api_tokens import PATH, ApiTokensResource
from .app_grants import AppGrants
from .app_groups import AppGroups
from .app_schemas import AppUserSchemas
from .app_users import AppUsers
from .app_view import AppView
from .apps import Apps
from .associated import AssociatedServers
from .call import Operation
from .claims import Claims
from .client_changes import ClientChanges
from .client_keys import ClientKeys
from .client_secrets import ClientSecrets, SecretVault
from .default_policies import DefaultPolicies
from .dynamic_clients import DynamicClients
from .groups import Groups
from .issued import IssuedRecords, IssuedTokens, UserIssued
from .keys import Keys
from .logs import Logs
from .org import Org
from .people import PeopleRecords
from .policies import Policies
from .preview import Explanations
from .routes import Routes
from .rules import Rules
from .schemas import Schemas
from .scopes import Scopes
from .server_changes import ServerChanges
from .servers import Servers
from .sessions import AdministeredSessions
from .user_credentials import UserCredentials
from .user_lifecycle import UserLifecycle
from .users import Users

_SERVER = "/api/v1/authorizationServers/{authServerId}"
_POLICY = f"{_SERVER}/policies/{{policyId}}"
_APP = "/api/v1/apps/{appId}"
_CLIENT = "/oauth2/v1/clients/{appId}"
_USER = "/api/v1/users/{userId}"
_GROUP = "/api/v1/groups/{groupId}"


def operations(
    servers: Servers,
    changes: ServerChanges,
    clients: ClientChanges,
    api_tokens: ApiTokens,
    people: PeopleRecords,
    issued: IssuedRecords,
    logs: Logs,
    explanations: Explanations,
    pairs: KeyPairs,
    seals: SecretSeals,
    ids: Ids,
    *,
    retention: int,
) -> Routes[Operation]:
    """The table of routes."""
    routes: Routes[Operation] = Routes()
    _crud(routes, "/api/v1/authorizationServers", "{authServerId}", servers, lifecycle=True)
    associated = AssociatedServers(changes)
    routes.add("GET", f"{_SERVER}/associatedServers", associated.list)
    routes.add("POST", f"{_SERVER}/associatedServers", associated.add)
    routes.add("DELETE", f"{_SERVER}/associatedServers/{{associatedServerId}}", associated.remove)
    _crud(routes, f"{_SERVER}/scopes", "{scopeId}", Scopes(changes, ids))
    _crud(routes, f"{_SERVER}/claims", "{claimId}", Claims(changes, ids, people.attributes))
    _crud(routes, f"{_SERVER}/policies", "{policyId}", Policies(changes, ids), lifecycle=True)
    _crud(routes, f"{_POLICY}/rules", "{ruleId}", Rules(changes, ids, people), lifecycle=True)
    keys = Keys(changes, pairs, ids, retention=retention)
    routes.add("GET", f"{_SERVER}/credentials/keys", keys.list)
    routes.add("GET", f"{_SERVER}/credentials/keys/{{keyId}}", keys.get)
    routes.add("POST", f"{_SERVER}/credentials/lifecycle/keyRotate", keys.rotate)
    routes.add("POST", f"{_SERVER}/credentials/keys/{{keyId}}/lifecycle/revoke", keys.revoke)
    routes.add("GET", f"{_SERVER}/credentials/rotation", keys.rotation)
    _add_clients(routes, clients, AppView(changes.servers), people, seals, ids)
    _add_org(routes, Org(changes, clients))
    _add_users(routes, clients, people)
    _add_groups(routes, people)
    _add_issued(routes, IssuedTokens(changes, clients.clients, issued), UserIssued(people, issued))
    _add_sessions(routes, AdministeredSessions(people.users, issued))
    _add_schemas(routes, Schemas(people))
    _add_api_tokens(routes, ApiTokensResource(api_tokens, ids))
    routes.add("GET", "/api/v1/logs", logs.list)
    routes.add("POST", f"{_SERVER}/tokens/preview", explanations.preview)
    routes.add("GET", f"{_SERVER}/analysis", explanations.analysis)
    return routes


def _add_api_tokens(routes: Routes[Operation], tokens: ApiTokensResource) -> None:
    routes.add("GET", PATH, tokens.list)
    routes.add("POST", PATH, tokens.create)
    routes.add("DELETE", f"{PATH}/current", tokens.delete_current)
    routes.add("GET", f"{PATH}/{{apiTokenId}}", tokens.get)
    routes.add("DELETE", f"{PATH}/{{apiTokenId}}", tokens.delete)


def _add_users(routes: Routes[Operation], clients: ClientChanges, people: PeopleRecords) -> None:
    users = Users(people, clients.clients)
    _crud(routes, "/api/v1/users", "{userId}", users)
    routes.add("POST", _USER, users.update)
    routes.add("GET", f"{_USER}/groups", users.groups)
    routes.add("GET", f"{_USER}/appLinks", users.app_links)
    lifecycle = UserLifecycle(people)
    credentials = UserCredentials(people)
    for name, operation in (
        ("lifecycle/activate", lifecycle.activate),
        ("lifecycle/reactivate", lifecycle.reactivate),
        ("lifecycle/deactivate", lifecycle.deactivate),
        ("lifecycle/suspend", lifecycle.suspend),
        ("lifecycle/unsuspend", lifecycle.unsuspend),
        ("lifecycle/unlock", lifecycle.unlock),
        ("lifecycle/reset_factors", lifecycle.reset_factors),
        ("lifecycle/expire_password", credentials.expire_password),
        ("lifecycle/expire_password_with_temp_password", credentials.expire_password_with_temp_password),
        ("lifecycle/reset_password", credentials.reset_password),
        ("credentials/forgot_password", credentials.forgot_password),
        ("credentials/change_password", credentials.change_password),
        ("credentials/change_recovery_question", credentials.change_recovery_question),
    ):
        routes.add("POST", f"{_USER}/{name}", operation)


def _add_issued(routes: Routes[Operation], tokens: IssuedTokens, of_users: UserIssued) -> None:
    base = f"{_SERVER}/clients"
    routes.add("GET", base, tokens.clients)
    routes.add("GET", f"{base}/{{clientId}}/tokens", tokens.list)
    routes.add("DELETE", f"{base}/{{clientId}}/tokens", tokens.revoke_all)
    routes.add("GET", f"{base}/{{clientId}}/tokens/{{tokenId}}", tokens.get)
    routes.add("DELETE", f"{base}/{{clientId}}/tokens/{{tokenId}}", tokens.revoke)
    for path in (f"{_USER}/grants", f"{_USER}/clients/{{clientId}}/grants"):
        routes.add("GET", path, of_users.grants)
        routes.add("DELETE", path, of_users.revoke_grants)
    routes.add("GET", f"{_USER}/grants/{{grantId}}", of_users.grant)
    routes.add("DELETE", f"{_USER}/grants/{{grantId}}", of_users.revoke_grant)
    routes.add("DELETE", f"{_USER}/sessions", of_users.end_sessions)


def _add_sessions(routes: Routes[Operation], sessions: AdministeredSessions) -> None:
    path = "/api/v1/sessions/{sessionId}"
    routes.add("GET", path, sessions.get)
    routes.add("DELETE", path, sessions.close)
    routes.add("POST", f"{path}/lifecycle/refresh", sessions.refresh)


def _add_groups(routes: Routes[Operation], people: PeopleRecords) -> None:
    groups = Groups(people)
    _crud(routes, "/api/v1/groups", "{groupId}", groups)
    routes.add("GET", f"{_GROUP}/users", groups.users)
    routes.add("PUT", f"{_GROUP}/users/{{userId}}", groups.add_user)
    routes.add("DELETE", f"{_GROUP}/users/{{userId}}", groups.remove_user)


def _add_schemas(routes: Routes[Operation], schemas: Schemas) -> None:
    routes.add("GET", "/api/v1/meta/schemas/user/{schemaId}", schemas.get)
    routes.add("POST", "/api/v1/meta/schemas/user/{schemaId}", schemas.update)
    routes.add("GET", "/api/v1/meta/types/user", schemas.types)
    routes.add("GET", "/api/v1/meta/types/user/{typeId}", schemas.type)


def _add_assignments(routes: Routes[Operation], clients: ClientChanges, people: PeopleRecords, view: AppView) -> None:
    users, groups = AppUsers(clients, people), AppGroups(clients, people, view)
    routes.add("GET", f"{_GROUP}/apps", groups.apps)
    routes.add("GET", f"{_APP}/users", users.list)
    routes.add("POST", f"{_APP}/users", users.create)
    routes.add("GET", f"{_APP}/users/{{userId}}", users.get)
    routes.add("POST", f"{_APP}/users/{{userId}}", users.update)
    routes.add("DELETE", f"{_APP}/users/{{userId}}", users.delete)
    routes.add("GET", f"{_APP}/groups", groups.list)
    routes.add("GET", f"{_APP}/groups/{{groupId}}", groups.get)
    routes.add("PUT", f"{_APP}/groups/{{groupId}}", groups.put)
    routes.add("PATCH", f"{_APP}/groups/{{groupId}}", groups.patch)
    routes.add("DELETE", f"{_APP}/groups/{{groupId}}", groups.delete)


def _add_clients(
    routes: Routes[Operation],
    clients: ClientChanges,
    view: AppView,
    people: PeopleRecords,
    seals: SecretSeals,
    ids: Ids,
) -> None:
    vault = SecretVault(seals, ids)
    apps = Apps(clients, view, vault, ids, people)
    _crud(routes, "/api/v1/apps", "{appId}", apps, lifecycle=True)
    _add_assignments(routes, clients, people, view)
    schemas = AppUserSchemas(clients, people)
    routes.add("GET", "/api/v1/meta/schemas/apps/{appId}/{schemaId}", schemas.get)
    routes.add("POST", "/api/v1/meta/schemas/apps/{appId}/{schemaId}", schemas.update)
    routes.add("PUT", f"{_APP}/policies/{{policyId}}", apps.assign_policy)
    routes.add("POST", f"{_APP}/logo", apps.upload_logo)
    grants = AppGrants(clients, ids)
    routes.add("GET", f"{_APP}/grants", grants.list)
    routes.add("POST", f"{_APP}/grants", grants.create)
    routes.add("GET", f"{_APP}/grants/{{grantId}}", grants.get)
    routes.add("DELETE", f"{_APP}/grants/{{grantId}}", grants.delete)
    for name, parameter, resource in (
        ("secrets", "{secretId}", ClientSecrets(clients, vault)),
        ("jwks", "{keyId}", ClientKeys(clients, ids)),
    ):
        base = f"{_APP}/credentials/{name}"
        routes.add("GET", base, resource.list)
        routes.add("POST", base, resource.create)
        routes.add("GET", f"{base}/{parameter}", resource.get)
        routes.add("DELETE", f"{base}/{parameter}", resource.delete)
        routes.add("POST", f"{base}/{parameter}/lifecycle/activate", resource.activate)
        routes.add("POST", f"{base}/{parameter}/lifecycle/deactivate", resource.deactivate)
    dynamic = DynamicClients(clients, vault, ids)
    _crud(routes, "/oauth2/v1/clients", "{appId}", dynamic)
    routes.add("POST", f"{_CLIENT}/lifecycle/newSecret", dynamic.new_secret)


def _add_org(routes: Routes[Operation], org: Org) -> None:
    routes.add("GET", "/api/v1/users/me", org.me)
    defaults = DefaultPolicies()
    routes.add("GET", "/api/v1/policies", defaults.list)
    routes.add("GET", "/api/v1/policies/{policyId}", defaults.get)
    routes.add("GET", "/api/v1/policies/{policyId}/rules", defaults.rules)
    routes.add("GET", "/api/v1/policies/{policyId}/rules/{ruleId}", defaults.rule)
    id_token = "/api/v1/internal/apps/{appId}/settings/oauth/idToken"
    routes.add("GET", id_token, org.id_token_settings)
    routes.add("POST", id_token, org.change_id_token_settings)


Crud = Apps | Claims | DynamicClients | Groups | Policies | Rules | Scopes | Servers | Users


def _crud(routes: Routes[Operation], path: str, parameter: str, resource: Crud, *, lifecycle: bool = False) -> None:
    routes.add("GET", path, resource.list)
    routes.add("POST", path, resource.create)
    routes.add("GET", f"{path}/{parameter}", resource.get)
    routes.add("PUT", f"{path}/{parameter}", resource.replace)
    routes.add("DELETE", f"{path}/{parameter}", resource.delete)
    if lifecycle and not isinstance(resource, Claims | DynamicClients | Groups | Scopes | Users):
        routes.add("POST", f"{path}/{parameter}/lifecycle/activate", resource.activate)
        routes.add("POST", f"{path}/{parameter}/lifecycle/deactivate", resource.deactivate)
