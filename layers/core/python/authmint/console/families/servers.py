"""Authorization servers and what stands below one."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from ..claim_trial import CLAIM_TRIAL
from ..fields import Field
from ..resources import Action, Column, Family, Tab
from ..visit import Visit

_ACTIVE, _INACTIVE = frozenset({"ACTIVE"}), frozenset({"INACTIVE"})
SWITCHES: Final = (
    Action("deactivate", "Deactivate", "/lifecycle/deactivate", when=_ACTIVE, danger=True),
    Action("activate", "Activate", "/lifecycle/activate", when=_INACTIVE),
)
SERVER_TABS: Final = (
    Tab("Scopes", "/scopes"),
    Tab("Claims", "/claims"),
    Tab("Access policies", "/policies"),
    Tab("Keys", "/keys"),
    Tab("Token preview", "/preview"),
    Tab("Security", "/security"),
    Tab("Analysis", "/analysis"),
    Tab("Resources", "/resources"),
    Tab("Clients with tokens", "/clients"),
    Tab("Clients by their document", "/metadata-clients"),
    Tab("Copies of documents", "/metadata-documents"),
    Tab("Clients that registered themselves", "/dynamic-clients"),
    Tab("Registration tokens", "/registration-tokens"),
    Tab("Trusted servers", "/trusted-servers"),
    Tab("Trusted issuers", "/trusted-issuers"),
)
_SERVER: Final = "/api/v1/authorizationServers"
_BELOW: Final = _SERVER + "/{server}"


#: Days.
_LATELY: Final = 30


def _clients(visit: Visit, server: Mapping[str, Any]) -> str:
    found = visit.api.get(f"/api/v1/usage?since={visit.days_ago(_LATELY)}&server={quote(server['id'], safe='')}")
    count = sum(group["clients"] for group in found["groups"])
    return visit.t("Clients that had tokens from it in the last 30 days: {count}", count=count)


def tokens_by(name: str) -> Callable[[Visit, Mapping[str, Any]], str]:
    """How many tokens there were lately with this client, policy or rule."""

    def tokens(visit: Visit, item: Mapping[str, Any]) -> str:
        found = visit.api.get(f"/api/v1/usage?since={visit.days_ago(_LATELY)}&{name}={quote(item['id'], safe='')}")
        count = sum(group["tokens"] for group in found["groups"])
        return visit.t("Tokens by it in the last 30 days: {count}", count=count)

    return tokens


SERVERS: Final = Family(
    "/servers",
    _SERVER,
    "Authorization servers",
    "authorization server",
    "servers",
    columns=(
        Column("Name", "name"),
        Column("Audience", "audiences"),
        Column("Issuer", "issuer"),
        Column("Status", "status"),
    ),
    makes=(
        Field("name", "Name", least=True),
        Field("audiences", "Audience", "list", least=True, hint="What APIs look for in tokens: the URI of yours."),
        Field("description", "Description", "area"),
    ),
    fields=(
        Field("name", "Name", least=True),
        Field("audiences", "Audience", "list", least=True, hint="What APIs look for in tokens: the URI of yours."),
        Field("description", "Description", "area"),
        Field("issuer", "Issuer", only="new", code=True),
        Field(
            "issuerMode",
            "Issuer mode",
            "choice",
            options=(
                ("ORG_URL", "address of the deployment"),
                ("CUSTOM_URL", "own domain"),
                ("DYNAMIC", "as it is called"),
            ),
        ),
        Field(
            "credentials.signing.rotationMode",
            "Keys are rotated",
            "choice",
            options=(("AUTO", "by the schedule"), ("MANUAL", "by hand")),
        ),
        Field(
            "credentials.signing.alg",
            "Tokens are signed with",
            "choice",
            options=(("RS256", "RS256"), ("ES256", "ES256"), ("PS256", "PS256"), ("EdDSA", "EdDSA")),
        ),
    ),
    actions=SWITCHES,
    search="q",
    removal="Every token of this server stops working, and its clients get none any more.",
    empty="Make one: it is a security boundary of its own, with its own keys, scopes and policies.",
    guide="servers-and-policies.md",
    tabs=SERVER_TABS,
    used=_clients,
)

SCOPES: Final = Family(
    "/servers/{server}/scopes",
    _BELOW + "/scopes",
    "Scopes",
    "scope",
    "servers",
    columns=(
        Column("Name", "name"),
        Column("Title", "displayName"),
        Column("Consent", "consent"),
        Column("Default", "default"),
    ),
    makes=(
        Field("name", "Name", least=True, code=True),
        Field("displayName", "Title", hint="People read it when they are asked."),
        Field("description", "Description", "area"),
        Field(
            "consent",
            "People are asked",
            "choice",
            options=(
                ("IMPLICIT", "never"),
                ("REQUIRED", "before it is given"),
                ("FLEXIBLE", "where the app asks for it"),
            ),
        ),
        Field("optional", "People may leave it out", "flag"),
        Field("default", "Given where a request names no scope", "flag"),
        Field(
            "metadataPublish",
            "Shown in the server's documents",
            "choice",
            options=(("NO_CLIENTS", "no"), ("ALL_CLIENTS", "yes")),
        ),
    ),
    search="q",
    removal="Requests that name it are refused, and rules that name it match no more.",
    empty="Make one for each thing that an API lets clients do.",
    guide="servers-and-policies.md",
)

CLAIMS: Final = Family(
    "/servers/{server}/claims",
    _BELOW + "/claims",
    "Claims",
    "claim",
    "servers",
    columns=(
        Column("Name", "name"),
        Column("In", "claimType"),
        Column("Value", "value"),
        Column("Scopes", "conditions.scopes"),
        Column("Status", "status"),
    ),
    makes=(
        Field("name", "Name", least=True, code=True),
        Field("claimType", "In", "choice", options=(("RESOURCE", "access tokens"), ("IDENTITY", "ID tokens"))),
        Field(
            "valueType",
            "Its value is",
            "choice",
            options=(("EXPRESSION", "an expression"), ("GROUPS", "a list of groups")),
        ),
        Field("value", "Value", least=True, code=True, hint="Of groups: what their names are compared with."),
        Field(
            "group_filter_type",
            "Names of groups",
            "choice",
            options=(
                ("", "–"),
                ("STARTS_WITH", "start with it"),
                ("EQUALS", "are it"),
                ("CONTAINS", "contain it"),
                ("REGEX", "match it"),
            ),
        ),
        Field("conditions.scopes", "Only with these scopes", "list", hint="One on each line; none: with any."),
        Field("alwaysIncludeInToken", "Always in the token itself", "flag"),
    ),
    removal="Tokens that are made from now on do not have it.",
    guide="claims-and-expressions.md",
    trial=CLAIM_TRIAL,
)

POLICIES: Final = Family(
    "/servers/{server}/policies",
    _BELOW + "/policies",
    "Access policies",
    "access policy",
    "servers",
    columns=(
        Column("Name", "name"),
        Column("Order", "priority"),
        Column("Clients", "conditions.clients.include"),
        Column("Status", "status"),
    ),
    makes=(
        Field("name", "Name", least=True),
        Field("description", "Description", "area", least=True),
        Field("priority", "Order", "number", hint="The first policy that fits a client decides."),
        Field(
            "conditions.clients.include", "Clients", "list", least=True, hint="Ids, one on each line, or ALL_CLIENTS."
        ),
    ),
    base={"type": "OAUTH_AUTHORIZATION_POLICY"},
    ordered=True,
    actions=SWITCHES,
    removal="Clients that only this policy lets in get no tokens any more.",
    empty="Without a policy nobody gets a token. Make one for the clients that should.",
    guide="servers-and-policies.md",
    tabs=(Tab("Rules", "/rules"),),
    used=tokens_by("policy"),
)

RULES: Final = Family(
    "/servers/{server}/policies/{policy}/rules",
    _BELOW + "/policies/{policy}/rules",
    "Rules",
    "rule",
    "servers",
    columns=(
        Column("Name", "name"),
        Column("Order", "priority"),
        Column("Grant types", "conditions.grantTypes.include"),
        Column("Scopes", "conditions.scopes.include"),
        Column("Status", "status"),
    ),
    makes=(
        Field("name", "Name", least=True),
        Field("priority", "Order", "number", hint="The first rule that fits a request decides."),
        Field(
            "conditions.grantTypes.include",
            "Grant types",
            "list",
            least=True,
            hint="authorization_code, client_credentials, password, implicit, device_code … one on each line.",
        ),
        Field("conditions.scopes.include", "Scopes", "list", least=True, hint="Names, one on each line; *: all."),
        Field(
            "conditions.people.groups.include",
            "Groups",
            "list",
            hint="Ids, or EVERYONE; needed for grants with people.",
        ),
        Field("conditions.people.users.include", "People", "list", hint="Ids."),
        Field("actions.token.accessTokenLifetimeMinutes", "Access tokens live, minutes", "number"),
        Field(
            "actions.token.refreshTokenLifetimeMinutes",
            "Refresh tokens live, minutes",
            "number",
            hint="0: without end.",
        ),
        Field("actions.token.refreshTokenWindowMinutes", "Unused refresh tokens live, minutes", "number"),
        Field(
            "actions.token.inlineHook",
            "Inline hook",
            "choice",
            options=(("", "–"),),
            source=("/api/v1/inlineHooks?type=com.okta.oauth2.tokens.transform", "name"),
            shows=lambda hook: hook.get("id"),
            reads=lambda identity: {"id": identity},
            aside=True,
        ),
    ),
    base={"type": "RESOURCE_ACCESS"},
    ordered=True,
    actions=SWITCHES,
    removal="Requests that only this rule lets through are refused.",
    empty="Without a rule the policy gives nothing.",
    guide="servers-and-policies.md",
    used=tokens_by("rule"),
)

RESOURCES: Final = Family(
    "/servers/{server}/resources",
    _BELOW + "/resources",
    "Resources",
    "resource",
    "servers",
    columns=(
        Column("Resource", "resource"),
        Column("Name", "name"),
        Column("Scopes", "scopes"),
        Column("Status", "status"),
    ),
    name="resource",
    makes=(
        Field("resource", "Resource", least=True, only="new", code=True, hint="The URI that clients name."),
        Field("name", "Name"),
        Field("scopes", "Scopes", "list", hint="One on each line; none: all."),
        Field("default", "Where a request names none", "flag"),
    ),
    removal="Tokens for it are given no more.",
    guide="servers-and-policies.md",
)

FAMILIES: Final = (SERVERS, SCOPES, CLAIMS, POLICIES, RULES, RESOURCES)
