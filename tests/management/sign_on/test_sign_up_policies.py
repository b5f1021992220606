"""Policies of type PROFILE_ENROLLMENT: what a rule can say, and which application has which."""

from typing import Any

import pytest
from authmint.policy.sign_on.defaults import IDS

from tests.management.admin import Admin
from tests.management.apps import APPS, an_app

POLICIES = "/api/v1/policies"
POLICY, RULE = IDS["PROFILE_ENROLLMENT"]
WELCOME = {
    "access": "ALLOW",
    "unknownUserAction": "REGISTER",
    "profileAttributes": [{"name": "email", "label": "Address", "required": True}],
    "activationRequirements": {"emailVerification": True},
}


def saved(admin: Admin, **changes: Any) -> Any:
    body = {"name": "all", "actions": {"profileEnrollment": WELCOME | changes}}
    return admin.put(f"{POLICIES}/{POLICY}/rules/{RULE}", body)


def test_a_rule_that_welcomes_strangers_is_kept() -> None:
    admin = Admin()

    hooks = [{"inlineHookId": "cal1"}]
    answer = saved(
        admin, targetGroupIds=["00g1"], preRegistrationInlineHooks=hooks, enrollAuthenticatorTypes=["password"]
    )

    shown = answer.json["actions"]["profileEnrollment"]
    assert {name: shown[name] for name in WELCOME} == WELCOME
    assert shown["targetGroupIds"] == ["00g1"]
    assert (shown["preRegistrationInlineHooks"], shown["enrollAuthenticatorTypes"]) == (hooks, ["password"])


def test_a_hook_that_a_rule_asks_stays() -> None:
    admin = Admin()
    channel = {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://hook.example/x"}}
    body = {"name": "gate", "type": "com.okta.user.pre-registration", "version": "1.0.0", "channel": channel}
    hook = f"/api/v1/inlineHooks/{admin.made('/api/v1/inlineHooks', body)['id']}"
    saved(admin, preRegistrationInlineHooks=[{"inlineHookId": hook.rpartition("/")[2]}])
    admin.call("POST", f"{hook}/lifecycle/deactivate")

    refused = admin.delete(hook)

    assert (refused.status, "The policy 'Default Policy' uses it." in refused.causes) == (403, True)
    saved(admin)
    assert admin.delete(hook).status == 204


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"activationRequirements": {"emailVerification": False}}, "activationRequirements"),
        ({"targetGroupIds": ["00g1", "00g2"]}, "targetGroupIds"),
        ({"profileAttributes": [{"name": f"a{n}"} for n in range(11)]}, "profileAttributes"),
        ({"unknownUserAction": "MAYBE"}, "unknownUserAction"),
        ({"enrollAuthenticatorTypes": ["password", "webauthn"]}, "enrollAuthenticatorTypes"),
    ],
)
def test_what_is_not_offered_is_refused(changes: dict[str, Any], field: str) -> None:
    answer = saved(Admin(), **changes)

    assert (answer.status, field in str(answer.json)) == (400, True)


def test_an_app_has_a_policy_until_that_is_deleted() -> None:
    admin = Admin()
    app = an_app(admin)["id"]
    made = admin.made(POLICIES, {"type": "PROFILE_ENROLLMENT", "name": "customers"})["id"]

    assert admin.put(f"{APPS}/{app}/policies/{made}").status == 204
    links = admin.get(f"{APPS}/{app}").json["_links"]
    assert links["profileEnrollment"]["href"].endswith(f"/policies/{made}")
    assert links["accessPolicy"]["href"].endswith(f"/policies/{IDS['ACCESS_POLICY'][0]}")
    assert [one["id"] for one in admin.get(f"{POLICIES}/{made}/app").json] == [app]

    assert admin.delete(f"{POLICIES}/{made}").status == 204
    assert admin.storage.clients.get(app).enrollment_policy is None
    assert admin.get(f"{APPS}/{app}").json["_links"]["profileEnrollment"]["href"].endswith(f"/policies/{POLICY}")
