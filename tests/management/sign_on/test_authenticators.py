"""``/api/v1/authenticators`` and ``/api/v1/org/factors``, as recorded."""

from typing import Any

import pytest

from tests.management.admin import BASE_URL, Admin
from tests.management.directory.users import made
from tests.support.sign_on_policies import a_policy, a_rule, app_sign_on

PATH = "/api/v1/authenticators"


def of(admin: Admin, key: str) -> Any:
    return next(one for one in admin.get(PATH).json if one["key"] == key)


def test_a_new_org_has_five_by_name(admin: Admin) -> None:
    answer = admin.get(PATH)

    assert answer.header("link") == []
    assert [(one["name"], one["key"], one["type"], one["status"]) for one in answer.json] == [
        ("Email", "okta_email", "email", "ACTIVE"),
        ("Google Authenticator", "google_otp", "app", "ACTIVE"),
        ("Password", "okta_password", "password", "ACTIVE"),
        ("Security Key or Biometric", "webauthn", "security_key", "ACTIVE"),
        ("Security Question", "security_question", "security_question", "ACTIVE"),
    ]
    email = answer.json[0]
    href = f"{BASE_URL}{PATH}/{email['id']}"
    assert list(email) == ["type", "id", "key", "status", "name", "created", "lastUpdated", "settings", "_links"]
    assert email["settings"] == {"allowedFor": "recovery", "tokenLifetimeInMinutes": 5}
    assert email["_links"] == {
        "self": {"href": href, "hints": {"allow": ["GET", "PUT"]}},
        "deactivate": {"href": f"{href}/lifecycle/deactivate", "hints": {"allow": ["POST"]}},
        "methods": {"href": f"{href}/methods", "hints": {"allow": ["GET"]}},
    }
    assert "settings" not in answer.json[2]
    assert "deactivate" not in answer.json[2]["_links"]
    assert all(len(one["id"]) == 20 for one in answer.json)


def test_one_is_switched_off_and_on(admin: Admin) -> None:
    one = of(admin, "google_otp")

    off = admin.post(f"{PATH}/{one['id']}/lifecycle/deactivate")
    assert (off.status, off.json["status"], "activate" in off.json["_links"]) == (200, "INACTIVE", True)
    on = admin.post(f"{PATH}/{one['id']}/lifecycle/activate")
    assert (on.status, on.json["status"]) == (200, "ACTIVE")
    assert [event.type.rpartition(".")[2] for event in admin.storage.events[-2:]] == ["deactivate", "activate"]


def test_what_is_off_is_not_switched_off_again(admin: Admin) -> None:
    path = f"{PATH}/{of(admin, 'security_question')['id']}/lifecycle/deactivate"

    first, second = admin.post(path), admin.post(path)

    assert (first.status, second.status, second.code, second.causes) == (200, 400, "E0000001", [])
    assert second.json["errorSummary"] == (
        "Api validation failed: api.authenticator.error.unsupported.active.deactivate"
    )


def test_the_password_stays_on(admin: Admin) -> None:
    refused = admin.post(f"{PATH}/{of(admin, 'okta_password')['id']}/lifecycle/deactivate")

    assert (refused.status, refused.code) == (400, "E0000001")


def test_what_a_policy_requires_stays_on(admin: Admin) -> None:
    listed = [
        {"key": "google_otp", "enroll": {"self": "REQUIRED"}},
        {"key": "webauthn", "enroll": {"self": "OPTIONAL"}},
    ]
    settings = {"type": "AUTHENTICATORS", "authenticators": listed}
    policy = a_policy(type="MFA_ENROLL", name="Two for all", settings=settings)
    admin.storage.sign_on_policies.save(None, policy, [])

    refused = admin.post(f"{PATH}/{of(admin, 'google_otp')['id']}/lifecycle/deactivate")
    assert (refused.status, refused.code) == (403, "E0000148")
    assert refused.causes == ["Authenticator Enrollment Policies: Two for all"]
    assert admin.post("/api/v1/org/factors/google_otp/lifecycle/deactivate").status == 400
    assert admin.post(f"{PATH}/{of(admin, 'webauthn')['id']}/lifecycle/deactivate").status == 200


