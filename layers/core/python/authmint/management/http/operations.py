"""Every operation of the management API by method and path."""

from ...ids import Ids
from ...keys.vault import KeyPairs, SecretSeals
from ...storage.api_tokens import ApiTokens
from ...storage.client_documents import ClientCopies
from ...storage.clients import Clients
from ...storage.servers import Servers as ServerRecords
from ..administrators.operations import add_roles
from ..administrators.token_owners import TokenOwners
from ..clients.app_operations import add_apps
from ..clients.app_view import AppView
from ..clients.client_changes import ClientChanges
from ..clients.client_secrets import SecretVault
from ..directory.group_rules import add_group_rules
from ..directory.groups import Groups
from ..directory.mapping_preview import MappingPreviews
from ..directory.mappings import PATH as MAPPINGS
from ..directory.mappings import MappingRecords, add_mappings
from ..directory.people import PeopleRecords
from ..directory.schemas import of_groups, of_users
from ..directory.user_credentials import UserCredentials
from ..directory.user_lifecycle import UserLifecycle
from ..directory.user_types import UserTypes
from ..directory.users import Users
from ..federation.operations import add_idps
from ..federation.records import FederationRecords
from ..hooks.operations import HookRecords, add_hooks
from ..mail.templates import EmailTemplates, add_mail
from ..org.api_tokens import PATH, ApiTokensResource
from ..org.logs import Logs
from ..org.org_settings import add_org_settings
from ..org.trusted_origins import TrustedOriginsResource
from ..org.unused import Unused, add_reports
from ..org.usage import Counted
from ..servers.associated import AssociatedServers
from ..servers.claim_preview import ClaimPreviews
from ..servers.claims import Claims
from ..servers.dynamic_clients import RegisteredRecords
from ..servers.keys import Keys
from ..servers.metadata_clients import MetadataClients
from ..servers.open_registration import add_open_registration
from ..servers.policies import Policies
from ..servers.preview import Explanations
from ..servers.resources import Resources
from ..servers.rules import Rules
from ..servers.scopes import Scopes
from ..servers.security import SecuritySettings
from ..servers.server_changes import ServerChanges
from ..servers.servers import Servers
from ..servers.trusted_issuers import TrustRecords, add_trusted_issuers
from ..sign_on.factor_operations import FactorRecords, add_factors
from ..sign_on.global_revocation import PATH as EVERYTHING
from ..sign_on.global_revocation import GlobalRevocation
from ..sign_on.issued import IssuedRecords, RefreshTokens
from ..sign_on.operations import add_people_policies
from ..sign_on.refresh_tokens import TokensAtServer, TokensOfApp
from ..sign_on.sessions import AdministeredSessions
from ..sign_on.user_issued import TokensOfUser, UserIssued
from .call import Operation
from .crud import add_crud, add_lifecycle
from .not_offered import add_not_offered
from .routes import Routes

_SERVER = "/api/v1/authorizationServers/{authServerId}"
_POLICY = f"{_SERVER}/policies/{{policyId}}"
_APP = "/api/v1/apps/{appId}"
_USER = "/api/v1/users/{userId}"
_GROUP = "/api/v1/groups/{groupId}"


