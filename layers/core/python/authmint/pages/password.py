"""``/password``: a new one in the place of one that has expired."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..directory.authentication import AuthenticationFailed
from ..directory.password_change import NotChangeable, UnsuitablePassword
from ..directory.passwords import LONGEST
from ..http import Response
from ..oauth.errors import OAuthError
from ..sign_on.sign_on import NewPassword, Pending, SignOn
from ..storage.errors import NotFound
from .browsers import CookieBrowsers
from .documents import HostedPages
from .visit import Onward, Visit, see_other
from .waiting import Authorizations


@dataclass(frozen=True)
class PasswordPage:
    """Asks for a new password, of who has just proved the old one."""

    pages: HostedPages
    browsers: CookieBrowsers
    sign_on: SignOn
    authorizations: Authorizations

    def get(self, visit: Visit) -> Response:
        """The form for a new password."""
        pending = self._pending(visit, visit.request.query_value("state") or "")
        return self._expired(visit) if pending is None else self._form(visit, pending)

    def post(self, visit: Visit) -> Response:
        """Signed in and onward; or the form again, with what the new password lacks."""
        handle = visit.form.text("state")
        visit.check("password", handle, anonymous=True)
        pending = self._pending(visit, handle)
        if pending is None:
            return self._expired(visit)
        new = visit.form.text("new")
        if new != visit.form.text("repeated"):
            return self._form(visit, pending, ["different"])
        onward = _onward(pending)
        way_back = None
        if onward.handle:  # before anything is changed
            way_back = self.authorizations.way_back(visit.request, onward.handle, visit.guest, now=visit.now)
        try:
            signed_on = self.sign_on.advance(pending, visit.caller, NewPassword(new))
        except UnsuitablePassword as error:
            return self._form(visit, pending, error.lacks)
        except (NotChangeable, NotFound, AuthenticationFailed):
            return self._expired(visit)
        signed_in = self.browsers.sign_in(visit.request, signed_on, now=visit.now)
        return see_other(onward.uri(way_back)).with_headers(*signed_in.cookies)

    def _pending(self, visit: Visit, handle: str) -> Pending | None:
        try:
            pending = self.sign_on.find(handle, visit.caller)
        except NotFound:
            return None
        return pending if pending.step.name == "new_password" else None

    def _expired(self, visit: Visit) -> Response:
        values = {
            "title": self.pages.text("password.changed_meanwhile_title", visit.request),
            "text": self.pages.text("password.changed_meanwhile_text", visit.request),
            "code": "",
            "again": "",
        }
        return self.pages.show("error.html", visit.request, values, status=400)

    def _form(self, visit: Visit, pending: Pending, lacks: Sequence[str] = ()) -> Response:
        onward, waiting = _onward(pending), None
        try:
            if onward.handle:
                waiting = self.authorizations.waiting(visit.request, onward.handle, visit.guest, now=visit.now)
        except OAuthError:
            return self._expired(visit)
        wished = None if waiting is None else waiting.ui_locales
        policy = self.sign_on.policy
        numbers = {"shortest": policy.shortest, "longest": LONGEST, "history": policy.history}
        values = {
            "username": pending.user.login,
            "shortest": policy.shortest,
            "problems": [self.pages.text(f"password.lack.{lack}", visit.request, wished, **numbers) for lack in lacks],
            "fields": {"state": pending.handle, "csrf": visit.guest.csrf("password", pending.handle, anonymous=True)},
        }
        return self.pages.show(
            "password.html",
            visit.request,
            values,
            status=422 if lacks else 200,
            forms="own" if waiting is None else "away",
            wished=wished,
        )


def _onward(pending: Pending) -> Onward:
    fields = pending.transaction.onward
    return Onward.of(fields.get("request"), fields.get("activate"))