def test_what_nobody_could_satisfy_a_rule_without_stays_on(admin: Admin) -> None:
    resistant = [{"possession": {"phishingResistant": "REQUIRED"}}]
    bound = [{"possession": {"deviceBound": "REQUIRED"}}]
    rules = (
        a_rule(app_sign_on(constraints=resistant), id="rulA", name="Keys"),
        a_rule(app_sign_on(constraints=bound), id="rulB", name="Devices"),
        a_rule(app_sign_on(constraints=resistant), id="rulC", name="Off", status="INACTIVE"),
        a_rule(app_sign_on("DENY", constraints=resistant), id="rulD", name="Nobody"),
    )
    admin.storage.sign_on_policies.save(None, a_policy(*rules, type="ACCESS_POLICY", id="rstA"), [])
    key, app = of(admin, "webauthn")["id"], of(admin, "google_otp")["id"]

    refused = admin.post(f"{PATH}/{key}/lifecycle/deactivate")

    assert (refused.status, refused.code) == (403, "E0000219")
    assert refused.json["errorSummary"].endswith("Policy rules: Keys")
    assert admin.post("/api/v1/org/factors/fido_webauthn/lifecycle/deactivate").status == 400
    assert admin.post(f"{PATH}/{app}/lifecycle/deactivate").status == 200
    again = admin.post(f"{PATH}/{key}/lifecycle/deactivate")
    assert again.json["errorSummary"].endswith("Policy rules: Keys, Devices")


def test_the_last_device_stays_on_where_a_rule_wants_one(admin: Admin) -> None:
    rule = a_rule(app_sign_on(constraints=[{"possession": {"deviceBound": "REQUIRED"}}]), name="Devices")
    admin.post(f"{PATH}/{of(admin, 'webauthn')['id']}/lifecycle/deactivate")
    admin.storage.sign_on_policies.save(None, a_policy(rule, type="ACCESS_POLICY", id="rstA"), [])

    refused = admin.post(f"{PATH}/{of(admin, 'google_otp')['id']}/lifecycle/deactivate")

    assert (refused.status, refused.code, refused.causes) == (403, "E0000148", ["Policy rules: Devices"])
    assert admin.post(f"{PATH}/{of(admin, 'okta_email')['id']}/lifecycle/deactivate").status == 200


def test_the_whole_object_can_be_put_back(admin: Admin) -> None:
    one = of(admin, "webauthn")

    renamed = admin.put(f"{PATH}/{one['id']}", {**one, "name": "Passkeys (FIDO2 WebAuthn)"})

    assert (renamed.status, renamed.json["name"]) == (200, "Passkeys (FIDO2 WebAuthn)")
    assert admin.get(f"{PATH}/{one['id']}").json == renamed.json
    assert admin.storage.events[-1].type == "security.authenticator.lifecycle.update"


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "google_otp"},
        {"type": "app"},
        {"name": ""},
        {"settings": {"allowedFor": "everything"}},
        {"settings": {"tokenLifetimeInMinutes": 7}},
    ],
)
def test_what_cannot_be_set_is_refused(admin: Admin, changes: Any) -> None:
    one = of(admin, "okta_email")

    refused = admin.put(f"{PATH}/{one['id']}", {**one, **changes})

    assert (refused.status, refused.code) == (400, "E0000001")
    assert of(admin, "okta_email") == one


def test_unknown_ones_are_not_found(admin: Admin) -> None:
    for answer in (admin.get(f"{PATH}/autNone"), admin.post(f"{PATH}/autNone/lifecycle/activate")):
        assert answer.json["errorSummary"] == "Not found: Resource not found: autNone (Authenticator)"
    assert admin.get(f"{PATH}/{of(admin, 'webauthn')['id']}/methods/otp").status == 404
    assert admin.get(f"{PATH}/{of(admin, 'webauthn')['id']}/aaguids").code == "E0000015"


