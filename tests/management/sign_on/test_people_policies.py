"""docs/protocol.md §33.7: ``/api/v1/policies`` and the rules below it."""

from typing import Any

import pytest
from authmint.policy.sign_on.defaults import IDS

from tests.management.admin import Admin
from tests.management.apps import app_body, web

PATH = "/api/v1/policies"
EVERYONE = "00gAuthmintEveryone0"
PEOPLE: dict[str, Any] = {"users": {"exclude": []}}
ANYWHERE = {"connection": "ANYWHERE"}
OFFICE = "nzoAuthmintLegacy000"


def made(admin: Admin, policy_type: str = "OKTA_SIGN_ON", name: str = "policy", **body: Any) -> Any:
    answer = admin.post(PATH, {"type": policy_type, "name": name, **body})
    assert answer.status == 200, answer.json
    return answer.json


def a_rule(admin: Admin, policy: Any, name: str = "rule", **body: Any) -> Any:
    answer = admin.post(f"{PATH}/{policy['id']}/rules", {"name": name, **body})
    assert answer.status == 200, answer.json
    return answer.json


def listed(admin: Admin, policy_type: str) -> list[Any]:
    found: list[Any] = admin.get(f"{PATH}?type={policy_type}").json
    return found


@pytest.mark.parametrize("policy_type", IDS)
def test_each_type_has_its_default_from_the_start(admin: Admin, policy_type: Any) -> None:
    (policy,) = listed(admin, policy_type)
    rules = admin.get(policy["_links"]["rules"]["href"]).json

    assert (policy["id"], policy["system"], policy["type"]) == (IDS[policy_type][0], True, policy_type)
    assert admin.get(f"{PATH}/{policy['id']}").json == policy
    assert [rule["id"] for rule in rules] == [IDS[policy_type][1]]
    assert admin.get(f"{PATH}/{policy['id']}/rules/{rules[0]['id']}").json == rules[0]
    assert set(policy["_links"]) == {"self", "rules"}


def test_what_terraform_reads_without_looking_is_there(admin: Admin) -> None:
    for policy_type in ("OKTA_SIGN_ON", "PASSWORD", "MFA_ENROLL"):
        (policy,) = listed(admin, policy_type)
        assert "Default" in policy["name"]
        (rule,) = admin.get(f"{PATH}/{policy['id']}/rules").json
        assert rule["conditions"]["network"]["connection"] == "ANYWHERE"
        assert rule["conditions"]["people"]["users"]["exclude"] == []
    (rule,) = admin.get(f"{PATH}/{IDS['OKTA_SIGN_ON'][0]}/rules").json
    assert rule["type"] == "SIGN_ON"
    assert rule["conditions"]["authContext"] == {"authType": "ANY"}
    assert rule["actions"]["signon"]["session"] == {
        "usePersistentCookie": False,
        "maxSessionIdleMinutes": 120,
        "maxSessionLifetimeMinutes": 720,
    }


def test_of_app_policies_exactly_one_is_the_systems(admin: Admin) -> None:
    made(admin, "ACCESS_POLICY", "A")
    made(admin, "ACCESS_POLICY", "B")

    found = listed(admin, "ACCESS_POLICY")

    assert [policy["system"] for policy in found].count(True) == 1
    assert [policy["id"] for policy in found] == sorted(policy["id"] for policy in found)
    assert {policy["priority"] for policy in found} == {1}
    assert all("_embedded" not in policy for policy in found)


@pytest.mark.parametrize("query", ["", "?type=", "?type=NONSENSE"])
def test_a_list_needs_a_type(admin: Admin, query: str) -> None:
    answer = admin.get(f"{PATH}{query}")

    assert (answer.status, answer.code) == (400, "E0000001")
    assert answer.json["errorSummary"] == "Api validation failed: type"


def test_types_that_others_have_are_empty_lists(admin: Admin) -> None:
    assert listed(admin, "POST_AUTH_SESSION") == []


