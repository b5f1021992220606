"""``/signout``: the end of a session, asked for at this deployment itself. Clients use ``…/v1/logout``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..http import Response
from ..oauth.authorization.interaction import SIGN_OUT
from ..web.security_headers import Forms
from .browsers import CookieBrowsers
from .documents import HostedPages
from .visit import Visit, see_other

if TYPE_CHECKING:
    from .federation import FederationPages


@dataclass(frozen=True)
class SignOutPage:
    """Asks, because a link or an image elsewhere could lead here as well."""

    pages: HostedPages
    browsers: CookieBrowsers
    federation: "Callable[[], FederationPages]"

    def get(self, visit: Visit) -> Response:
        """The question; where nobody is signed in, there is none."""
        if visit.guest.session is None:
            return self.pages.signed_out(visit.request)
        values = {
            "login": "" if visit.guest.person is None else visit.guest.person.user.login,
            "action": "/signout",
            "fields": {"csrf": visit.guest.csrf("signout")},
        }
        forms: Forms = "own" if visit.guest.session.idp is None else "away"
        return self.pages.show("sign_out.html", visit.request, values, forms=forms)

    def post(self, visit: Visit) -> Response:
        """End the session and say so; on the way there, the provider that signed its user in may end its own."""
        visit.check("signout")
        session, request, elsewhere = visit.guest.session, visit.request, None
        if session is not None and session.idp is not None:
            base_url, back = request.base_url, request.base_url + SIGN_OUT
            elsewhere = self.federation().sign_out(session, visit.guest.browser, back, base_url=base_url, now=visit.now)
        cookies = self.browsers.sign_out(request, now=visit.now)
        answer = self.pages.signed_out(request) if elsewhere is None else see_other(elsewhere)
        return answer.with_headers(*cookies)
