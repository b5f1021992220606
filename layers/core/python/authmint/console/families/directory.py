"""People and groups."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from ..errors import ApiProblem
from ..fields import Field, Kind
from ..resources import Action, Column, Family, Pick, Tab
from ..visit import Visit
from .applications import GROUP_COLUMNS, PEOPLE_COLUMNS

_BASICS: Final = ("login", "email", "firstName", "lastName")
_PROFILE: Final = (
    Field("profile.login", "Username", least=True),
    Field("profile.email", "Address", least=True),
    Field("profile.firstName", "First name", least=True),
    Field("profile.lastName", "Last name", least=True),
)
_KINDS: Final[Mapping[str, Kind]] = {
    "boolean": "choice",
    "integer": "number",
    "number": "decimal",
    "array": "list",
    "object": "json",
}
_TRUTHS: Final = (("", "–"), ("true", "yes"), ("false", "no"))


def attribute_fields(schema: Mapping[str, Any], known: Sequence[str]) -> Sequence[Field]:
    """Fields for the attributes that a schema has beside those known: the deployment's own first."""
    found = []
    for part, aside in (("custom", False), ("base", True)):
        properties = schema.get("definitions", {}).get(part, {}).get("properties") or {}
        found += [_attribute(name, one, aside) for name, one in properties.items() if name not in known]
    return found


def _attribute(name: str, one: Mapping[str, Any], aside: bool) -> Field:
    kind = _KINDS.get(str(one.get("type")), "text")
    label, hint, path = str(one.get("title") or name), str(one.get("description") or ""), f"profile.{name}"
    hint = "" if hint == label else hint
    if kind == "choice":
        return Field(
            path, label, kind, hint, _TRUTHS, aside=aside, shows=lambda value: str(value).lower(), reads="true".__eq__
        )
    if one.get("enum") and kind == "text":
        options = [("", "–"), *((str(value), str(value)) for value in one["enum"])]
        return Field(path, label, "choice", hint, options, aside=aside)
    return Field(path, label, kind, hint, aside=aside)


def _of_user(visit: Visit, user: Mapping[str, Any] | None) -> Sequence[Field]:
    """The attributes of the user's type, where the administrator may see them."""
    link = ((user or {}).get("_links") or {}).get("schema", {}).get("href", "")
    try:
        schema = visit.api.get(urlsplit(link).path or "/api/v1/meta/schemas/user/default")
    except ApiProblem:
        return ()
    return attribute_fields(schema, _BASICS)


def _of_group(visit: Visit, _: Mapping[str, Any] | None) -> Sequence[Field]:
    try:
        schema = visit.api.get("/api/v1/meta/schemas/group/default")
    except ApiProblem:
        return ()
    return attribute_fields(schema, ("name", "description"))


def _action(name: str, label: str, when: str = "", *, query: str = "", ends: str = "", shows: bool = False) -> Action:
    """One of the lifecycle. ``when``: statuses. ``ends``: what does not come back by itself."""
    statuses, danger = frozenset(when.split()), bool(ends)
    return Action(name, label, f"/lifecycle/{name}{query}", when=statuses, danger=danger, ends=ends, shows=shows)


