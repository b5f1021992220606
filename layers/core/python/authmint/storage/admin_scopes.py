"""The ``okta.*`` scopes: what a token of the org server may do in the management API (docs/protocol.md §24.2)."""

from typing import Final

_MANAGED: Final = (
    "apiTokens",
    "appGrants",
    "apps",
    "authenticators",
    "authorizationServers",
    "behaviors",
    "brands",
    "clients",
    "groups",
    "idps",
    "networkZones",
    "orgs",
    "policies",
    "profileMappings",
    "roles",
    "schemas",
    "sessions",
    "threatInsights",
    "templates",
    "trustedOrigins",
    "userRisk",
    "userTypes",
    "users",
)
#: Parts of one's own account that an application can be let at by the user whose it is.
_OWN: Final = ("authenticators", "email", "password", "profile", "sessions", "webauthn")
OWN_ACCOUNT_SCOPES: Final = frozenset(
    [f"okta.myAccount.{part}.{right}" for part in _OWN for right in ("read", "manage")]
    + ["okta.myAccount.organization.read"]
)
ADMIN_SCOPES: Final = frozenset(
    [f"okta.{resource}.{right}" for resource in _MANAGED for right in ("read", "manage")]
    + ["okta.clients.register", "okta.logs.read", "okta.users.read.self", "okta.users.manage.self"]
    + ["okta.universalLogout.manage"]
).union(OWN_ACCOUNT_SCOPES)


def satisfied_by(scope: str) -> frozenset[str]:
    """The scopes of which one is enough where ``scope`` is needed: ``.manage`` covers the others."""
    resource, _, *own = scope.removeprefix("okta.").split(".")
    return frozenset({scope, ".".join(["okta", resource, "manage", *own])})


def own_account_scopes(scope: str) -> frozenset[str]:
    """The same of a scope of one's own account."""
    return frozenset({scope, f"{scope.rpartition('.')[0]}.manage"})
