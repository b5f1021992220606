"""The pages in Chromium: clicked through, by keyboard, without JavaScript, by machine-checked rules of accessibility.

Set ``AUTHMINT_SCREENSHOTS`` to a directory to have every page there as a picture, on a phone and on a desktop, in light
and in dark.
"""

import base64
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from authmint.factors.answers import Passcode
from authmint.factors.kind import Ask
from authmint.factors.totp import code_at
from authmint.http import Request
from authmint.policy.sign_on.assurance import Assurance
from authmint.policy.sign_on.sign_up import AskedAttribute, AskedProfile
from authmint.sign_on.requirement import Demanded, Enrolments, Remembering, Requirement
from authmint.storage.factors import Credential, Factor
from authmint.storage.remembered_browsers import RememberedBrowser
from authmint.storage.schemas import ProfileSchema
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.builders import SERVER_ID
from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.sign_on_policies import welcoming

from .hosted import HANDLE, NEW_PASSWORD, PASSWORD
from .hosted import Browser as PagesBrowser
from .own_account import a_provider, agreed, let_people_go, linked, may
from .serving import Served, serving

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
SCREENSHOTS = os.environ.get("AUTHMINT_SCREENSHOTS")
#: Chromium says so of any answer with such a status; a wrong password has one.
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def window(chromium: Chromium) -> Iterator[Callable[..., Page]]:
    """Opens a window whose console has to stay empty."""
    complaints: list[str] = []
    contexts = []

    def heard(kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not _STATUS.match(text):
            complaints.append(text)

    def opened(**options: Any) -> Page:
        context = chromium.new_context(**{"viewport": DESKTOP, "locale": "en"} | options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard(message.type, message.text))
        page.on("pageerror", lambda error: heard("error", str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, served: Served, path: str = f"/signin?request={HANDLE}", password: str = PASSWORD) -> None:
    page.goto(served.base_url + path)
    page.get_by_label("Username").fill("ann@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def settled(page: Page, shows: str) -> None:
    """Wait for the page that says this, to its end.

    A click may return while its form is still on the way: until then, the page before it is what can be seen.
    """
    expect(page.locator("h1, [role=alert]").filter(has_text=shows)).to_be_visible()
    page.wait_for_load_state()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_signing_in_and_allowing_leads_back_to_the_client(
    served: Served, window: Callable[..., Page], javascript: bool
) -> None:
    page = window(java_script_enabled=javascript)

    sign_in(page, served)
    expect(page.get_by_role("heading", name="Give Orders access?")).to_be_visible()
    page.get_by_label("Send you news").check()
    page.get_by_role("button", name="Allow access").click()

    expect(page.get_by_text("Back at the client")).to_be_visible()
    given = {consent.scope: consent.answer for consent in served.hosted.storage.consents.of_user("00uA")}
    assert given == {"orders:read": "GRANTED", "orders:write": "GRANTED", "news": "GRANTED"}


def test_denying_leads_back_to_the_client(served: Served, window: Callable[..., Page]) -> None:
    page = window()

    sign_in(page, served)
    page.get_by_role("button", name="Don’t allow").click()

    expect(page.get_by_text("Back at the client")).to_be_visible()
    assert page.url.endswith("?error=access_denied")


def test_who_needs_no_consent_goes_straight_from_the_form_to_the_client(
    served: Served, window: Callable[..., Page]
) -> None:
    """Chromium holds the redirects after the form to ``form-action``."""
    served.hosted.waiting.scopes = ()
    page = window()

    sign_in(page, served)

    expect(page.get_by_text("Back at the client")).to_be_visible()


def test_the_clients_callback_may_lead_on_to_another_origin(served: Served, window: Callable[..., Page]) -> None:
    served.hosted.waiting.scopes = ()
    elsewhere = served.client_url.replace("127.0.0.1", "localhost")
    served.hosted.waiting.redirect_uri = f"{served.client_url}/hop?to={elsewhere}/callback"
    page = window()

    sign_in(page, served)

    expect(page.get_by_text("Back at the client")).to_be_visible()
    assert page.url.startswith(elsewhere)


def test_an_app_that_listens_on_ipv6_gets_its_answer(window: Callable[..., Page]) -> None:
    """RFC 8252 §7.3: no source expression could name it."""
    with serving(client_host="::1") as served:
        served.hosted.waiting.scopes = ()
        page = window()

        sign_in(page, served)

        expect(page.get_by_text("Back at the client")).to_be_visible()
        assert page.url.startswith("http://[::1]:")


def test_a_wrong_password_is_said_and_the_name_is_kept(served: Served, window: Callable[..., Page]) -> None:
    page = window()

    sign_in(page, served, password="Wrong-Horse-7")

    expect(page.get_by_role("alert")).to_contain_text("don’t match")
    expect(page.get_by_label("Username")).to_have_value("ann@example.com")
    expect(page.get_by_label("Password")).to_be_focused()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_device_is_connected(served: Served, window: Callable[..., Page], javascript: bool) -> None:
    device = served.hosted.a_device()
    page = window(java_script_enabled=javascript, viewport=PHONE)

    sign_in(page, served, "/activate?user_code=wdjb-mjht")
    expect(page.get_by_label("Code")).to_have_value("WDJB-MJHT")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("WDJB-MJHT")).to_be_visible()
    page.get_by_role("button", name="Allow access").click()

    expect(page.get_by_role("heading", name="Your device is connected")).to_be_visible()
    assert served.hosted.storage.device_codes.get(device.digest).status == "APPROVED"


def test_everything_can_be_done_by_keyboard(served: Served, window: Callable[..., Page]) -> None:
    page = window()
    page.goto(f"{served.base_url}/signin?request={HANDLE}")

    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("ann@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    settled(page, "Give Orders access?")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Send you news")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")  # to who else could sign in
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Allow access")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Back at the client")).to_be_visible()
    answers = served.hosted.storage.consents.of_user("00uA")
    assert "GRANTED" in [answer.answer for answer in answers if answer.scope == "news"]


