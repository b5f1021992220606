"""Where people and their profiles come from: identity providers, mappings, rules that fill groups."""

from collections.abc import Mapping
from typing import Any, Final

from ..fields import Field
from ..resources import Action, Column, Family, Kind, Tab
from .servers import SWITCHES

_GUIDE: Final = "identity-providers.md"
_NAME: Final = Field("name", "Name", least=True)
_CLIENT: Final = "protocol.credentials.client"
_PROVISIONING: Final = "policy.provisioning"
_GROUPS: Final = ("/api/v1/groups?limit=200", "profile.name")
_SECRET: Final = f"{_CLIENT}.client_secret"
_OURS: Final = (
    _NAME,
    Field(f"{_CLIENT}.client_id", "Client id", least=True, code=True, hint="What this service is called there."),
)
_NEW_SECRET: Final = Field(_SECRET, "Client secret", "password", only="new", hint="None is needed for a key.")
_METHOD: Final = Field(
    f"{_CLIENT}.token_endpoint_auth_method",
    "This service proves itself by",
    "choice",
    options=(
        ("", "its secret, as the provider wants it"),
        ("client_secret_basic", "its secret, in a header"),
        ("client_secret_post", "its secret, in the form"),
        ("private_key_jwt", "a key that is made for it"),
    ),
    aside=True,
)
_ISSUER: Final = Field(
    "protocol.issuer.url",
    "Issuer",
    least=True,
    code=True,
    hint="https://id.partner.example, to the letter. What it says of itself there fills in the rest.",
)
_ENDPOINTS: Final = tuple(
    Field(f"protocol.endpoints.{name}.url", label, code=True, aside=True)
    for name, label in (
        ("authorization", "Address for signing in"),
        ("token", "Address for tokens"),
        ("jwks", "Address of its keys"),
        ("userInfo", "Address for more about somebody"),
        ("slo", "Address for signing out"),
    )
)
_WHOM: Final = (
    Field(
        f"{_PROVISIONING}.action",
        "Who comes for the first time",
        "choice",
        options=(("AUTO", "becomes a person here"), ("DISABLED", "is refused")),
    ),
    Field(
        "policy.accountLink.action",
        "Who is here already",
        "choice",
        options=(("AUTO", "is recognized, by an address that is vouched for"), ("DISABLED", "is not recognized")),
    ),
    Field(
        "policy.subject.filter",
        "Only usernames like",
        code=True,
        hint=r"A regular expression: .+@partner\.example. It names the domain that the provider may vouch for.",
    ),
    Field("protocol.scopes", "Scopes", "list", least=True, code=True, aside=True),
    Field("policy.subject.userNameTemplate.template", "Their username", code=True, hint="An expression.", aside=True),
    Field(
        "policy.subject.matchType",
        "Recognized by",
        "choice",
        options=(
            ("USERNAME", "the username"),
            ("EMAIL", "the address"),
            ("USERNAME_OR_EMAIL", "the username or the address"),
            ("CUSTOM_ATTRIBUTE", "an attribute of the profile"),
        ),
        aside=True,
    ),
    Field("policy.subject.matchAttribute", "That attribute", code=True, aside=True,
          hint="Of the profile; unique, and not for people to write."),
    Field("policy.accountLink.filter.groups.include", "Recognized are only members of", "choices", source=_GROUPS,
          aside=True),
    Field(f"{_PROVISIONING}.profileMaster", "The provider owns their profiles", "flag", aside=True),
    Field(
        f"{_PROVISIONING}.groups.action",
        "Groups",
        "choice",
        options=(
            ("NONE", "stay as they are"),
            ("ASSIGN", "those below"),
            ("APPEND", "those that it names, too"),
            ("SYNC", "those that it names, and no other ones of those it may name"),
        ),
        aside=True,
    ),
    Field(f"{_PROVISIONING}.groups.assignments", "They are put into", "choices", source=_GROUPS, aside=True),
    Field(f"{_PROVISIONING}.groups.sourceAttributeName", "The claim that names groups", code=True, aside=True),
    Field(f"{_PROVISIONING}.groups.filter", "Groups that it may name", "choices", source=_GROUPS, aside=True),
    Field(
        f"{_PROVISIONING}.conditions.suspended.action",
        "Who is suspended",
        "choice",
        options=(("NONE", "stays so"), ("UNSUSPEND", "is not any more")),
        aside=True,
    ),
    Field(
        f"{_PROVISIONING}.conditions.deprovisioned.action",
        "Who is deactivated",
        "choice",
        options=(("NONE", "stays so"), ("REACTIVATE", "is not any more")),
        aside=True,
    ),
    Field(
        "policy.trustClaims",
        "Its factors count here",
        "flag",
        hint="Only where you know that it tells the truth.",
        aside=True,
    ),
)  # fmt: skip
_SCOPES: Final = ["openid", "profile", "email"]
_POLICY: Final[Mapping[str, Any]] = {
    "provisioning": {"action": "AUTO", "groups": {"action": "NONE"}},
    "accountLink": {"action": "AUTO"},
    "subject": {"userNameTemplate": {"template": "idpuser.email"}, "matchType": "USERNAME"},
}


def _kind(name: str, label: str, text: str, *fields: Field) -> Kind:
    base = {"type": name.upper(), "protocol": {"type": "OIDC", "scopes": _SCOPES}, "policy": _POLICY}
    return Kind(name, label, text, (*_OURS, _NEW_SECRET, *fields, *_WHOM), base)