def test_a_new_policy_is_active_and_has_links(admin: Admin) -> None:
    policy = made(
        admin, description="Of partners", status="INACTIVE", conditions={"people": {"groups": {"include": ["00gA"]}}}
    )

    assert policy | {"id": "", "_links": {}, "created": "", "lastUpdated": ""} == {
        "id": "",
        "status": "ACTIVE",
        "name": "policy",
        "description": "Of partners",
        "priority": 1,
        "system": False,
        "conditions": {"people": {"groups": {"include": ["00gA"]}}},
        "created": "",
        "lastUpdated": "",
        "_links": {},
        "type": "OKTA_SIGN_ON",
    }
    assert list(policy["_links"]) == ["mappings", "self", "rules", "deactivate"]
    assert policy["id"].startswith("00p")


def test_a_policy_may_be_made_inactive(admin: Admin) -> None:
    answer = admin.post(f"{PATH}?activate=false", {"type": "PASSWORD", "name": "later"})

    assert answer.json["status"] == "INACTIVE"


def test_priorities_are_dense_and_clamped_and_the_systems_is_last(admin: Admin) -> None:
    made(admin, name="A")
    made(admin, name="B", priority=1)
    made(admin, name="C", priority=999)

    assert [(one["name"], one["priority"]) for one in listed(admin, "OKTA_SIGN_ON")] == [
        ("B", 1),
        ("A", 2),
        ("C", 3),
        ("Default Policy", 4),
    ]


def test_a_policy_is_moved(admin: Admin) -> None:
    made(admin, name="A")
    second = made(admin, name="B")

    answer = admin.put(f"{PATH}/{second['id']}", {"type": "OKTA_SIGN_ON", "name": "B2", "priority": 1})

    assert (answer.status, answer.json["priority"]) == (200, 1)
    assert [one["name"] for one in listed(admin, "OKTA_SIGN_ON")] == ["B2", "A", "Default Policy"]


def test_the_lifecycle_is_idempotent_and_status_is_never_replaced(admin: Admin) -> None:
    policy = made(admin)
    path = f"{PATH}/{policy['id']}"

    statuses = [admin.post(f"{path}/lifecycle/{verb}").status for verb in ("activate", "deactivate", "deactivate")]
    replaced = admin.put(path, {**policy, "status": "ACTIVE", "name": "other"})

    assert statuses == [204, 204, 204]
    assert (replaced.json["status"], replaced.json["name"]) == ("INACTIVE", "other")
    assert "activate" in replaced.json["_links"]


def test_what_is_deleted_is_gone(admin: Admin) -> None:
    policy = made(admin)

    assert admin.delete(f"{PATH}/{policy['id']}").status == 204
    answer = admin.get(f"{PATH}/{policy['id']}")
    assert (answer.status, answer.json["errorSummary"]) == (
        404,
        f"Not found: Resource not found: {policy['id']} (Policy)",
    )
    assert admin.get(f"{PATH}/{IDS['PASSWORD'][0]}/rules/0prNone").json["errorSummary"].endswith("(PolicyRule)")


def test_the_systems_policies_stay(admin: Admin) -> None:
    path = f"{PATH}/{IDS['PASSWORD'][0]}"
    rule = f"{path}/rules/{IDS['PASSWORD'][1]}"

    assert [admin.delete(one).code for one in (path, rule)] == ["E0000111", "E0000111"]
    assert admin.post(f"{path}/lifecycle/deactivate").code == "E0000086"
    assert admin.post(f"{rule}/lifecycle/deactivate").code == "E0000111"


def test_settings_of_the_systems_password_policy_can_be_changed(admin: Admin) -> None:
    path = f"{PATH}/{IDS['PASSWORD'][0]}"
    settings = {"password": {"complexity": {"minLength": 14}}}

    answer = admin.put(path, {"type": "PASSWORD", "name": "mine", "priority": 1, "settings": settings})

    assert answer.json["name"] == "Default Policy"
    assert answer.json["settings"]["password"]["complexity"]["minLength"] == 14
    assert answer.json["settings"]["password"]["complexity"]["minUpperCase"] == 1
    assert listed(admin, "PASSWORD") == [answer.json]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"password": {"complexity": {"minLength": 3}}}, "settings.password.complexity.minLength"),
        ({"password": {"age": {"historyCount": 31}}}, "settings.password.age.historyCount"),
        (
            {"recovery": {"factors": {"okta_email": {"status": "ON"}}}},
            "settings.recovery.factors.okta_email.status",
        ),
    ],
)
def test_settings_out_of_bounds_are_refused(admin: Admin, settings: Any, field: str) -> None:
    answer = admin.post(PATH, {"type": "PASSWORD", "name": "x", "settings": settings})

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {field}")


