"""docs/protocol.md §37.7: what a provider's word is worth, and that no policy is gone around by it."""

from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from authmint.policy.sign_on.assurance import Alternative, Assurance, Demand, is_two_factors
from authmint.sign_on.context_classes import BY_PASSWORD_OR_PROVIDER, CLASSES
from authmint.sign_on.sessions import amr_of, auth_time_of, latest
from authmint.storage.sign_on_transactions import Method, Proof, Vouched, voucher_of

from tests.federation.conftest import Partners
from tests.federation.world import ACME, APP, Browser, Page

SESSION = "__Host-authmint-session"


def vouched(*amr: str, at: int = 100) -> Proof:
    return Proof("federated", at, primary=True, vouched=Vouched("0oaA", "FEDERATION", amr))


def by(method: Method) -> Proof:
    return Proof(method, 100)


@pytest.mark.parametrize(
    ("proofs", "two", "amr"),
    [
        ([vouched()], False, ("fed",)),
        ([vouched(), by("totp")], True, ("fed", "otp", "mfa")),
        ([vouched(), by("email")], True, ("fed", "otp", "mfa")),
        ([vouched(), by("webauthn")], True, ("fed", "hwk", "mfa")),
        ([vouched(), by("recovery_code")], True, ("fed", "kba", "mfa")),
        ([vouched(), by("password")], False, ("pwd", "fed")),
        ([vouched(), by("question")], False, ("fed", "kba")),
        ([vouched("pwd")], False, ("fed", "pwd")),
        ([vouched("otp")], False, ("fed", "otp")),
        ([vouched("pwd", "otp")], True, ("fed", "pwd", "otp", "mfa")),
        ([vouched("mfa")], True, ("fed", "mfa")),
        ([vouched("pwd", "phr")], True, ("fed", "pwd", "mfa")),
        ([vouched("pwd"), by("totp")], True, ("fed", "pwd", "otp", "mfa")),
        ([vouched("otp"), by("totp")], False, ("fed", "otp")),
        ([vouched("face", "user", "fed", "nonsense")], False, ("fed",)),
    ],
)
def test_what_it_counts_for(proofs: list[Proof], two: bool, amr: tuple[str, ...]) -> None:
    assert is_two_factors(proofs) is two
    assert amr_of(proofs) == amr


@pytest.mark.parametrize(
    ("assurance", "amr", "met"),
    [
        (Assurance(), (), True),
        (CLASSES["urn:okta:loa:1fa:pwd"], (), False),
        (CLASSES["urn:okta:loa:1fa:pwd"], ("pwd",), False),
        (CLASSES["phr"], (), False),
        (CLASSES["phr"], ("otp",), False),
        (CLASSES["phr"], ("phr",), True),
        (CLASSES["phrh"], ("phr", "hwk"), False),
        (BY_PASSWORD_OR_PROVIDER, (), True),
        (BY_PASSWORD_OR_PROVIDER, ("otp",), True),
        (Assurance(alternatives=(Alternative(possession=Demand()),)), (), False),
        (Assurance(alternatives=(Alternative(possession=Demand()),)), ("otp",), True),
        (Assurance(alternatives=(Alternative(possession=Demand(device_bound=True)),)), ("otp",), False),
        (Assurance(alternatives=(Alternative(possession=Demand(user_verified=True)),)), ("phr",), False),
        (Assurance(alternatives=(Alternative(knowledge=Demand()),)), (), False),
        (Assurance(alternatives=(Alternative(knowledge=Demand()),)), ("pwd",), True),
    ],
)
def test_which_demands_it_meets(assurance: Assurance, amr: tuple[str, ...], met: bool) -> None:
    assert assurance.met([vouched(*amr)], now=100) is met
    assert assurance.reachable([vouched(*amr)]) is met


def test_a_passkey_alone_is_not_what_comes_first_where_passwords_and_providers_do() -> None:
    assert not BY_PASSWORD_OR_PROVIDER.met([by("webauthn")], now=100)
    assert BY_PASSWORD_OR_PROVIDER.met([by("password")], now=100)


def test_it_says_who_somebody_is_and_the_last_word_counts() -> None:
    assert auth_time_of([vouched(at=100), by("totp")]) == 100
    assert latest([vouched("otp", at=1), vouched(at=2)]) == (vouched(at=2),)
    assert voucher_of([by("password"), vouched()]) == Vouched("0oaA")
    assert voucher_of([by("password")]) is None


# By policies ----------------------------------------------------------------------------------------------------


def a_policy(partners: Partners, **signon: Any) -> None:
    admin = partners.here.admin
    conditions = signon.pop("conditions", {})
    policy = admin.made("/api/v1/policies", {"type": "OKTA_SIGN_ON", "name": "p"})["id"]
    actions = {"signon": {"access": "ALLOW"} | signon}
    rule = {"name": "r", "type": "SIGN_ON", "conditions": conditions, "actions": actions}
    answer = admin.post(f"/api/v1/policies/{policy}/rules?confirm=true", rule)
    assert answer.status == 200, answer.json


ALWAYS = {"requireFactor": True, "factorPromptMode": "ALWAYS"}


def at(page: Page) -> str:
    return urlsplit(page.url).path if page.url.startswith(ACME) else page.url


def test_a_second_factor_is_asked_for_after_the_provider_too(partners: Partners) -> None:
    a_policy(partners, **ALWAYS)
    browser = Browser(partners.world)

    page = partners.sign_in(browser)

    assert at(page) == "/enrol"
    assert SESSION not in browser.cookies[ACME]
    assert at(partners.sign_in(browser, state="2")) == "/enrol"
    assert partners.here.events("user.session.start") == []