def _of_provider(_: Any, provider: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """Where it is, of one whose place not everybody knows."""
    own = (_ISSUER, _METHOD, *_ENDPOINTS) if (provider or {}).get("type") == "OIDC" else ()
    return (*own, *_WHOM)


PROVIDERS: Final = Family(
    "/idps",
    "/api/v1/idps",
    "Identity providers",
    "identity provider",
    "security",
    columns=(
        Column("Name", "name"),
        Column("Kind", "type"),
        Column("Issuer", "protocol.issuer.url"),
        Column("Status", "status"),
    ),
    kinds=(
        _kind("oidc", "OpenID Connect", "Okta, Entra, Keycloak, another deployment: by its issuer.", _ISSUER,
              _METHOD, *_ENDPOINTS),
        _kind("google", "Google", "Accounts of Google, or of one company there."),
        _kind("microsoft", "Microsoft", "Accounts of any company at Microsoft. One company alone: OpenID Connect."),
    ),
    fields=(
        *_OURS,
        Field(_SECRET, "Client secret", "password", hint="Left empty, it stays."),
        Field("type", "Kind", only="new"),
    ),
    more=_of_provider,
    hides=(_SECRET,),
    actions=SWITCHES,
    search="q",
    removal="Nobody can sign in with it any more. Who has no password here cannot sign in at all.",
    empty="Make one, and people sign in with what they have already.",
    guide=f"{_GUIDE}#connect-one",
    tabs=(Tab("People", "/users"),),
)  # fmt: skip
_LINK: Final = (
    Field("externalId", "Known there as", only="new", code=True),
    Field("created", "Since", only="new"),
    Field("lastUpdated", "Last change", only="new"),
    Field("profile", "Profile", "json", only="new"),
)
_UNLINKED: Final = "Whoever signs in there is recognized no more by this."
KNOWN_PEOPLE: Final = Family(
    "/idps/{idp}/users",
    "/api/v1/idps/{idp}/users",
    "People",
    "person",
    "security",
    columns=(
        Column("Username", lambda one: one["_name"] or one["id"]),
        Column("Known there as", "externalId"),
        Column("Since", "created"),
    ),
    name="externalId",
    names=("/api/v1/users/{id}", "profile.login"),
    fields=_LINK,
    replaces="",
    removal=_UNLINKED,
    empty="Nobody signed in with it yet.",
    guide=f"{_GUIDE}#whom-it-may-sign-in",
    asks_name=False,
)
PROVIDERS_OF: Final = Family(
    "/users/{user}/idps",
    "/api/v1/users/{user}/idps",
    "Identity providers",
    "identity provider",
    "directory",
    columns=(Column("Name", "name"), Column("Kind", "type"), Column("Status", "status")),
    name="externalId",
    item_api="/api/v1/idps/{id}/users/{user}",
    own_api="/api/v1/idps/{id}/users/{user}",
    fields=_LINK,
    replaces="",
    removal=_UNLINKED,
    empty="They sign in here, and with no identity provider.",
    guide=f"{_GUIDE}#whom-it-may-sign-in",
    asks_name=False,
)


def _ends(mapping: Mapping[str, Any]) -> str:
    """What a mapping is called: it has no name."""
    return f"{mapping['source']['name']} → {mapping['target']['name']}"


def _owner(mapping: Mapping[str, Any]) -> str:
    """The end of a mapping that is not users: ends of one kind are called the same."""
    return str(mapping["source" if mapping["target"]["type"] == "user" else "target"]["id"])


MAPPINGS: Final = Family(
    "/mappings",
    "/api/v1/mappings",
    "Mappings",
    "mapping",
    "directory",
    columns=(Column("Mapping", _ends), Column("Id of the application or provider", _owner)),
    name=_ends,
    fields=(
        Field(
            "properties",
            "Attributes and what they are made of",
            "json",
            least=True,
            hint='{"nickName": {"expression": "user.firstName", "pushStatus": "PUSH"}}; null takes one away. PUSH: it '
            "follows its source; DONT_PUSH: it is made once.",
        ),
    ),
    replaces="POST",
    removes=False,
    empty="They come with applications and identity providers.",
    guide="directory.md#mappings-what-profiles-are-made-of",
)
_STAYS: Final = "Whom it put into groups stays there; nobody new is put there by it."
GROUP_RULES: Final = Family(
    "/group-rules",
    "/api/v1/groups/rules",
    "Group rules",
    "group rule",
    "directory",
    columns=(
        Column("Name", "name"),
        Column("Condition", "conditions.expression.value"),
        Column("Groups", "actions.assignUserToGroups.groupIds"),
        Column("Status", "status"),
    ),
    makes=(
        _NAME,
        Field(
            "conditions.expression.value",
            "For everybody for whom this holds",
            "area",
            least=True,
            code=True,
            hint='An expression of true or false: user.department == "Sales"',
        ),
        Field("actions.assignUserToGroups.groupIds", "They are put into", "choices", least=True, source=_GROUPS),
        Field(
            "conditions.people.users.exclude",
            "But not these people",
            "list",
            hint="Ids, one on each line.",
            aside=True,
        ),
    ),
    base={"type": "group_rule"},
    actions=(
        Action(
            "deactivate",
            "Deactivate",
            "/lifecycle/deactivate",
            when=frozenset({"ACTIVE", "INVALID"}),
            danger=True,
            ends=_STAYS,
        ),
        Action("activate", "Activate", "/lifecycle/activate", when=frozenset({"INACTIVE"})),
    ),
    search="search",
    removal=_STAYS,
    empty="Make one, and a group keeps itself. It puts nobody anywhere until it is activated.",
    guide="directory.md#group-rules-groups-that-keep-themselves",
)
FAMILIES: Final = (PROVIDERS, KNOWN_PEOPLE, PROVIDERS_OF, MAPPINGS, GROUP_RULES)
