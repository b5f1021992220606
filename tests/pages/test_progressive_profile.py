"""``/profile``: what an application wants to know of who signs in (docs/protocol.md §43.7)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from authmint.oauth.outbound_fetch import Answer
from authmint.policy.sign_on.sign_up import AskedAttribute, AskedProfile
from authmint.storage.identity_providers import IdentityProvider, Linking, Upstream
from authmint.storage.users import Provider, User

from tests.federation.world import ACME, APP, Browser, Deployment, Page, World, request_of

from .own_account import Faults, may

RULE = "/api/v1/policies/rstAuthmintEnroll000/rules/rulAuthmintEnroll000"
LOGIN, PASSWORD = "ann@acme.example", "Correct-horse-9"


class Shop:
    """A deployment whose applications want a nickname and a phone."""

    def __init__(self, **changes: Any) -> None:
        self.here = Deployment(World())
        self.user_id = self.here.user(LOGIN)
        schema = {"definitions": {"base": {"properties": {"nickName": may("READ_WRITE")}}}}
        assert self.here.admin.post("/api/v1/meta/schemas/user/default", schema).status == 200
        self.asks(**changes)

    def asks(self, **changes: Any) -> None:
        names = (("nickName", "What do your friends call you?"), ("mobilePhone", "Phone"), ("department", "Department"))
        says = {
            "access": "ALLOW",
            "unknownUserAction": "DENY",
            "profileAttributes": [{"name": name, "label": label, "required": True} for name, label in names],
            "progressiveProfilingAction": "ENABLED",
        }
        rule = {"name": "people", "actions": {"profileEnrollment": says | changes}}
        answer = self.here.admin.put(RULE, rule)
        assert answer.status == 200, answer.json

    @property
    def user(self) -> User:
        return self.here.storage.users.get(self.user_id)

    def sign_in(self, browser: Browser | None = None, **more: str) -> Page:
        browser = browser or Browser(self.here.world)
        page = browser.open(self.here.authorize_uri(**more))
        return browser.submit(page, username=LOGIN, password=PASSWORD)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def at_profile(page: Page) -> bool:
    return page.url.startswith(f"{ACME}/profile?state=")


def filled(**values: str) -> dict[str, str]:
    return {f"profile.{name}": value for name, value in values.items()}


WHOLE = filled(nickName="Annie", mobilePhone="+41 1")


def test_what_is_missing_is_asked_once_on_the_way_in(shop: Shop) -> None:
    browser = Browser(shop.here.world)
    page = shop.sign_in(browser)
    assert at_profile(page)
    assert "What do your friends call you?" in page.text
    assert {"profile.nickName", "profile.mobilePhone"} <= set(page.form().found)
    assert "profile.department" not in page.form().found  # not theirs to say

    back = browser.submit(page, **WHOLE)

    assert back.url.startswith(APP)
    assert shop.here.tokens(back.fields["code"])["sub"] == shop.user_id
    assert {"nickName": "Annie", "mobilePhone": "+41 1"}.items() <= shop.user.profile.items()
    assert shop.here.events("user.account.update_profile")[-1].actor.id == shop.user_id
    assert shop.sign_in().url.startswith(APP)


def test_asking_again_is_no_way_around_it(shop: Shop) -> None:
    browser = Browser(shop.here.world)
    shop.sign_in(browser)

    assert at_profile(browser.open(shop.here.authorize_uri()))
    assert at_profile(browser.open(f"{ACME}/signin?request={'x' * 43}")) is False
    assert browser.open(shop.here.authorize_uri(prompt="none")).fields["error"] == "login_required"
    other = browser.open(shop.here.authorize_uri(acr_values="urn:okta:loa:1fa:any"))
    assert at_profile(other)


def test_an_account_page_asks_for_nothing(shop: Shop) -> None:
    browser = Browser(shop.here.world)
    shop.sign_in(browser)

    assert browser.open(f"{ACME}/account/profile").response.status == 200


@pytest.mark.parametrize("typed", [{}, filled(nickName="Annie"), filled(nickName=" ", mobilePhone="1")])
def test_half_of_it_is_not_enough(shop: Shop, typed: dict[str, str]) -> None:
    browser, before = Browser(shop.here.world), shop.user.profile
    page = browser.submit(shop.sign_in(browser), **typed)

    assert (page.response.status, shop.user.profile) == (422, before)
    assert browser.submit(page, **WHOLE).url.startswith(APP)


def test_what_is_not_asked_for_is_not_taken(shop: Shop) -> None:
    browser = Browser(shop.here.world)
    browser.submit(
        shop.sign_in(browser), **WHOLE, **filled(department="Board", lastName="Root", login="root@x.example")
    )

    assert "department" not in shop.user.profile
    assert (shop.user.login, shop.user.profile["lastName"]) == (LOGIN, "Lee")


def test_a_program_that_sends_more_stores_no_more(shop: Shop) -> None:
    here = shop.here
    asked = AskedProfile((AskedAttribute("nickName", required=True),))
    service = here.parts.self_service(here.parts.configuration()).progressive
    request = request_of("POST", f"{ACME}/profile", {})

    service.complete(shop.user, asked, {"nickName": "A", "mobilePhone": "7"}, request, now=here.world.clock.now())

    assert (shop.user.profile["nickName"], shop.user.profile.get("mobilePhone")) == ("A", None)


def test_where_the_rule_does_not_say_so_nobody_is_asked() -> None:
    assert Shop(progressiveProfilingAction="DISABLED").sign_in().url.startswith(APP)


def test_what_a_provider_says_is_asked_of_nobody(shop: Shop) -> None:
    base = "https://idp.example"
    upstream = Upstream(base, f"{base}/auth", f"{base}/token", f"{base}/keys", "us", "sealed")
    provider = IdentityProvider("0oaC", "OIDC", "Corp", 1, 1, upstream, Linking(profile_master=True))
    providers = shop.here.storage.identity_providers
    providers.save(None, provider, [], seen=providers.all())
    mastered = Provider("FEDERATION", "Corp", "0oaC", mastered=("nickName", "mobilePhone"))
    shop.here.storage.users.save(shop.user, replace(shop.user, provider=mastered), [])

    assert shop.sign_in().url.startswith(APP)


def test_a_session_token_leads_to_the_question_too(shop: Shop) -> None:
    body = json.dumps({"username": LOGIN, "password": PASSWORD}).encode()
    answer = shop.here.answer(request_of("POST", f"{ACME}/api/v1/authn", {"content-type": "application/json"}, body))
    said = json.loads(answer.body)
    assert said["status"] == "SUCCESS"  # of no application yet

    assert at_profile(Browser(shop.here.world).open(shop.here.authorize_uri(sessionToken=said["sessionToken"])))


def test_a_device_waits_for_the_answer(shop: Shop) -> None:
    shop.here.client = shop.here.app(
        "device", application_type="native", grant_types=["urn:ietf:params:oauth:grant-type:device_code"]
    )
    code = shop.here.called("/oauth2/v1/device/authorize", scope="openid")
    browser = Browser(shop.here.world)
    page = browser.open(f"{ACME}/activate?user_code={code['user_code']}")
    page = browser.submit(page, username=LOGIN, password=PASSWORD)
    page = browser.submit(page, user_code=code["user_code"])
    assert at_profile(page)

    page = browser.submit(page, **WHOLE)

    assert page.url.startswith(f"{ACME}/activate")


def test_the_answer_of_another_browser_changes_nothing(shop: Shop) -> None:
    page, before = shop.sign_in(), shop.user.profile
    stranger = Browser(shop.here.world)

    assert stranger.open(page.url).response.status == 400
    assert stranger.submit(page, **WHOLE).response.status == 400
    assert shop.user.profile == before


def test_a_form_comes_once(shop: Shop) -> None:
    browser = Browser(shop.here.world)
    page = shop.sign_in(browser)
    browser.submit(page, **WHOLE)

    again = browser.submit(page, **filled(nickName="Other", mobilePhone="2"))

    assert (again.response.status, shop.user.profile["nickName"]) == (400, "Annie")


class TestHook:
    """The registration hook is asked with ``progressive.profile``."""

    def hooked(self, shop: Shop, says: Any) -> list[Any]:
        made = {
            "name": "gate",
            "type": "com.okta.user.pre-registration",
            "version": "1.0.0",
            "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://hook.example/gate"}},
        }
        hook = shop.here.admin.made("/api/v1/inlineHooks", made)["id"]
        shop.asks(preRegistrationInlineHooks=[{"inlineHookId": hook}])
        asked: list[Any] = []

        def answer(method: str, uri: str, *, headers: Any, body: bytes | None = None, **_: Any) -> Answer:
            asked.append(json.loads(body or b"{}"))
            return Answer(200, json.dumps(says).encode(), {"content-type": "application/json"})

        shop.here.parts._exchange = answer
        return asked

    def test_it_is_told_and_may_change(self, shop: Shop) -> None:
        command = {"type": "com.okta.user.progressive.profile.update", "value": {"nickName": "ANNIE"}}
        asked = self.hooked(shop, {"commands": [command]})
        browser = Browser(shop.here.world)

        assert browser.submit(shop.sign_in(browser), **WHOLE).url.startswith(APP)

        assert shop.user.profile["nickName"] == "ANNIE"
        (question,) = asked
        assert (question["requestType"], question["eventType"]) == (
            "progressive.profile",
            "com.okta.user.pre-registration",
        )
        assert question["data"]["userProfileUpdate"] == {"nickName": "Annie", "mobilePhone": "+41 1"}
        assert question["data"]["context"]["user"]["id"] == shop.user_id
        assert PASSWORD not in json.dumps(question)

    @pytest.mark.parametrize(
        "says",
        [
            {"commands": [{"type": "com.okta.action.update", "value": {"registration": "DENY"}}]},
            {"error": {"errorSummary": "Not you", "errorCauses": []}},
            {"commands": [{"type": "com.okta.user.profile.update", "value": {"nickName": "x"}}]},
            {"commands": [{"type": "com.okta.user.progressive.profile.update", "value": {"department": "Board"}}]},
            {"commands": [{"type": "com.okta.user.progressive.profile.update", "value": {"login": "root@x.example"}}]},
            {"commands": [{"type": "com.okta.user.progressive.profile.update", "value": {"nickName": ""}}]},
            {"commands": "x"},
        ],
    )
    def test_what_it_refuses_or_may_not_write_changes_nothing(self, shop: Shop, says: Any) -> None:
        self.hooked(shop, says)
        browser, before = Browser(shop.here.world), shop.user.profile

        page = browser.submit(shop.sign_in(browser), **WHOLE)

        assert page.response.status in {400, 422}
        assert shop.user.profile == before


def test_a_fault_loses_nothing(shop: Shop) -> None:
    faults = Faults(shop.here.storage)
    for position in range(1, 80):
        shop.here.storage.users.save(
            shop.user, replace(shop.user, profile={k: v for k, v in shop.user.profile.items() if k != "nickName"}), []
        )
        browser = Browser(shop.here.world)
        page = shop.sign_in(browser)
        assert at_profile(page), (position, page.url)
        faults.arm(position)
        answer = browser.submit(page, **WHOLE)
        reached = faults.seen >= position
        faults.clear()
        if not reached:
            assert answer.url.startswith(APP)
            return
        if answer.response.status == 503:
            answer = browser.submit(page, **WHOLE)
        assert answer.url.startswith(APP) or answer.response.status == 400 or answer.url.startswith(ACME), answer.url
        again = browser.open(shop.here.authorize_uri())
        assert again.url.startswith(APP) or at_profile(again) or "/signin" in again.url
    raise AssertionError("never done")
