"""The console of a running deployment in Chromium: what somebody does with an authorization server, click by click.

The console of the browser stays empty, and every page on the way keeps the rules of accessibility.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import requests
from authmint.local.backend import free_port
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.passkeys import Authenticator, with_password
from tests.support.stack import Running, running_stack
from tests.support.strong import guarded

PHONE: Final = ViewportSize(width=360, height=740)
DESKTOP: Final = ViewportSize(width=1280, height=800)
#: All that another scheme of colours can break.
CONTRAST: Final = {"runOnly": ["color-contrast"]}
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Running]:
    """A deployment at a name: browsers use no passkeys at addresses, and the console sends people to one place."""
    port = free_port()
    with running_stack(tmp_path, port=port, options=["--base-url", f"http://localhost:{port}"]) as stack:
        yield replace(stack, url=f"http://localhost:{port}")


@pytest.fixture
def page() -> Iterator[Page]:
    complaints: list[str] = []
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = chromium.new_page(locale="en", viewport=DESKTOP)
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        chromium.close()
    assert complaints == []


def arrived(page: Page, heading: str) -> None:
    """Wait for a page, and hold it to the rules: in light on a desktop; in dark on a phone, to those of colours."""
    expect(page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()
    page.wait_for_load_state()
    page.emulate_media(color_scheme="dark")
    keeps_the_rules(page, PHONE, CONTRAST)
    page.emulate_media(color_scheme="light")
    keeps_the_rules(page, DESKTOP, None)


def keeps_the_rules(page: Page, size: ViewportSize, rules: dict[str, list[str]] | None) -> None:
    page.set_viewport_size(size)
    found = Axe().run(page, options=rules).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], page.url


def with_a_passkey(page: Page, stack: Running) -> None:
    """Become an administrator with a passkey, and sign in to the console by it."""
    somebody = guarded(stack)
    stack.made(f"/api/v1/users/{somebody.user}/roles", {"type": "SUPER_ADMIN"})
    Authenticator(page)
    with_password(page, somebody)
    page.get_by_role("button", name="Passkey or security key").click()
    page.get_by_role("button", name="Create a passkey").click()
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()
    page.context.clear_cookies()

    page.goto(f"{stack.url}/console/servers")  # the passkey is offered at the sign-in, and chosen at once
    arrived(page, "Authorization servers")
    expect(page.get_by_role("link", name=somebody.login)).to_be_visible()


def make(page: Page) -> tuple[str, str]:
    """A server and its first program, which gets a token; issuer and client id."""
    page.get_by_role("link", name="New authorization server").click()
    arrived(page, "New authorization server")
    page.get_by_label("Name", exact=False).first.fill("Clicked")
    page.get_by_label("Audience").fill("api://clicked")
    page.get_by_label("Scope", exact=True).fill("clicked:read")
    page.get_by_label("Program", exact=True).fill("clicked nightly")
    page.get_by_role("button", name="Make it").click()
    arrived(page, "Clicked is made")
    facts = page.locator("dl.facts code").all_inner_texts()
    token = requests.post(
        f"{facts[0]}/v1/token",
        data={"grant_type": "client_credentials", "scope": "clicked:read"},
        auth=(facts[1], facts[2]),
        timeout=30,
    )
    assert token.status_code == 200, token.text
    page.get_by_role("link", name="Preview the token").click()
    arrived(page, "Token preview")
    expect(page.get_by_text("Granted")).to_be_visible()
    return facts[0], facts[1]


def break_and_mend(page: Page, client_id: str) -> None:
    page.get_by_role("link", name="Access policies").click()
    arrived(page, "Access policies")
    page.get_by_role("link", name="clicked nightly").click()
    arrived(page, "clicked nightly")
    page.get_by_role("button", name="Deactivate").click()
    arrived(page, "Deactivate: clicked nightly")
    expect(page.get_by_text("Tokens by it in the last 30 days")).to_be_visible()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("status")).to_have_text("It is done.")
    page.get_by_role("link", name="Clicked", exact=True).click()
    page.get_by_role("link", name="Token preview").click()
    page.get_by_label("Client").fill(client_id)
    page.get_by_label("clicked:read").check()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("activate the policy 'clicked nightly'")).to_be_visible()
    arrived(page, "Token preview")
    asked = page.url
    page.get_by_role("link", name="To the policy").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("status")).to_have_text("It is done.")
    page.goto(asked)
    expect(page.get_by_text("Granted")).to_be_visible()


def add_a_claim(page: Page) -> None:
    page.get_by_role("link", name="Claims").click()
    arrived(page, "Claims")
    page.get_by_role("link", name="New claim").click()
    arrived(page, "New claim")
    page.get_by_label("Name", exact=False).first.fill("who")
    page.get_by_label("For this person").fill("admin@local.invalid")
    page.get_by_label("Value *").press_sequentially("user.login")
    expect(page.locator("#tried pre")).to_have_text(json.dumps("admin@local.invalid"))
    page.get_by_role("button", name="Make it").click()
    arrived(page, "who")


def see_the_rest_and_rotate(page: Page) -> None:
    page.get_by_role("link", name="Clicked", exact=True).click()
    arrived(page, "Clicked")
    for tab in ("Scopes", "Security", "Analysis", "Resources", "Keys"):
        page.get_by_label("Parts of this").get_by_role("link", name=tab, exact=True).click()
        arrived(page, tab)
    page.get_by_role("button", name="Rotate now").click()
    expect(page.get_by_role("status")).to_have_text("It is done.")
    expect(page.locator("rect.retired")).to_have_count(2)
    page.get_by_role("link", name="Revoke").last.click()
    arrived(page, "Revoke a key?")


def look_around(page: Page, url: str) -> None:
    """Pages of the other sections: a form and a list of each kind."""
    page.goto(f"{url}/console/apps?q=clicked")
    page.get_by_role("link", name="clicked nightly").click()
    arrived(page, "clicked nightly")
    app = page.url
    for path, heading in {
        f"{app}/secrets": "Secrets",
        f"{app}/groups/new": "Assign",
        f"{url}/console/policies/new": "New policy",
        f"{url}/console/explain?user=admin@local.invalid": "Try a sign-on",
        f"{url}/console/usage": "What was used",
        f"{url}/console/log?live=yes": "System log",
    }.items():
        page.goto(path)
        arrived(page, heading)
    page.goto(f"{url}/console/servers?q=Clicked")


def delete(page: Page) -> None:
    page.get_by_role("link", name="Clicked", exact=True).click()
    page.get_by_role("link", name="Delete").click()
    arrived(page, "Delete Clicked?")
    page.get_by_label("Type its name").fill("Clicked")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_have_text("It is gone.")


def test_a_server_is_made_tried_broken_understood_mended_and_deleted(stack: Running, page: Page) -> None:
    with_a_passkey(page, stack)
    issuer, client_id = make(page)
    break_and_mend(page, client_id)
    add_a_claim(page)
    see_the_rest_and_rotate(page)
    look_around(page, stack.url)
    delete(page)

    assert requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30).status_code == 404