def test_keys_have_a_method_with_settings(admin: Admin) -> None:
    href = f"{PATH}/{of(admin, 'webauthn')['id']}/methods"
    assert [one["type"] for one in admin.get(href).json] == ["webauthn"]
    method = admin.get(f"{href}/webauthn").json
    assert method == {
        "type": "webauthn",
        "status": "ACTIVE",
        "settings": {"userVerification": "PREFERRED", "attachment": "ANY"},
        "_links": {"self": {"href": f"{BASE_URL}{href}/webauthn", "hints": {"allow": ["GET", "PUT"]}}},
    }
    settings = {"userVerification": "REQUIRED", "attachment": "ROAMING", "residentKeyRequirement": "REQUIRED"}

    changed = admin.put(f"{href}/webauthn", {**method, "settings": settings})

    assert (changed.status, changed.json["settings"]) == (200, settings)
    user = made(admin)["id"]
    enrolled = admin.made(f"/api/v1/users/{user}/factors", {"factorType": "webauthn"})
    assert enrolled["_embedded"]["activation"]["authenticatorSelection"] == {
        "userVerification": "required",
        "requireResidentKey": True,
        "residentKey": "required",
        "authenticatorAttachment": "cross-platform",
    }


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"userVerification": "MAYBE"}, 400),
        ({"attachment": "GLUED"}, 400),
        ({"residentKeyRequirement": "X"}, 400),
        ({"enableAutofillUI": "yes"}, 400),
        ({"rpId": {"enabled": True, "domain": {"name": "evil.org"}}}, 400),
        ({"aaguidGroups": [{"name": "x"}]}, 401),
        ({"rpId": {"enabled": False}, "aaguidGroups": [], "allowSyncablePasskeys": False}, 200),
    ],
)
def test_settings_of_keys_are_checked(admin: Admin, settings: Any, status: int) -> None:
    href = f"{PATH}/{of(admin, 'webauthn')['id']}/methods/webauthn"

    assert admin.put(href, {"settings": settings}).status == status


def test_others_have_a_method_without_settings(admin: Admin) -> None:
    href = f"{PATH}/{of(admin, 'google_otp')['id']}/methods/otp"

    assert admin.get(href).json["type"] == "otp"
    assert "settings" not in admin.put(href, {"settings": {"a": 1}}).json


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("google_otp", 409, "E0000157"),
        ("okta_email", 400, "E0000001"),
        ("phone_number", 400, "E0000226"),
        ("duo", 400, "E0000001"),
    ],
)
def test_there_is_one_of_each_key(admin: Admin, key: str, status: int, code: str) -> None:
    refused = admin.post(f"{PATH}?activate=true", {"key": key, "name": "another"})

    assert (refused.status, refused.code) == (status, code)


def test_creating_one_that_is_off_switches_it_on(admin: Admin) -> None:
    one = of(admin, "google_otp")
    admin.post(f"{PATH}/{one['id']}/lifecycle/deactivate")

    on = admin.post(f"{PATH}?activate=true", {"key": "google_otp", "name": "Codes"})

    assert (on.status, on.json["id"], on.json["status"], on.json["name"]) == (200, one["id"], "ACTIVE", "Codes")


def test_factors_of_the_org_are_the_same_switches(admin: Admin) -> None:
    href = f"{BASE_URL}/api/v1/org/factors/okta_question"
    assert admin.get(href).json == {
        "id": "okta_question",
        "provider": "OKTA",
        "factorType": "question",
        "status": "ACTIVE",
        "_links": {
            "deactivate": {"href": f"{href}/lifecycle/deactivate", "hints": {"allow": ["POST"]}},
            "self": {"href": href, "hints": {"allow": ["GET"]}},
        },
    }

    off = admin.post("/api/v1/org/factors/okta_otp/lifecycle/deactivate")

    assert (off.status, off.json["status"]) == (200, "INACTIVE")
    assert of(admin, "google_otp")["status"] == "INACTIVE"
    assert admin.storage.events[-1].type == "system.mfa.factor.deactivate"
    assert admin.post("/api/v1/org/factors/google_otp/lifecycle/activate").json["status"] == "ACTIVE"
    assert len(admin.get("/api/v1/org/factors").json) == 6
    assert admin.get("/api/v1/org/factors/duo").json["errorSummary"].endswith("duo (OrgFactor)")
