"""``/idp/myaccount`` by clients that nobody here wrote: okta-auth-js, and scripts in Chromium."""

import json
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from authmint.storage.admin_scopes import OWN_ACCOUNT_SCOPES
from playwright.sync_api import Page, sync_playwright

from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.people import CALLBACK, PASSWORD, deployment_with_a_person, query_of
from tests.support.sites import serving
from tests.support.stack import Running

CLIENTS = Path(__file__).parents[1] / "clients"
NODE = shutil.which("node")
#: RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
needs_packages = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules").exists(), reason="needs Node.js, and `npm ci` in tests/clients"
)


def access_token(stack: Running, login: str) -> str:
    """Of the org server, for somebody who has just signed in."""
    people = deployment_with_a_person(stack, login)
    client = people.client()
    for scope in sorted(OWN_ACCOUNT_SCOPES):
        stack.made(f"/api/v1/apps/{client['client_id']}/grants", {"scopeId": scope, "issuer": stack.url})
    query = {
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": " ".join(("openid", *sorted(OWN_ACCOUNT_SCOPES))),
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    back = people.browser().sign_in(f"{stack.url}/oauth2/v1/authorize?{urlencode(query)}", login=login)
    form = {"grant_type": "authorization_code", "code": query_of(back)["code"], "redirect_uri": CALLBACK}
    given = requests.post(
        f"{stack.url}/oauth2/v1/token",
        data=form | {"code_verifier": VERIFIER},
        auth=(client["client_id"], client["client_secret"]),
        timeout=30,
    )
    given.raise_for_status()
    return str(given.json()["access_token"])


def mailed_code(stack: Running, address: str) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        mails = requests.get(f"{stack.url}/outbox", timeout=30).json()
        found = [mail for mail in mails if (mail["to"], mail["template"]) == (address, "ChangeEmailConfirmation")]
        if found:
            return str(found[-1]["codes"][0])
    raise AssertionError("no mail came")


@needs_packages
def test_okta_auth_js_looks_after_an_account(stack: Running) -> None:
    login, address = f"{uuid.uuid4().hex}@example.org", f"{uuid.uuid4().hex}@new.example"
    told = {"url": stack.url, "accessToken": access_token(stack, login), "address": address, "password": f"{PASSWORD}x"}

    with subprocess.Popen(
        [NODE or "", "okta_auth_js_my_account.cjs", json.dumps(told)],
        cwd=CLIENTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stderr is not None
        asked = client.stderr.readline()
        assert asked == "code?\n", asked + client.stderr.read()
        out, error = client.communicate(f"{mailed_code(stack, address)}\n", timeout=60)

    assert client.returncode == 0, error
    assert json.loads(out) == {
        "writable": ["firstName", "lastName", "mobilePhone"],
        "firstName": "Mia",
        "added": ["UNVERIFIED", ["PRIMARY"]],
        "polled": "UNVERIFIED",
        "wrong": "E0000068",
        "emails": [[address, "VERIFIED"]],
        "password": ["ACTIVE", "ACTIVE"],
        "weak": "E0000001",
        "last": "E0000035",
        "phones": "E0000015",
    }


#: What a script is told of a call: status, name, the challenge of a refusal; or that the browser keeps it to itself.
CALL = """async ([url, token, method, body]) => {
  const headers = {authorization: `Bearer ${token}`, accept: "application/json; okta-version=1.0.0"};
  if (body) headers["content-type"] = "application/json";
  try {
    const answer = await fetch(`${url}/idp/myaccount/profile`, {method, headers, body});
    const {profile} = await answer.json();
    return [answer.status, profile?.firstName, answer.headers.get("www-authenticate")?.split(" ")[0]];
  } catch (error) { return error.name; }
}"""


def called(page: Page, stack: Running, token: str, method: str = "GET", **profile: str) -> object:
    return page.evaluate(CALL, [stack.url, token, method, json.dumps({"profile": profile}) if profile else None])


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)")
def test_scripts_of_trusted_sites_alone_look_after_an_account(stack: Running) -> None:
    token = access_token(stack, f"{uuid.uuid4().hex}@example.org")
    with serving() as shop, serving() as other, sync_playwright() as playwright:
        origin = {"name": shop, "origin": shop, "scopes": [{"type": "CORS"}]}
        trusted = stack.made("/api/v1/trustedOrigins", origin)["id"]
        try:
            chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
            page = chromium.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(shop)
            assert called(page, stack, token) == [200, "Maria", None]
            assert called(page, stack, token, "PUT", firstName="Mia", lastName="Lopez") == [200, "Mia", None]
            assert called(page, stack, "x") == [401, None, "Bearer"]
            page.goto(other)
            assert called(page, stack, token) == "TypeError"
            assert called(page, stack, token, "PUT", firstName="Eve", lastName="Lopez") == "TypeError"
            page.goto(shop)
            assert called(page, stack, token) == [200, "Mia", None]
            chromium.close()
        finally:
            stack.admin("DELETE", f"/api/v1/trustedOrigins/{trusted}").raise_for_status()
