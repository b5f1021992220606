"""What the pages of a sign-on's steps have in common: where a transaction stands, and how its browser goes on."""

from dataclasses import dataclass
from typing import Final

from ..http import Response
from ..oauth.errors import OAuthError
from ..sign_on.next_step import StepName
from ..sign_on.sessions import SignedOn
from ..sign_on.sign_on import Pending, SignOn
from ..storage.errors import NotFound
from .browsers import CookieBrowsers
from .documents import HostedPages
from .visit import Onward, Visit, see_other
from .waiting import Authorizations

#: The page of each step, of those that a transaction stands at.
_PAGES: Final[dict[StepName, str]] = {
    "new_password": "/password",
    "challenge": "/challenge",
    "enrol": "/enrol",
    "profile": "/profile",
}


def step_uri(pending: Pending) -> str:
    """Where a browser is asked for the next step."""
    return f"{_PAGES[pending.step.name]}?state={pending.handle}"


def onward_of(pending: Pending) -> Onward:
    """Where the browser goes in the end."""
    return Onward.read(pending.transaction.onward.get)


@dataclass(frozen=True)
class Steps:
    """Finds transactions for pages, and sends browsers on."""

    pages: HostedPages
    browsers: CookieBrowsers
    sign_on: SignOn
    authorizations: Authorizations

    def pending(self, visit: Visit, handle: str) -> Pending | None:
        """The transaction of this browser; ``None``: it cannot go on."""
        try:
            return self.sign_on.find(handle, visit.caller)
        except NotFound:
            return None

    def way_back(self, visit: Visit, pending: Pending) -> str | None:
        """To the request that waits, asked for before anything is changed. Raises OAuthError: it cannot go on."""
        handle = onward_of(pending).handle
        if not handle:
            return None
        return self.authorizations.way_back(visit.request, handle, visit.guest, now=visit.now)

    def wished(self, visit: Visit, pending: Pending) -> str | None:
        """The languages that the client of the request that waits wishes for; ``None``: none waits, or it is over."""
        handle = onward_of(pending).handle
        if not handle:
            return None
        try:
            return self.authorizations.wished(handle, visit.guest, now=visit.now)
        except OAuthError:
            return None

    def gone_on(self, visit: Visit, found: SignedOn | Pending, onward: Onward, way_back: str | None) -> Response:
        """To the next step; or signed in, and onward."""
        if isinstance(found, Pending):
            return see_other(step_uri(found))
        try:
            signed_in = self.browsers.sign_in(visit.request, found, now=visit.now)
        except NotFound:  # the session that was to be raised ended in the meantime
            return see_other(onward.sign_in_uri)
        return see_other(onward.uri(way_back)).with_headers(*signed_in.cookies)

    def expired(self, visit: Visit) -> Response:
        """The page of a transaction that cannot go on."""
        values = {
            "title": self.pages.text("password.changed_meanwhile_title", visit.request),
            "text": self.pages.text("password.changed_meanwhile_text", visit.request),
            "code": "",
            "again": "",
            "other": "",
        }
        return self.pages.show("error.html", visit.request, values, status=400)
