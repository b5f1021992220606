"""Policies of people, by type, and their rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..fields import Field
from ..resources import Column, Family, Pick, Tab
from .servers import SWITCHES

_API: Final = "/api/v1/policies"
_GUIDE: Final = "policies-by-example.md"
_NAME: Final = Field("name", "Name", least=True)
_TEXT: Final = Field("description", "Description", "area")
_ACCESS: Final = (("ALLOW", "allowed"), ("DENY", "refused"))
_GROUPS: Final = ("/api/v1/groups?limit=200", "profile.name")
_ZONES: Final = ("/api/v1/zones?limit=200", "name")
_FOR_GROUPS: Final = Field(
    "conditions.people.groups.include",
    "For the members of",
    "choices",
    hint="The first policy whose groups somebody is in decides, and no other one.",
    source=_GROUPS,
)
_WHO: Final = (
    Field("conditions.people.groups.include", "Only members of", "choices", source=_GROUPS),
    Field("conditions.people.groups.exclude", "But no members of", "choices", source=_GROUPS, aside=True),
    Field("conditions.people.users.include", "Only these people", "list", hint="Ids, one on each line.", aside=True),
    Field("conditions.people.users.exclude", "But not these people", "list", hint="Ids, one on each line.", aside=True),
)
_WHERE: Final = (
    Field(
        "conditions.network.connection",
        "From",
        "choice",
        options=(("ANYWHERE", "anywhere"), ("ZONE", "the zones below")),
    ),
    Field("conditions.network.include", "From these zones", "choices", source=_ZONES),
    Field("conditions.network.exclude", "From everywhere but these zones", "choices", source=_ZONES, aside=True),
)
_RISK: Final = Field(
    "conditions.riskScore.level",
    "Risk",
    "choice",
    options=(("", "–"), ("ANY", "any"), ("LOW", "low"), ("MEDIUM", "medium"), ("HIGH", "high")),
)
_SESSION: Final = "actions.signon"
_SIGN_ON: Final = (
    *_WHERE,
    Field("conditions.risk.behaviors", "Where one of these is seen", "choices",
          source=("/api/v1/behaviors?limit=200", "name")),
    _RISK,
    Field(f"{_SESSION}.access", "The sign-on is", "choice", options=_ACCESS),
    Field(f"{_SESSION}.requireFactor", "A second factor is asked for", "flag"),
    Field(
        f"{_SESSION}.factorPromptMode",
        "How often",
        "choice",
        options=(
            ("", "–"),
            ("ALWAYS", "at every sign-on"),
            ("SESSION", "after a time"),
            ("DEVICE", "at every new device"),
        ),
    ),
    Field(f"{_SESSION}.factorLifetime", "The time, minutes", "number", aside=True),
    Field(
        f"{_SESSION}.primaryFactor",
        "First of all",
        "choice",
        options=(("PASSWORD_IDP", "the password"), ("PASSWORD_IDP_ANY_FACTOR", "the password or any factor")),
    ),
    Field(f"{_SESSION}.session.maxSessionIdleMinutes", "Unused sessions last, minutes", "number"),
    Field(
        f"{_SESSION}.session.maxSessionLifetimeMinutes", "Sessions last at most, minutes", "number", hint="0: no end."
    ),
    Field(f"{_SESSION}.session.usePersistentCookie", "Sessions outlast the browser", "flag", aside=True),
)  # fmt: skip
_APP: Final = "actions.appSignOn"
_APP_SIGN_ON: Final = (
    *_WHO,
    *_WHERE,
    _RISK,
    Field("conditions.elCondition.condition", "Where this expression is true", "area", code=True, aside=True),
    Field("conditions.platform", "Platforms", "json", aside=True),
    Field(f"{_APP}.access", "The application is", "choice", options=_ACCESS),
    Field(
        f"{_APP}.verificationMethod.factorMode",
        "Factors",
        "choice",
        options=(("", "–"), ("1FA", "one"), ("2FA", "two of different kinds")),
    ),
    Field(
        f"{_APP}.verificationMethod.reauthenticateIn",
        "Asked again after",
        hint="PT2H: two hours; PT0S: each time (ISO 8601).",
        code=True,
    ),
    Field(
        f"{_APP}.verificationMethod.constraints",
        "What the factors have to be",
        "json",
        hint='[{"possession": {"phishingResistant": "REQUIRED"}}]',
        aside=True,
    ),
    Field(f"{_APP}.verificationMethod.chains", "Chains of methods", "json", aside=True),
)
_PASSWORD: Final = (
    *_WHO,
    *_WHERE,
    Field("actions.passwordChange.access", "People changing their password is", "choice", options=_ACCESS),
    Field("actions.selfServicePasswordReset.access", "Choosing a new one by mail is", "choice", options=_ACCESS),
    Field("actions.selfServiceUnlock.access", "Unlocking themselves by mail is", "choice", options=_ACCESS),
    Field("actions.selfServicePasswordReset.requirement", "What a reset asks for", "json", aside=True),
)
_ENROL: Final = (
    *_WHO,
    *_WHERE,
    Field(
        "actions.enroll.self",
        "Factors are set up",
        "choice",
        options=(("LOGIN", "at the sign-on"), ("CHALLENGE", "when one is asked for"), ("NEVER", "not here")),
    ),
    Field("conditions.app", "Applications", "json", aside=True),
)
_STRANGERS: Final = "actions.profileEnrollment"
_SIGN_UP: Final = (
    Field("name", "Name", only="new"),
    Field(f"{_STRANGERS}.access", "Making an account is", "choice", options=_ACCESS),
    Field(
        f"{_STRANGERS}.unknownUserAction",
        "Who is not known",
        "choice",
        options=(("DENY", "is refused"), ("REGISTER", "may make an account")),
    ),
    Field(
        f"{_STRANGERS}.activationRequirements.emailVerification",
        "Their address has to be confirmed",
        "flag",
        hint="It has to be, where strangers make accounts: whoever has an address here is taken for its owner.",
    ),
    Field(
        f"{_STRANGERS}.targetGroupIds",
        "They are put into",
        "choice",
        options=(("", "–"),),
        source=_GROUPS,
        shows=lambda groups: next(iter(groups), None),
        reads=lambda group: [group],
    ),
    Field(
        f"{_STRANGERS}.profileAttributes",
        "What they are asked for",
        "list",
        code=True,
        hint="Attributes, one on each line: email, firstName; with a star where it may not be left empty: email *. "
        "What the form calls it follows a colon: nickName: What friends call you",
        shows=lambda attributes: [_line_of(one) for one in attributes],
        reads=lambda lines: [_attribute(line) for line in lines],
    ),
)
_MATCHES: Final = frozenset({"SUFFIX", "EQUALS", "STARTS_WITH", "CONTAINS", "EXPRESSION"})
_ROUTE: Final = "actions.idp"
_ROUTES: Final = (
    Field(
        "conditions.userIdentifier.patterns",
        "Usernames that end in",
        "list",
        code=True,
        hint="One on each line: @partner.example. Another match by a word before it: EQUALS, STARTS_WITH, CONTAINS, "
        "EXPRESSION.",
        shows=lambda patterns: [_pattern_line(one) for one in patterns],
        reads=lambda lines: [_pattern(line) for line in lines],
    ),
    *_WHERE,
    Field("conditions.app", "Applications", "json", aside=True),
    Field("conditions.platform", "Platforms", "json", aside=True),
    Field(
        f"{_ROUTE}.providers",
        "They sign in with",
        "choices",
        options=(("OKTA", "a password here"),),
        source=("/api/v1/idps?limit=200", "name"),
        key=lambda idp: f"{idp['type']} {idp['id']}",
        hint="Several of them become buttons.",
        shows=lambda providers: [" ".join((one["type"], one.get("id") or "")).strip() for one in providers],
        reads=lambda lines: [_provider(line) for line in lines],
    ),
    Field(
        f"{_ROUTE}.idpSelectionType",
        "The provider is",
        "choice",
        options=(("SPECIFIC", "one of those above"), ("DYNAMIC", "found by its name")),
        aside=True,
    ),
    Field(f"{_ROUTE}.matchCriteria", "How its name is found", "json", aside=True),
)
_WORDS: Final = "settings.password"
_PASSWORD_SETTINGS: Final = (
    Field(f"{_WORDS}.complexity.minLength", "Characters, at least", "number"),
    Field(f"{_WORDS}.complexity.minLowerCase", "Small letters, at least", "number", aside=True),
    Field(f"{_WORDS}.complexity.minUpperCase", "Capital letters, at least", "number", aside=True),
    Field(f"{_WORDS}.complexity.minNumber", "Digits, at least", "number", aside=True),
    Field(f"{_WORDS}.complexity.minSymbol", "Signs, at least", "number", aside=True),
    Field(f"{_WORDS}.complexity.excludeUsername", "Not the username", "flag"),
    Field(f"{_WORDS}.complexity.dictionary.common.exclude", "Not what is common", "flag"),
    Field(f"{_WORDS}.age.historyCount", "Not one of the last ones: how many", "number"),
    Field(f"{_WORDS}.age.maxAgeDays", "Changed after, days", "number", hint="0: never.", aside=True),
    Field(f"{_WORDS}.age.minAgeMinutes", "Not changed before, minutes", "number", aside=True),
    Field(f"{_WORDS}.lockout.maxAttempts", "Locked after so many wrong ones", "number", hint="0: never."),
    Field(f"{_WORDS}.lockout.autoUnlockMinutes", "Unlocked after, minutes", "number", hint="0: by an administrator."),
    Field("settings", "All settings", "json", only="new", aside=True),
)


def _policies(
    path: str,
    kind: str,
    title: str,
    *,
    rules: Sequence[Field],
    settings: Sequence[Field] = (),
    of_apps: bool = False,
    removal: str,
) -> tuple[Family, Family]:
    for_groups = () if of_apps else (_FOR_GROUPS,)
    tabs = (Tab("Rules", "/rules"), *((Tab("Applications", "/apps"),) if of_apps else ()))
    who: tuple[Column, ...] = () if of_apps else (Column("For", "conditions.people.groups.include"),)
    policies = Family(
        path,
        _API,
        title,
        "policy",
        "security",
        columns=(Column("Name", "name"), Column("Order", "priority"), *who, Column("Status", "status")),
        makes=(_NAME, _TEXT, *for_groups),
        fields=(_NAME, _TEXT, *for_groups, *settings),
        base={"type": kind},
        query=f"type={kind}",
        actions=SWITCHES,
        ordered=not of_apps,
        removal=removal,
        guide=_GUIDE,
        tabs=tabs,
    )
    of_policy = Family(
        f"{path}/{{policy}}/rules",
        f"{_API}/{{policy}}/rules",
        "Rules",
        "rule",
        "security",
        columns=(
            Column("Name", "name"),
            Column("Order", "priority"),
            Column("Decides", _decides),
            Column("Status", "status"),
        ),
        makes=(_NAME, *rules),
        base={"type": "SIGN_ON" if kind == "OKTA_SIGN_ON" else kind},
        actions=SWITCHES,
        ordered=True,
        removal="The next rule that fits decides instead.",
        empty="Without a rule the policy decides nothing.",
        guide=_GUIDE,
    )
    return policies, of_policy


def _decides(rule: Any) -> str:
    """What a rule does, in a word or two of the API's."""
    actions = rule.get("actions") or {}
    if (one := actions.get("signon")) is not None:
        return f"{one['access']}, 2FA {one['factorPromptMode']}" if one.get("requireFactor") else str(one["access"])
    if (one := actions.get("appSignOn")) is not None:
        method = one.get("verificationMethod") or {}
        return f"{one['access']}, {method.get('factorMode') or method.get('type', '')}"
    if (one := actions.get("enroll")) is not None:
        return str(one.get("self"))
    if (one := actions.get("profileEnrollment")) is not None:
        return f"{one['access']}, {one.get('unknownUserAction')}"
    if (one := actions.get("idp")) is not None:
        return ", ".join(str(provider.get("id") or provider["type"]) for provider in one.get("providers") or ())
    return ", ".join(f"{name} {one['access']}" for name, one in actions.items() if "access" in one)


