"""Operations of apps and registered clients by method and path."""

from ...ids import Ids
from ..directory.people import PeopleRecords
from ..directory.profile_owners import Owners
from ..http.call import Operation
from ..http.crud import add_crud, add_lifecycle
from ..http.routes import Routes
from . import id_token_settings
from .app_groups import AppGroups
from .app_schemas import AppUserSchemas
from .app_scopes import AppGrants
from .app_users import AppUsers
from .app_view import AppView
from .apps import Apps
from .client_changes import ClientChanges
from .client_keys import ClientKeys
from .client_secrets import ClientSecrets, SecretVault
from .dynamic_clients import DynamicClients
from .id_token_settings import IdTokenSettings

_APP = "/api/v1/apps/{appId}"
_CLIENT = "/oauth2/v1/clients/{appId}"
_GROUP = "/api/v1/groups/{groupId}"


def add_apps(
    routes: Routes[Operation],
    clients: ClientChanges,
    view: AppView,
    people: PeopleRecords,
    owners: Owners,
    vault: SecretVault,
    ids: Ids,
) -> None:
    """Everything about clients: as apps, as registered clients, and who is assigned."""
    apps = Apps(clients, view, vault, ids, people)
    add_crud(routes, "/api/v1/apps", "{appId}", apps)
    add_lifecycle(routes, "/api/v1/apps", "{appId}", apps)
    _add_assignments(routes, clients, people, view)
    schemas = AppUserSchemas(owners)
    routes.add("GET", "/api/v1/meta/schemas/apps/{appId}/{schemaId}", schemas.get)
    routes.add("POST", "/api/v1/meta/schemas/apps/{appId}/{schemaId}", schemas.update)
    routes.add("POST", f"{_APP}/logo", apps.upload_logo)
    id_token = IdTokenSettings(clients, ids, people.attributes)
    routes.add("GET", id_token_settings.PATH, id_token.get)
    routes.add("POST", id_token_settings.PATH, id_token.change)
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
        add_lifecycle(routes, base, parameter, resource)
    dynamic = DynamicClients(clients, vault, ids)
    add_crud(routes, "/oauth2/v1/clients", "{appId}", dynamic)
    routes.add("POST", f"{_CLIENT}/lifecycle/newSecret", dynamic.new_secret)


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