_OUT: Final = "They are signed out everywhere, and cannot sign in until this is taken back."
_BY_HAND: Final = "?sendEmail=false"
USERS: Final = Family(
    "/users",
    "/api/v1/users",
    "People",
    "person",
    "directory",
    columns=(*PEOPLE_COLUMNS, Column("Last sign-in", "lastLogin")),
    name="profile.login",
    makes=(
        *_PROFILE,
        Field("credentials.password.value", "Password", "password", hint="Left empty, they choose one."),
        Field("groupIds", "Groups", "choices", source=("/api/v1/groups?limit=200", "profile.name"), aside=True),
    ),
    fields=_PROFILE,
    more=_of_user,
    actions=(
        _action("activate", "Activate", "STAGED DEPROVISIONED", query=_BY_HAND, shows=True),
        _action("reactivate", "Begin the activation again", "PROVISIONED RECOVERY", query=_BY_HAND, shows=True),
        _action("suspend", "Suspend", "ACTIVE", ends=_OUT),
        _action("unsuspend", "Take back the suspension", "SUSPENDED"),
        _action("unlock", "Unlock", "LOCKED_OUT"),
        _action(
            "reset_password",
            "Let them choose a new password",
            "ACTIVE PROVISIONED RECOVERY LOCKED_OUT PASSWORD_EXPIRED",
            query=_BY_HAND,
            shows=True,
        ),
        _action("expire_password", "Have the password changed at the next sign-in", "ACTIVE"),
        _action(
            "expire_password_with_temp_password",
            "Give a password for once",
            "ACTIVE PASSWORD_EXPIRED",
            ends="Their password is replaced by one that works once.",
            shows=True,
        ),
        Action("recovery_codes", "Make recovery codes", "/recoveryCodes", when=frozenset({"ACTIVE"}), shows=True),
        _action(
            "reset_factors",
            "Take away all factors",
            "ACTIVE PASSWORD_EXPIRED RECOVERY LOCKED_OUT",
            ends="What they prove beside their password is gone: they have to set it up again.",
        ),
        Action("risk", "Their risk is high", "/risk", "PUT", body={"riskLevel": "HIGH"}),
        Action("no_risk", "Their risk is what is found", "/risk", "PUT", body={"riskLevel": "NONE"}),
        Action(
            "forget",
            "Every device and place is new again",
            "/behaviors/reset",
            danger=True,
            ends="Their next sign-in counts as one from a new device and place.",
        ),
        Action(
            "sign_out",
            "End all sessions and tokens",
            "/sessions?oauthTokens=true",
            "DELETE",
            danger=True,
            ends="They have to sign in again everywhere.",
        ),
        _action(
            "deactivate",
            "Deactivate",
            "ACTIVE STAGED PROVISIONED SUSPENDED LOCKED_OUT PASSWORD_EXPIRED RECOVERY",
            ends=_OUT,
        ),
    ),
    replaces="POST",
    search="q",
    views=(
        ("Locked out", 'filter=status eq "LOCKED_OUT"'),
        ("Suspended", 'filter=status eq "SUSPENDED"'),
        ("Deactivated", 'filter=status eq "DEPROVISIONED"'),
    ),
    removal="They cannot sign in any more; what is known of them is gone.",
    empty="Make the first one.",
    guide="people-and-sign-on.md",
    tabs=(
        Tab("Groups", "/groups"),
        Tab("Factors", "/factors"),
        Tab("Applications", "/clients"),
        Tab("Consents", "/grants"),
        Tab("Roles", "/roles"),
        Tab("Identity providers", "/idps"),
    ),
)
GROUPS: Final = Family(
    "/groups",
    "/api/v1/groups",
    "Groups",
    "group",
    "directory",
    columns=(*GROUP_COLUMNS, Column("Kind", "type")),
    name="profile.name",
    makes=(Field("profile.name", "Name", least=True), Field("profile.description", "Description", "area")),
    more=_of_group,
    search="q",
    removal="What its members had by it they have no more.",
    empty="Make one, and rules and applications can be for its members.",
    guide="people-and-sign-on.md",
    tabs=(Tab("Members", "/users"), Tab("Applications", "/apps"), Tab("Roles", "/roles")),
)
GROUP_APPS: Final = Family(
    "/groups/{group}/apps",
    "/api/v1/groups/{group}/apps",
    "Applications",
    "application",
    "directory",
    columns=(Column("Name", "label"), Column("Status", "status")),
    name="label",
    replaces="",
    removes=False,
    item_api="/api/v1/apps/{id}",
    leads="/apps/{id}",
    empty="It is assigned to none: assign it where the application is.",
    guide="clients-and-apps.md",
)
MEMBERS: Final = Family(
    "/groups/{group}/users",
    "/api/v1/groups/{group}/users",
    "Members",
    "member",
    "directory",
    columns=PEOPLE_COLUMNS,
    name="profile.login",
    replaces="",
    item_api="/api/v1/users/{id}",
    picks=Pick("/api/v1/users", PEOPLE_COLUMNS, "Add"),
    fields=(Field("profile", "Profile", "json", only="new"),),
    removal="They are taken out of the group, and stay people.",
    empty="Nobody is in it.",
    guide="people-and-sign-on.md",
    asks_name=False,
)
GROUPS_OF: Final = Family(
    "/users/{user}/groups",
    "/api/v1/users/{user}/groups",
    "Groups",
    "group",
    "directory",
    columns=(*GROUP_COLUMNS, Column("Kind", "type")),
    name="profile.name",
    replaces="",
    item_api="/api/v1/groups/{id}",
    own_api="/api/v1/groups/{id}/users/{user}",
    picks=Pick("/api/v1/groups", GROUP_COLUMNS, "Add"),
    fields=(Field("profile", "Profile", "json", only="new"),),
    removal="They are taken out of the group, and stay people.",
    guide="people-and-sign-on.md",
    asks_name=False,
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
    fields=(Field("factorType", "Kind", only="new"), Field("profile", "Profile", "json", only="new")),
    removal="They cannot sign in with it any more.",
    empty="They have none. People set them up themselves, on their own page.",
    guide="strong-sign-in.md",
)
CLIENTS_OF: Final = Family(
    "/users/{user}/clients",
    "/api/v1/users/{user}/clients",
    "Applications",
    "application",
    "directory",
    columns=(Column("Name", "client_name"), Column("Client id", "client_id")),
    name="client_name",
    identity="client_id",
    item_api="/oauth2/v1/clients/{id}",
    replaces="",
    removes=False,
    leads="/users/{user}/clients/{id}/tokens",
    fields=(Field("client_id", "Client id", only="new", code=True),),
    empty="They gave none anything, and none holds a token of theirs.",
    guide="people-and-sign-on.md",
)
TOKENS_OF: Final = Family(
    "/users/{user}/clients/{client}/tokens",
    "/api/v1/users/{user}/clients/{client}/tokens",
    "Refresh tokens",
    "refresh token",
    "directory",
    columns=(Column("Id", "id"), Column("Scopes", "scopes"), Column("Since", "created"), Column("Ends", "expiresAt")),
    name="id",
    replaces="",
    fields=(
        Field("issuer", "Issuer", only="new", code=True),
        Field("scopes", "Scopes", "list", only="new"),
        Field("created", "Since", only="new"),
        Field("expiresAt", "Ends", only="new"),
    ),
    removal="Whoever holds it has to sign in again.",
    empty="It holds none of theirs.",
    guide="people-and-sign-on.md",
    asks_name=False,
)
CONSENTS: Final = Family(
    "/users/{user}/grants",
    "/api/v1/users/{user}/grants",
    "Consents",
    "consent",
    "directory",
    columns=(
        Column("Scope", "scopeId"),
        Column("Client id", "clientId"),
        Column("Issuer", "issuer"),
        Column("Since", "created"),
    ),
    name="scopeId",
    replaces="",
    fields=(
        Field("scopeId", "Scope", only="new", code=True),
        Field("clientId", "Client id", only="new", code=True),
        Field("issuer", "Issuer", only="new", code=True),
    ),
    removal="They are asked again the next time.",
    empty="They were asked for nothing yet.",
    guide="people-and-sign-on.md",
    asks_name=False,
)
_ROLES: Final = (
    ("SUPER_ADMIN", "SUPER_ADMIN: everything"),
    ("ORG_ADMIN", "ORG_ADMIN: everything but roles and API tokens of others"),
    ("API_ACCESS_MANAGEMENT_ADMIN", "API_ACCESS_MANAGEMENT_ADMIN: authorization servers"),
    ("APP_ADMIN", "APP_ADMIN: applications, all or some"),
    ("USER_ADMIN", "USER_ADMIN: people and groups, all or some"),
    ("GROUP_MEMBERSHIP_ADMIN", "GROUP_MEMBERSHIP_ADMIN: who is in groups"),
    ("HELP_DESK_ADMIN", "HELP_DESK_ADMIN: passwords, locks and factors of people"),
    ("READ_ONLY_ADMIN", "READ_ONLY_ADMIN: looking at everything"),
    ("REPORT_ADMIN", "REPORT_ADMIN: looking at the log"),
)