def _line_of(attribute: Mapping[str, Any]) -> str:
    """A field of the form for strangers, as it is written."""
    star, label = " *" if attribute.get("required") else "", attribute.get("label")
    return f"{attribute['name']}{star}{f': {label}' if label else ''}"


def _attribute(line: str) -> Mapping[str, Any]:
    name, _, label = line.partition(":")
    return {"name": name.strip(" *"), "label": label.strip(), "required": name.rstrip().endswith("*")}


def _pattern_line(pattern: Mapping[str, Any]) -> str:
    kind = pattern["matchType"]
    return str(pattern["value"]) if kind == "SUFFIX" else f"{kind} {pattern['value']}"


def _pattern(line: str) -> Mapping[str, str]:
    kind, _, value = line.partition(" ")
    return {"matchType": kind, "value": value} if kind in _MATCHES else {"matchType": "SUFFIX", "value": line}


def _provider(line: str) -> Mapping[str, str]:
    kind, _, identity = line.partition(" ")
    return {"type": kind, "id": identity} if identity else {"type": kind}


_OF_APPS: Final = _policies(
    "/app-policies",
    "ACCESS_POLICY",
    "Policies of applications",
    rules=_APP_SIGN_ON,
    of_apps=True,
    removal="Its applications have the default policy from then on.",
)