def test_who_has_a_factor_is_asked_for_it_and_the_token_says_both(partners: Partners) -> None:
    partners.sign_in()
    (user,) = partners.here.storage.users.list()
    path = f"/api/v1/users/{user.id}/factors"
    made = partners.here.admin.made(path, {"factorType": "token:software:totp", "provider": "GOOGLE"})
    totp = pyotp.TOTP(made["_embedded"]["activation"]["sharedSecret"])
    activation = {"passCode": totp.at(partners.world.clock.now())}
    assert partners.here.admin.post(f"{path}/{made['id']}/lifecycle/activate", activation).status == 200
    partners.world.clock.advance(seconds=60)
    a_policy(partners, **ALWAYS)
    browser = Browser(partners.world)

    page = partners.sign_in(browser)
    assert at(page) == "/challenge"
    assert SESSION not in browser.cookies[ACME]
    claims = partners.here.tokens(browser.submit(page, code=totp.at(partners.world.clock.now())).fields["code"])

    assert claims["amr"] == ["fed", "otp", "mfa"]


def test_a_provider_that_is_believed_may_have_asked_for_both(partners: Partners) -> None:
    a_policy(partners, **ALWAYS)
    partners.there.claims = {"amr": ["pwd", "otp", "nonsense", 7]}
    assert at(partners.sign_in()) == "/enrol", "its word counts for nothing yet"

    partners.settings(trustClaims=True)
    claims = partners.here.tokens(partners.sign_in(acr_values="urn:okta:loa:2fa:any").fields["code"])

    assert claims["amr"] == ["fed", "pwd", "otp", "mfa"]
    assert claims["acr"] == "urn:okta:loa:2fa:any"


def test_a_policy_may_let_in_by_a_provider_alone(partners: Partners) -> None:
    a_policy(partners, primaryFactor="PASSWORD_IDP")
    assert "code" in partners.sign_in().fields


def test_a_rule_may_be_about_one_provider(partners: Partners) -> None:
    provider = {"identityProvider": {"provider": "SPECIFIC_IDP", "idpIds": [partners.idp]}}
    a_policy(partners, conditions=provider, access="DENY")
    assert partners.sign_in().fields["error"] == "access_denied"
    partners.here.user("local@example.com")
    browser = Browser(partners.world)
    page = browser.open(partners.here.authorize_uri())
    assert "code" in browser.submit(page, username="local@example.com", password="Correct-horse-9").fields


def test_an_app_asks_what_it_always_asks(partners: Partners) -> None:
    admin = partners.here.admin
    policy = admin.made("/api/v1/policies", {"type": "ACCESS_POLICY", "name": "two"})["id"]
    (rule,) = admin.get(f"/api/v1/policies/{policy}/rules").json
    method = {"factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT2H"}
    rule["actions"]["appSignOn"] = {"access": "ALLOW", "verificationMethod": method}
    assert admin.put(f"/api/v1/policies/{policy}/rules/{rule['id']}", rule).status == 200
    assert admin.put(f"/api/v1/apps/{partners.here.client['client_id']}/policies/{policy}").status == 204

    assert at(partners.sign_in()) == "/enrol"


# When -----------------------------------------------------------------------------------------------------------


def test_when_somebody_signed_in_is_now_unless_the_provider_is_believed(partners: Partners) -> None:
    now = partners.world.clock.now()
    partners.there.claims = {"auth_time": now - 7_200}
    assert partners.here.tokens(partners.sign_in().fields["code"])["auth_time"] == now

    partners.settings(trustClaims=True)
    assert partners.here.tokens(partners.sign_in().fields["code"])["auth_time"] == now - 7_200


@pytest.mark.parametrize("said", [None, "x", True, -1, 10**12])
def test_a_time_that_is_none_is_now(partners: Partners, said: Any) -> None:
    partners.settings(trustClaims=True)
    partners.there.claims = {"auth_time": said}
    assert partners.here.tokens(partners.sign_in().fields["code"])["auth_time"] == partners.world.clock.now()


@pytest.mark.parametrize("trusted", [True, False])
def test_who_has_to_sign_in_anew_does_so_at_the_provider(partners: Partners, trusted: bool) -> None:
    partners.settings(trustClaims=trusted)
    browser = Browser(partners.world)
    partners.sign_in(browser)
    partners.world.clock.advance(seconds=3_600)
    now = partners.world.clock.now()

    partners.there.claims = {"auth_time": now}
    claims = partners.here.tokens(partners.sign_in(browser, max_age="60", state="2").fields["code"])
    assert (claims["auth_time"], partners.there.requests[-1]["prompt"]) == (now, "login")

    partners.there.claims = {"auth_time": now - 3_600}
    partners.world.clock.advance(seconds=1)
    back = partners.sign_in(browser, prompt="login", state="3")
    assert (back.url.startswith(APP), back.fields["error"]) == (True, "server_error")


def test_an_old_sign_in_that_is_believed_is_asked_for_anew(partners: Partners) -> None:
    partners.settings(trustClaims=True)
    partners.there.claims = {"auth_time": partners.world.clock.now() - 7_200}

    back = partners.sign_in(max_age="60")

    assert [request.get("prompt") for request in partners.there.requests] == [None, "login"]
    assert back.fields["error"] == "server_error"
