"""``/signout``: the end of a session, asked for at this deployment itself. Clients use ``…/v1/logout``."""

from dataclasses import dataclass

from ..http import Response
from .browsers import CookieBrowsers
from .documents import HostedPages
from .visit import Visit


@dataclass(frozen=True)
class SignOutPage:
    """Asks, because a link or an image elsewhere could lead here as well."""

    pages: HostedPages
    browsers: CookieBrowsers

    def get(self, visit: Visit) -> Response:
        """The question; where nobody is signed in, there is none."""
        if visit.guest.session is None:
            return self.pages.signed_out(visit.request)
        values = {
            "login": "" if visit.guest.person is None else visit.guest.person.user.login,
            "action": "/signout",
            "fields": {"csrf": visit.guest.csrf("signout")},
        }
        return self.pages.show("sign_out.html", visit.request, values)

    def post(self, visit: Visit) -> Response:
        """End the session and say so."""
        visit.check("signout")
        cookies = self.browsers.sign_out(visit.request, now=visit.now)
        return self.pages.signed_out(visit.request).with_headers(*cookies)
