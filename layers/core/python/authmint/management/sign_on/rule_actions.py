"""Actions of rules of people's policies: how they are read, and how they are kept (docs/protocol.md §33.7)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ...policy.sign_on.defaults import app_actions, profile_enrolment_actions
from ...policy.sign_on.durations import seconds_of
from ...policy.sign_on.expression import text_of
from ...policy.sign_on.facts import Facts
from ...policy.sign_on.routing import MOST
from ...storage.sign_on_policies import PolicyType
from ..http.fields import Fields

#: Types of providers that a route leads to.
PROVIDERS: Final = ("OKTA", "OIDC", "GOOGLE", "MICROSOFT")
_ACCESS: Final = ("ALLOW", "DENY")
#: Fields of a form that strangers fill in.
_MOST_ATTRIBUTES: Final = 10
_PROMPTS: Final = ("ALWAYS", "DEVICE", "SESSION")
_PRIMARY: Final = ("PASSWORD_IDP_ANY_FACTOR", "PASSWORD_IDP")
_REQUIRED: Final = ("REQUIRED", "OPTIONAL")
_LONGEST_SESSION: Final = 129_600
_DEFAULT_MINUTES: Final = 120
_LONGEST_LIFETIME: Final = 5 * 365 * 24 * 60
#: Members of a constraint that say how a factor has to be.
_PROPERTIES: Final = (
    "deviceBound",
    "hardwareProtection",
    "phishingResistant",
    "userPresence",
    "userVerification",
)
_EXCLUDED: Final = "excludedAuthenticationMethods"
_BLANK: Final = "The field cannot be left blank"


def read_actions(body: Fields, policy_type: PolicyType, conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The actions of a rule as they are kept. Notes what is wrong; raises ApiError for wrong JSON types."""
    return _READERS[policy_type](body, conditions)


def _signon(actions: Fields, conditions: Mapping[str, Any]) -> dict[str, Any]:
    body = actions.below("signon")
    access = body.choice("access", _ACCESS, "ALLOW")
    behaviors = (conditions.get("risk") or {}).get("behaviors")
    if access == "DENY" and behaviors:
        # Who has too little history would be locked out for good: a first sign-in is never ordinary.
        body.problem("access", "Access cannot be denied by a behavior: ask for a factor instead.")
    required = body.flag("requireFactor", default=False)
    shown: dict[str, Any] = {"access": access, "requireFactor": required}
    prompt = body.choice("factorPromptMode", _PROMPTS, "") or None
    if prompt is not None:
        shown["factorPromptMode"] = prompt
    elif required:
        body.problem("factorPromptMode", _BLANK)
    if required and behaviors and prompt not in {None, "ALWAYS"}:
        body.problem("factorPromptMode", "must be ALWAYS where behaviors are a condition.")
    if (lifetime := minutes(body, "factorLifetime", None, 0, _LONGEST_LIFETIME)) is not None:
        shown["factorLifetime"] = lifetime
    session = body.below("session")
    return {
        "signon": {
            **shown,
            "primaryFactor": body.choice("primaryFactor", _PRIMARY, _PRIMARY[0]),
            "rememberDeviceByDefault": body.flag("rememberDeviceByDefault", default=False),
            "session": {
                "usePersistentCookie": session.flag("usePersistentCookie", default=False),
                "maxSessionIdleMinutes": minutes(session, "maxSessionIdleMinutes", _DEFAULT_MINUTES, 1),
                "maxSessionLifetimeMinutes": minutes(session, "maxSessionLifetimeMinutes", 0, 0),
            },
        }
    }


def minutes(body: Fields, name: str, default: int | None, least: int, most: int = _LONGEST_SESSION) -> int | None:
    """A number of minutes within bounds."""
    value = body.number(name)
    if value is None:
        return default
    if not least <= value <= most:
        body.problem(name, f"must be from {least} to {most}.")
        return default
    return value


def _app_sign_on(actions: Fields, _: Mapping[str, Any]) -> dict[str, Any]:
    body = actions.below("appSignOn")
    stays = body.below("keepMeSignedIn")
    kept: dict[str, Any] = {"postAuth": stays.choice("postAuth", ("NOT_ALLOWED", "ALLOWED"), "NOT_ALLOWED")}
    if kept["postAuth"] == "ALLOWED" and stays.has("postAuthPromptFrequency"):
        kept["postAuthPromptFrequency"] = _duration(stays, "postAuthPromptFrequency")
    return {
        "appSignOn": {
            "access": body.choice("access", _ACCESS, "ALLOW"),
            "verificationMethod": _method(body.below("verificationMethod")),
            "keepMeSignedIn": kept,
        }
    }


