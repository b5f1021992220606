"""Routes of what administrators see of open registration."""

from ...ids import Ids
from ..http.call import Operation
from ..http.routes import Routes
from .dynamic_clients import DynamicClientsResource, RegisteredRecords
from .registration_tokens import RegistrationTokensResource
from .server_changes import ServerChanges

_SERVER = "/api/v1/authorizationServers/{authServerId}"


def add_open_registration(
    routes: Routes[Operation], changes: ServerChanges, records: RegisteredRecords, ids: Ids
) -> None:
    """Clients that registered themselves, and the tokens that let somebody do so."""
    clients, path = DynamicClientsResource(changes, records.clients), f"{_SERVER}/dynamicClients"
    routes.add("GET", path, clients.list)
    routes.add("GET", f"{path}/{{dynamicClientId}}", clients.get)
    routes.add("DELETE", f"{path}/{{dynamicClientId}}", clients.block)
    routes.add("POST", f"{path}/{{dynamicClientId}}/lifecycle/block", clients.block)
    routes.add("POST", f"{path}/{{dynamicClientId}}/lifecycle/unblock", clients.unblock)
    tokens, path = RegistrationTokensResource(changes, records.tokens, ids), f"{_SERVER}/registrationTokens"
    routes.add("GET", path, tokens.list)
    routes.add("POST", path, tokens.create)
    routes.add("GET", f"{path}/{{registrationTokenId}}", tokens.get)
    routes.add("DELETE", f"{path}/{{registrationTokenId}}", tokens.delete)
