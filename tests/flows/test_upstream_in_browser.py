"""Chromium through an identity provider that nobody here wrote, and past it when it is gone.

People are led there by the domain of their username, known again or made here, and let in by the deployed code.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.management.federation.idps import an_idp
from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.people import PASSWORD, Deployment, deployment_with_a_person, query_of
from tests.support.sites import serving
from tests.support.stack import Running

CLIENTS = Path(__file__).parents[1] / "clients"
MODULES = CLIENTS / "node_modules"
NODE = next((str(path) for path in MODULES.glob("node-linux-*/bin/node")), shutil.which("node"))
SECRET = "a-secret-of-more-than-32-characters"
ROUTES = "/api/v1/policies?type=IDP_DISCOVERY"
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)"),
    pytest.mark.skipif(
        NODE is None or not (MODULES / "oidc-provider").exists(), reason="needs Node.js, and `npm ci` in tests/clients"
    ),
]


@dataclass
class Partner:
    """A deployment, a provider that it leads the people of one domain to, and a client that they come for."""

    people: Deployment
    issuer: str
    idp: str
    group: str
    callback: str
    url: str

    def links_of(self, login: str) -> list[str]:
        """Ids of the providers that somebody is linked to."""
        found = self.people.stack.admin("GET", f"/api/v1/users/{login}/idps").json()
        return [one["id"] for one in found]


@pytest.fixture
def partner(stack: Running, request: pytest.FixtureRequest) -> Iterator[Partner]:
    people = deployment_with_a_person(stack)
    known = {"client_id": "authmint", "client_secret": SECRET}
    settings = {**known, "redirect_uri": f"{stack.url}/oauth2/v1/authorize/callback"}
    command = [str(NODE), "oidc_provider.mjs", json.dumps(settings | getattr(request, "param", {}))]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with serving() as site, subprocess.Popen(command, cwd=CLIENTS, text=True, **pipes) as process:
        assert process.stdout is not None
        issuer = process.stdout.readline().strip()
        group = stack.made("/api/v1/groups", {"profile": {"name": f"partners of {issuer}"}})["id"]
        protocol = {"endpoints": None, "issuer": {"url": issuer}, "credentials": {"client": known}}
        groups = {"action": "ASSIGN", "assignments": [group]}
        body = an_idp(
            name=issuer,
            protocol=protocol | {"scopes": ["openid", "email", "profile"]},
            policy={"provisioning": {"action": "AUTO", "groups": groups}},
        )
        idp = stack.made("/api/v1/idps", body)["id"]
        client = people.client(redirect_uris=[f"{site}/callback"])["client_id"]
        rule = _route(stack, client, idp)
        asked = {"client_id": client, "redirect_uri": f"{site}/callback", "response_type": "code", "state": "s"}
        url = f"{people.issuer}/v1/authorize?{urlencode(asked | {'scope': 'openid'})}"
        yield Partner(people, issuer, idp, group, f"{site}/callback", url)
        stack.admin("DELETE", rule).raise_for_status()
        stack.admin("DELETE", f"/api/v1/idps/{idp}").raise_for_status()
        process.terminate()


def _route(stack: Running, client: str, idp: str) -> str:
    """Of that client's people those of one domain: other tests lead nobody anywhere. The path of the rule."""
    (policy,) = stack.admin("GET", ROUTES).json()
    rules = f"/api/v1/policies/{policy['id']}/rules"
    patterns = [{"matchType": "SUFFIX", "value": "@partner.example"}]
    conditions = {
        "network": {"connection": "ANYWHERE"},
        "userIdentifier": {"type": "IDENTIFIER", "patterns": patterns},
        "app": {"include": [{"type": "APP", "id": client}], "exclude": []},
    }
    body = {
        "type": "IDP_DISCOVERY",
        "name": f"partners of {client}",
        "conditions": conditions,
        "actions": {"idp": {"providers": [{"type": "OIDC", "id": idp}]}},
    }
    return f"{rules}/{stack.made(rules, body)['id']}"


@pytest.fixture
def page() -> Iterator[Page]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = chromium.new_page(locale="en")
        page.set_default_timeout(PATIENCE)
        yield page
        chromium.close()


def sign_in_there(page: Page, partner: Partner, name: str) -> None:
    """At the provider, as somebody, up to what it asks them to agree to."""
    page.wait_for_url(f"{partner.issuer}/interaction/**")
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").wait_for()


def named(page: Page, partner: Partner, login: str) -> None:
    """The client's request, and a username: nothing else is asked for."""
    page.goto(partner.url)
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_label("Username").fill(login)
    page.get_by_role("button", name="Next").click()


def somebody(partner: Partner, login: str) -> str:
    """Somebody with a password here."""
    profile = {"login": login, "email": login, "firstName": "Ben", "lastName": "Here"}
    body = {"profile": profile, "credentials": {"password": {"value": PASSWORD}}}
    return str(partner.people.stack.made("/api/v1/users", body)["id"])


def test_a_stranger_is_led_to_their_provider_and_made(partner: Partner, page: Page) -> None:
    named(page, partner, "zoe@partner.example")
    sign_in_there(page, partner, "zoe")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{partner.callback}**")

    assert "code" in query_of(page.url)
    stack = partner.people.stack
    zoe = stack.admin("GET", "/api/v1/users/zoe@partner.example").json()
    assert (zoe["status"], zoe["credentials"]["provider"]["type"]) == ("ACTIVE", "FEDERATION")
    assert zoe["profile"]["lastName"] == "Partner"
    assert partner.group in [one["id"] for one in stack.admin("GET", f"/api/v1/users/{zoe['id']}/groups").json()]
    assert partner.links_of(zoe["id"]) == [partner.idp]
    stack.admin("DELETE", f"/api/v1/users/{zoe['id']}").raise_for_status()
    stack.admin("DELETE", f"/api/v1/users/{zoe['id']}").raise_for_status()


def test_who_is_here_already_is_linked_and_others_use_their_passwords(partner: Partner, page: Page) -> None:
    login = f"ben{partner.idp[-6:].lower()}@partner.example"
    ben = somebody(partner, login)
    assert partner.links_of(ben) == []

    named(page, partner, login)
    sign_in_there(page, partner, login.partition("@")[0])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{partner.callback}**")

    assert "code" in query_of(page.url)
    assert partner.links_of(ben) == [partner.idp]
    page.context.clear_cookies()
    named(page, partner, "maria@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{partner.callback}**")
    assert "code" in query_of(page.url)


@pytest.mark.parametrize("partner", [{"leaves": True}], indirect=True)
def test_a_provider_that_stops_on_the_way_keeps_nobody_out(partner: Partner, page: Page) -> None:
    login = f"kim{partner.idp[-6:].lower()}@partner.example"
    somebody(partner, login)

    named(page, partner, login)
    sign_in_there(page, partner, login.partition("@")[0])
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading")).to_contain_text("The sign-in service doesn’t answer")
    page.get_by_role("link", name="Sign in another way").click()
    page.get_by_label("Username").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{partner.callback}**")

    assert "code" in query_of(page.url)
    assert query_of(page.url)["state"] == "s"