def _roles(owner: str, api: str, section: str) -> Sequence[Family]:
    """Roles of somebody, and what they are limited to. ``owner``: a path with the name of an id."""
    path = f"{owner}/roles"
    roles = Family(
        path,
        f"{api}/roles",
        "Roles",
        "role",
        section,
        columns=(Column("Role", "label"), Column("By", "assignmentType"), Column("Since", "created")),
        name="label",
        replaces="",
        makes=(Field("type", "Role", "choice", options=_ROLES),),
        fields=(Field("label", "Role", only="new"), Field("type", "Type", only="new", code=True)),
        removal="What it allowed is not allowed any more.",
        empty="None: nothing can be administered.",
        guide="administrators.md",
        asks_name=False,
        tabs=(Tab("Limited to groups", "/groups"), Tab("Limited to applications", "/apps")),
    )
    role = f"{api}/roles/{{role}}/targets"
    groups = Family(
        f"{path}/{{role}}/groups",
        f"{role}/groups",
        "Limited to groups",
        "group",
        section,
        columns=GROUP_COLUMNS,
        name="profile.name",
        replaces="",
        item_api="/api/v1/groups/{id}",
        own_api=f"{role}/groups/{{id}}",
        picks=Pick("/api/v1/groups", GROUP_COLUMNS, "Add"),
        fields=(Field("profile", "Profile", "json", only="new"),),
        removal="The role is not for it any more. A role without a limit is for all.",
        empty="There is no limit: it is for all of them.",
        guide="administrators.md",
        asks_name=False,
    )
    apps = Family(
        f"{path}/{{role}}/apps",
        f"{role}/catalog/apps",
        "Limited to applications",
        "application",
        section,
        columns=(Column("Name", lambda one: one.get("displayName") or one["name"]), Column("Id", "id")),
        name="label",
        replaces="",
        item_api="/api/v1/apps/{id}",
        own_api=f"{role}/catalog/apps/oidc_client/{{id}}",
        picks=Pick("/api/v1/apps", (Column("Name", "label"), Column("Client id", "id")), "Add"),
        fields=(Field("label", "Name", only="new"),),
        removal="The role is not for it any more. A role without a limit is for all.",
        empty="There is no limit: it is for all of them.",
        guide="administrators.md",
        asks_name=False,
    )
    return roles, groups, apps


TYPES: Final = Family(
    "/types",
    "/api/v1/meta/types/user",
    "User types",
    "user type",
    "directory",
    columns=(Column("Title", "displayName"), Column("Name", "name"), Column("Default", "default")),
    name="displayName",
    makes=(
        Field("name", "Name", least=True, only="new", code=True),
        Field("displayName", "Title", least=True),
        Field("description", "Description", "area"),
    ),
    removal="Only a type that nobody has can go.",
    guide="people-and-sign-on.md",
    tabs=(Tab("Attributes", "/attributes"),),
)

FAMILIES: Final = (
    USERS,
    GROUPS,
    GROUPS_OF,
    FACTORS,
    CLIENTS_OF,
    TOKENS_OF,
    CONSENTS,
    MEMBERS,
    GROUP_APPS,
    TYPES,
    *_roles("/users/{user}", "/api/v1/users/{user}", "directory"),
    *_roles("/groups/{group}", "/api/v1/groups/{group}", "directory"),
    *_roles("/apps/{app}", "/oauth2/v1/clients/{app}", "applications"),
)