def test_an_expired_password_is_changed_on_the_way(window: Callable[..., Page]) -> None:
    with serving(user={"status": "PASSWORD_EXPIRED"}) as served:
        page = window()

        sign_in(page, served)
        page.get_by_label("New password", exact=True).fill("short")
        page.get_by_label("New password, once more").fill("short")
        page.get_by_role("button", name="Change password").click()
        expect(page.get_by_role("alert")).to_contain_text("at least 8 characters")
        page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        page.get_by_label("New password, once more").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Change password").click()

        expect(page.get_by_role("heading", name="Give Orders access?")).to_be_visible()


def test_what_a_password_meets_is_told_while_it_is_typed(served: Served, window: Callable[..., Page]) -> None:
    page = window()
    _followed(page, served)
    field = page.get_by_label("New password", exact=True)
    strength, met = page.locator("#strength"), page.locator("#rules .met")

    expect(strength).to_be_hidden()
    expect(page.locator("#rules li")).to_have_count(5)
    for typed, said, rules in (
        ("aaaaaaaa", "Easy to guess", ["8 characters", "lowercase", "username"]),
        ("Ann-example-1", "Could be stronger", ["8 characters", "lowercase", "uppercase", "number"]),
        ("abcdefghijklm", "Easy to guess", ["8 characters", "lowercase", "username"]),
        ("Correct-Horse-7", "Hard to guess", ["8 characters", "lowercase", "uppercase", "number", "username"]),
    ):
        field.fill(typed)
        expect(strength).to_have_text(said)
        assert [word in text for word, text in zip(rules, met.all_inner_texts(), strict=True)] == [True] * len(rules)
    field.fill("")
    expect(strength).to_be_hidden()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_who_forgot_a_password_gets_back_in(served: Served, window: Callable[..., Page], javascript: bool) -> None:
    page = window(java_script_enabled=javascript)
    page.goto(f"{served.base_url}/signin?request={HANDLE}")

    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Username").fill("ann@example.com")
    page.get_by_role("button", name="Send me a mail").click()
    settled(page, "Look into your mail")
    page.goto(served.hosted.storage.outbox.mails[-1].values["resetPasswordLink"])
    assert page.url == f"{served.base_url}/recovery"
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password, once more").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    settled(page, "Your password was changed")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username").fill("ann@example.com")
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("heading", name="Give Orders access?")).to_be_visible()


