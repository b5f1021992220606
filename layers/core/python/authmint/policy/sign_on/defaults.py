"""The policies that are there from the start, until somebody changes them (docs/protocol.md §33.1).

Nobody stores them: a deployment that is older than these policies has them too, and their ids never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...storage.groups import EVERYONE_GROUP, EVERYONE_ID
from ...storage.sign_on_policies import PolicyList, PolicyType, SignOnPolicy, SignOnRule

#: By type: ids of the policy and of its rule.
IDS: Final[Mapping[PolicyType, tuple[str, str]]] = {
    "OKTA_SIGN_ON": ("00pAuthmintSignOn000", "0prAuthmintSignOn000"),
    "ACCESS_POLICY": ("rstAuthmintAccess000", "rulAuthmintAccess000"),
    "PASSWORD": ("00pAuthmintPassword0", "0prAuthmintPassword0"),
    "MFA_ENROLL": ("00pAuthmintEnroll000", "0prAuthmintEnroll000"),
    "PROFILE_ENROLLMENT": ("rstAuthmintEnroll000", "rulAuthmintEnroll000"),
    "IDP_DISCOVERY": ("00pAuthmintDiscovery", "0prAuthmintDiscovery"),
}
_APPLIES: Final = "The default policy applies in all situations if no other policy applies."
#: Of a rule that catches what the others leave.
CATCH_ALL: Final = 99
_SINCE: Final = EVERYONE_GROUP.created_at


@dataclass(frozen=True)
class Seeds:
    """What of them depends on the deployment.

    Attributes:
        idle, lifetime: Seconds of a session.
        mail: Whether mail can be sent, so that forgotten passwords are recovered by it.
    """

    idle: int = 7_200
    lifetime: int = 43_200
    mail: bool = False


def default_policy(policy_type: PolicyType, seeds: Seeds) -> SignOnPolicy:
    """The system's policy of a type."""
    policy_id, rule_id = IDS[policy_type]
    name, description, groups, settings = _POLICIES[policy_type]
    rule_name, priority, actions = _RULES[policy_type]
    if policy_type == "OKTA_SIGN_ON":
        actions = session_actions(seeds)
    if policy_type == "PASSWORD":
        settings = password_settings(mail=seeds.mail)
    rule = SignOnRule(rule_id, rule_name, _SINCE, _SINCE, priority, actions, system=True)
    return SignOnPolicy(
        policy_id,
        policy_type,
        name,
        _SINCE,
        _SINCE,
        description=description,
        groups=groups,
        settings=settings,
        rules=(rule,),
        system=True,
    )


def with_default(listed: PolicyList, policy_type: PolicyType, seeds: Seeds) -> tuple[SignOnPolicy, ...]:
    """Stored policies of a type and the system's, where nobody changed that one."""
    default = default_policy(policy_type, seeds)
    policies = listed.policies
    if any(policy.id == default.id for policy in policies):
        return policies
    if policy_type in ("ACCESS_POLICY", "PROFILE_ENROLLMENT"):
        return tuple(sorted((*policies, default), key=lambda policy: policy.id))
    return (*policies, replace(default, priority=len(listed.order.ids) + 1))


def session_actions(seeds: Seeds) -> dict[str, Any]:
    """A session by a password or a passkey, as long as the deployment says."""
    return {
        "signon": {
            "access": "ALLOW",
            "requireFactor": False,
            "primaryFactor": "PASSWORD_IDP_ANY_FACTOR",
            "rememberDeviceByDefault": False,
            "session": {
                "usePersistentCookie": False,
                "maxSessionIdleMinutes": seeds.idle // 60,
                "maxSessionLifetimeMinutes": seeds.lifetime // 60,
            },
        }
    }


