"""docs/protocol.md §33.4: what is asked for an application, by worked examples."""

from typing import Any

import pytest
from authmint.policy.sign_on.app import AppDecision, app_decision, assurance_of
from authmint.policy.sign_on.assurance import Assurance
from authmint.policy.sign_on.defaults import Seeds, default_policy
from authmint.policy.sign_on.durations import seconds_of
from authmint.policy.sign_on.facts import Facts, ZoneFacts
from authmint.storage.sign_on_policies import SignOnRule
from authmint.storage.sign_on_transactions import Proof

from tests.support.sign_on_policies import a_policy, a_rule, app_sign_on, zone

NOW = 100_000
PASSWORD = Proof("password", NOW, primary=True)
TOTP = Proof("totp", NOW)
EMAIL = Proof("email", NOW)
PASSKEY = Proof("webauthn", NOW, synced=True, verified=True)
KEY = Proof("webauthn", NOW)
CODE = Proof("recovery_code", NOW)


def method(**says: Any) -> dict[str, Any]:
    return {"type": "ASSURANCE", "factorMode": "1FA", **says}


def possession(**says: Any) -> dict[str, Any]:
    return method(factorMode="2FA", constraints=[{"possession": says}])


def chain(*links: list[tuple[str, str]], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for link in reversed(links):
        one = {"authenticationMethods": [{"key": key, "method": name} for key, name in link]}
        made = {**one, "next": [made]} if made else one
    return {**made, **more}


def met(says: dict[str, Any], *proofs: Proof) -> bool:
    return assurance_of(says).met(proofs, now=NOW)


@pytest.mark.parametrize(
    ("says", "enough", "too_little"),
    [
        (method(), [(PASSWORD,), (PASSKEY,), (EMAIL,)], [()]),
        (
            method(factorMode="2FA"),
            [(PASSWORD, TOTP), (PASSKEY,), (PASSWORD, CODE)],
            [(PASSWORD,), (KEY,), (TOTP, KEY)],
        ),
        (possession(), [(PASSWORD, TOTP), (PASSWORD, EMAIL)], [(PASSWORD,)]),
        (possession(deviceBound="REQUIRED"), [(PASSWORD, TOTP), (PASSWORD, PASSKEY)], [(PASSWORD, EMAIL)]),
        (possession(required=False, deviceBound="REQUIRED"), [(PASSWORD, TOTP)], [(PASSWORD, EMAIL)]),
        (possession(phishingResistant="REQUIRED"), [(PASSWORD, KEY), (PASSKEY,)], [(PASSWORD, TOTP)]),
        (possession(hardwareProtection="REQUIRED"), [(PASSWORD, KEY)], [(PASSKEY,), (PASSWORD, TOTP)]),
        (possession(userVerification="REQUIRED"), [(PASSKEY,)], [(PASSWORD, KEY)]),
        (
            method(constraints=[{"knowledge": {"types": ["password"], "required": True}}]),
            [(PASSWORD,), (PASSWORD, TOTP)],
            [(PASSKEY,), (TOTP,)],
        ),
        (
            method(factorMode="2FA", constraints=[{"knowledge": {"types": ["password"], "required": False}}]),
            [(PASSKEY,), (PASSWORD, TOTP)],
            [(PASSWORD,)],
        ),
        (
            possession(authenticationMethods=[{"key": "google_otp", "method": "otp"}]),
            [(PASSWORD, TOTP)],
            [(PASSWORD, EMAIL), (PASSKEY,)],
        ),
        (possession(methods=["OTP"]), [], [(PASSWORD, TOTP), (PASSWORD, CODE)]),
        (possession(methods=["otp"]), [(PASSWORD, TOTP)], [(PASSWORD, CODE)]),
        (
            possession(authenticationMethods=[{"key": "phone_number", "method": "sms"}]),
            [],
            [(PASSWORD, TOTP), (PASSWORD, CODE), (PASSKEY,)],
        ),
        (
            possession(required=False, excludedAuthenticationMethods=[{"key": "okta_email", "method": "email"}]),
            [(PASSWORD, TOTP), (PASSKEY,)],
            [(PASSWORD, EMAIL)],
        ),
        (
            method(
                constraints=[
                    {
                        "possession": {
                            "required": False,
                            "excludedAuthenticationMethods": [{"key": "okta_email", "method": "email"}],
                        }
                    }
                ]
            ),
            [(PASSWORD,), (TOTP,)],
            [(EMAIL,)],
        ),
        (method(constraints=[{}]), [(PASSWORD,)], [()]),
        (
            {"type": "AUTH_METHOD_CHAIN", "chains": [chain([("okta_password", "password")], [("google_otp", "otp")])]},
            [(PASSWORD, TOTP)],
            [(PASSWORD,), (TOTP,), (PASSKEY,)],
        ),
        (
            {
                "type": "AUTH_METHOD_CHAIN",
                "chains": [
                    chain([("webauthn", "webauthn")]),
                    chain([("okta_password", "password")], [("phone_number", "sms"), ("okta_email", "email")]),
                ],
            },
            [(KEY,), (PASSWORD, EMAIL)],
            [(PASSWORD,), (PASSWORD, TOTP)],
        ),
        (
            {"type": "AUTH_METHOD_CHAIN", "chains": [chain([("okta_verify", "signed_nonce")])]},
            [],
            [(PASSWORD, TOTP), (PASSKEY,), (PASSWORD, CODE)],
        ),
        ({"type": "AUTH_METHOD_CHAIN", "chains": []}, [], [(PASSWORD, TOTP), (PASSKEY,)]),
    ],
)
def test_what_is_enough(
    says: dict[str, Any], enough: list[tuple[Proof, ...]], too_little: list[tuple[Proof, ...]]
) -> None:
    assert [met(says, *proofs) for proofs in enough] == [True] * len(enough)
    assert [met(says, *proofs) for proofs in too_little] == [False] * len(too_little)


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT2H", 7_200), ("PT43800H", None), ("PT0S", 0), ("PT2H10M", 7_800), (None, None)]
)
def test_how_old_proofs_may_be(text: str | None, seconds: int | None) -> None:
    assert assurance_of(method(reauthenticateIn=text)).reauthenticate_in == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P1D", 86_400),
        ("P1DT1S", 86_401),
        ("PT1H30M5S", 5_405),
        ("P", None),
        ("PT", None),
        ("P1DT", None),
        ("P1M", None),
        ("2H", None),
        ("PT-1H", None),
        ("PT1.5H", None),
        ("PT1H ", None),
    ],
)
def test_durations(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


def test_a_password_may_have_to_be_fresher_than_the_rest() -> None:
    says = method(
        factorMode="2FA",
        reauthenticateIn="PT12H",
        constraints=[{"knowledge": {"reauthenticateIn": "PT0S", "types": ["password"], "required": True}}],
    )

    assert not met(says, PASSWORD, TOTP)
    assert assurance_of(says).met((PASSWORD, TOTP), now=NOW, asked_at=NOW)


def decide(*rules: SignOnRule, **known: Any) -> AppDecision:
    return app_decision(a_policy(*rules, type="ACCESS_POLICY", id="rstA"), Facts(user_id="00uA", **known))


def test_the_default_asks_for_one_factor_of_any_age() -> None:
    decision = app_decision(default_policy("ACCESS_POLICY", Seeds()), Facts(user_id="00uA"))

    assert (decision.access, decision.assurances, decision.post_auth) == ("ALLOW", (Assurance(),), "NOT_ALLOWED")


def test_the_first_match_decides_and_the_catch_all_comes_last() -> None:
    catch_all = a_rule(app_sign_on("DENY"), id="99", priority=0, system=True)
    rules = catch_all, a_rule(app_sign_on(), zone("office"), id="0", priority=98)

    assert decide(*rules, zones=ZoneFacts(frozenset({"office"}))).access == "ALLOW"
    assert decide(*rules, zones=ZoneFacts()).access == "DENY"


def test_where_a_fact_is_missing_everything_that_could_be_asked_is() -> None:
    two = app_sign_on(factorMode="2FA")
    fresh = app_sign_on(reauthenticateIn="PT1H")
    rules = a_rule(two, zone("risky"), id="1"), a_rule(fresh, id="2", priority=2)

    decision = decide(*rules, zones=ZoneFacts(unknown=frozenset({"risky"})))

    assert decision.assurances == (Assurance(two_factors=True), Assurance(reauthenticate_in=3_600))
    assert [one.certain for one in decision.decided] == [False, True]


def test_an_inactive_policy_lets_nobody_in() -> None:
    decision = app_decision(a_policy(a_rule(app_sign_on()), type="ACCESS_POLICY", status="INACTIVE"), Facts())

    assert decision.access == "DENY"


def test_staying_signed_in_may_be_offered() -> None:
    actions = app_sign_on()
    actions["appSignOn"]["keepMeSignedIn"] = {"postAuth": "ALLOWED"}

    assert decide(a_rule(actions)).post_auth == "ALLOWED"
