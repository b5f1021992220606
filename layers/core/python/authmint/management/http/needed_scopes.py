"""Which ``okta.*`` scope an operation needs (docs/protocol.md §24.2)."""

import re
from typing import Final

#: By the path's beginning; longer ones first. ``{0}`` is ``read`` or ``manage``.
_FAMILIES: Final = (
    ("/api/v1/authorizationServers", "okta.authorizationServers.{0}"),
    ("/api/v1/meta/types/user", "okta.userTypes.{0}"),
    ("/api/v1/meta", "okta.schemas.{0}"),
    ("/api/v1/mappings", "okta.profileMappings.{0}"),
    ("/api/v1/internal/apps", "okta.apps.{0}"),
    ("/api/v1/apps", "okta.apps.{0}"),
    ("/api/v1/idps", "okta.idps.{0}"),
    ("/api/v1/zones", "okta.networkZones.{0}"),
    ("/api/v1/behaviors", "okta.behaviors.{0}"),
    ("/api/v1/threats", "okta.threatInsights.{0}"),
    ("/api/v1/users", "okta.users.{0}"),
    ("/api/v1/sessions", "okta.sessions.{0}"),
    ("/api/v1/groups", "okta.groups.{0}"),
    ("/api/v1/trustedOrigins", "okta.trustedOrigins.{0}"),
    ("/api/v1/authenticators", "okta.authenticators.{0}"),
    # Who signed in, and from where, is what the log says.
    ("/api/v1/policies/analysis/sign-ins", "okta.logs.read"),
    ("/api/v1/policies", "okta.policies.{0}"),
    ("/api/v1/api-tokens", "okta.apiTokens.{0}"),
    ("/api/v1/brands", "okta.brands.{0}"),
    ("/api/v1/org", "okta.orgs.{0}"),
    ("/api/v1/inlineHooks", "okta.inlineHooks.{0}"),
    ("/api/v1/eventHooks", "okta.eventHooks.{0}"),
    ("/api/v1/logs", "okta.logs.{0}"),
    ("/api/v1/usage", "okta.logs.{0}"),
    ("/api/v1/iam", "okta.roles.{0}"),
    ("/oauth2/v1/global-token-revocation", "okta.universalLogout.manage"),
)
#: These change nothing, whatever their method.
_SIMULATIONS: Final = frozenset(
    {
        "/api/v1/groups/rules/explain",
        "/api/v1/policies/analysis/people",
        "/api/v1/policies/explain",
        "/api/v1/policies/simulate",
    }
)
_MAPPING_PREVIEW: Final = re.compile(r"/api/v1/mappings/[^/]+/preview")
_CLIENTS: Final = "/oauth2/v1/clients"
#: Linking somebody to a provider changes how they sign in.
_LINKS: Final = re.compile(r"/api/v1/idps/[^/]+/users/[^/]+")
#: Roles have a scope of their own, whoever holds them.
_ROLES: Final = re.compile(r"(/api/v1/users|/api/v1/groups|/oauth2/v1/clients)/[^/]+/roles(/.*)?")


def needed_scope(method: str, path: str) -> str | None:
    """The scope; ``None`` where no access token reaches the operation, however many scopes it has."""
    asks = path in _SIMULATIONS or _MAPPING_PREVIEW.fullmatch(path) is not None
    right = "read" if method in {"GET", "HEAD"} or asks else "manage"
    if _ROLES.fullmatch(path):
        return f"okta.roles.{right}"
    if path == _CLIENTS and method == "POST":
        return "okta.clients.register"
    if path == _CLIENTS or path.startswith(f"{_CLIENTS}/"):
        return f"okta.clients.{right}"
    if method == "POST" and _LINKS.fullmatch(path):
        return "okta.users.manage"
    for prefix, scope in _FAMILIES:
        if path == prefix or path.startswith(f"{prefix}/"):
            return _within(prefix, path, scope).format(right)
    return None


def _within(prefix: str, path: str, scope: str) -> str:
    """The scope of what has one of its own below something else."""
    if prefix == "/api/v1/brands" and path.partition("/templates/email")[1]:
        return "okta.templates.{0}"
    if prefix == "/api/v1/apps" and path.partition("/grants")[1]:
        return "okta.appGrants.{0}"
    return "okta.userRisk.{0}" if prefix == "/api/v1/users" and path.endswith("/risk") else scope
