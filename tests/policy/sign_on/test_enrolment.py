"""docs/protocol.md §33.4: what may and must be enrolled."""

from typing import Any

from authmint.policy.sign_on.defaults import Seeds, default_policy
from authmint.policy.sign_on.enrolment import enrolment_decision
from authmint.policy.sign_on.facts import Facts, ZoneFacts
from authmint.storage.sign_on_policies import SignOnPolicy

from tests.support.sign_on_policies import a_policy, a_rule, zone

KEYS = ("okta_email", "google_otp", "okta_password", "webauthn")
EVERYBODY = Facts(user_id="00uA", group_ids=frozenset({"00gAuthmintEveryone0"}))


def settings(**says: str) -> dict[str, Any]:
    return {"type": "AUTHENTICATORS", "authenticators": [{"key": k, "enroll": {"self": v}} for k, v in says.items()]}


def enrolling(policy_id: str, settings: dict[str, Any], when: str = "LOGIN", **changes: Any) -> SignOnPolicy:
    rule = a_rule({"enroll": {"self": when}}, changes.pop("conditions", None))
    return a_policy(rule, type="MFA_ENROLL", id=policy_id, settings=settings, **changes)


def test_the_default_requires_the_password_and_allows_the_others() -> None:
    decision = enrolment_decision([default_policy("MFA_ENROLL", Seeds())], EVERYBODY, KEYS)

    assert decision.authenticators == {
        "okta_email": "OPTIONAL",
        "google_otp": "OPTIONAL",
        "okta_password": "REQUIRED",
        "webauthn": "OPTIONAL",
    }
    assert (decision.when, decision.required) == ("LOGIN", ("okta_password",))


def test_what_is_not_listed_is_not_allowed() -> None:
    decision = enrolment_decision([enrolling("00pA", settings(webauthn="REQUIRED"))], EVERYBODY, KEYS)

    assert decision.allows("webauthn")
    assert not decision.allows("google_otp")
    assert not decision.allows("unheard_of")


def test_factors_by_their_old_names() -> None:
    old = {
        "type": "FACTORS",
        "factors": {
            "fido_webauthn": {"enroll": {"self": "REQUIRED"}, "consent": {"type": "NONE"}},
            "google_otp": {"enroll": {"self": "OPTIONAL"}},
            "duo": {"enroll": {"self": "OPTIONAL"}},
        },
    }

    decision = enrolment_decision([enrolling("00pA", old)], EVERYBODY, KEYS)

    assert decision.authenticators["webauthn"] == "REQUIRED"
    assert decision.authenticators["google_otp"] == "OPTIONAL"


def test_where_a_fact_is_missing_nothing_is_allowed_that_could_be_forbidden() -> None:
    outside = enrolling("00pA", settings(google_otp="NOT_ALLOWED", webauthn="REQUIRED"), "NEVER", conditions=zone("x"))
    facts = Facts(user_id="00uA", group_ids=frozenset(), zones=ZoneFacts(unknown=frozenset({"x"})))

    decision = enrolment_decision(
        [outside, enrolling("00pB", settings(google_otp="OPTIONAL", webauthn="OPTIONAL"), priority=2)], facts, KEYS
    )

    assert not decision.allows("google_otp")
    assert decision.authenticators["webauthn"] == "REQUIRED"
    assert decision.when == "NEVER"


def test_without_any_policy_nothing_is_enrolled() -> None:
    decision = enrolment_decision([], EVERYBODY, KEYS)

    assert (decision.when, decision.required) == ("NEVER", ())
    assert not any(decision.allows(key) for key in KEYS)