def test_settings_of_the_wrong_type_are_malformed(admin: Admin) -> None:
    body = {"type": "PASSWORD", "name": "x", "settings": {"password": {"complexity": {"minLength": "8"}}}}

    assert admin.post(PATH, body).code == "E0000003"


def test_enrolment_lists_every_authenticator(admin: Admin) -> None:
    authenticators = [{"key": "webauthn", "enroll": {"self": "REQUIRED"}}]

    policy = made(admin, "MFA_ENROLL", settings={"type": "AUTHENTICATORS", "authenticators": authenticators})

    assert {one["key"]: one["enroll"]["self"] for one in policy["settings"]["authenticators"]} == {
        "okta_email": "NOT_ALLOWED",
        "google_otp": "NOT_ALLOWED",
        "okta_password": "REQUIRED",
        "webauthn": "REQUIRED",
        "security_question": "NOT_ALLOWED",
    }


def test_enrolment_in_the_old_shape_is_answered_in_it(admin: Admin) -> None:
    factors = {"google_otp": {"enroll": {"self": "OPTIONAL"}, "consent": {"type": "NONE"}}}

    policy = made(admin, "MFA_ENROLL", settings={"type": "FACTORS", "factors": factors})

    assert policy["settings"] == {"type": "FACTORS", "factors": factors}


@pytest.mark.parametrize(
    ("policy_type", "sent", "conditions"),
    [
        ("OKTA_SIGN_ON", {}, {"people": PEOPLE, "network": ANYWHERE, "authContext": {"authType": "ANY"}}),
        (
            "OKTA_SIGN_ON",
            {"riskScore": {"level": "MEDIUM"}, "identityProvider": {"provider": "ANY"}},
            {
                "people": PEOPLE,
                "network": ANYWHERE,
                "authContext": {"authType": "ANY"},
                "risk": {"behaviors": []},
                "riskScore": {"level": "MEDIUM"},
                "identityProvider": {"provider": "ANY"},
            },
        ),
        (
            "ACCESS_POLICY",
            {"network": ANYWHERE, "platform": {}},
            {"people": PEOPLE, "network": ANYWHERE, "userType": {"include": [], "exclude": []}},
        ),
        (
            "ACCESS_POLICY",
            {
                "platform": {"include": [{"type": "DESKTOP", "os": {"type": "OTHER", "expression": ""}}]},
                "elCondition": {"condition": "user.profile.department == 'Engineering'"},
                "device": {"registered": True, "managed": False, "assurance": {"include": ["daeA"]}},
            },
            {
                "people": PEOPLE,
                "network": ANYWHERE,
                "device": {"registered": True, "managed": False, "assurance": {"include": ["daeA"]}},
                "platform": {
                    "include": [{"type": "DESKTOP", "os": {"type": "OTHER", "expression": ""}}],
                    "exclude": [],
                },
                "elCondition": {"condition": "user.profile.department == 'Engineering'"},
                "userType": {"include": [], "exclude": []},
            },
        ),
        (
            "ACCESS_POLICY",
            {"platform": {"include": [{"type": "MOBILE", "os": {"type": "IOS", "expression": None}}]}},
            {
                "people": PEOPLE,
                "network": ANYWHERE,
                "platform": {"include": [{"type": "MOBILE", "os": {"type": "IOS"}}], "exclude": []},
                "userType": {"include": [], "exclude": []},
            },
        ),
        (
            "PASSWORD",
            {
                "people": {
                    "users": {"include": ["00uA"], "exclude": ["00uB"]},
                    "groups": {"include": ["00gA"], "exclude": ["00gB"]},
                },
                "network": {"connection": "ZONE", "include": [OFFICE]},
            },
            {
                "people": {
                    "users": {"include": ["00uA"], "exclude": ["00uB"]},
                    "groups": {"include": ["00gA"], "exclude": ["00gB"]},
                },
                "network": {"connection": "ZONE", "include": [OFFICE]},
            },
        ),
        (
            "MFA_ENROLL",
            {"app": {"include": [{"id": "0oaA", "type": "APP"}], "exclude": []}},
            {
                "people": PEOPLE,
                "network": ANYWHERE,
                "app": {"include": [{"type": "APP", "id": "0oaA"}], "exclude": []},
            },
        ),
    ],
)
def test_conditions_are_shown_whole(admin: Admin, policy_type: str, sent: Any, conditions: Any) -> None:
    rule = a_rule(admin, made(admin, policy_type), conditions=sent)

    assert rule["conditions"] == conditions