def _method(body: Fields) -> dict[str, Any]:
    kind = body.choice("type", ("ASSURANCE", "AUTH_METHOD_CHAIN"), "ASSURANCE")
    if kind == "AUTH_METHOD_CHAIN":
        chains = [_chain(one) for one in body.objects("chains", most=20)]
        if not chains:
            body.problem("chains", _BLANK)
        shown: dict[str, Any] = {"type": kind, "chains": chains}
        if body.has("reauthenticateIn"):
            shown["reauthenticateIn"] = _duration(body, "reauthenticateIn")
        return shown
    mode = body.choice("factorMode", ("1FA", "2FA"), "2FA")
    has = body.has("reauthenticateIn")
    shown = {
        "factorMode": mode,
        "type": kind,
        "reauthenticateIn": _duration(body, "reauthenticateIn") if has else "PT12H",
    }
    if body.has("inactivityPeriod"):
        shown["inactivityPeriod"] = _duration(body, "inactivityPeriod")
    if body.has("constraints"):
        constraints = [_constraint(one) for one in body.objects("constraints", most=20)]
        if mode == "1FA" and any(len(one) > 1 for one in constraints):
            body.problem("constraints", "One factor is of one class.")
        shown["constraints"] = constraints
    return shown


def _duration(body: Fields, name: str) -> str:
    text = body.text(name) or ""
    if seconds_of(text) is None:
        body.problem(name, "must be a duration as in PT2H (ISO 8601).")
    return text


def _constraint(body: Fields) -> dict[str, Any]:
    return {name: _class(body.below(name)) for name in ("knowledge", "possession") if body.has(name)}


def _class(body: Fields) -> dict[str, Any]:
    shown: dict[str, Any] = {"required": body.flag("required", default=not body.has(_EXCLUDED))}
    for name in ("types", "methods"):
        if (listed := body.texts(name)) is not None:
            shown[name] = list(listed)
    for name in ("authenticationMethods", _EXCLUDED):
        if body.has(name):
            shown[name] = [_authentication_method(one) for one in body.objects(name)]
    if body.has("reauthenticateIn"):
        shown["reauthenticateIn"] = _duration(body, "reauthenticateIn")
    for name in _PROPERTIES:
        if body.has(name):
            shown[name] = body.choice(name, _REQUIRED, "OPTIONAL")
    return shown


def _authentication_method(body: Fields) -> dict[str, Any]:
    shown: dict[str, Any] = {"key": body.text("key", required=True) or ""}
    if body.has("id"):
        shown["id"] = body.text("id")
    for name in ("userVerification", "phishingResistant", "hardwareProtection"):
        if body.has(name):
            shown[name] = body.choice(name, _REQUIRED, "OPTIONAL")
    return {**shown, "method": body.text("method", required=True) or ""}


def _chain(body: Fields, depth: int = 0) -> dict[str, Any]:
    methods = [_authentication_method(one) for one in body.objects("authenticationMethods")]
    if not methods:
        body.problem("authenticationMethods", _BLANK)
    shown: dict[str, Any] = {"authenticationMethods": methods}
    following = list(body.objects("next", most=1))
    if following:
        if depth:
            body.problem("next", "A chain has at most two links.")
        else:
            shown["next"] = [_chain(following[0], depth + 1)]
    if body.has("reauthenticateIn"):
        shown["reauthenticateIn"] = _duration(body, "reauthenticateIn")
    return shown


