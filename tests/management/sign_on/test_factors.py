"""``/api/v1/users/{userId}/factors``: as official clients call it, with the answers that were recorded of others."""

import base64
import re
from typing import Any

import pytest
from authmint.factors.totp import code_at
from authmint.http import Request

from tests.management.admin import BASE_URL, Admin, Answer
from tests.management.directory.users import made
from tests.support.authenticator import SoftwareKey

TOTP = {"factorType": "token:software:totp", "provider": "GOOGLE"}
QUESTION = {
    "factorType": "question",
    "provider": "OKTA",
    "profile": {"question": "disliked_food", "answer": "turnips"},
}
WRONG = "Your passcode doesn't match our records. Please try again."


@pytest.fixture
def admin() -> Admin:
    return Admin(mail_from="authmint@example.com")


@pytest.fixture
def user(admin: Admin) -> str:
    return str(made(admin, password="Correct-Horse-7")["id"])


def factors_of(user: str) -> str:
    return f"/api/v1/users/{user}/factors"


def totp(admin: Admin, user: str) -> tuple[str, bytes]:
    """An app that is activated, in an earlier step than the present one."""
    enrolled = admin.made(factors_of(user), TOTP)
    secret = base64.b32decode(enrolled["_embedded"]["activation"]["sharedSecret"])
    admin.made(f"{factors_of(user)}/{enrolled['id']}/lifecycle/activate", {"passCode": code(admin, secret)})
    admin.clock.advance(seconds=60)
    return enrolled["id"], secret