ASSURED = {"factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT2H"}
LEAVES = {"postAuth": "NOT_ALLOWED"}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (
            {"access": "ALLOW", "verificationMethod": ASSURED},
            {"access": "ALLOW", "verificationMethod": ASSURED, "keepMeSignedIn": LEAVES},
        ),
        (
            {"verificationMethod": {"factorMode": "2FA", "inactivityPeriod": "PT1H", "type": "ASSURANCE"}},
            {
                "access": "ALLOW",
                "verificationMethod": {**ASSURED, "reauthenticateIn": "PT12H", "inactivityPeriod": "PT1H"},
                "keepMeSignedIn": LEAVES,
            },
        ),
        (
            {
                "access": "DENY",
                "verificationMethod": ASSURED,
                "keepMeSignedIn": {"postAuth": "ALLOWED", "postAuthPromptFrequency": "PT168H"},
            },
            {
                "access": "DENY",
                "verificationMethod": ASSURED,
                "keepMeSignedIn": {"postAuth": "ALLOWED", "postAuthPromptFrequency": "PT168H"},
            },
        ),
        (
            {
                "verificationMethod": {
                    **ASSURED,
                    "constraints": [{"knowledge": {"types": ["password"]}, "possession": {"userPresence": "OPTIONAL"}}],
                }
            },
            {
                "access": "ALLOW",
                "verificationMethod": {
                    **ASSURED,
                    "constraints": [
                        {
                            "knowledge": {"required": True, "types": ["password"]},
                            "possession": {"required": True, "userPresence": "OPTIONAL"},
                        }
                    ],
                },
                "keepMeSignedIn": LEAVES,
            },
        ),
        (
            {
                "verificationMethod": {
                    **ASSURED,
                    "constraints": [
                        {
                            "possession": {
                                "excludedAuthenticationMethods": [{"key": "okta_email", "method": "email"}],
                            }
                        }
                    ],
                }
            },
            {
                "access": "ALLOW",
                "verificationMethod": {
                    **ASSURED,
                    "constraints": [
                        {
                            "possession": {
                                "required": False,
                                "excludedAuthenticationMethods": [{"key": "okta_email", "method": "email"}],
                            }
                        }
                    ],
                },
                "keepMeSignedIn": LEAVES,
            },
        ),
        (
            {
                "verificationMethod": {
                    "factorMode": "2FA",
                    "inactivityPeriod": "PT1H",
                    "reauthenticateIn": "PT0S",
                    "type": "AUTH_METHOD_CHAIN",
                    "chains": [
                        {
                            "authenticationMethods": [{"key": "okta_email", "method": "email"}],
                            "next": [{"authenticationMethods": [{"key": "okta_password", "method": "password"}]}],
                        }
                    ],
                }
            },
            {
                "access": "ALLOW",
                "verificationMethod": {
                    "type": "AUTH_METHOD_CHAIN",
                    "chains": [
                        {
                            "authenticationMethods": [{"key": "okta_email", "method": "email"}],
                            "next": [{"authenticationMethods": [{"key": "okta_password", "method": "password"}]}],
                        }
                    ],
                    "reauthenticateIn": "PT0S",
                },
                "keepMeSignedIn": LEAVES,
            },
        ),
    ],
)
def test_what_apps_ask_for_is_shown_as_it_counts(admin: Admin, sent: Any, shown: Any) -> None:
    rule = a_rule(admin, made(admin, "ACCESS_POLICY"), actions={"appSignOn": sent})

    assert rule["actions"] == {"appSignOn": shown}


