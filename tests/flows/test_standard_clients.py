"""People sign in to clients that nobody here wrote: Authlib, ``openid-client``, okta-auth-js in Chromium."""

import json
import subprocess
from urllib.parse import urlencode

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from playwright.sync_api import expect, sync_playwright

from tests.flows.packages import CLIENTS, MODULES, NODE, needs_packages
from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.people import (
    CALLBACK,
    LOGIN,
    PASSWORD,
    SCOPES,
    SIGNED_OUT,
    Deployment,
    deployment_with_a_person,
    query_of,
)
from tests.support.sites import Site, serving
from tests.support.stack import Running


@pytest.fixture
def people(stack: Running) -> Deployment:
    return deployment_with_a_person(stack)


def test_authlib_signs_in_refreshes_and_signs_out(people: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    registered, browser = people.client(), people.browser()
    metadata = requests.get(f"{people.issuer}/.well-known/openid-configuration", timeout=30).json()
    session = OAuth2Session(
        registered["client_id"],
        registered["client_secret"],
        scope=SCOPES,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    )
    verifier = "a-verifier-of-at-least-forty-three-characters-0"
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
    )

    back = browser.sign_in(url)
    tokens = session.fetch_token(authorization_response=back, code_verifier=verifier, state=state)
    user = session.get(metadata["userinfo_endpoint"]).json()
    first = dict(tokens)
    refreshed = session.refresh_token(metadata["token_endpoint"])

    assert query_of(back)["iss"] == people.issuer
    assert (user["sub"], user["email"], user["given_name"]) == (people.user, LOGIN, "Maria")
    assert refreshed["access_token"] != first["access_token"]
    assert session.get(metadata["userinfo_endpoint"]).ok
    again = browser.visit(session.create_authorization_url(metadata["authorization_endpoint"], prompt="none")[0])
    assert isinstance(again, str)
    assert "code" in query_of(again)  # still signed in

    leave = {"id_token_hint": first["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "state": "bye"}
    assert browser.visit(f"{metadata['end_session_endpoint']}?{urlencode(leave)}") == f"{SIGNED_OUT}?state=bye"
    refused = browser.visit(session.create_authorization_url(metadata["authorization_endpoint"], prompt="none")[0])
    assert isinstance(refused, str)
    assert query_of(refused)["error"] == "login_required"


def test_a_pushed_request_is_gone_after_one_sign_in(people: Deployment) -> None:
    """RFC 9126 §2.2: openid-client 6 and oauth4webapi insist on 201."""
    registered, browser = people.client(), people.browser()
    credentials = (registered["client_id"], registered["client_secret"])
    form = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "s"}
    pushed = requests.post(f"{people.issuer}/v1/par", data=form, auth=credentials, timeout=30)
    query = urlencode({"client_id": registered["client_id"], "request_uri": pushed.json()["request_uri"]})

    code = query_of(browser.sign_in(f"{people.issuer}/v1/authorize?{query}"))["code"]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    redeemed = requests.post(f"{people.issuer}/v1/token", data=grant, auth=credentials, timeout=30)
    again = browser.visit(f"{people.issuer}/v1/authorize?{query}")

    assert (pushed.status_code, pushed.json()["expires_in"], redeemed.status_code) == (201, 3600, 200)
    assert isinstance(again, requests.Response)
    assert again.status_code == 400


@needs_packages
@pytest.mark.parametrize(("pushed", "bound"), [(False, None), (True, None), (False, "ES256"), (True, "Ed25519")])
def test_openid_client_signs_in_refreshes_and_revokes(people: Deployment, pushed: bool, bound: str | None) -> None:
    """With ``bound``: every token bound to a key of that algorithm (RFC 9449)."""
    browser = people.browser()
    rotated = {"rotation_type": "ROTATE", "leeway": 0}
    registered = people.client(auth_method="client_secret_post", refresh_token=rotated)
    settings = {
        "issuer": people.issuer,
        "clientId": registered["client_id"],
        "clientSecret": registered["client_secret"],
        "redirectUri": CALLBACK,
        "postLogoutRedirectUri": SIGNED_OUT,
        "scope": SCOPES,
        "pushed": pushed,
        "bound": bound,
    }
    command = [str(NODE), "openid_client.mjs", json.dumps(settings)]
    with subprocess.Popen(
        command, cwd=CLIENTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        start = process.stdout.readline()
        assert start, process.stderr.read()
        process.stdin.write(browser.sign_in(json.loads(start)["url"]) + "\n")
        process.stdin.flush()
        end = process.stdout.readline()
        assert end, process.stderr.read()
    seen = json.loads(end)

    assert seen["claims"]["sub"] == seen["userinfo"]["sub"] == seen["refreshedSub"] == people.user
    assert seen["userinfo"]["email"] == LOGIN
    assert (seen["rotated"], seen["active"], seen["afterRevocation"]) == (True, True, False)
    assert seen["tokenType"] == ("bearer" if bound is None else "dpop")
    assert seen.get("boundTo") == (seen["jkt"] if bound else None)
    assert browser.visit(seen["logout"]) == f"{SIGNED_OUT}?state=bye"


@needs_packages
def test_openid_client_5_configures_itself_and_pushes(people: Deployment) -> None:
    registered = people.client(auth_method="client_secret_post")
    settings = {
        "issuer": people.issuer,
        "clientId": registered["client_id"],
        "clientSecret": registered["client_secret"],
        "redirectUri": CALLBACK,
        "scope": SCOPES,
    }

    done = subprocess.run(
        [str(NODE), "openid_client_5.mjs", json.dumps(settings)],
        cwd=CLIENTS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["requestUri"].startswith("urn:")


class SpaSite(Site):
    """A single-page application."""

    def do_GET(self) -> None:  # noqa: N802 - its name
        if self.path.endswith(".js"):
            script = MODULES / "@okta/okta-auth-js/dist/okta-auth-js.min.js"
            self.send(script.read_bytes(), "text/javascript")
        else:
            self.send((CLIENTS / "okta_auth_js.html").read_bytes(), "text/html")


@needs_packages
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)")
@pytest.mark.parametrize("scopes", [SCOPES.split(), ["openid", "profile", "email"]], ids=["refresh", "iframe"])
def test_okta_auth_js_signs_in_renews_revokes_and_signs_out(people: Deployment, scopes: list[str]) -> None:
    """Renewed with a refresh token, or, without one, in a hidden frame with ``prompt=none``."""
    with serving(SpaSite) as site, sync_playwright() as playwright:
        registered = people.client(
            auth_method="none",
            application_type="browser",
            redirect_uris=[f"{site}/callback"],
            post_logout_redirect_uris=[f"{site}/bye"],
        )
        settings = {"issuer": people.issuer, "clientId": registered["client_id"], "scopes": scopes, "devMode": True}
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = chromium.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.set_default_timeout(PATIENCE)
        page.goto(f"{site}/?{urlencode({'settings': json.dumps(settings)})}")
        page.get_by_label("Username").fill(LOGIN)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button").click()
        expect(page.locator("#state")).to_have_text("done", timeout=PATIENCE)
        result = json.loads(page.locator("#result").inner_text())
        page.locator("#leave").click()
        expect(page.locator("#state")).to_have_text("signed out", timeout=PATIENCE)
        left = json.loads(page.locator("#result").inner_text())
        page.goto(f"{people.issuer.partition('/oauth2')[0]}/signin")
        expect(page.get_by_label("Password")).to_be_visible()  # the session is over too
        chromium.close()

    assert (result["claims"]["sub"], result["user"]["email"], result["renewed"]) == (people.user, LOGIN, True)
    assert (result["active"], left) == ([True, False], {"left": False})
    assert [text for text in complaints if "favicon" not in text] == []
