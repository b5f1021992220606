"""Applications, their secrets and keys, and who may use them."""

from typing import Final

from ..fields import Field
from ..resources import Action, Column, Family, Tab
from .servers import SWITCHES

_METHODS: Final = (
    ("client_secret_basic", "a secret, in the header"),
    ("client_secret_post", "a secret, in the form"),
    ("client_secret_jwt", "an assertion with its secret"),
    ("private_key_jwt", "an assertion with its private key"),
    ("none", "nothing: it can keep no secret"),
)
_COMMON: Final = (
    Field("label", "Name", least=True),
    Field(
        "settings.oauthClient.application_type",
        "Kind",
        "choice",
        only="new",
        options=(
            ("service", "service: acts for itself"),
            ("web", "web: on a server"),
            ("browser", "browser: in a page"),
            ("native", "native: on a device"),
        ),
    ),
    Field("settings.oauthClient.grant_types", "Grant types", "list", hint="One on each line."),
    Field("settings.oauthClient.response_types", "Response types", "list"),
    Field(
        "settings.oauthClient.redirect_uris",
        "Redirect URIs",
        "list",
        hint="Where people come back to; one on each line.",
    ),
    Field("settings.oauthClient.post_logout_redirect_uris", "Redirect URIs after sign-out", "list"),
    Field("credentials.oauthClient.token_endpoint_auth_method", "It authenticates by", "choice", options=_METHODS),
    Field("credentials.oauthClient.pkce_required", "PKCE is required", "flag"),
    Field("settings.oauthClient.dpop_bound_access_tokens", "Its tokens are bound to its key (DPoP)", "flag"),
    Field("settings.implicitAssignment", "Everybody may use it", "flag"),
)

APPS: Final = Family(
    "/apps",
    "/api/v1/apps",
    "Applications",
    "application",
    "applications",
    columns=(
        Column("Name", "label"),
        Column("Kind", "settings.oauthClient.application_type"),
        Column("Client id", "credentials.oauthClient.client_id"),
        Column("Status", "status"),
    ),
    name="label",
    makes=_COMMON,
    fields=(Field("credentials.oauthClient.client_id", "Client id", only="new", code=True), *_COMMON),
    base={"name": "oidc_client", "signOnMode": "OPENID_CONNECT"},
    actions=SWITCHES,
    search="q",
    removal="It gets no token any more, and those that it has stop working.",
    empty="Make one for each program that asks for tokens.",
    guide="clients-and-apps.md",
    tabs=(
        Tab("Secrets", "/secrets"),
        Tab("Keys", "/jwks"),
        Tab("People", "/users"),
        Tab("Groups", "/groups"),
        Tab("Scopes of the API", "/grants"),
    ),
)
SECRETS: Final = Family(
    "/apps/{app}/secrets",
    "/api/v1/apps/{app}/credentials/secrets",
    "Secrets",
    "secret",
    "applications",
    columns=(Column("Id", "id"), Column("Made", "created"), Column("Status", "status")),
    name="id",
    replaces="",
    makes=(Field("client_secret", "Secret", "password", hint="Left empty, one is made."),),
    fields=(Field("client_secret", "Secret", only="new", code=True), Field("created", "Made", only="new")),
    actions=SWITCHES,
    removal="Whoever still uses it is refused.",
    guide="clients-and-apps.md",
)
GRANTS: Final = Family(
    "/apps/{app}/grants",
    "/api/v1/apps/{app}/grants",
    "Scopes of the API",
    "scope of the API",
    "applications",
    columns=(Column("Scope", "scopeId"), Column("Given", "created"), Column("Status", "status")),
    name="scopeId",
    replaces="",
    makes=(
        Field("scopeId", "Scope", least=True, code=True, hint="okta.users.read, for example."),
        Field("issuer", "Issuer", least=True, code=True, hint="The address of the deployment."),
    ),
    fields=(Field("scopeId", "Scope", only="new", code=True),),
    removal="It cannot use this part of the management API any more.",
    guide="configuration-as-code.md",
)
APP_USERS: Final = Family(
    "/apps/{app}/users",
    "/api/v1/apps/{app}/users",
    "People",
    "person",
    "applications",
    columns=(Column("Login", "credentials.userName"), Column("Assigned", "scope"), Column("Since", "created")),
    name="id",
    replaces="",
    makes=(Field("id", "Id of the person", least=True, code=True),),
    fields=(Field("profile", "Profile", "json", only="new"),),
    removal="The person cannot use it any more.",
    guide="clients-and-apps.md",
)
APP_GROUPS: Final = Family(
    "/apps/{app}/groups",
    "/api/v1/apps/{app}/groups",
    "Groups",
    "group",
    "applications",
    columns=(Column("Group", "id"), Column("Order", "priority"), Column("Since", "lastUpdated")),
    name="id",
    replaces="",
    fields=(Field("profile", "Profile", "json", only="new"),),
    removal="Its members cannot use it any more.",
    guide="clients-and-apps.md",
)
JWKS: Final = Family(
    "/apps/{app}/jwks",
    "/api/v1/apps/{app}/credentials/jwks",
    "Keys",
    "key",
    "applications",
    columns=(Column("Id", "kid"), Column("Kind", "kty"), Column("Status", "status")),
    name="kid",
    replaces="",
    fields=(Field("kid", "Key id", only="new", code=True),),
    actions=(
        Action("deactivate", "Deactivate", "/lifecycle/deactivate", when=frozenset({"ACTIVE"}), danger=True),
        Action("activate", "Activate", "/lifecycle/activate", when=frozenset({"INACTIVE"})),
    ),
    removal="Assertions that it signs are refused.",
    guide="clients-and-apps.md",
)
FAMILIES: Final = (APPS, SECRETS, GRANTS, APP_USERS, APP_GROUPS, JWKS)