def test_form_post_posts_by_itself(served: Served, window: Callable[..., Page]) -> None:
    page = window()

    page.goto(f"{served.base_url}/form_post")

    expect(page.get_by_text("Back at the client")).to_be_visible()


def test_form_post_without_javascript_has_a_button(served: Served, window: Callable[..., Page]) -> None:
    page = window(java_script_enabled=False)
    page.goto(f"{served.base_url}/form_post")

    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_text("Back at the client")).to_be_visible()


def test_post_message_reaches_its_client_from_a_frame(served: Served, window: Callable[..., Page]) -> None:
    page = window()

    page.goto(f"{served.client_url}/opener")

    expect(page.locator("#got")).to_have_text(f"{served.base_url} </script>'\"<& c")


def test_signing_out_is_confirmed(served: Served, window: Callable[..., Page]) -> None:
    page = window()
    sign_in(page, served, "/signin")

    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert served.hosted.storage.sessions.records == {}


def test_people_look_after_their_account_without_javascript(served: Served, window: Callable[..., Page]) -> None:
    page = window(java_script_enabled=False, viewport=PHONE)
    _another_password(page, served)
    settled(page, "Your password was changed")
    page.goto(f"{served.base_url}/account/profile")
    page.get_by_label("Nickname").fill("Annie")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Nickname")).to_have_value("Annie")
    page.get_by_role("link", name="Applications").click()
    page.get_by_role("button", name="Remove access of Orders").click()
    settled(page, "Applications")
    page.get_by_role("link", name="Linked accounts").click()
    page.get_by_role("button", name="Unlink Corp 0oaC").click()
    settled(page, "Linked accounts")
    page.get_by_role("link", name="Your data").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "account.json"
    page.get_by_label("To confirm").fill("ann@example.com")
    page.get_by_role("button", name="Delete my account for good").click()

    settled(page, "Your account is deleted")
    assert list(served.hosted.storage.users.list()) == []


# Accessibility, and pictures.


