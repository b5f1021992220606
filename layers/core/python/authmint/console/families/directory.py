"""People and groups."""

from typing import Final

from ..fields import Field
from ..resources import Action, Column, Family, Tab

_PROFILE: Final = (
    Field("profile.login", "Username", least=True),
    Field("profile.email", "Address", least=True),
    Field("profile.firstName", "First name", least=True),
    Field("profile.lastName", "Last name", least=True),
)
_USER: Final = "/lifecycle"

USERS: Final = Family(
    "/users",
    "/api/v1/users",
    "People",
    "person",
    "directory",
    columns=(
        Column("Username", "profile.login"),
        Column(
            "Name", lambda user: f"{user['profile'].get('firstName') or ''} {user['profile'].get('lastName') or ''}"
        ),
        Column("Status", "status"),
        Column("Last sign-in", "lastLogin"),
    ),
    name="profile.login",
    makes=(*_PROFILE, Field("credentials.password.value", "Password", "password", hint="Left empty, they choose one.")),
    fields=(*_PROFILE, Field("profile", "Everything that is known", "json", only="new")),
    actions=(
        Action(
            "activate",
            "Activate",
            "/lifecycle/activate?sendEmail=false",
            when=frozenset({"STAGED", "DEPROVISIONED"}),
            shows=True,
        ),
        Action("suspend", "Suspend", "/lifecycle/suspend", when=frozenset({"ACTIVE"}), danger=True),
        Action("unsuspend", "Take back the suspension", "/lifecycle/unsuspend", when=frozenset({"SUSPENDED"})),
        Action("unlock", "Unlock", "/lifecycle/unlock", when=frozenset({"LOCKED_OUT"})),
        Action(
            "reset_password",
            "Let them choose a new password",
            "/lifecycle/reset_password?sendEmail=false",
            when=frozenset({"ACTIVE", "RECOVERY", "LOCKED_OUT", "PASSWORD_EXPIRED"}),
            shows=True,
        ),
        Action(
            "expire_password",
            "Have the password changed at the next sign-in",
            "/lifecycle/expire_password",
            when=frozenset({"ACTIVE"}),
        ),
        Action("reset_factors", "Take away all factors", "/lifecycle/reset_factors", danger=True),
        Action("sign_out", "End all sessions and tokens", "/sessions?oauthTokens=true", "DELETE", danger=True),
        Action(
            "deactivate",
            "Deactivate",
            "/lifecycle/deactivate",
            when=frozenset(
                {"ACTIVE", "STAGED", "PROVISIONED", "SUSPENDED", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY"}
            ),
            danger=True,
        ),
    ),
    replaces="POST",
    search="q",
    removal="They cannot sign in any more; what is known of them is gone.",
    empty="Make the first one.",
    guide="people-and-sign-on.md",
    tabs=(Tab("Factors", "/factors"), Tab("Groups", "/groups"), Tab("Roles", "/roles"), Tab("Consents", "/grants")),
)
GROUPS: Final = Family(
    "/groups",
    "/api/v1/groups",
    "Groups",
    "group",
    "directory",
    columns=(Column("Name", "profile.name"), Column("Description", "profile.description"), Column("Kind", "type")),
    name="profile.name",
    makes=(Field("profile.name", "Name", least=True), Field("profile.description", "Description", "area")),
    fields=(Field("profile.name", "Name", least=True), Field("profile.description", "Description", "area")),
    search="q",
    removal="What its members had by it they have no more.",
    empty="Make one, and rules and applications can be for its members.",
    guide="people-and-sign-on.md",
    tabs=(Tab("Members", "/users"), Tab("Roles", "/roles")),
)
FACTORS: Final = Family(
    "/users/{user}/factors",
    "/api/v1/users/{user}/factors",
    "Factors",
    "factor",
    "directory",
    columns=(
        Column("Kind", "factorType"),
        Column("Provider", "provider"),
        Column("Status", "status"),
        Column("Since", "created"),
    ),
    name="factorType",
    replaces="",
    fields=(Field("profile", "Profile", "json", only="new"),),
    removal="They cannot sign in with it any more.",
    guide="strong-sign-in.md",
)
MEMBERS: Final = Family(
    "/groups/{group}/users",
    "/api/v1/groups/{group}/users",
    "Members",
    "member",
    "directory",
    columns=(Column("Username", "profile.login"), Column("Status", "status")),
    name="profile.login",
    replaces="",
    item_api="/api/v1/users/{id}",
    removes=False,
    fields=(Field("profile", "Profile", "json", only="new"),),
    guide="people-and-sign-on.md",
)
_ROLES: Final = tuple(
    (role, role)
    for role in (
        "SUPER_ADMIN", "ORG_ADMIN", "API_ACCESS_MANAGEMENT_ADMIN", "APP_ADMIN", "USER_ADMIN",
        "GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN", "READ_ONLY_ADMIN", "REPORT_ADMIN",
    )
)  # fmt: skip


def _roles(path: str, api: str) -> Family:
    return Family(
        path,
        api,
        "Roles",
        "role",
        "directory",
        columns=(Column("Role", "label"), Column("By", "assignmentType"), Column("Since", "created")),
        name="type",
        replaces="",
        makes=(Field("type", "Role", "choice", options=_ROLES),),
        fields=(Field("label", "Role", only="new"), Field("type", "Type", only="new", code=True)),
        removal="What it allowed is not allowed any more.",
        guide="administrators.md",
    )


FAMILIES: Final = (
    USERS,
    GROUPS,
    FACTORS,
    MEMBERS,
    _roles("/users/{user}/roles", "/api/v1/users/{user}/roles"),
    _roles("/groups/{group}/roles", "/api/v1/groups/{group}/roles"),
)
