"""Hooks that Okta's Python SDK makes, unmodified, about somebody who makes an account in Chromium."""

import json
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
import requests
from authmint.policy.sign_on.defaults import IDS
from okta.models.event_hook import EventHook
from okta.models.inline_hook_create import InlineHookCreate
from playwright.sync_api import sync_playwright

from tests.flows.okta_sdk import Sdk
from tests.support.chromium import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support.people import PASSWORD, deployment_with_a_person, query_of
from tests.support.sites import Site, serving
from tests.support.stack import Running, running_stack

LOGIN = "nina@hooks.example"
KEY = "a long random text"
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM} (set AUTHMINT_CHROMIUM)"),
]


class Receiver(Site):
    """What the operator runs: it proves that it wants events, takes them, and says where newcomers live.

    Attributes:
        told: Paths, keys and bodies.
    """

    told: ClassVar[list[tuple[str, str | None, Any]]] = []

    def do_GET(self) -> None:  # noqa: N802 - its name
        if self.path.startswith("/events"):
            said = {"verification": self.headers["x-okta-verification-challenge"]}
            self.send(json.dumps(said).encode(), "application/json")
        else:
            super().do_GET()

    def do_POST(self) -> None:  # noqa: N802 - its name
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.told.append((self.path, self.headers["authorization"], body))
        command = {"type": "com.okta.user.profile.update", "value": {"city": "Ulm"}}
        said = {"commands": [command]} if self.path == "/newcomers" else {}
        self.send(json.dumps(said).encode(), "application/json")


def channel(uri: str) -> dict[str, Any]:
    scheme = {"type": "HEADER", "key": "Authorization", "value": KEY}
    return {"type": "HTTP", "version": "1.0.0", "config": {"uri": uri, "authScheme": scheme}}


def welcoming(stack: Running, hook: str) -> None:
    """Strangers may make an account, and the hook is asked about each."""
    names = ("email", "firstName", "lastName")
    says = {
        "access": "ALLOW",
        "unknownUserAction": "REGISTER",
        "activationRequirements": {"emailVerification": True},
        "profileAttributes": [{"name": name, "required": True} for name in names],
        "preRegistrationInlineHooks": [{"inlineHookId": hook}],
    }
    policy, rule = IDS["PROFILE_ENROLLMENT"]
    body = {"name": "all", "actions": {"profileEnrollment": says}}
    stack.admin("PUT", f"/api/v1/policies/{policy}/rules/{rule}", body).raise_for_status()


def mailed_link(stack: Running) -> str:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for mail in requests.get(f"{stack.url}/outbox", timeout=30).json():
            if (mail["to"], mail["template"]) == (LOGIN, "RegistrationActivation"):
                return str(mail["links"][0])
        time.sleep(0.05)
    raise AssertionError("no mail came")


def joined(stack: Running, at: str, callback: str) -> str:
    """Make an account on the way to a client, and sign in by it; where the browser is led."""
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS).new_page(locale="en")
        page.set_default_timeout(PATIENCE)
        page.goto(at)
        page.get_by_role("link", name="Create an account").click()
        for name, text in (("Primary email", LOGIN), ("First name", "Nina"), ("Last name", "New")):
            page.get_by_label(name).fill(text)
        stack.advance("3s")  # nobody types faster
        page.get_by_role("button", name="Go on").click()
        page.locator("#done").wait_for()
        page.goto(mailed_link(stack))
        for field in page.locator("input[type=password]").all():
            field.fill(PASSWORD)
        page.locator("button[type=submit]").click()
        page.locator("#done").wait_for()
        page.goto(at)
        page.get_by_label("Username").fill(LOGIN)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{callback}**")
        return page.url


def test_hooks_are_asked_and_told_about_who_makes_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a stack of its own: who may make an account is said for everybody, and its clock is moved."""
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    with running_stack(tmp_path) as stack, serving(Receiver) as receiver:
        sdk, people = Sdk(stack), deployment_with_a_person(stack)
        events = {"type": "EVENT_TYPE", "items": ["user.lifecycle.create", "user.session.start"]}
        body = {"name": "crm", "events": events, "channel": channel(f"{receiver}/events")}
        hook = sdk.create_event_hook(EventHook.from_dict(body))
        verified = sdk.verify_event_hook(hook.id)
        newcomers = {"name": "newcomers", "type": "com.okta.user.pre-registration", "version": "1.0.0"}
        # The SDK's model of an inline hook knows no key.
        wished = InlineHookCreate.from_dict(newcomers | {"channel": channel(f"{receiver}/newcomers")})
        asked = sdk.create_inline_hook(wished)
        welcoming(stack, asked.id)
        callback = f"{receiver}/callback"
        client = people.client(redirect_uris=[callback])["client_id"]
        query = {"client_id": client, "redirect_uri": callback, "response_type": "code", "scope": "openid"}

        back = joined(stack, f"{people.issuer}/v1/authorize?{urlencode(query | {'state': 's'})}", callback)
        stack.advance("2m")

        assert (hook.verification_status, verified.verification_status) == ("UNVERIFIED", "VERIFIED")
        assert "code" in query_of(back)
        assert sdk.get_user(LOGIN).profile.city == "Ulm"
        (question,) = told("/newcomers", None)
        assert question["data"]["userProfile"]["login"] == LOGIN
        found = [event for one in told("/events", KEY) for event in one["data"]["events"]]
        hers = [event["eventType"] for event in found if event["actor"]["alternateId"] == LOGIN]
        assert hers == ["user.lifecycle.create", "user.session.start"]
        sdk.deactivate_event_hook(hook.id)
        sdk.delete_event_hook(hook.id)
        assert sdk.list_event_hooks() == []


def told(path: str, key: str | None) -> list[Any]:
    """What the receiver was sent there, with this key."""
    return [body for *sent, body in Receiver.told if sent == [path, key]]
