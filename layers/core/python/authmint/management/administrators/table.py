"""What each role may do (docs/protocol.md §35.2), and to which row of it each operation belongs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, cast

from ...storage.roles import RoleType

#: Nothing, read, read and revoke, read and write; each covers those before it.
Right = Literal["-", "R", "D", "W"]
Family = str

ROLES: Final[tuple[RoleType, ...]] = (
    "SUPER_ADMIN", "ORG_ADMIN", "API_ACCESS_MANAGEMENT_ADMIN", "APP_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN",
    "HELP_DESK_ADMIN", "READ_ONLY_ADMIN", "REPORT_ADMIN",
)  # fmt: skip
#: One row a family, one column a role, in the order of ``ROLES``. A ``*``: only over the role's targets, if it has any.
_TABLE: Final = """
                    SUPER  ORG  API  APP  USER  MEMBERSHIP  HELPDESK  READONLY  REPORT
servers             W      R    W    -    -     -           -         R         -
previews            R      R    R    -    -     -           -         R         -
apps                W      -    W    W*   -     -           -         R         -
app_secrets         W      -    W    W*   -     -           -         -         -
app_scopes          W      R    R    R*   -     -           -         R         -
clients             W      R    W    W*   -     -           -         R         -
assignments         W      -    W    W*   -     -           -         R         -
tokens              W      W    W    W*   -     -           -         R         -
users               W      W    R    R    R*    R           R*        R         -
user_changes        W      W    -    -    W*    -           -         -         -
lifecycle           W      W    -    -    W*    -           -         -         -
credentials         W      W    -    -    W*    -           W*        -         -
universal_logout    W      W    -    -    -     -           -         -         -
groups              W      W    R    R    R*    R           R*        R         -
group_changes       W      W    -    -    -     -           -         -         -
group_profiles      W      W    -    -    W*    -           -         -         -
members             W      W    -    -    W*    W*          -         -         -
group_rules         W      W    -    -    -     -           -         R         -
schemas             W      W    -    W    -     -           -         R         -
app_schemas         W      W    W    W    -     -           -         R         -
mappings            W      R    W    W    -     -           -         R         -
authenticators      W      W    -    -    -     -           -         R         -
people_policies     W      R    -    -    -     -           -         R         -
password_policies   W      W    -    -    -     -           -         R         -
access_policies     W      R    -    W*   -     -           -         R         -
zones               W      W    -    -    -     -           -         R         -
idps                W      W    -    -    -     -           -         R         -
idp_links           W      W    -    -    -     -           -         R         -
risk                R      R    -    -    -     -           -         R         -
risk_changes        W      W    -    -    -     -           -         -         -
org                 W      W    -    -    -     -           -         R         -
hooks               W      -    -    -    -     -           -         -         -
logs                R      R    R    R    -     -           -         R         R
reports             R      R    -    -    -     -           -         R         R
own_api_tokens      W      W    -    -    W     W           D         W         -
api_tokens          W      W    -    -    R*    -           D*        -         -
roles               W      -    -    -    -     -           -         -         -
scim                W      W    -    -    -     -           -         -         -
"""
_RANK: Final[Mapping[Right, int]] = {"-": 0, "R": 1, "D": 2, "W": 3}
#: Who may read these may see whether an object of the others is there.
_SEEN_BY: Final[Mapping[Family, Family]] = {
    "app_secrets": "apps",
    "user_changes": "users",
    "lifecycle": "users",
    "credentials": "users",
    "group_changes": "groups",
    "group_profiles": "groups",
    "members": "groups",
    "risk_changes": "risk",
}


@dataclass(frozen=True)
class Cell:
    """What one role may do in one family. ``narrowed``: only over its targets, where it has any."""

    right: Right
    narrowed: bool

    def covers(self, right: Right) -> bool:
        """Whether it is enough for what needs a right."""
        return _RANK[self.right] >= _RANK[right]


def _parsed(table: str) -> Mapping[Family, Mapping[RoleType, Cell]]:
    rows = [line.split() for line in table.strip().splitlines()[1:]]
    return {
        family: {
            role: Cell(cast("Right", cell[0]), cell.endswith("*")) for role, cell in zip(ROLES, cells, strict=True)
        }
        for family, *cells in rows
    }


TABLE: Final = _parsed(_TABLE)


@dataclass(frozen=True)
class Needed:
    """What an operation needs of a role."""

    family: Family
    right: Right

    @property
    def seen_by(self) -> Family:
        """The family by which its object is seen."""
        return _SEEN_BY.get(self.family, self.family)


#: Beginnings of templates, longer ones first: the family of what only reads, and of what changes.
_PLACES: Final = (
    ("/api/v1/authorizationServers/{}/tokens/preview", "previews", "previews"),
    ("/api/v1/authorizationServers/{}/claims/preview", "previews", "previews"),
    ("/api/v1/authorizationServers/{}/analysis", "previews", "previews"),
    ("/api/v1/authorizationServers/{}/clients", "tokens", "tokens"),
    ("/api/v1/authorizationServers", "servers", "servers"),
    ("/api/v1/apps/{}/credentials/secrets", "app_secrets", "app_secrets"),
    ("/api/v1/apps/{}/grants", "app_scopes", "app_scopes"),
    ("/api/v1/apps/{}/tokens", "tokens", "tokens"),
    ("/api/v1/apps/{}/users", "assignments", "assignments"),
    ("/api/v1/apps/{}/groups", "assignments", "assignments"),
    ("/api/v1/apps/{}/policies", "access_policies", "access_policies"),
    ("/api/v1/apps", "apps", "apps"),
    ("/api/v1/internal/apps", "apps", "apps"),
    ("/oauth2/v1/clients/{}/roles", "roles", "roles"),
    ("/oauth2/v1/clients", "clients", "clients"),
    ("/oauth2/v1/global-token-revocation", "universal_logout", "universal_logout"),
    ("/api/v1/policies/simulate", "previews", "previews"),
    ("/api/v1/policies/explain", "previews", "previews"),
    ("/api/v1/policies/analysis", "previews", "previews"),
    ("/api/v1/policies", "policies", "policies"),
    ("/api/v1/idps/{}/users", "idp_links", "idp_links"),
    ("/api/v1/idps", "idps", "idps"),
    ("/api/v1/zones", "zones", "zones"),
    ("/api/v1/behaviors", "zones", "zones"),
    ("/api/v1/threats", "zones", "zones"),
    ("/api/v1/users/{}/roles", "roles", "roles"),
    ("/api/v1/users/{}/risk", "risk", "risk_changes"),
    ("/api/v1/users/{}/grants", "tokens", "tokens"),
    ("/api/v1/users/{}/clients", "tokens", "tokens"),
    ("/api/v1/users/{}/lifecycle/activate", "users", "lifecycle"),
    ("/api/v1/users/{}/lifecycle/reactivate", "users", "lifecycle"),
    ("/api/v1/users/{}/lifecycle/deactivate", "users", "lifecycle"),
    ("/api/v1/users/{}/lifecycle/suspend", "users", "lifecycle"),
    ("/api/v1/users/{}/lifecycle/unsuspend", "users", "lifecycle"),
    ("/api/v1/users/{}/lifecycle", "users", "credentials"),
    ("/api/v1/users/{}/credentials", "users", "credentials"),
    ("/api/v1/users/{}/behaviors", "users", "credentials"),
    ("/api/v1/users/{}/sessions", "users", "credentials"),
    ("/api/v1/users/{}/factors", "users", "credentials"),
    ("/api/v1/users/{}/recoveryCodes", "users", "credentials"),
    ("/api/v1/users/{}/authenticator-enrollments", "users", "credentials"),
    ("/api/v1/users/{}/blocks", "users", "credentials"),
    ("/api/v1/users", "users", "user_changes"),
    ("/api/v1/sessions", "users", "credentials"),
    ("/api/v1/groups/rules/explain", "previews", "previews"),
    ("/api/v1/groups/rules", "group_rules", "group_rules"),
    ("/api/v1/groups/{}/roles", "roles", "roles"),
    ("/api/v1/groups/{}/users", "groups", "members"),
    ("/api/v1/groups/{}/apps", "assignments", "assignments"),
    ("/api/v1/groups", "groups", "group_changes"),
    ("/api/v1/meta/schemas/apps", "app_schemas", "app_schemas"),
    ("/api/v1/meta", "schemas", "schemas"),
    ("/api/v1/mappings/{}/preview", "previews", "previews"),
    ("/api/v1/mappings", "mappings", "mappings"),
    ("/api/v1/authenticators", "authenticators", "authenticators"),
    ("/api/v1/org/factors", "authenticators", "authenticators"),
    ("/api/v1/org", "org", "org"),
    ("/api/v1/trustedOrigins", "org", "org"),
    ("/api/v1/brands", "org", "org"),
    ("/api/v1/inlineHooks", "hooks", "hooks"),
    ("/api/v1/eventHooks", "hooks", "hooks"),
    ("/api/v1/api-tokens", "api_tokens", "api_tokens"),
    ("/api/v1/logs", "logs", "logs"),
    ("/api/v1/usage", "reports", "reports"),
    ("/api/v1/iam", "roles", "roles"),
)
_PARAMETER: Final = re.compile(r"\{\w+\}")


#: The family of each type of policies of people. The operations of all of them belong to ``POLICIES``.
POLICIES: Final = "policies"
OF_POLICIES: Final[Mapping[str, Family]] = {
    "OKTA_SIGN_ON": "people_policies",
    "PROFILE_ENROLLMENT": "people_policies",
    "MFA_ENROLL": "people_policies",
    "PASSWORD": "password_policies",
    "IDP_DISCOVERY": "password_policies",
    "ACCESS_POLICY": "access_policies",
}
#: These ask, whatever their method.
_QUESTIONS: Final = frozenset({"previews"})


@cache
def needed(method: str, template: str) -> Needed:
    """What an operation needs.

    Raises:
        LookupError: The operation belongs to no family.
    """
    path = _PARAMETER.sub("{}", template)
    place = next((one for one in _PLACES if path == one[0] or path.startswith(f"{one[0]}/")), None)
    if place is None:
        raise LookupError(f"{method} {template} belongs to no family of operations")
    _, reading, changing = place
    if method == "GET" or changing in _QUESTIONS:
        return Needed(reading, "R")
    if (method, path) == ("PUT", "/api/v1/groups/{}"):
        return Needed("group_profiles", "W")
    return Needed(changing, "D" if changing == "api_tokens" and method == "DELETE" else "W")