def operations(
    servers: Servers,
    changes: ServerChanges,
    clients: ClientChanges,
    api_tokens: ApiTokens,
    people: PeopleRecords,
    issued: IssuedRecords,
    mail: EmailTemplates,
    copies: ClientCopies,
    registered: RegisteredRecords,
    trust: TrustRecords,
    factors: FactorRecords,
    federation: FederationRecords,
    hooks: HookRecords,
    mappings: MappingRecords,
    logs: Logs,
    counted: Counted,
    explanations: Explanations,
    claim_previews: ClaimPreviews,
    pairs: KeyPairs,
    seals: SecretSeals,
    ids: Ids,
    *,
    retention: int,
) -> Routes[Operation]:
    """The table of routes."""
    routes: Routes[Operation] = Routes()
    add_not_offered(routes)
    add_crud(routes, "/api/v1/authorizationServers", "{authServerId}", servers)
    add_lifecycle(routes, "/api/v1/authorizationServers", "{authServerId}", servers)
    _add_trust(routes, changes, trust, ids)
    add_crud(routes, f"{_SERVER}/scopes", "{scopeId}", Scopes(changes, ids))
    add_crud(routes, f"{_SERVER}/resources", "{resourceId}", Resources(changes, ids))
    metadata_clients = MetadataClients(changes, copies, ids)
    add_crud(routes, f"{_SERVER}/metadataClients", "{metadataClientId}", metadata_clients)
    routes.add("GET", f"{_SERVER}/metadataDocuments", metadata_clients.documents)
    add_open_registration(routes, changes, registered, ids)
    add_crud(routes, f"{_SERVER}/claims", "{claimId}", Claims(changes, ids, people.attributes))
    policies = Policies(changes, ids)
    add_crud(routes, f"{_SERVER}/policies", "{policyId}", policies)
    add_lifecycle(routes, f"{_SERVER}/policies", "{policyId}", policies)
    rules = Rules(changes, ids, people, hooks.inline_hooks)
    add_crud(routes, f"{_POLICY}/rules", "{ruleId}", rules)
    add_lifecycle(routes, f"{_POLICY}/rules", "{ruleId}", rules)
    keys = Keys(changes, pairs, ids, retention=retention)
    routes.add("GET", f"{_SERVER}/credentials/keys", keys.list)
    routes.add("GET", f"{_SERVER}/credentials/keys/{{keyId}}", keys.get)
    routes.add("POST", f"{_SERVER}/credentials/lifecycle/keyRotate", keys.rotate)
    routes.add("POST", f"{_SERVER}/credentials/keys/{{keyId}}/lifecycle/revoke", keys.revoke)
    routes.add("GET", f"{_SERVER}/credentials/rotation", keys.rotation)
    add_apps(routes, clients, AppView(changes.servers), people, mappings.owners, SecretVault(seals, ids), ids)
    add_people_policies(routes, people, clients, factors.factors, logs.log, AppView(changes.servers), ids)
    _add_users(routes, clients, people)
    add_factors(routes, people, factors)
    add_idps(routes, federation, people, pairs, ids)
    add_roles(routes, people, clients, ids)
    _add_groups(routes, people, ids)
    _add_issued(routes, changes.servers, clients.clients, people, issued)
    _add_sessions(
        routes,
        AdministeredSessions(people.users, issued),
        GlobalRevocation(people, changes.servers, federation.providers, federation.links),
    )
    _add_schemas(routes, people, mappings, federation)
    _add_api_tokens(routes, ApiTokensResource(api_tokens, TokenOwners(people.directory, people.roles), ids))
    _add_origins(routes, TrustedOriginsResource(people.trusted_origins, ids))
    add_org_settings(routes.add, people)
    add_hooks(routes, hooks, changes.servers, ids)
    add_mail(routes, mail)
    add_reports(routes, logs, counted, Unused(counted, changes.servers, people, registered.tokens, api_tokens))
    routes.add("POST", f"{_SERVER}/tokens/preview", explanations.preview)
    routes.add("POST", f"{_SERVER}/claims/preview", claim_previews.preview)
    routes.add("GET", f"{_SERVER}/analysis", explanations.analysis)
    _add_security(routes, SecuritySettings(changes))
    return routes


def _add_security(routes: Routes[Operation], security: SecuritySettings) -> None:
    routes.add("GET", f"{_SERVER}/security", security.get)
    routes.add("PUT", f"{_SERVER}/security", security.replace)


def _add_origins(routes: Routes[Operation], origins: TrustedOriginsResource) -> None:
    add_crud(routes, "/api/v1/trustedOrigins", "{trustedOriginId}", origins)
    add_lifecycle(routes, "/api/v1/trustedOrigins", "{trustedOriginId}", origins)


def _add_api_tokens(routes: Routes[Operation], tokens: ApiTokensResource) -> None:
    routes.add("GET", PATH, tokens.list)
    routes.add("POST", PATH, tokens.create)
    routes.add("DELETE", f"{PATH}/current", tokens.delete_current)
    routes.add("GET", f"{PATH}/{{apiTokenId}}", tokens.get)
    routes.add("DELETE", f"{PATH}/{{apiTokenId}}", tokens.delete)


def _add_trust(routes: Routes[Operation], changes: ServerChanges, trust: TrustRecords, ids: Ids) -> None:
    """Whose tokens a server takes beside its own."""
    associated = AssociatedServers(changes)
    routes.add("GET", f"{_SERVER}/associatedServers", associated.list)
    routes.add("POST", f"{_SERVER}/associatedServers", associated.add)
    routes.add("DELETE", f"{_SERVER}/associatedServers/{{associatedServerId}}", associated.remove)
    add_trusted_issuers(routes, changes, trust, ids)


