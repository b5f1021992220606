"""Clients of a server that nobody registered, who holds its tokens, and the servers that it trusts."""

from typing import Final

from ..fields import Field
from ..resources import Action, Column, Family, Made, Pick

_SERVER: Final = "/api/v1/authorizationServers/{server}"
_GUIDE: Final = "mcp.md"

METADATA_CLIENTS: Final = Family(
    "/servers/{server}/metadata-clients",
    f"{_SERVER}/metadataClients",
    "Clients by their document",
    "client by its document",
    "servers",
    columns=(Column("Document", "clientId"), Column("Mode", "mode"), Column("Status", "status")),
    name="clientId",
    makes=(
        Field("clientId", "Document", least=True, only="new", code=True, hint="The URL by which it names itself."),
        Field("document", "Pinned document", "json", hint="Left empty, the one at its URL counts."),
        Field("status", "Status", "choice", options=(("ACTIVE", "let in"), ("BLOCKED", "blocked")), only="there"),
    ),
    removal="Everything that the client has at this server stops working.",
    empty="Whom the settings let in beside these is under Security.",
    guide=_GUIDE,
)
DOCUMENTS: Final = Family(
    "/servers/{server}/metadata-documents",
    f"{_SERVER}/metadataDocuments",
    "Copies of documents",
    "copy of a document",
    "servers",
    columns=(
        Column("Document", "clientId"),
        Column("Name", "name"),
        Column("Redirect URIs", "redirectUris"),
        Column("Looked at", "checked"),
        Column("Status", "status"),
    ),
    identity="clientId",
    leads="/servers/{server}/metadata-clients",
    replaces="",
    removes=False,
    empty="No client showed a document yet.",
    guide=_GUIDE,
)
DYNAMIC_CLIENTS: Final = Family(
    "/servers/{server}/dynamic-clients",
    f"{_SERVER}/dynamicClients",
    "Clients that registered themselves",
    "client that registered itself",
    "servers",
    columns=(
        Column("Name", "name"),
        Column("Redirect URIs", "redirectUris"),
        Column("Scopes", "scopes"),
        Column("Last used", "lastUsed"),
        Column("Ends", "expiresAt"),
        Column("Status", "status"),
    ),
    replaces="",
    fields=(
        Field("name", "Name", only="new"),
        Field("redirectUris", "Redirect URIs", "list", only="new"),
        Field("grantTypes", "Grant types", "list", only="new"),
        Field("scopes", "Scopes", "list", only="new"),
    ),
    actions=(
        Action("block", "Block", "/lifecycle/block", when=frozenset({"ACTIVE", "EXPIRED"}), danger=True),
        Action("unblock", "Let in again", "/lifecycle/unblock", when=frozenset({"BLOCKED"})),
    ),
    removal="What it was given stops working; it can register again.",
    empty="None. Whether clients may register themselves is under Security.",
    guide=_GUIDE,
)
REGISTRATION_TOKENS: Final = Family(
    "/servers/{server}/registration-tokens",
    f"{_SERVER}/registrationTokens",
    "Registration tokens",
    "registration token",
    "servers",
    columns=(
        Column("Name", "name"),
        Column("Uses left", "uses"),
        Column("Ends", "expiresAt"),
        Column("Status", "status"),
    ),
    replaces="",
    makes=(
        Field("name", "Name", least=True),
        Field("uses", "How many clients", "number", hint="Left empty, one."),
        Field("expiresAt", "Ends", code=True, hint="2027-03-02T09:15:07Z; left empty, in a day."),
    ),
    removal="No client registers with it any more; those that it let in stay.",
    empty="Make one for whoever may register clients.",
    guide=_GUIDE,
    made=Made(),
)
HOLDERS: Final = Family(
    "/servers/{server}/clients",
    f"{_SERVER}/clients",
    "Clients with tokens",
    "client",
    "servers",
    columns=(Column("Name", "client_name"), Column("Client id", "client_id")),
    name="client_name",
    identity="client_id",
    item_api="/oauth2/v1/clients/{id}",
    replaces="",
    removes=False,
    leads="/servers/{server}/clients/{id}/tokens",
    fields=(Field("client_id", "Client id", only="new", code=True),),
    empty="No client holds a refresh token of this server.",
    guide="clients-and-apps.md",
)
TOKENS: Final = Family(
    "/servers/{server}/clients/{client}/tokens",
    f"{_SERVER}/clients/{{client}}/tokens",
    "Refresh tokens",
    "refresh token",
    "servers",
    columns=(Column("Id", "id"), Column("Of", "userId"), Column("Scopes", "scopes"), Column("Ends", "expiresAt")),
    name="id",
    replaces="",
    fields=(
        Field("userId", "Of", only="new", code=True),
        Field("scopes", "Scopes", "list", only="new"),
        Field("created", "Since", only="new"),
        Field("expiresAt", "Ends", only="new"),
    ),
    removal="Whoever holds it has to sign in again.",
    empty="It holds none.",
    guide="clients-and-apps.md",
    asks_name=False,
)
TRUSTED_SERVERS: Final = Family(
    "/servers/{server}/trusted-servers",
    f"{_SERVER}/associatedServers",
    "Trusted servers",
    "trusted server",
    "servers",
    columns=(Column("Name", "name"), Column("Audience", "audiences")),
    replaces="",
    item_api="/api/v1/authorizationServers/{id}",
    picks=Pick(
        "/api/v1/authorizationServers",
        (Column("Name", "name"), Column("Audience", "audiences")),
        "Trust it",
        method="POST",
        sends=lambda identity: {"trusted": [identity]},
    ),
    fields=(Field("issuer", "Issuer", only="new", code=True),),
    removal="Its tokens cannot be exchanged here any more.",
    empty="Tokens of trusted servers can be exchanged for ones of this server.",
    guide="servers-and-policies.md",
    asks_name=False,
)
FAMILIES: Final = (
    METADATA_CLIENTS,
    DOCUMENTS,
    DYNAMIC_CLIENTS,
    REGISTRATION_TOKENS,
    HOLDERS,
    TOKENS,
    TRUSTED_SERVERS,
)
