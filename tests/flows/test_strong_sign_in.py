"""Sign-ins that ask for more than a password, by clients that nobody here wrote: okta-auth-js, pyotp, Chromium."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
import requests
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.passkeys import Authenticator, local, with_password
from tests.support.people import CALLBACK, PASSWORD, Browser, deployment_with_a_person, query_of
from tests.support.stack import Running
from tests.support.strong import Guarded, guarded

CLIENTS = Path(__file__).parents[1] / "clients"
NODE = shutil.which("node")
needs_packages = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules").exists(), reason="needs Node.js, and `npm ci` in tests/clients"
)
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)")


@pytest.fixture
def stella(stack: Running) -> Guarded:
    return guarded(stack)


def with_an_old_password(stack: Running) -> dict[str, str]:
    """Somebody whose password expires within the day."""
    guard = guarded(stack, requireFactor=False)
    settings = {"password": {"age": {"maxAgeDays": 1, "expireWarnDays": 1}}}
    conditions = {"people": {"groups": {"include": [guard.group]}}}
    policy = {"type": "PASSWORD", "name": guard.login[:30], "conditions": conditions, "settings": settings}
    made = stack.made("/api/v1/policies", policy)["id"]
    allowed = {
        name: {"access": "ALLOW"} for name in ("passwordChange", "selfServicePasswordReset", "selfServiceUnlock")
    }
    stack.made(f"/api/v1/policies/{made}/rules", {"type": "PASSWORD", "name": "all", "actions": allowed})
    return {"username": guard.login, "password": guard.password}


@needs_packages
def test_okta_auth_js_sets_a_factor_up_and_proves_it(stella: Guarded) -> None:
    warned = with_an_old_password(stella.stack)
    who = {"url": stella.stack.url, "username": stella.login, "password": stella.password, "warned": warned}

    command = [NODE or "", "okta_auth_js_factors.cjs", json.dumps(who)]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["seen"] == [
        "MFA_ENROLL",
        "MFA_ENROLL_ACTIVATE",
        "MFA_ENROLL",
        "E0000068",
        "SUCCESS",
        "MFA_REQUIRED",
        "E0000082",
        "SUCCESS",
    ]
    assert said["told"] == ["PASSWORD_WARN", 1, "SUCCESS", "E0000014", "SUCCESS"]
    url = f"{stella.stack.url}/api/v1/sessions"
    session = requests.post(url, json={"sessionToken": said["sessionToken"]}, timeout=30).json()
    assert session["amr"] == ["pwd", "otp", "mfa"]


@pytest.fixture
def page() -> Iterator[Page]:
    complaints: list[str] = []
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = chromium.new_page(locale="en", viewport={"width": 390, "height": 844})
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        chromium.close()
    # A form that is refused is no fault of the page.
    assert [text for text in complaints if "422" not in text] == []


@needs_chromium
def test_a_passkey_is_made_signs_in_is_lost_and_replaced(stella: Guarded, page: Page) -> None:
    authenticator = Authenticator(page)
    with_password(page, stella)
    page.get_by_role("button", name="Passkey or security key").click()
    page.get_by_role("button", name="Create a passkey").click()
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()
    assert len(authenticator.credentials) == 1

    page.context.clear_cookies()
    page.goto(f"{local(stella.stack)}/signin")  # offered in the username field, where it is chosen at once
    expect(page.get_by_text(stella.login)).to_be_visible()

    page.context.clear_cookies()
    offered: list[Route] = []
    page.route("**/signin/key", lambda route: route.fallback() if offered else offered.append(route))
    with page.expect_request("**/signin/key"):
        page.goto(f"{local(stella.stack)}/signin")
    with page.expect_response("**/signin/key"):  # before the page knows what to offer in the username field
        page.get_by_role("button", name="Sign in with a passkey").click()  # no username is typed
    offered[0].continue_()
    expect(page.get_by_text(stella.login)).to_be_visible()
    page.unroute("**/signin/key")

    page.context.clear_cookies()
    authenticator.touched(now=False)
    with_password(page, stella)  # then the key is the second factor
    authenticator.touched(now=True)
    page.get_by_role("button", name="Passkey or security key").click()
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()

    authenticator.lose()
    page.context.clear_cookies()
    stella.reset_factors()
    with_password(page, stella)
    page.get_by_role("button", name="Authenticator app").click()
    app = pyotp.TOTP(page.locator("#enrol-secret").inner_text())
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("alert")).to_contain_text("did not fit")
    page.get_by_label("Code").fill(app.now())
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()

    page.context.clear_cookies()
    with_password(page, stella)
    page.get_by_label("Code").fill(app.at(int(time.time()) + 30))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()


def test_an_api_that_wants_more_gets_it_without_a_second_sign_in(stack: Running) -> None:
    people = deployment_with_a_person(stack, login="step-up@example.com")
    client, browser = people.client(), people.browser()
    query = {
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "s",
    }

    def url(**more: str) -> str:
        return requests.Request("GET", f"{people.issuer}/v1/authorize", params=query | more).prepare().url or ""

    browser.sign_in(url(), "step-up@example.com")
    assert (
        query_of(str(browser.visit(url(acr_values="urn:okta:loa:2fa:any", prompt="none"))))["error"] == "login_required"
    )
    page = browser.visit(url(acr_values="urn:okta:loa:2fa:any"))
    assert isinstance(page, requests.Response)
    page = browser.submit(page, choose="totp")
    assert isinstance(page, requests.Response)
    secret = page.text.split('id="enrol-secret"', 1)[1].split(">", 1)[1].split("<", 1)[0]
    back = browser.submit(page, code=pyotp.TOTP(secret).now())
    proof = {"grant_type": "authorization_code", "code": query_of(str(back))["code"], "redirect_uri": CALLBACK}
    tokens = requests.post(
        f"{people.issuer}/v1/token", data=proof, auth=(client["client_id"], client["client_secret"]), timeout=30
    ).json()
    claims = requests.post(
        f"{people.issuer}/v1/introspect",
        data={"token": tokens["access_token"]},
        auth=(client["client_id"], client["client_secret"]),
        timeout=30,
    ).json()
    assert claims["acr"] == "urn:okta:loa:2fa:any"
    assert query_of(str(browser.visit(url(acr_values="urn:okta:loa:2fa:any", prompt="none"))))["code"]


def test_an_app_sends_its_user_to_set_up_a_factor(stack: Running) -> None:
    people = deployment_with_a_person(stack, login="enrols@example.com")
    client = people.client()
    query = {
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "response_type": "none",
        "prompt": "enroll_authenticator",
        "acr_values": "urn:okta:loa:2fa:any:ifpossible",
        "max_age": "0",
        "enroll_amr_values": "google_otp",
        "state": "s",
    }
    url = requests.Request("GET", f"{people.issuer}/v1/authorize", params=query).prepare().url or ""

    def after_the_password(browser: Browser) -> requests.Response:
        form = browser.visit(url)
        assert isinstance(form, requests.Response)
        page = browser.submit(form, username="enrols@example.com", password=PASSWORD)
        assert isinstance(page, requests.Response)
        return page

    first, second = people.browser(), people.browser()  # in one, a sign-in of this very second would be a fresh one
    page = first.submit(after_the_password(first), choose="totp")
    assert isinstance(page, requests.Response)
    app = pyotp.TOTP(page.text.split('id="enrol-secret"', 1)[1].split(">", 1)[1].split("<", 1)[0])
    back = first.submit(page, code=app.now())
    assert query_of(str(back)) == {"state": "s", "iss": people.issuer}

    # Where there is one it is proved, and nothing is set up again.
    again = second.submit(after_the_password(second), code=app.at(int(time.time()) + 30))
    assert query_of(str(again)) == {"state": "s", "iss": people.issuer}