def _add_users(routes: Routes[Operation], clients: ClientChanges, people: PeopleRecords) -> None:
    users = Users(people, clients.clients)
    add_crud(routes, "/api/v1/users", "{userId}", users)
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
        ("lifecycle/expire_password", credentials.expire_password),
        ("lifecycle/expire_password_with_temp_password", credentials.expire_password_with_temp_password),
        ("lifecycle/reset_password", credentials.reset_password),
        ("credentials/forgot_password", credentials.forgot_password),
        ("credentials/forgot_password_recovery_question", credentials.forgot_password_recovery_question),
        ("credentials/change_password", credentials.change_password),
        ("credentials/change_recovery_question", credentials.change_recovery_question),
    ):
        routes.add("POST", f"{_USER}/{name}", operation)


def _add_issued(
    routes: Routes[Operation], servers: ServerRecords, clients: Clients, people: PeopleRecords, issued: IssuedRecords
) -> None:
    at_server = TokensAtServer(servers, clients, people.users, issued)
    routes.add("GET", f"{_SERVER}/clients", at_server.holders)
    of_user = UserIssued(clients, people, issued)
    routes.add("GET", f"{_USER}/clients", of_user.clients)
    tokens: tuple[tuple[str, RefreshTokens], ...] = (
        (f"{_SERVER}/clients/{{clientId}}/tokens", at_server),
        (f"{_APP}/tokens", TokensOfApp(servers, clients, people.users, issued)),
        (f"{_USER}/clients/{{clientId}}/tokens", TokensOfUser(servers, clients, people, issued)),
    )
    for path, resource in tokens:
        routes.add("GET", path, resource.list)
        routes.add("DELETE", path, resource.revoke_all)
        routes.add("GET", f"{path}/{{tokenId}}", resource.get)
        routes.add("DELETE", f"{path}/{{tokenId}}", resource.revoke)
    for path in (f"{_USER}/grants", f"{_USER}/clients/{{clientId}}/grants"):
        routes.add("GET", path, of_user.grants)
        routes.add("DELETE", path, of_user.revoke_grants)
    routes.add("GET", f"{_USER}/grants/{{grantId}}", of_user.grant)
    routes.add("DELETE", f"{_USER}/grants/{{grantId}}", of_user.revoke_grant)
    routes.add("DELETE", f"{_USER}/sessions", of_user.end_sessions)


def _add_sessions(routes: Routes[Operation], sessions: AdministeredSessions, everything: GlobalRevocation) -> None:
    routes.add("POST", EVERYTHING, everything.revoke)
    path = "/api/v1/sessions/{sessionId}"
    routes.add("GET", path, sessions.get)
    routes.add("DELETE", path, sessions.close)
    routes.add("POST", f"{path}/lifecycle/refresh", sessions.refresh)


def _add_groups(routes: Routes[Operation], people: PeopleRecords, ids: Ids) -> None:
    add_group_rules(routes, people, ids)
    groups = Groups(people)
    add_crud(routes, "/api/v1/groups", "{groupId}", groups)
    routes.add("GET", f"{_GROUP}/users", groups.users)
    routes.add("PUT", f"{_GROUP}/users/{{userId}}", groups.add_user)
    routes.add("DELETE", f"{_GROUP}/users/{{userId}}", groups.remove_user)


def _add_schemas(
    routes: Routes[Operation], people: PeopleRecords, mappings: MappingRecords, federation: FederationRecords
) -> None:
    add_mappings(routes, mappings)
    previews = MappingPreviews(mappings, people, federation.links)
    routes.add("POST", f"{MAPPINGS}/{{mappingId}}/preview", previews.preview)
    for path, schemas in (("user/{schemaId}", of_users(people)), ("group/default", of_groups(people))):
        routes.add("GET", f"/api/v1/meta/schemas/{path}", schemas.get)
        routes.add("POST", f"/api/v1/meta/schemas/{path}", schemas.update)
    types = UserTypes(people)
    add_crud(routes, "/api/v1/meta/types/user", "{typeId}", types)
    routes.add("POST", "/api/v1/meta/types/user/{typeId}", types.update)