def test_rules_of_passwords_and_enrolment(admin: Admin) -> None:
    requirement = {
        "primary": {
            "methods": ["OTP", "email"],
            "methodConstraints": [{"method": "otp", "allowedAuthenticators": [{"key": "google_otp"}]}],
        },
        "stepUp": {"required": True, "methods": ["security_question"]},
        "accessControl": "LEGACY",
    }
    actions = {"selfServicePasswordReset": {"access": "ALLOW", "requirement": requirement}}

    password = a_rule(admin, made(admin, "PASSWORD"), actions=actions)
    enrolment = a_rule(admin, made(admin, "MFA_ENROLL"), actions={"enroll": {"self": "CHALLENGE"}})

    assert password["actions"] == {
        "passwordChange": {"access": "DENY"},
        "selfServicePasswordReset": {
            "access": "ALLOW",
            "requirement": {**requirement, "primary": {**requirement["primary"], "methods": ["otp", "email"]}},  # type: ignore[dict-item]
        },
        "selfServiceUnlock": {"access": "DENY"},
    }
    assert enrolment["actions"] == {"enroll": {"self": "CHALLENGE"}}


@pytest.mark.parametrize(
    ("policy_type", "body", "field"),
    [
        ("OKTA_SIGN_ON", {"conditions": {"network": {"connection": "ZONE"}}}, "conditions.network"),
        (
            "OKTA_SIGN_ON",
            {"conditions": {"network": {"connection": "ZONE", "include": ["nzoGone"]}}},
            "conditions.network",
        ),
        ("OKTA_SIGN_ON", {"conditions": {"platform": {"include": []}}}, "conditions.platform"),
        ("OKTA_SIGN_ON", {"conditions": {"riskScore": {"level": "WILD"}}}, "conditions.riskScore.level"),
        ("OKTA_SIGN_ON", {"actions": {"signon": {"access": "CHALLENGE"}}}, "actions.signon.access"),
        ("OKTA_SIGN_ON", {"actions": {"signon": {"requireFactor": True}}}, "actions.signon.factorPromptMode"),
        (
            "OKTA_SIGN_ON",
            {"conditions": {"risk": {"behaviors": ["bhvA"]}}, "actions": {"signon": {"access": "DENY"}}},
            "actions.signon.access",
        ),
        (
            "OKTA_SIGN_ON",
            {
                "conditions": {"risk": {"behaviors": ["bhvA"]}},
                "actions": {"signon": {"requireFactor": True, "factorPromptMode": "DEVICE"}},
            },
            "actions.signon.factorPromptMode",
        ),
        (
            "OKTA_SIGN_ON",
            {"actions": {"signon": {"session": {"maxSessionIdleMinutes": 0}}}},
            "actions.signon.session.maxSessionIdleMinutes",
        ),
        ("ACCESS_POLICY", {"conditions": {"elCondition": {"condition": ""}}}, "conditions.elCondition.condition"),
        ("ACCESS_POLICY", {"conditions": {"elCondition": {"condition": "T(x)"}}}, "conditions.elCondition.condition"),
        ("ACCESS_POLICY", {"priority": 99}, "priority"),
        (
            "ACCESS_POLICY",
            {"actions": {"appSignOn": {"verificationMethod": {"type": "ID_PROOFING"}}}},
            "actions.appSignOn.verificationMethod.type",
        ),
        (
            "ACCESS_POLICY",
            {"actions": {"appSignOn": {"verificationMethod": {"reauthenticateIn": "2 hours"}}}},
            "actions.appSignOn.verificationMethod.reauthenticateIn",
        ),
        (
            "ACCESS_POLICY",
            {
                "actions": {
                    "appSignOn": {
                        "verificationMethod": {
                            "factorMode": "1FA",
                            "constraints": [{"knowledge": {}, "possession": {}}],
                        }
                    }
                }
            },
            "actions.appSignOn.verificationMethod.constraints",
        ),
        ("MFA_ENROLL", {"name": " "}, "name"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(admin: Admin, policy_type: str, body: Any, field: str) -> None:
    policy = made(admin, policy_type)

    answer = admin.post(f"{PATH}/{policy['id']}/rules", {"name": "rule", **body})

    assert (answer.status, answer.json["errorSummary"]) == (400, f"Api validation failed: {field}"), answer.causes


def test_rules_are_dense_but_those_of_applications(admin: Admin) -> None:
    session, app = made(admin), made(admin, "ACCESS_POLICY")
    for name, priority in (("A", None), ("B", 1), ("C", 999)):
        a_rule(admin, session, name, priority=priority)
    for name, priority in (("A", 7), ("B", 0), ("C", 7), ("D", None)):
        a_rule(admin, app, name, priority=priority)

    def shown(policy: Any) -> list[tuple[str, int]]:
        return [(rule["name"], rule["priority"]) for rule in admin.get(f"{PATH}/{policy['id']}/rules").json]

    assert shown(session) == [("B", 1), ("A", 2), ("C", 3)]
    assert shown(app) == [("B", 0), ("C", 7), ("A", 8), ("D", 9), ("Catch-all Rule", 99)]


def test_a_rule_is_replaced_switched_and_deleted(admin: Admin) -> None:
    policy = made(admin)
    path = f"{PATH}/{policy['id']}/rules/{a_rule(admin, policy)['id']}"

    replaced = admin.put(path, {"name": "other", "status": "INACTIVE"})
    statuses = [admin.post(f"{path}/lifecycle/{verb}").status for verb in ("activate", "deactivate")]

    assert (replaced.json["name"], replaced.json["status"]) == ("other", "ACTIVE")
    assert statuses == [204, 204]
    assert admin.get(path).json["status"] == "INACTIVE"
    assert admin.delete(path).status == 204
    assert admin.get(path).status == 404


def test_the_rule_that_catches_all_can_deny(admin: Admin) -> None:
    policy = made(admin, "ACCESS_POLICY")
    (rule,) = admin.get(f"{PATH}/{policy['id']}/rules").json
    path = f"{PATH}/{policy['id']}/rules/{rule['id']}"

    answer = admin.put(path, {**rule, "name": "mine", "actions": {"appSignOn": {"access": "DENY"}}})

    assert (answer.json["name"], answer.json["priority"], answer.json["conditions"]) == ("Catch-all Rule", 99, None)
    assert answer.json["actions"]["appSignOn"]["access"] == "DENY"


def test_a_policy_of_applications_is_cloned_with_its_rules(admin: Admin) -> None:
    policy = made(admin, "ACCESS_POLICY", "original")
    a_rule(admin, policy, "first")

    answer = admin.post(f"{PATH}/{policy['id']}/clone")

    assert (answer.status, answer.json["name"]) == (200, "[cloned] original")
    rules = [admin.get(f"{PATH}/{one}/rules").json for one in (policy["id"], answer.json["id"])]
    assert [[rule["name"] for rule in each] for each in rules] == [["first", "Catch-all Rule"]] * 2
    assert not {rule["id"] for rule in rules[0]} & {rule["id"] for rule in rules[1]}
    assert admin.post(f"{PATH}/{made(admin)['id']}/clone").status == 400


def test_an_application_is_given_a_policy_and_has_the_default_when_that_is_deleted(admin: Admin) -> None:
    policy = made(admin, "ACCESS_POLICY")
    app = admin.post("/api/v1/apps", app_body(**web())).json
    default = app["_links"]["accessPolicy"]["href"]

    assigned = admin.put(f"/api/v1/apps/{app['id']}/policies/{policy['id']}")
    given = admin.get(f"/api/v1/apps/{app['id']}").json["_links"]["accessPolicy"]["href"]
    using = [one["id"] for one in admin.get(f"{PATH}/{policy['id']}/app").json]
    mapped = admin.get(f"{PATH}/{policy['id']}/mappings").json
    admin.delete(f"{PATH}/{policy['id']}")
    then = admin.get(f"/api/v1/apps/{app['id']}").json["_links"]["accessPolicy"]["href"]

    assert assigned.status == 204
    assert given.endswith(policy["id"])
    assert using == [app["id"]]
    assert [one["_links"]["application"]["href"].rpartition("/")[2] for one in mapped] == [app["id"]]
    assert then == default


@pytest.mark.parametrize(("app", "policy", "kind"), [("0oaNone", None, "AppInstance"), (None, "rstNone", "Policy")])
def test_what_is_not_there_is_not_assigned(admin: Admin, app: str | None, policy: str | None, kind: str) -> None:
    app = app or admin.post("/api/v1/apps", app_body(**web())).json["id"]
    policy = policy or made(admin, "ACCESS_POLICY")["id"]

    answer = admin.put(f"/api/v1/apps/{app}/policies/{policy}")

    assert (answer.status, answer.json["errorSummary"].endswith(f"({kind})")) == (404, True)


def test_mappings_are_not_made_here(admin: Admin) -> None:
    answer = admin.post(f"{PATH}/{IDS['ACCESS_POLICY'][0]}/mappings", {"resourceId": "0oaA"})

    assert (answer.status, answer.json["errorSummary"]) == (
        400,
        "Api validation failed: Policy mappings are no longer supported on this endpoint.",
    )


DENY = {"signon": {"access": "DENY"}}


def test_what_would_lock_everybody_out_is_refused_unless_confirmed(admin: Admin) -> None:
    path = f"{PATH}/{IDS['OKTA_SIGN_ON'][0]}/rules/{IDS['OKTA_SIGN_ON'][1]}"
    body = {"name": "Default Rule", "actions": DENY}

    refused = admin.put(path, body)
    confirmed = admin.put(f"{path}?confirm=true", body)

    assert (refused.status, refused.json["errorSummary"]) == (400, "Api validation failed: actions.signon.access")
    assert "confirm=true" in refused.causes[0]
    assert confirmed.status == 200


def test_to_deny_everybody_but_some_is_no_lockout(admin: Admin) -> None:
    staff = made(admin, conditions={"people": {"groups": {"include": ["00gStaff"]}}})
    a_rule(admin, staff)
    path = f"{PATH}/{IDS['OKTA_SIGN_ON'][0]}/rules/{IDS['OKTA_SIGN_ON'][1]}"

    denied = admin.put(path, {"name": "Default Rule", "actions": DENY})
    last = admin.delete(f"{PATH}/{staff['id']}")

    assert denied.status == 200
    assert (last.status, last.json["errorSummary"]) == (400, "Api validation failed: actions.signon.access")


def test_a_deny_that_cannot_be_told_locks_everybody_out(admin: Admin) -> None:
    somewhere = admin.post("/api/v1/zones", {"type": "DYNAMIC", "name": "France", "locations": [{"country": "FR"}]})
    policy = made(admin)
    network = {"connection": "ZONE", "include": [somewhere.json["id"]]}

    answer = admin.post(
        f"{PATH}/{policy['id']}/rules", {"name": "x", "conditions": {"network": network}, "actions": DENY}
    )

    assert (answer.status, answer.json["errorSummary"]) == (400, "Api validation failed: actions.signon.access")


def test_changes_are_in_the_log(admin: Admin) -> None:
    policy = made(admin)
    rule = a_rule(admin, policy)
    admin.put(f"{PATH}/{policy['id']}/rules/{rule['id']}", {"name": "other"})
    admin.post(f"{PATH}/{policy['id']}/rules/{rule['id']}/lifecycle/deactivate")
    admin.delete(f"{PATH}/{policy['id']}/rules/{rule['id']}")
    admin.put(f"{PATH}/{policy['id']}", {"type": "OKTA_SIGN_ON", "name": "new"})
    admin.post(f"{PATH}/{policy['id']}/lifecycle/deactivate")
    admin.delete(f"{PATH}/{policy['id']}")

    events = [event for event in admin.storage.events if event.type.startswith("policy.")]
    ours = [event.type for event in events if event.targets[-1].id == policy["id"]]

    assert ours == [
        "policy.lifecycle.create",
        "policy.rule.add",
        "policy.rule.update",
        "policy.rule.deactivate",
        "policy.rule.delete",
        "policy.lifecycle.update",
        "policy.lifecycle.deactivate",
        "policy.lifecycle.delete",
    ]


@pytest.mark.parametrize(
    ("policy_type", "conditions", "watched"),
    [
        ("OKTA_SIGN_ON", {"riskScore": {"level": "HIGH"}}, True),
        ("OKTA_SIGN_ON", {"risk": {"behaviors": ["bhvAuthmintVelocity0"]}}, True),
        ("ACCESS_POLICY", {"elCondition": {"condition": "security.risk.level == 'LOW'"}}, True),
        ("OKTA_SIGN_ON", {"riskScore": {"level": "ANY"}}, False),
        ("ACCESS_POLICY", {"elCondition": {"condition": "user.status == 'ACTIVE'"}}, False),
    ],
)
def test_sign_ins_are_remembered_from_the_first_rule_that_asks(
    admin: Admin, policy_type: str, conditions: Any, watched: bool
) -> None:
    a_rule(admin, made(admin, policy_type), conditions=conditions)

    assert admin.storage.sign_on_policies.of_type("OKTA_SIGN_ON").order.watched is watched