def _apps(path: str) -> Family:
    """The applications that have a policy."""
    return Family(
        f"{path}/{{policy}}/apps",
        f"{_API}/{{policy}}/app",
        "Applications",
        "application",
        "security",
        columns=(Column("Name", "label"), Column("Status", "status")),
        name="label",
        replaces="",
        removes=False,
        item_api="/api/v1/apps/{id}",
        own_api="/api/v1/apps/{id}/policies/{policy}",
        picks=Pick("/api/v1/apps", (Column("Name", "label"), Column("Client id", "id")), "Give it this policy"),
        leads="/apps/{id}",
        empty="No application has it.",
        guide=_GUIDE,
    )


_SIGN_UPS, _SIGN_UP_RULES = _policies(
    "/sign-up-policies",
    "PROFILE_ENROLLMENT",
    "Sign-up policies",
    rules=(),
    of_apps=True,
    removal="Its applications have the default policy from then on.",
)
_SIGN_UP_GUIDE: Final = "recovery.md#people-who-make-their-own-account"
_ROUTING, _ROUTING_RULES = _policies("/routing", "IDP_DISCOVERY", "Routing", rules=_ROUTES, removal="")
_ROUTING_GUIDE: Final = "identity-providers.md#connect-one"
#: Each policy of this type has one rule.
_ONE_RULE: Final = replace(
    _SIGN_UP_RULES,
    makes=(),
    fields=_SIGN_UP,
    actions=(),
    ordered=False,
    removes=False,
    guide=_SIGN_UP_GUIDE,
)
#: There is one such policy: what it is called is nobody's to say.
_ONE_POLICY: Final = replace(
    _ROUTING,
    columns=(Column("Name", "name"), Column("Status", "status")),
    makes=(),
    fields=(Field("name", "Name", only="new"),),
    replaces="",
    removes=False,
    actions=(),
    ordered=False,
    leads="/routing/{id}/rules",
    guide=_ROUTING_GUIDE,
)
FAMILIES: Final = (
    *_policies(
        "/policies",
        "OKTA_SIGN_ON",
        "Sign-on policies",
        rules=(*_SIGN_ON, *(one for one in _WHO if one.aside)),
        removal="Whoever it was for has the next policy from then on.",
    ),
    *_OF_APPS,
    _apps("/app-policies"),
    *_policies(
        "/password-policies",
        "PASSWORD",
        "Password policies",
        rules=_PASSWORD,
        settings=_PASSWORD_SETTINGS,
        removal="Whoever it was for has the next policy from then on.",
    ),
    *_policies(
        "/enrolment-policies",
        "MFA_ENROLL",
        "Enrolment policies",
        rules=_ENROL,
        settings=(Field("settings.authenticators", "Authenticators", "json"),),
        removal="Whoever it was for has the next policy from then on.",
    ),
    replace(_SIGN_UPS, guide=_SIGN_UP_GUIDE),
    _ONE_RULE,
    _apps("/sign-up-policies"),
    _ONE_POLICY,
    replace(_ROUTING_RULES, guide=_ROUTING_GUIDE),
)
