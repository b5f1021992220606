"""Passkeys in Chromium."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Page

from tests.support.stack import Running
from tests.support.strong import Guarded


class Authenticator:
    """Chromium's own, which nobody has to touch."""

    def __init__(self, page: Page) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable", {"enableUI": False})
        self._id = self._added()

    def _added(self) -> str:
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        return str(self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])

    @property
    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})[
            "credentials"
        ]
        return found

    def touched(self, *, now: bool) -> None:
        """Whether somebody is there who touches it."""
        self._cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self._id, "enabled": now})

    def lose(self) -> None:
        self._cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self._id})
        self._id = self._added()


def local(stack: Running) -> str:
    """Where browsers let keys be used: they refuse addresses as RP ID."""
    return f"http://localhost:{urlsplit(stack.url).port}"


def with_password(page: Page, person: Guarded) -> None:
    """Sign in with the password, as far as that goes."""
    page.goto(f"{local(person.stack)}/signin")
    page.get_by_label("Username").fill(person.login)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