def code(admin: Admin, secret: bytes) -> str:
    return code_at(secret, admin.clock.now() // 30)


def verify(admin: Admin, user: str, factor: str, body: Any = None) -> Answer:
    return admin.post(f"{factors_of(user)}/{factor}/verify", body)


def events(admin: Admin) -> list[tuple[str, str]]:
    found = [event for event in admin.storage.events if ".mfa" in event.type or "via_mfa" in event.type]
    return [(event.type.removeprefix("user."), event.outcome) for event in found]


def test_a_user_without_factors_has_an_empty_list(admin: Admin, user: str) -> None:
    assert admin.get(factors_of(user)).json == []


def test_an_app_is_enrolled_and_activated(admin: Admin, user: str) -> None:
    enrolled = admin.post(factors_of(user), TOTP)

    href = f"{BASE_URL}{factors_of(user)}/{enrolled.json['id']}"
    assert enrolled.status == 200
    assert enrolled.json["id"].startswith("uft")
    assert {name: enrolled.json[name] for name in ("factorType", "provider", "vendorName", "status", "profile")} == {
        "factorType": "token:software:totp",
        "provider": "GOOGLE",
        "vendorName": "GOOGLE",
        "status": "PENDING_ACTIVATION",
        "profile": {"credentialId": "ann@example.com"},
    }
    assert enrolled.json["_links"] == {
        "activate": {"href": f"{href}/lifecycle/activate", "hints": {"allow": ["POST"]}},
        "self": {"href": href, "hints": {"allow": ["GET"]}},
        "user": {"href": f"{BASE_URL}/api/v1/users/{user}", "hints": {"allow": ["GET"]}},
    }
    activation = enrolled.json["_embedded"]["activation"]
    assert (activation["timeStep"], activation["encoding"], activation["keyLength"]) == (30, "base32", 6)
    assert "_embedded" not in admin.get(f"{factors_of(user)}/{enrolled.json['id']}").json

    secret = base64.b32decode(activation["sharedSecret"])
    active = admin.post(href + "/lifecycle/activate", {"passCode": code(admin, secret)})

    assert (active.status, active.json["status"]) == (200, "ACTIVE")
    assert sorted(active.json["_links"]) == ["self", "user", "verify"]
    assert [one["status"] for one in admin.get(factors_of(user)).json] == ["ACTIVE"]
    event = admin.storage.events[-1]
    assert (event.type, event.actor.type, event.targets[0].id) == ("user.mfa.factor.activate", "User", user)
    assert event.actor.id != user


def test_a_code_is_verified_once(admin: Admin, user: str) -> None:
    factor, secret = totp(admin, user)
    sent = {"passCode": code(admin, secret)}

    assert verify(admin, user, factor, sent).json == {"factorResult": "SUCCESS"}
    assert verify(admin, user, factor, sent).json == {"factorResult": "PASSCODE_REPLAYED"}
    wrong = verify(admin, user, factor, {"passCode": "12345"})
    assert (wrong.status, wrong.code, wrong.causes) == (403, "E0000068", [WRONG])
    assert events(admin)[-3:] == [
        ("authentication.auth_via_mfa", "SUCCESS"),
        ("authentication.auth_via_mfa", "FAILURE"),
        ("authentication.auth_via_mfa", "FAILURE"),
    ]


def test_wrong_codes_lock_here_too(admin: Admin, user: str) -> None:
    factor, secret = totp(admin, user)

    answers = [verify(admin, user, factor, {"passCode": "0"}) for _ in range(6)]

    assert [answer.code for answer in answers] == ["E0000068"] * 4 + ["E0000069"] * 2
    assert admin.get(f"/api/v1/users/{user}").json["status"] == "LOCKED_OUT"
    admin.post(f"/api/v1/users/{user}/lifecycle/unlock")
    assert verify(admin, user, factor, {"passCode": code(admin, secret)}).json == {"factorResult": "SUCCESS"}


def test_a_pending_factor_is_not_verified_and_five_answers_activate_it_or_not(admin: Admin, user: str) -> None:
    factor = admin.made(factors_of(user), TOTP)["id"]
    assert (verify(admin, user, factor, {"passCode": "1"}).status, events(admin)) == (403, [])

    path = f"{factors_of(user)}/{factor}/lifecycle/activate"
    answers = [admin.post(path, {"passCode": "0"}) for _ in range(6)]

    assert [answer.code for answer in answers] == ["E0000068"] * 5 + ["E0000047"]
    assert int(answers[-1].header("retry-after")[0]) <= 300


def test_another_users_factor_is_not_found(admin: Admin, user: str) -> None:
    factor, secret = totp(admin, user)
    other = made(admin, "bob@example.com")["id"]

    for answer in (
        admin.get(f"{factors_of(other)}/{factor}"),
        admin.delete(f"{factors_of(other)}/{factor}"),
        admin.put(f"{factors_of(other)}/{factor}", {"profile": {}}),
        verify(admin, other, factor, {"passCode": code(admin, secret)}),
        admin.post(f"{factors_of(other)}/{factor}/lifecycle/activate", {"passCode": "1"}),
        admin.post(f"{factors_of(other)}/{factor}/resend"),
        admin.get(f"/api/v1/users/{other}/authenticator-enrollments/{factor}"),
    ):
        assert (answer.status, answer.json["errorSummary"][:31]) == (404, "Not found: Resource not found: ")
    assert admin.get(f"{factors_of(user)}/none").json["errorSummary"].endswith("none (UserFactor)")


def test_deleting_answers_as_recorded(admin: Admin, user: str) -> None:
    factor, _ = totp(admin, user)

    assert admin.delete(f"{factors_of(user)}/{factor}").status == 204
    gone = admin.get(f"{factors_of(user)}/{factor}")
    assert (gone.status, gone.code) == (404, "E0000007")
    assert gone.json["errorSummary"] == f"Not found: Resource not found: {factor} (UserFactor)"
    assert events(admin)[-1] == ("mfa.factor.deactivate", "SUCCESS")


def test_nothing_is_changed_of_who_was_deactivated(admin: Admin, user: str) -> None:
    factor, _ = totp(admin, user)
    admin.post(f"/api/v1/users/{user}/lifecycle/deactivate")

    for answer in (
        admin.delete(f"{factors_of(user)}/{factor}"),
        admin.post(factors_of(user), TOTP),
        admin.delete(f"/api/v1/users/{user}/authenticator-enrollments/{factor}"),
        admin.post(f"/api/v1/users/{user}/recoveryCodes"),
    ):
        assert (answer.status, answer.code) == (403, "E0000038")


def test_the_qr_code_is_a_picture_for_who_has_the_link(admin: Admin, user: str) -> None:
    enrolled = admin.made(factors_of(user), TOTP)
    activation = enrolled["_embedded"]["activation"]
    picture = activation["_links"]["qrcode"]
    assert picture["type"] == "image/png"

    answer = _picture(admin, picture["href"])

    assert (answer.status, dict(answer.headers)["content-type"]) == (200, "image/png")
    assert answer.body.startswith(b"\x89PNG")
    assert "no-store" in dict(answer.headers)["cache-control"]
    assert _picture(admin, picture["href"]).status == 200
    for wrong in (
        re.sub(r"/qr/.*", "/qr/" + "x" * 43, picture["href"]),
        picture["href"].replace(user, "00u" + "1" * 17),
        picture["href"].replace(enrolled["id"], "uft" + "1" * 17),
    ):
        assert _picture(admin, wrong).status == 404
    admin.clock.advance(seconds=600)
    assert _picture(admin, picture["href"]).status == 404


def test_the_qr_code_dies_with_the_activation(admin: Admin, user: str) -> None:
    enrolled = admin.made(factors_of(user), TOTP)
    activation = enrolled["_embedded"]["activation"]
    secret = base64.b32decode(activation["sharedSecret"])
    admin.made(f"{factors_of(user)}/{enrolled['id']}/lifecycle/activate", {"passCode": code(admin, secret)})

    assert _picture(admin, activation["_links"]["qrcode"]["href"]).status == 404


def _picture(admin: Admin, href: str) -> Any:
    return admin.api(Request("GET", href.removeprefix(BASE_URL), base_url=BASE_URL))


def test_a_second_app_is_refused_and_a_pending_one_replaced(admin: Admin, user: str) -> None:
    first = admin.made(factors_of(user), TOTP)["id"]
    factor, _ = totp(admin, user)

    assert [one["id"] for one in admin.get(factors_of(user)).json] == [factor]
    assert first != factor
    refused = admin.post(factors_of(user), TOTP)
    assert (refused.status, refused.code) == (400, "E0000001")
    assert refused.json["errorSummary"] == "Api validation failed: factorEnrollRequest"
    assert refused.causes == ["A factor of this type is already set up."]
    other = admin.made(factors_of(user), {"factorType": "token:software:totp", "provider": "OKTA"})
    assert (other["provider"], other["id"][:3]) == ("OKTA", "ost")


@pytest.mark.parametrize(
    "body",
    [
        {"factorType": "sms", "provider": "OKTA"},
        {"factorType": "push", "provider": "OKTA"},
        {"factorType": "token:hotp"},
        {"factorType": "u2f", "provider": "FIDO"},
        {"factorType": "token:software:totp", "provider": "RSA"},
    ],
)
def test_what_is_not_offered_is_not_enabled(admin: Admin, user: str, body: Any) -> None:
    refused = admin.post(factors_of(user), body)

    assert (refused.status, refused.code) == (400, "E0000001")
    assert refused.causes == ["factorType: The factor type is not enabled for this organization."]


@pytest.mark.parametrize("body", [{}, {"provider": "GOOGLE"}, {"factorType": ""}])
def test_a_factor_needs_a_type(admin: Admin, user: str, body: Any) -> None:
    assert admin.post(factors_of(user), body).causes == ["factorType: The field cannot be left blank"]


@pytest.mark.parametrize("lifetime", ["0", "86401", "x", "-1", "1" * 9])
def test_a_lifetime_has_bounds(admin: Admin, user: str, lifetime: str) -> None:
    answer = admin.post(f"{factors_of(user)}?tokenLifetimeSeconds={lifetime}", {"factorType": "email"})

    assert (answer.status, answer.code) == (400, "E0000001")


def key_of(admin: Admin, user: str, key: SoftwareKey) -> str:
    """A key that is enrolled as the vendor's widget does it, with standard base64."""
    enrolled = admin.made(factors_of(user), {"factorType": "webauthn", "provider": "FIDO"})
    made_by = key.create(enrolled["_embedded"]["activation"])
    body = {
        "attestation": base64.b64encode(made_by.attestation).decode(),
        "clientData": base64.b64encode(made_by.client_data).decode(),
        "transports": '["internal"]',
        "clientExtensions": '{"credProps":{"rk":true}}',
    }
    active = admin.made(f"{factors_of(user)}/{enrolled['id']}/lifecycle/activate", body)
    assert active["profile"] == {"credentialId": "Y3JlZGVudGlhbA", "authenticatorName": "This device"}
    return str(active["id"])


def test_a_key_is_enrolled_and_verified(admin: Admin, user: str) -> None:
    key = SoftwareKey()
    factor = key_of(admin, user, key)

    asked = verify(admin, user, factor)
    challenge = asked.json["_embedded"]["challenge"]
    signed = key.get(challenge)
    body = {
        "clientData": base64.b64encode(signed.client_data).decode(),
        "authenticatorData": base64.b64encode(signed.authenticator_data).decode(),
        "signatureData": base64.b64encode(signed.signature).decode(),
    }

    assert asked.json["factorResult"] == "CHALLENGE"
    assert sorted(challenge) == ["challenge", "extensions", "userVerification"]
    assert "profile" not in asked.json
    assert sorted(asked.json["_links"]) == ["factor", "verify"]
    assert verify(admin, user, factor, body).json == {"factorResult": "SUCCESS"}
    again = verify(admin, user, factor, body)
    assert (again.status, again.code) == (403, "E0000068")
    assert admin.storage.users.get(user).failed_codes == 0


def test_a_pending_key_shows_no_profile(admin: Admin, user: str) -> None:
    pending = admin.made(factors_of(user), {"factorType": "webauthn"})

    assert "profile" not in pending
    assert pending["_embedded"]["activation"]["user"]["id"] == user
    bad = admin.post(f"{factors_of(user)}/{pending['id']}/lifecycle/activate", {"attestation": "x", "clientData": 1})
    assert (bad.status, bad.code) == (403, "E0000068")


def sent(admin: Admin) -> str:
    return admin.storage.outbox.mails[-1].values["verificationToken"]


def test_an_address_is_enrolled_by_a_code(admin: Admin, user: str) -> None:
    enrolled = admin.post(f"{factors_of(user)}?tokenLifetimeSeconds=600", {"factorType": "email", "provider": "OKTA"})

    href = f"{BASE_URL}{factors_of(user)}/{enrolled.json['id']}"
    assert enrolled.json["profile"] == {"email": "ann@example.com"}
    assert enrolled.json["_links"]["resend"] == {
        "name": "email",
        "href": f"{href}/resend",
        "hints": {"allow": ["POST"]},
    }
    fast = admin.post(f"{href}/resend", {"factorType": "email"})
    assert (fast.status, fast.code) == (429, "E0000118")
    admin.clock.advance(seconds=300)
    again = admin.post(f"{href}/resend", {"factorType": "email"})
    assert (again.status, again.json["status"]) == (200, "PENDING_ACTIVATION")
    assert admin.post(f"{href}/lifecycle/activate", {"passCode": sent(admin)}).json["status"] == "ACTIVE"
    admin.clock.advance(seconds=10)

    asked = admin.post(f"{href}/verify", {})
    assert (asked.json["factorResult"], "_embedded" in asked.json) == ("CHALLENGE", False)
    assert admin.post(f"{href}/verify", {"passCode": sent(admin)}).json == {"factorResult": "SUCCESS"}
    assert admin.post(f"{href}/verify", {"passCode": sent(admin)}).code == "E0000068"


def test_an_administrator_can_vouch_for_an_address_but_not_for_another_one(admin: Admin, user: str) -> None:
    vouched = admin.made(f"{factors_of(user)}?activate=true", {"factorType": "email"})
    assert vouched["status"] == "ACTIVE"

    other = admin.post(factors_of(user), {"factorType": "email", "profile": {"email": "evil@example.org"}})
    assert (other.status, other.code, other.causes) == (400, "E0000001", [])
    assert other.json["errorSummary"].endswith("Only verified primary or secondary email can be enrolled.")


def test_vouching_changes_nothing_for_apps(admin: Admin, user: str) -> None:
    assert admin.made(f"{factors_of(user)}?activate=true", TOTP)["status"] == "PENDING_ACTIVATION"


def test_questions_answer_as_recorded(admin: Admin, user: str) -> None:
    questions = admin.get(f"{factors_of(user)}/questions").json
    assert len(questions) == 19
    assert questions[0] == {"question": "disliked_food", "questionText": "What is the food you least liked as a child?"}

    made_now = admin.post(factors_of(user), QUESTION)
    href = f"{BASE_URL}{factors_of(user)}/{made_now.json['id']}"
    owner = f"{BASE_URL}/api/v1/users/{user}"
    assert made_now.json["id"].startswith("ufs")
    assert made_now.json["status"] == "ACTIVE"
    assert made_now.json["profile"] == {
        "question": "disliked_food",
        "questionText": "What is the food you least liked as a child?",
    }
    assert made_now.json["_links"] == {
        "questions": {"href": f"{owner}/factors/questions", "hints": {"allow": ["GET"]}},
        "self": {"href": href, "hints": {"allow": ["GET", "DELETE"]}},
        "user": {"href": owner, "hints": {"allow": ["GET"]}},
    }
    changed = admin.put(href, {"profile": {"question": "name_of_first_plush_toy", "answer": "teddy bear"}})
    assert (changed.status, changed.json["id"]) == (200, made_now.json["id"])
    assert changed.json["profile"]["question"] == "name_of_first_plush_toy"
    assert "teddy" not in changed.response.body.decode()
    assert admin.post(f"{href}/verify", {"answer": "Teddy  Bear"}).json == {"factorResult": "SUCCESS"}
    wrong = admin.post(f"{href}/verify", {"answer": "turnips"})
    assert wrong.causes == ["Your answer doesn't match our records. Please try again."]
    assert admin.delete(href).status == 204


def test_a_short_answer_is_refused_and_only_questions_are_replaced(admin: Admin, user: str) -> None:
    short = admin.post(factors_of(user), {"factorType": "question", "profile": {"question": "first_award"}})
    assert (short.status, short.code) == (400, "E0000001")
    factor, _ = totp(admin, user)
    assert admin.put(f"{factors_of(user)}/{factor}", {"profile": {}}).status == 501


def test_the_catalog_says_what_can_be_enrolled(admin: Admin, user: str) -> None:
    totp(admin, user)
    webauthn = next(one for one in admin.get("/api/v1/authenticators").json if one["key"] == "webauthn")
    admin.post(f"/api/v1/authenticators/{webauthn['id']}/lifecycle/deactivate")

    catalog = admin.get(f"{factors_of(user)}/catalog").json

    assert [(one["factorType"], one["status"], one["enrollment"]) for one in catalog] == [
        ("token:software:totp", "ACTIVE", "OPTIONAL"),
        ("email", "NOT_SETUP", "OPTIONAL"),
        ("question", "NOT_SETUP", "OPTIONAL"),
    ]


def test_a_kind_that_is_switched_off_is_inactive(admin: Admin, user: str) -> None:
    factor, secret = totp(admin, user)
    admin.post("/api/v1/org/factors/google_otp/lifecycle/deactivate")

    assert admin.get(f"{factors_of(user)}/{factor}").json["status"] == "INACTIVE"
    assert verify(admin, user, factor, {"passCode": code(admin, secret)}).status == 403


def test_a_reset_removes_all(admin: Admin, user: str) -> None:
    totp(admin, user)
    admin.post(f"/api/v1/users/{user}/recoveryCodes")

    answer = admin.post(f"/api/v1/users/{user}/lifecycle/reset_factors")

    assert (answer.status, answer.json) == (200, {})
    assert admin.get(factors_of(user)).json == []
    assert admin.get(f"/api/v1/users/{user}/recoveryCodes").json["remaining"] == 0
    assert events(admin)[-1] == ("mfa.factor.reset_all", "SUCCESS")
    assert admin.storage.outbox.mails[-1].template == "AuthenticatorReset"


def test_recovery_codes_are_shown_once(admin: Admin, user: str) -> None:
    path = f"/api/v1/users/{user}/recoveryCodes"
    assert admin.get(path).json == {"created": None, "remaining": 0, "lastUsed": None}

    answer = admin.post(path)

    assert len(answer.json["codes"]) == 10
    assert (admin.get(path).json["remaining"], "codes" in admin.get(path).json) == (10, False)
    assert admin.get(factors_of(user)).json == []
    assert admin.delete(path).status == 204
    assert admin.delete(path).status == 204
    assert admin.get(path).json["remaining"] == 0


def test_enrolments_by_authenticator(admin: Admin, user: str) -> None:
    factor, _ = totp(admin, user)
    admin.made(factors_of(user), {"factorType": "webauthn"})
    path = f"/api/v1/users/{user}/authenticator-enrollments"

    (listed,) = admin.get(path).json

    assert (listed["id"], listed["key"], listed["type"]) == (factor, "google_otp", "app")
    assert (listed["name"], listed["status"]) == ("Google Authenticator", "ACTIVE")
    assert admin.get(f"{path}/{factor}").json == listed
    assert admin.delete(f"{path}/{factor}").status == 204
    assert admin.get(path).json == []
    assert admin.post(f"{path}/phone", {}).code == "E0000015"


def test_there_are_no_transactions_of_factors(admin: Admin, user: str) -> None:
    factor, _ = totp(admin, user)

    assert admin.get(f"{factors_of(user)}/{factor}/transactions/1").status == 404


def test_a_verified_address_is_shown_where_codes_sign_people_on(admin: Admin, user: str) -> None:
    email = next(one for one in admin.get("/api/v1/authenticators").json if one["key"] == "okta_email")
    body = {**email, "settings": {"allowedFor": "any", "tokenLifetimeInMinutes": 10}}
    assert admin.put(f"/api/v1/authenticators/{email['id']}", body).status == 200

    (automatic,) = admin.get(factors_of(user)).json

    assert (automatic["id"], automatic["status"]) == (f"emf{user[3:]}", "ACTIVE")
    assert admin.get(f"{factors_of(user)}/{automatic['id']}").json == automatic
    assert admin.delete(f"{factors_of(user)}/{automatic['id']}").status == 403


def test_nothing_that_is_a_secret_is_in_the_log(admin: Admin, user: str) -> None:
    factor, secret = totp(admin, user)
    sent_code = code(admin, secret)
    verify(admin, user, factor, {"passCode": sent_code})
    codes = admin.post(f"/api/v1/users/{user}/recoveryCodes").json["codes"]

    told = repr(admin.storage.events)

    assert not any(secret_text in told for secret_text in (sent_code, base64.b32encode(secret).decode(), *codes))
