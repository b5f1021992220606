"""``/signin``: username and password."""

from dataclasses import dataclass
from typing import Final, Literal

from ..directory.authentication import AuthenticationFailed, PasswordExpired, TooFast
from ..http import Response
from .browsers import CookieBrowsers
from .client_view import view_of
from .documents import HostedPages
from .expired_passwords import ExpiredPasswords
from .verifiers import Verifier
from .visit import Onward, Visit, see_other
from .waiting import Authorizations, Waiting

_LONGEST_USERNAME: Final = 320
#: How somebody who typed a password signed in (RFC 8176).
PASSWORD_AMR: Final = ("pwd",)

_STATUS: Final = {None: 200, "failed": 403, "too_fast": 429}


@dataclass(frozen=True)
class SignInPage:
    """Asks who it is."""

    pages: HostedPages
    browsers: CookieBrowsers
    authenticator: Verifier
    authorizations: Authorizations
    expired: ExpiredPasswords

    def get(self, visit: Visit) -> Response:
        """The form; where somebody is signed in and nothing waits for a fresh sign-in: onward."""
        onward = Onward.of(visit.request.query_value("request"), visit.request.query_value("activate"))
        waiting = self._waiting(onward, visit)
        if waiting is not None:
            if not waiting.must_sign_in:
                return see_other(waiting.resume_uri)
            known = "" if visit.guest.person is None else visit.guest.person.user.login
            return self._form(visit, onward, waiting, (waiting.login_hint or known)[:_LONGEST_USERNAME])
        if visit.guest.person is None:
            return self._form(visit, onward, None, "")
        if onward.activating:
            return see_other(onward.uri(None))
        return self.pages.show("signed_in.html", visit.request, {"login": visit.guest.person.user.login})

    def post(self, visit: Visit) -> Response:
        """Onward with a session; or the form again; or a new password first."""
        onward = Onward.of_form(visit.form)
        visit.check("signin", onward.subject, anonymous=True)
        waiting = self._waiting(onward, visit)
        username = visit.form.text("username").strip()[:_LONGEST_USERNAME]
        password = visit.form.text("password")
        try:
            person = self.authenticator.verify(username, password, visit.now, request=visit.request)
        except PasswordExpired as proved:
            proof = self.expired.proved(proved.person.user, visit.guest.browser, onward.fields, now=visit.now)
            return see_other(f"/password?state={proof.handle}")
        except TooFast as fast:
            refused = self._form(visit, onward, waiting, username, refused="too_fast")
            return refused.with_headers(*fast.allowance.headers())
        except AuthenticationFailed:
            # One text for all: neither whether the user exists, nor whether it is locked, is anybody's business.
            return self._form(visit, onward, waiting, username, refused="failed")
        signed_in = self.browsers.sign_in(visit.request, person, auth_time=visit.now, amr=PASSWORD_AMR, now=visit.now)
        return see_other(onward.uri(waiting)).with_headers(*signed_in.cookies)

    def _waiting(self, onward: Onward, visit: Visit) -> Waiting | None:
        if not onward.handle:
            return None
        return self.authorizations.waiting(visit.request, onward.handle, visit.guest, now=visit.now)

    def _form(
        self,
        visit: Visit,
        onward: Onward,
        waiting: Waiting | None,
        username: str,
        *,
        refused: Literal["failed", "too_fast"] | None = None,
    ) -> Response:
        wished = None if waiting is None else waiting.ui_locales
        client = None if waiting is None else view_of(waiting.client)
        problem = ""
        if refused == "failed":
            problem = self.pages.text("signin.failed", visit.request, wished)
        elif refused == "too_fast":
            problem = self.pages.text("signin.too_fast", visit.request, wished)
        values = {
            "client": client,
            "activating": onward.activating,
            "username": username,
            "problem": problem,
            "fields": onward.fields | {"csrf": visit.guest.csrf("signin", onward.subject, anonymous=True)},
        }
        return self.pages.show(
            "sign_in.html",
            visit.request,
            values,
            status=_STATUS[refused],
            forms="own" if client is None else "away",
            images=() if client is None else client.images,
            wished=wished,
        )
