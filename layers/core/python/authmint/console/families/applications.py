"""Applications, their secrets and keys, and who may use them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...storage.admin_scopes import ADMIN_SCOPES
from ..app_samples import made
from ..family_pages import BASE_URL
from ..fields import Field
from ..resources import Action, Column, Family, Kind, Made, Pick, Tab
from .servers import SWITCHES, tokens_by

_CLIENT, _CREDENTIALS = "settings.oauthClient", "credentials.oauthClient"
_METHODS: Final = (
    ("client_secret_basic", "a secret, in the header"),
    ("client_secret_post", "a secret, in the form"),
    ("client_secret_jwt", "an assertion with its secret"),
    ("private_key_jwt", "an assertion with its private key"),
    ("none", "nothing: it can keep no secret"),
    ("tls_client_auth", "a certificate of a name"),
    ("self_signed_tls_client_auth", "a certificate of its own key"),
)
_WITH_SECRET: Final = _METHODS[:3]
_GRANT_TYPES: Final = (
    ("authorization_code", "authorization_code: people sign in"),
    ("refresh_token", "refresh_token: it stays signed in"),
    ("client_credentials", "client_credentials: it acts for itself"),
    ("urn:ietf:params:oauth:grant-type:device_code", "device_code: people sign in on another device"),
    ("urn:openid:params:grant-type:ciba", "ciba: it asks people without their browser"),
    ("urn:ietf:params:oauth:grant-type:token-exchange", "token-exchange: it acts for somebody at another server"),
    ("password", "password: it sees passwords (old)"),
    ("implicit", "implicit: tokens in addresses (old)"),
)
_LABEL: Final = Field("label", "Name", least=True)
_REDIRECTS: Final = Field(
    f"{_CLIENT}.redirect_uris",
    "Redirect URIs",
    "list",
    least=True,
    hint="Where people come back to; one on each line.",
)
_AFTER: Final = Field(f"{_CLIENT}.post_logout_redirect_uris", "Redirect URIs after sign-out", "list")
_EVERYBODY: Final = Field("settings.implicitAssignment", "Everybody may use it", "flag")
_METHOD: Final = Field(f"{_CREDENTIALS}.token_endpoint_auth_method", "It authenticates by", "choice", options=_METHODS)
_JWKS: Final = Field(
    f"{_CLIENT}.jwks",
    "Public keys",
    "json",
    hint='{"keys": […]}: needed where it authenticates with its private key. Never paste the private one.',
)


def _of(kind: str, grants: Sequence[str], method: str, **credentials: Any) -> Mapping[str, Any]:
    """What a new application of a kind holds."""
    responses = ["code"] if "authorization_code" in grants else ["token"]
    return {
        "credentials": {"oauthClient": {"token_endpoint_auth_method": method, **credentials}},
        "settings": {
            "oauthClient": {"application_type": kind, "grant_types": list(grants), "response_types": responses}
        },
    }


_SIGNS_IN: Final = ("authorization_code", "refresh_token")
KINDS: Final = (
    Kind(
        "service",
        "Service",
        "A program that acts for itself: a job, a backend that calls another one.",
        (
            _LABEL,
            Field(
                f"{_CREDENTIALS}.token_endpoint_auth_method",
                "It authenticates by",
                "choice",
                options=(*_WITH_SECRET, _METHODS[3]),
            ),
            _JWKS,
        ),
        _of("service", ("client_credentials",), "client_secret_basic"),
    ),
    Kind(
        "web",
        "Web application",
        "It runs on a server, keeps a secret there, and signs people in.",
        (_LABEL, _REDIRECTS, _AFTER, _EVERYBODY),
        _of("web", _SIGNS_IN, "client_secret_basic", pkce_required=True),
    ),
    Kind(
        "browser",
        "Application in a page",
        "It runs in the browser: no secret, PKCE instead.",
        (_LABEL, _REDIRECTS, _AFTER, _EVERYBODY),
        _of("browser", _SIGNS_IN, "none", pkce_required=True),
    ),
    Kind(
        "native",
        "Application on a device",
        "On a phone or a desktop: no secret, PKCE, and back by an address of its own.",
        (_LABEL, _REDIRECTS, _AFTER, _EVERYBODY),
        _of("native", _SIGNS_IN, "none", pkce_required=True),
    ),
    Kind(
        "mcp",
        "MCP client",
        "An assistant or an agent that calls MCP servers for the people who use it.",
        (
            _LABEL,
            Field(
                f"{_CLIENT}.redirect_uris",
                "Redirect URIs",
                "list",
                least=True,
                hint="As its vendor says; of one on the own computer: http://127.0.0.1/callback, any port fits.",
            ),
            _EVERYBODY,
        ),
        _of("native", _SIGNS_IN, "none", pkce_required=True),
    ),
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
    kinds=KINDS,
    fields=(
        Field("credentials.oauthClient.client_id", "Client id", only="new", code=True),
        Field(f"{_CLIENT}.application_type", "Kind", only="new"),
        _LABEL,
        Field(f"{_CLIENT}.redirect_uris", "Redirect URIs", "list", hint=_REDIRECTS.hint),
        _AFTER,
        Field(f"{_CLIENT}.grant_types", "Grant types", "choices", options=_GRANT_TYPES),
        Field(
            f"{_CLIENT}.response_types",
            "Response types",
            "choices",
            options=(("code", "code"), ("token", "token"), ("id_token", "id_token")),
            aside=True,
        ),
        _METHOD,
        Field(f"{_CREDENTIALS}.pkce_required", "PKCE is required", "flag"),
        Field(f"{_CLIENT}.dpop_bound_access_tokens", "Its tokens are bound to its key (DPoP)", "flag"),
        _EVERYBODY,
        Field(
            f"{_CLIENT}.consent_method",
            "People are asked for consent",
            "choice",
            options=(("TRUSTED", "never"), ("REQUIRED", "where a scope says so")),
        ),
        Field(
            f"{_CLIENT}.refresh_token.rotation_type",
            "Refresh tokens",
            "choice",
            options=(("", "–"), ("ROTATE", "change at each use"), ("STATIC", "stay the same")),
            aside=True,
        ),
        Field(
            f"{_CLIENT}.backchannel_logout_uri",
            "Where it is told of sessions that end",
            code=True,
            hint="An address of its own that takes a logout_token by POST.",
            aside=True,
        ),
        Field(
            f"{_CLIENT}.token_sharing_seconds",
            "Seconds for which its requests share a token",
            "number",
            hint="Of a service that asks for the very same again and again. Empty: each gets another.",
            aside=True,
        ),
        Field(
            f"{_CLIENT}.tls_client_auth_subject_dn",
            "Name in its certificate",
            code=True,
            hint="As in CN=app,O=Bank,C=DE: where it authenticates by a certificate of a name.",
            aside=True,
        ),
        Field(
            f"{_CLIENT}.tls_client_certificate_bound_access_tokens",
            "Its tokens are bound to its certificate",
            "flag",
            aside=True,
        ),
        Field(f"{_CLIENT}.jwks_uri", "Address of its public keys", code=True, aside=True),
        Field(f"{_CLIENT}.client_uri", "Its page", code=True, aside=True),
        Field(f"{_CLIENT}.logo_uri", "Its picture", code=True, aside=True),
        Field(f"{_CLIENT}.initiate_login_uri", "Where a sign-in begins", code=True, aside=True),
        Field("settings.notes.admin", "Notes", "area", aside=True),
        Field("profile", "Profile", "json", hint="Claims can read it.", aside=True),
    ),
    base={"name": "oidc_client", "signOnMode": "OPENID_CONNECT"},
    actions=SWITCHES,
    search="q",
    removal="It gets no token any more, and those that it has stop working.",
    empty="Make one for each program that asks for tokens.",
    guide="clients-and-apps.md",
    used=tokens_by("client"),
    made=Made("app_made.html", made),
    tabs=(
        Tab("Secrets", "/secrets"),
        Tab("Keys", "/jwks"),
        Tab("People", "/users"),
        Tab("Groups", "/groups"),
        Tab("Scopes of the API", "/grants"),
        Tab("Refresh tokens", "/refresh-tokens"),
        Tab("Roles", "/roles"),
    ),
)


def _rotation_step(items: Sequence[Mapping[str, Any]]) -> int:
    """Where a change from one secret or key to another is."""
    if len(items) < 2:
        return 0
    return 3 if any(one.get("status") == "INACTIVE" for one in items) else 1


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
    empty="It has none: it authenticates by other means.",
    guide="clients-and-apps.md",
    made=Made(),
    in_list=True,
    asks_name=False,
    steps=(
        "Make a second secret: both are good.",
        "Give it to the application, and see that it uses it.",
        "Deactivate the old one. If something still used it, activate it again.",
        "Delete the old one.",
    ),
    step=_rotation_step,
)
JWKS: Final = Family(
    "/apps/{app}/jwks",
    "/api/v1/apps/{app}/credentials/jwks",
    "Keys",
    "key",
    "applications",
    columns=(Column("Id", "kid"), Column("Kind", "kty"), Column("Made", "created"), Column("Status", "status")),
    name="kid",
    replaces="",
    items="jwks.keys",
    makes=(
        Field(
            "jwk",
            "Public key",
            "json",
            least=True,
            hint='As a JWK: {"kty": "RSA", "kid": "2", "n": "…", "e": "AQAB"}. Never paste the private one.',
        ),
    ),
    sends=lambda body: body["jwk"],
    fields=(Field("kid", "Key id", only="new", code=True), Field("kty", "Kind", only="new")),
    actions=(
        Action("deactivate", "Deactivate", "/lifecycle/deactivate", when=frozenset({"ACTIVE"}), danger=True),
        Action("activate", "Activate", "/lifecycle/activate", when=frozenset({"INACTIVE"})),
    ),
    removal="Assertions that it signs are refused.",
    empty="It has none. Public keys of applications that authenticate with their private one stand here.",
    guide="clients-and-apps.md",
    in_list=True,
    asks_name=False,
    steps=(
        "Add the new public key: both are good.",
        "Have the application sign with the new one.",
        "Deactivate the old one. If something still used it, activate it again.",
        "Delete the old one.",
    ),
    step=_rotation_step,
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
    makes=(Field("scopeId", "Scope", "choice", options=[(scope, scope) for scope in sorted(ADMIN_SCOPES)]),),
    base={"issuer": BASE_URL},
    fields=(Field("scopeId", "Scope", only="new", code=True), Field("created", "Given", only="new")),
    removal="It cannot use this part of the management API any more.",
    empty="It may not use the management API.",
    guide="configuration-as-code.md",
    asks_name=False,
)
PEOPLE_COLUMNS: Final = (
    Column("Username", "profile.login"),
    Column("Name", lambda user: f"{user['profile'].get('firstName') or ''} {user['profile'].get('lastName') or ''}"),
    Column("Status", "status"),
)
GROUP_COLUMNS: Final = (Column("Name", "profile.name"), Column("Description", "profile.description"))
APP_USERS: Final = Family(
    "/apps/{app}/users",
    "/api/v1/apps/{app}/users",
    "People",
    "person",
    "applications",
    columns=(
        Column("Username", "_embedded.user.profile.login"),
        Column("Name at the application", "credentials.userName"),
        Column("Since", "created"),
    ),
    name="credentials.userName",
    replaces="POST",
    query="expand=user",
    picks=Pick("/api/v1/users", PEOPLE_COLUMNS, "Assign", method="POST"),
    fields=(
        Field("credentials.userName", "Name at the application", least=True),
        Field("profile", "Profile", "json", hint="Claims can read it."),
    ),
    removal="The person cannot use it any more.",
    empty="Assign people, or groups of them.",
    guide="clients-and-apps.md",
    asks_name=False,
)
APP_GROUPS: Final = Family(
    "/apps/{app}/groups",
    "/api/v1/apps/{app}/groups",
    "Groups",
    "group",
    "applications",
    columns=(
        Column("Group", lambda one: one["_name"] or one["id"]),
        Column("Order", "priority"),
        Column("Since", "lastUpdated"),
    ),
    name="id",
    names=("/api/v1/groups/{id}", "profile.name"),
    replaces="PUT",
    picks=Pick("/api/v1/groups", GROUP_COLUMNS, "Assign"),
    fields=(
        Field("priority", "Order", "number", hint="The first group of somebody decides about the profile."),
        Field("profile", "Profile", "json", hint="Claims can read it."),
    ),
    removal="Its members cannot use it any more.",
    empty="Assign groups, or people one by one.",
    guide="clients-and-apps.md",
    asks_name=False,
)
REFRESH_TOKENS: Final = Family(
    "/apps/{app}/refresh-tokens",
    "/api/v1/apps/{app}/tokens",
    "Refresh tokens",
    "refresh token",
    "applications",
    columns=(
        Column("Id", "id"),
        Column("Of", "userId"),
        Column("Scopes", "scopes"),
        Column("Since", "created"),
        Column("Ends", "expiresAt"),
    ),
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
FAMILIES: Final = (APPS, SECRETS, JWKS, GRANTS, APP_USERS, APP_GROUPS, REFRESH_TOKENS)