def password_settings(*, mail: bool) -> dict[str, Any]:
    """What passwords are like where nobody says otherwise."""
    return {
        "password": {
            "complexity": {
                "minLength": 8,
                "minLowerCase": 1,
                "minUpperCase": 1,
                "minNumber": 1,
                "minSymbol": 0,
                "excludeUsername": True,
                "dictionary": {"common": {"exclude": True}},
                "excludeAttributes": [],
            },
            "age": {"maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": 4},
            "lockout": {
                "maxAttempts": 10,
                "autoUnlockMinutes": 0,
                "userLockoutNotificationChannels": [],
                "showLockoutFailures": False,
            },
            "breachedProtection": {"expireAfterDays": None, "logoutEnabled": False, "delegatedWorkflowId": None},
        },
        "recovery": {
            "factors": {
                "recovery_question": {"status": "INACTIVE", "properties": {"complexity": {"minLength": 4}}},
                "okta_email": {
                    "status": "ACTIVE" if mail else "INACTIVE",
                    "properties": {"recoveryToken": {"tokenLifetimeMinutes": 60}},
                },
                "okta_sms": {"status": "INACTIVE"},
                "okta_call": {"status": "INACTIVE"},
            }
        },
        "delegation": {"options": {"skipUnlock": False}},
    }


def app_actions() -> dict[str, Any]:
    """One factor, as old as the session."""
    return {
        "appSignOn": {
            "access": "ALLOW",
            "verificationMethod": {"factorMode": "1FA", "type": "ASSURANCE", "reauthenticateIn": "PT43800H"},
            "keepMeSignedIn": {"postAuth": "NOT_ALLOWED"},
        }
    }


def profile_enrolment_actions() -> dict[str, Any]:
    """Nobody registers."""
    return {
        "profileEnrollment": {
            "access": "DENY",
            "preRegistrationInlineHooks": None,
            "profileAttributes": [],
            "targetGroupIds": None,
            "unknownUserAction": "DENY",
            "activationRequirements": {"emailVerification": False},
            "progressiveProfilingAction": "DISABLED",
            "allowedIdentifiers": ["login"],
        }
    }


def _enrolment_settings() -> dict[str, Any]:
    says = {
        "okta_email": "OPTIONAL",
        "google_otp": "OPTIONAL",
        "okta_password": "REQUIRED",
        "webauthn": "OPTIONAL",
        "security_question": "NOT_ALLOWED",
    }
    authenticators = [{"key": key, "enroll": {"self": enrolment}} for key, enrolment in says.items()]
    return {"type": "AUTHENTICATORS", "authenticators": authenticators}


_Described = tuple[str, str, tuple[str, ...], Mapping[str, Any] | None]
_POLICIES: Final[Mapping[PolicyType, _Described]] = {
    "OKTA_SIGN_ON": ("Default Policy", _APPLIES, (EVERYONE_ID,), None),
    "ACCESS_POLICY": ("Any two factors", "Require two factors to access.", (), None),
    "PASSWORD": ("Default Policy", _APPLIES, (EVERYONE_ID,), None),
    "MFA_ENROLL": ("Default Policy", _APPLIES, (EVERYONE_ID,), _enrolment_settings()),
    "PROFILE_ENROLLMENT": ("Default Policy", "Default policy", (), None),
    "IDP_DISCOVERY": ("Idp Discovery Policy", "The default IdP Discovery Policy", (), None),
}
_RULES: Final[Mapping[PolicyType, tuple[str, int, Mapping[str, Any]]]] = {
    "OKTA_SIGN_ON": ("Default Rule", 1, {}),
    "ACCESS_POLICY": ("Catch-all Rule", CATCH_ALL, app_actions()),
    "PASSWORD": (
        "Default Rule",
        1,
        {
            "passwordChange": {"access": "ALLOW"},
            "selfServicePasswordReset": {"access": "ALLOW"},
            "selfServiceUnlock": {"access": "DENY"},
        },
    ),
    "MFA_ENROLL": ("Default Rule", 1, {"enroll": {"self": "LOGIN"}}),
    "PROFILE_ENROLLMENT": ("Catch-all Rule", CATCH_ALL, profile_enrolment_actions()),
    "IDP_DISCOVERY": ("Default Rule", 1, {"idp": {"providers": [{"type": "OKTA"}]}}),
}
