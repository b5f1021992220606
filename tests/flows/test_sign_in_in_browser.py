"""The deployed code in Chromium: sign-in, consent, a television, sign-out. Nothing may complain in the console.

``tests/pages/test_in_browser.py`` holds every page to its details; here they are what a user meets on the way.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from tests.flows.packages import CLIENTS, NODE, needs_packages
from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.dpop import Key
from tests.support.people import LOGIN, PASSWORD, Deployment, deployment_with_a_person, query_of
from tests.support.sites import serving
from tests.support.stack import Running

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"
PAYMENT = {"binding_message": "12,50 € · K7"}
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)")


@pytest.fixture
def people(stack: Running) -> Deployment:
    return deployment_with_a_person(stack)


@pytest.fixture
def page() -> Iterator[Page]:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = chromium.new_page(locale="en")
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        chromium.close()
    assert complaints == []


@pytest.fixture
def callback() -> Iterator[str]:
    with serving() as site:
        yield f"{site}/callback"


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill(LOGIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_user_signs_in_agrees_and_is_asked_no_more(people: Deployment, page: Page, callback: str) -> None:
    base = f"/api/v1/authorizationServers/{people.server}"
    scope = {
        "name": "orders:read",
        "displayName": "See orders",
        "description": "What you bought",
        "consent": "REQUIRED",
    }
    people.stack.made(f"{base}/scopes", scope)
    client = people.client(consent_method="REQUIRED", redirect_uris=[callback])["client_id"]
    asked = {"client_id": client, "redirect_uri": callback, "response_type": "code", "scope": "openid orders:read"}
    url = f"{people.issuer}/v1/authorize?{urlencode(asked | {'state': 's'})}"

    page.goto(url)
    sign_in(page)
    expect(page.get_by_text("See orders")).to_be_visible()
    expect(page.get_by_text("What you bought")).to_be_visible()
    page.get_by_role("button", name="Allow access").click()
    page.wait_for_url(f"{callback}**")
    first = query_of(page.url)
    page.goto(url)
    page.wait_for_url(f"{callback}**")

    assert first["state"] == query_of(page.url)["state"] == "s"
    assert first["code"] != query_of(page.url)["code"]
    people.stack.admin("DELETE", f"/api/v1/users/{people.user}/grants").raise_for_status()
    page.goto(url)
    page.get_by_role("button", name="Don’t allow").click()
    page.wait_for_url(f"{callback}**")
    assert query_of(page.url)["error"] == "access_denied"


def test_a_television_is_signed_in_from_a_phone(people: Deployment, page: Page) -> None:
    client = people.client(auth_method="none", application_type="native", grant_types=[DEVICE, "authorization_code"])
    form = {"client_id": client["client_id"], "scope": "openid profile"}
    device = requests.post(f"{people.issuer}/v1/device/authorize", data=form, timeout=30).json()
    form = {"grant_type": DEVICE, "device_code": device["device_code"], "client_id": client["client_id"]}
    waiting = requests.post(f"{people.issuer}/v1/token", data=form, timeout=30).json()

    page.goto(device["verification_uri_complete"])
    sign_in(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Allow access").click()
    expect(page.get_by_role("heading")).to_contain_text("is connected")
    answer = requests.post(f"{people.issuer}/v1/token", data=form, timeout=30).json()

    assert waiting["error"] == "authorization_pending"
    assert answer["token_type"] == "Bearer"
    assert "id_token" in answer


def asking(people: Deployment, **settings: Any) -> "subprocess.Popen[str]":
    """``openid-client``, which asks Maria for something."""
    said = {"issuer": people.issuer, "parameters": {"scope": "openid email", "login_hint": LOGIN, **PAYMENT}}
    return subprocess.Popen(
        [str(NODE), "ciba.mjs", json.dumps(said | settings)],
        cwd=CLIENTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line_of(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    assert process.stderr is not None
    return json.loads(process.stdout.readline() or json.dumps(process.stderr.read()))


def told(process: "subprocess.Popen[str]") -> Any:
    """What it got by one poll that does not wait long."""
    assert process.stdin is not None
    process.stdin.write("poll\n")
    process.stdin.flush()
    with process:
        return line_of(process)


@needs_packages
def test_a_program_asks_without_the_browser_and_is_answered_in_it(people: Deployment, page: Page) -> None:
    """By a secret, and as FAPI CIBA wants it: signed, by a key, the tokens bound to another one."""
    key = Key("ES256")
    private = jwt.get_algorithm_by_name("ES256").to_jwk(key.private, as_dict=True) | {"kid": "k1"}
    jwks = {"keys": [{**key.jwk, "kid": "k1", "use": "sig"}]}
    by_secret = people.client(grant_types=["authorization_code", CIBA])
    signs = {"backchannel_authentication_request_signing_alg": "ES256", "dpop_bound_access_tokens": True}
    by_key = people.client(auth_method="private_key_jwt", grant_types=["authorization_code", CIBA], jwks=jwks, **signs)
    till = asking(people, clientId=by_secret["client_id"], secret=by_secret["client_secret"], interval=0)
    bank = asking(people, clientId=by_key["client_id"], jwk=private, interval=0)
    assert [line_of(one)["interval"] for one in (till, bank)] == [5, 5]

    page.goto(f"{people.stack.url}/account")
    sign_in(page)
    expect(page.get_by_role("link", name="Look at the request")).to_have_count(2)
    page.get_by_role("link", name="Look at the request").first.click()
    expect(page.locator("#binding-message")).to_have_text("12,50 € · K7")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading")).to_have_text("You approved it")
    page.goto(f"{people.stack.url}/account")
    page.get_by_role("link", name="Look at the request").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading")).to_have_text("You approved it")

    got = told(till), told(bank)
    assert [(one["sub"], one["email"], one["tokenType"]) for one in got] == [
        (people.user, LOGIN, "bearer"),
        (people.user, LOGIN, "dpop"),
    ]


def test_a_user_signs_out_and_is_asked_for_a_password_again(people: Deployment, page: Page, callback: str) -> None:
    client = people.client(redirect_uris=[callback])["client_id"]
    asked = {"client_id": client, "redirect_uri": callback, "response_type": "code", "scope": "openid", "state": "s"}
    url = f"{people.issuer}/v1/authorize?{urlencode(asked)}"
    page.goto(url)
    sign_in(page)
    page.wait_for_url(f"{callback}**")

    page.goto(f"{people.issuer}/v1/logout")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_contain_text("signed out")
    page.goto(url)

    expect(page.get_by_label("Password")).to_be_visible()
