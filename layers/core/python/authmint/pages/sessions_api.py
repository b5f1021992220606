"""``/api/v1/sessions``: a session from a session token, and the session of the browser that asks."""

from dataclasses import dataclass

from ..api_errors import ApiError, not_found
from ..directory.session_view import session_view
from ..http import Response
from ..sign_on.sessions import SessionTokenExchange
from ..storage.directory import Person
from ..storage.errors import NotFound
from ..storage.liveness import NotAlive
from ..storage.sessions import Session
from .api_call import JsonBody, of_trusted_site
from .browsers import CookieBrowsers
from .visit import Visit


@dataclass(frozen=True)
class SessionsApi:
    """Sessions of people, by token and by cookie."""

    browsers: CookieBrowsers
    tokens: SessionTokenExchange

    def create(self, visit: Visit) -> Response:
        """200, the session; the browser that asks gets its cookie.

        Raises:
            ApiError: E0000004: no such token, or it was used; its user is not ACTIVE, or has another password now.
        """
        of_trusted_site(visit)
        text = JsonBody.read(visit.request).text("sessionToken")
        try:
            signed_on = self.tokens.take(text, now=visit.now)
        except (NotFound, NotAlive):
            raise ApiError("E0000004") from None
        guest = self.browsers.sign_in(visit.request, signed_on, now=visit.now)
        return self._shown(visit, guest.session, guest.person).with_headers(*guest.cookies)

    def show(self, visit: Visit) -> Response:
        """200, the session of this browser. Raises ApiError (E0000007): there is none."""
        of_trusted_site(visit)
        return self._shown(visit, visit.guest.session, visit.guest.person)

    def refresh(self, visit: Visit) -> Response:
        """200, the session, idle no more. Raises ApiError (E0000007)."""
        of_trusted_site(visit)
        session = visit.guest.session
        touched = None if session is None else self.browsers.refresh(session, now=visit.now)
        return self._shown(visit, touched, visit.guest.person)

    def close(self, visit: Visit) -> Response:
        """204. Raises ApiError (E0000007)."""
        of_trusted_site(visit)
        if visit.guest.session is None:
            raise not_found("me", "Session")
        return Response(204, b"", self.browsers.sign_out(visit.request, now=visit.now))

    def _shown(self, visit: Visit, session: Session | None, person: Person | None) -> Response:
        if session is None or person is None:
            raise not_found("me", "Session")
        base = visit.request.base_url
        answer = session_view(session, person.user, f"{base}/api/v1/sessions/me", f"{base}/api/v1/users/me")
        return Response.json(200, answer)