def _password(actions: Fields, _: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in ("passwordChange", "selfServicePasswordReset", "selfServiceUnlock"):
        body = actions.below(name)
        shown[name] = {"access": body.choice("access", _ACCESS, "DENY")}
        if name == "selfServicePasswordReset" and body.has("requirement"):
            shown[name]["requirement"] = _requirement(body.below("requirement"))
    return shown


def _requirement(body: Fields) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if body.has("primary"):
        primary = body.below("primary")
        shown["primary"] = _methods(primary)
        if primary.has("methodConstraints"):
            shown["primary"]["methodConstraints"] = [
                {
                    "method": one.text("method", required=True) or "",
                    "allowedAuthenticators": [
                        {"key": each.text("key", required=True) or ""} for each in one.objects("allowedAuthenticators")
                    ],
                }
                for one in primary.objects("methodConstraints")
            ]
    if body.has("stepUp"):
        step_up = body.below("stepUp")
        required = {"required": step_up.flag("required", default=True)} if step_up.has("required") else {}
        shown["stepUp"] = {**required, **_methods(step_up)}
    if body.has("accessControl"):
        shown["accessControl"] = body.choice("accessControl", ("LEGACY", "AUTH_POLICY"), "LEGACY")
    return shown


def _methods(body: Fields) -> dict[str, Any]:
    methods = body.texts("methods")
    return {} if methods is None else {"methods": [name.lower() for name in methods]}


def _enroll(actions: Fields, _: Mapping[str, Any]) -> dict[str, Any]:
    return {"enroll": {"self": actions.below("enroll").choice("self", ("LOGIN", "CHALLENGE", "NEVER"), "LOGIN")}}


def _profile_enrolment(actions: Fields, _: Mapping[str, Any]) -> dict[str, Any]:
    """What strangers are asked (docs/protocol.md §34.8)."""
    body = actions.below("profileEnrollment")
    default = profile_enrolment_actions()["profileEnrollment"]
    attributes = [
        {
            "name": one.text("name", required=True) or "",
            "label": one.text("label") or "",
            "required": one.flag("required", default=False),
        }
        for one in body.objects("profileAttributes")
    ]
    hooks = [
        {"inlineHookId": one.text("inlineHookId", required=True, longest=100) or ""}
        for one in body.objects("preRegistrationInlineHooks", most=1)
    ]
    groups = body.texts("targetGroupIds")
    if len(attributes) > _MOST_ATTRIBUTES:
        body.problem("profileAttributes", f"At most {_MOST_ATTRIBUTES} attributes can be asked for.")
    if groups is not None and len(groups) > 1:
        body.problem("targetGroupIds", "A new user is put into one group at most.")
    verified = body.below("activationRequirements").flag("emailVerification", default=True)
    shown = {
        "access": body.choice("access", _ACCESS, default["access"]),
        "preRegistrationInlineHooks": hooks or None,
        "profileAttributes": attributes,
        "targetGroupIds": None if not groups else list(groups),
        "unknownUserAction": body.choice("unknownUserAction", ("DENY", "REGISTER"), default["unknownUserAction"]),
        "activationRequirements": {"emailVerification": verified},
    }
    if shown["unknownUserAction"] == "REGISTER" and not verified:
        # Whoever has an address here is taken for its owner.
        body.problem("activationRequirements", "emailVerification must be true where unknownUserAction is REGISTER.")
    enrolled = body.texts("enrollAuthenticatorTypes")
    if enrolled is not None and set(enrolled) - {"password"}:
        body.problem("enrollAuthenticatorTypes", "Newcomers choose a password and nothing else.")
    if enrolled:  # they do in any case, once their address is confirmed
        shown["enrollAuthenticatorTypes"] = list(enrolled)
    if body.has("uiSchemaId"):
        shown["uiSchemaId"] = body.text("uiSchemaId")
    progressive = body.choice("progressiveProfilingAction", ("DISABLED", "ENABLED"), "DISABLED")
    return {"profileEnrollment": {**shown, "progressiveProfilingAction": progressive, "allowedIdentifiers": ["login"]}}


def _route(body: Fields, _: Mapping[str, Any]) -> dict[str, Any]:
    idp = body.below("idp")
    kind = idp.choice("idpSelectionType", ("SPECIFIC", "DYNAMIC"), "SPECIFIC")
    providers = []
    for one in idp.objects("providers", most=MOST):
        provider: dict[str, Any] = {"type": one.choice("type", PROVIDERS, "OKTA", required=True)}
        if provider["type"] != "OKTA":
            provider["id"] = one.text("id", required=True, longest=100) or ""
        providers.append(provider)
    criteria = [
        {
            "providerExpression": _expression_of_provider(one),
            "propertyName": one.choice("propertyName", ("name",), "name"),
        }
        for one in idp.objects("matchCriteria", most=1)
    ]
    if kind == "DYNAMIC" and not criteria:
        idp.problem("matchCriteria", _BLANK)
    if kind == "SPECIFIC" and not providers:
        idp.problem("providers", _BLANK)
    shown: dict[str, Any] = {"providers": providers, "idpSelectionType": kind}
    return {"idp": shown | ({"matchCriteria": criteria} if criteria else {})}


def _expression_of_provider(criterion: Fields) -> str:
    text: str = criterion.text("providerExpression", required=True, longest=1_024) or ""
    if text.strip() and text_of(text, Facts(identifier="somebody@example.com")) is None:
        criterion.problem("providerExpression", "must be an expression of login.identifier alone that gives a text.")
    return text


_READERS: Final[Mapping[PolicyType, Callable[[Fields, Mapping[str, Any]], dict[str, Any]]]] = {
    "OKTA_SIGN_ON": _signon,
    "ACCESS_POLICY": _app_sign_on,
    "PASSWORD": _password,
    "MFA_ENROLL": _enroll,
    "PROFILE_ENROLLMENT": _profile_enrolment,
    "IDP_DISCOVERY": _route,
}


def first_actions(policy_type: PolicyType) -> dict[str, Any]:
    """Of the rule that a new policy of an application has from the start, and that catches what others leave."""
    return app_actions() if policy_type == "ACCESS_POLICY" else profile_enrolment_actions()
