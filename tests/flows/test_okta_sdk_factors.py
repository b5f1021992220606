"""Factors and authenticators with Okta's Python SDK, unmodified, and an app that nobody here wrote."""

import time

import pyotp
import pytest
from okta.models.user_factor_activate_request import UserFactorActivateRequest
from okta.models.user_factor_verify_request import UserFactorVerifyRequest

from tests.flows.okta_sdk import Sdk
from tests.support.stack import Running


class Code(UserFactorActivateRequest):
    """The SDK's own model of the request has no member for a code."""

    pass_code: str

    def to_dict(self) -> dict[str, str]:
        return {"passCode": self.pass_code}


class VerifyCode(UserFactorVerifyRequest):
    """The same of verifying."""

    pass_code: str

    def to_dict(self) -> dict[str, str]:
        return {"passCode": self.pass_code}


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def user(sdk: Sdk) -> str:
    login = f"factors-{time.monotonic_ns()}@sdk.example.com"
    profile = {"firstName": "Fay", "lastName": "Sdk", "email": login, "login": login}
    return str(sdk.create_user({"profile": profile, "credentials": {"password": {"value": "Correct-Horse-7"}}}).id)


def test_an_app_is_enrolled_activated_verified_and_removed(sdk: Sdk, user: str) -> None:
    assert sdk.list_factors(user) == []
    enrolled = sdk.enroll_factor(user, {"factorType": "token:software:totp", "provider": "GOOGLE"})
    assert (enrolled.status, enrolled.factor_type) == ("PENDING_ACTIVATION", "token:software:totp")
    app = pyotp.TOTP(enrolled.embedded["activation"]["sharedSecret"])
    now = int(time.time())

    sdk.activate_factor(user, enrolled.id, Code(pass_code=app.at(now - 30)))
    verified = sdk.verify_factor(user, enrolled.id, body=VerifyCode(pass_code=app.at(now)))

    assert verified.factor_result == "SUCCESS"
    (listed,) = sdk.list_factors(user)
    assert (listed.id, listed.status) == (enrolled.id, "ACTIVE")
    assert sdk.get_factor(user, enrolled.id).id == enrolled.id
    assert {one.factor_type for one in sdk.list_supported_factors(user)} >= {"token:software:totp", "webauthn"}
    sdk.unenroll_factor(user, enrolled.id)
    assert sdk.list_factors(user) == []


def test_every_kind_can_be_listed(sdk: Sdk, user: str, stack: Running) -> None:
    sdk.enroll_factor(user, {"factorType": "email", "provider": "OKTA"}, activate=True)
    sdk.enroll_factor(user, {"factorType": "webauthn", "provider": "FIDO"})
    question = {"question": "disliked_food", "answer": "turnips"}
    sdk.enroll_factor(user, {"factorType": "question", "provider": "OKTA", "profile": question})
    stack.made(f"/api/v1/users/{user}/recoveryCodes", {})

    listed = sdk.list_factors(user)

    assert [one.factor_type for one in listed] == ["email", "webauthn", "question"]
    assert len(sdk.list_supported_security_questions(user)) == 19
    sdk.reset_factors(user)
    assert sdk.list_factors(user) == []


def test_authenticators_are_read_and_put_back(sdk: Sdk) -> None:
    listed = sdk.list_authenticators()
    assert [one.key for one in listed] == [
        "okta_email",
        "google_otp",
        "okta_password",
        "webauthn",
        "security_question",
    ]
    keys = next(one for one in listed if one.key == "webauthn")

    assert sdk.get_authenticator(keys.id).name == keys.name
    assert [one.type for one in sdk.list_authenticator_methods(keys.id)] == ["webauthn"]
    assert sdk.replace_authenticator(keys.id, keys).id == keys.id