def _asked(page: Page, served: Served, has: str) -> None:
    """Of whom a policy asks two factors."""
    hosted = served.hosted
    requirement = Requirement(
        assurances=(Assurance(two_factors=True),),
        enrolments=Enrolments(offered=("webauthn", "totp", "email")),
        remembering=Remembering(by_default=True),
    )
    ann, factors = hosted.storage.users.get("00uA"), hosted.factors.factors
    if has != "nothing":
        asked: dict[str, Any] = {"now": hosted.clock.now() - 90, "request": Request("POST", "/", served.base_url)}
        factor, shared = factors.enrol(ann, "totp", **asked)
        secret = base64.b32decode(shared.secret)  # type: ignore[union-attr]
        factors.activate(ann, factor, Passcode(code_at(secret, asked["now"] // 30)), **asked)
        if has == "both":
            factors.recovery.renew(Ask(ann, asked["now"], asked["request"]))
            key = Credential("c", "k", "localhost", "h", verified=True)
            made = Factor("fwf1", "00uA", "webauthn", "ACTIVE", 1, 1, "FIDO", name="YubiKey 5", credential=key)
            hosted.storage.factors.add(made, [])
    hosted.demands.sign_on = Demanded(requirement=requirement)
    sign_in(page, served, "/signin")


def _wrong(page: Page, served: Served) -> None:
    _asked(page, served, "app")
    page.get_by_label("Code").fill("12")
    page.get_by_role("button", name="Confirm").click()


def _set_up(page: Page, served: Served, kind: str) -> None:
    _asked(page, served, "nothing")
    page.get_by_role("button", name=kind).click()
    expect(page.get_by_role("img", name="Picture") if "app" in kind else page.locator("#key-form")).to_be_visible()


def _refused(page: Page, served: Served) -> None:
    _asked(page, served, "app")
    for _ in range(5):
        page.get_by_label("Code").fill("12")
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_load_state()


def _account(page: Page, served: Served) -> None:
    now = served.hosted.clock.now()
    known = RememberedBrowser("d1", "00uA", now, now + 100, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    served.hosted.storage.remembered_browsers.add(known)
    sign_in(page, served, "/signin?account=1")
    page.get_by_role("button", name="Authenticator app").click()
    secret = base64.b32decode(page.locator("#enrol-secret").inner_text())
    page.get_by_label("Code").fill(code_at(secret, served.hosted.clock.now() // 30))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("button", name="Make ten new codes")).to_be_visible()


def _address(page: Page, served: Served) -> None:
    _account(page, served)
    page.get_by_label("Another address").fill("ann@new.example")
    page.get_by_role("button", name="Send a code there").click()
    expect(page.locator("#address-code")).to_be_visible()


def _part(page: Page, served: Served, section: str) -> None:
    """A part of one's own account with something of everything in it."""
    at = PagesBrowser(served.hosted, base_url=served.base_url, user_agent="Mozilla/5.0 (iPhone) Safari/605.1")
    attributes = {
        "colour": {"title": "Favourite colour", "type": "string", "enum": ["red", "blue"], **may("READ_WRITE")},
        "news": {"title": "Newsletter", "type": "boolean", **may("READ_WRITE"), "description": "About once a month."},
        "salary": {"title": "Grade", "type": "string", **may("READ_ONLY")},
        "langs": {"title": "Languages", "type": "array", "items": {"type": "string"}, **may("READ_WRITE")},
    }
    schemas = served.hosted.storage.user_schemas
    schemas.save(schemas.get(), ProfileSchema(custom=attributes, base={"nickName": may("READ_WRITE")}), [])
    at.sign_in("/signin")
    agreed(at)
    for idp_id in ("0oaC", "0oaD"):
        a_provider(at, idp_id)
    linked(at)
    let_people_go(at)
    sign_in(page, served, f"/signin?account={section}")


def _emptied(page: Page, served: Served) -> None:
    _part(page, served, "profile")
    page.get_by_label("First name").fill(" ")
    page.get_by_role("button", name="Save").click()


def _another_password(page: Page, served: Served, old: str = PASSWORD) -> None:
    _part(page, served, "password")
    page.get_by_label("Current password").fill(old)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password, once more").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()


def _codes(page: Page, served: Served) -> None:
    _account(page, served)
    page.get_by_role("button", name="Make ten new codes").click()
    expect(page.locator("#recovery-codes")).to_be_visible()


def _signed_in(page: Page, served: Served, path: str) -> None:
    sign_in(page, served, "/signin")
    settled(page, "You are signed in")
    page.goto(served.base_url + path)


def _failed(page: Page, served: Served) -> None:
    sign_in(page, served, password="Wrong-Horse-7")


def _device(page: Page, served: Served, code: str, button: str = "") -> None:
    served.hosted.a_device()
    _signed_in(page, served, f"/activate?user_code={code}")
    page.get_by_role("button", name="Continue").click()
    if button:
        page.get_by_role("button", name=button).click()


def _asked_without(page: Page, served: Served, button: str = "") -> None:
    """A program asks in one long word, and Ann looks at it."""
    request = served.hosted.an_authentication_request(binding_message="Donaudampfschifffahrt-" * 2 + "W" * 20)
    _signed_in(page, served, f"/oauth2/{SERVER_ID}/v1/bc/approve?request={request.handle}")
    if button:
        page.get_by_role("button", name=button).click()


def _waiting(page: Page, served: Served) -> None:
    served.hosted.an_authentication_request()
    served.hosted.an_authentication_request("two", binding_message="X" * 64)
    _account(page, served)
    page.reload()


def _followed(page: Page, served: Served) -> None:
    """Somebody forgot a password, and follows the link that was mailed."""
    page.goto(f"{served.base_url}/forgot")
    page.get_by_label("Username").fill("ann@example.com")
    page.get_by_role("button", name="Send me a mail").click()
    settled(page, "Look into your mail")
    page.goto(served.hosted.storage.outbox.mails[-1].values["resetPasswordLink"])


def _chosen(page: Page, served: Served, password: str) -> None:
    _followed(page, served)
    page.get_by_label("New password", exact=True).fill(password)
    page.get_by_label("New password, once more").fill(password)
    page.get_by_role("button", name="Change password").click()


def _lacking(page: Page, served: Served) -> None:
    asked = AskedProfile((AskedAttribute("mobilePhone", "Where can we call you?", required=True),))
    served.hosted.demands.sign_on = Demanded(requirement=Requirement(profile=asked))
    sign_in(page, served, "/signin")


def _hasty(page: Page, served: Served) -> None:
    served.hosted.storage.sign_on_policies.save(None, welcoming(), [])
    page.goto(f"{served.base_url}/signin?request={HANDLE}")
    page.get_by_role("link", name="Create an account").click()
    for name in ("Primary email", "First name", "Last name"):
        page.get_by_label(name).fill("bea@example.org")
    page.get_by_role("button", name="Go on").click()


#: The way to each page, and what only that page says.
VIEWS: dict[str, tuple[str, Callable[[Page, Served], Any]]] = {
    "sign-in": ("Sign in", lambda page, served: page.goto(f"{served.base_url}/signin?request={HANDLE}")),
    "sign-in-failed": ("don’t match", _failed),
    "signed-in": ("You are signed in", lambda page, served: sign_in(page, served, "/signin")),
    "consent": ("Give Orders access?", lambda page, served: sign_in(page, served)),
    "device": ("Connect a device", lambda page, served: _signed_in(page, served, "/activate")),
    "device-wrong": ("This code is wrong", lambda page, served: _device(page, served, "BCDFGHJK")),
    "device-confirm": ("Connect Orders?", lambda page, served: _device(page, served, "WDJBMJHT")),
    "device-done": ("is connected", lambda page, served: _device(page, served, "WDJBMJHT", "Allow access")),
    "approve": ("Approve the request of Orders?", lambda page, served: _asked_without(page, served)),
    "approve-done": ("You approved it", lambda page, served: _asked_without(page, served, "Approve")),
    "account-requests": ("Sign-in", lambda page, served: _waiting(page, served)),
    "sign-out": ("Sign out?", lambda page, served: _signed_in(page, served, "/signout")),
    "signed-out": ("You are signed out", lambda page, served: page.goto(f"{served.base_url}/signout")),
    "sign-up": ("very fast", _hasty),
    "forgot": ("Forgot your password?", lambda page, served: page.goto(f"{served.base_url}/forgot")),
    "recovery": ("Reset your password", _followed),
    "recovery-refused": ("Make sure that", lambda page, served: _chosen(page, served, "short")),
    "recovered": ("Your password was changed", lambda page, served: _chosen(page, served, NEW_PASSWORD)),
    "link-gone": ("not good any more", lambda page, served: page.goto(f"{served.base_url}/welcome/x")),
    "challenge": ("Confirm that it’s you", lambda page, served: _asked(page, served, "app")),
    "challenge-wrong": ("did not fit", lambda page, served: _wrong(page, served)),
    "challenge-choices": ("Confirm that it’s you", lambda page, served: _asked(page, served, "both")),
    "enrol": ("Set up a second proof", lambda page, served: _asked(page, served, "nothing")),
    "enrol-app": ("Set up a second proof", lambda page, served: _set_up(page, served, "Authenticator app")),
    "enrol-key": ("Set up a second proof", lambda page, served: _set_up(page, served, "Passkey or security key")),
    "refused": ("You can’t go on here", lambda page, served: _refused(page, served)),
    "account": ("Sign-in", lambda page, served: _account(page, served)),
    "account-codes": ("Sign-in", lambda page, served: _codes(page, served)),
    "account-address": ("Sign-in", lambda page, served: _address(page, served)),
    "account-profile": ("Profile", lambda page, served: _part(page, served, "profile")),
    "account-profile-wrong": ("does not fit", lambda page, served: _emptied(page, served)),
    "account-password": ("Password", lambda page, served: _part(page, served, "password")),
    "account-password-wrong": ("is wrong", lambda page, served: _another_password(page, served, "Wrong-Horse-7")),
    "account-sessions": ("Where you’re signed in", lambda page, served: _part(page, served, "sessions")),
    "account-apps": ("Applications", lambda page, served: _part(page, served, "apps")),
    "account-providers": ("Linked accounts", lambda page, served: _part(page, served, "providers")),
    "account-data": ("Your data", lambda page, served: _part(page, served, "data")),
    "profile": ("A few more details", lambda page, served: _lacking(page, served)),
    "start": ("Authorization servers", lambda page, served: page.goto(f"{served.base_url}/")),
    "error": ("Something is wrong", lambda page, served: page.goto(f"{served.base_url}/error")),
}


AXE = Axe()
#: Of all rules, only those about colours can be broken in the dark alone.
RULES: dict[Literal["light", "dark"], list[str]] = {
    "light": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": ["color-contrast"],
}


def look(page: Page, name: str, shows: str) -> list[str]:
    """What breaks a rule in light or in dark on the page that says this; and pictures, where they are asked for."""
    settled(page, shows)
    found = []
    for scheme, rules in RULES.items():
        page.emulate_media(color_scheme=scheme)
        axe = AXE.run(page, options={"runOnly": rules})
        assert axe.response["passes"], "the checker looked at nothing"
        found += [f"{name} {scheme}: {violation['id']}" for violation in axe.response["violations"]]
        if SCREENSHOTS:
            for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
                page.set_viewport_size(viewport)  # type: ignore[arg-type]
                page.screenshot(path=f"{SCREENSHOTS}/{name}-{size}-{scheme}.png")
    page.set_viewport_size({"width": 320, "height": 640})
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{name}: wider than a small phone")
    return found


@pytest.mark.parametrize("name", VIEWS)
def test_a_page_breaks_no_rule_of_accessibility(served: Served, window: Callable[..., Page], name: str) -> None:
    page = window(bypass_csp=True)  # the checker is a script; the policy itself is watched in the other tests

    shows, way = VIEWS[name]
    way(page, served)

    assert look(page, name, shows) == []


def test_the_password_page_breaks_none_either(window: Callable[..., Page]) -> None:
    with serving(user={"status": "PASSWORD_EXPIRED"}) as served:
        page = window(bypass_csp=True)
        sign_in(page, served)
        page.get_by_label("New password", exact=True).fill("short")
        page.get_by_label("New password, once more").fill("short")
        page.get_by_role("button", name="Change password").click()

        assert look(page, "password", "will not do") == []


def test_german_fits_as_well(served: Served, window: Callable[..., Page]) -> None:
    page = window(bypass_csp=True, locale="de", viewport=PHONE)

    page.goto(f"{served.base_url}/signin?request={HANDLE}")

    expect(page.get_by_role("button", name="Anmelden", exact=True)).to_be_visible()
    assert look(page, "german", "Anmelden") == []
