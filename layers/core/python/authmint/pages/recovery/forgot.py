"""``/forgot``: somebody who cannot sign in says who they are. The answer is the same for everybody."""

from dataclasses import dataclass
from typing import Final

from ...http import Response
from ...recovery.helpdesk import Helpdesk, Wish
from ...recovery.refusals import TooOften
from ..documents import HostedPages
from ..visit import Onward, Visit

_LONGEST: Final = 320


@dataclass(frozen=True)
class ForgotPage:
    """Asks for the username, and has mail sent to whose it is."""

    pages: HostedPages
    helpdesk: Helpdesk

    def get(self, visit: Visit) -> Response:
        """The form."""
        if not self.helpdesk.on:
            return self._off(visit)
        onward = Onward.of(visit.request.query_value("request"), visit.request.query_value("activate"))
        return self._form(visit, onward, _wish(visit.request.query_value("wish")))

    def post(self, visit: Visit) -> Response:
        """The same for everybody: if that name is ours, mail is on its way."""
        if not self.helpdesk.on:
            return self._off(visit)
        onward, wish = Onward.of_form(visit.form), _wish(visit.form.text("wish"))
        visit.check("forgot", onward.subject, anonymous=True)
        username = visit.form.text("username").strip()[:_LONGEST]
        if not username:
            return self._form(visit, onward, wish)
        try:
            self.helpdesk.ask(username, wish, visit.request, now=visit.now, onward=onward.fields)
        except TooOften as refusal:
            answer = self._form(visit, onward, wish, username, too_often=True)
            return answer.with_headers(*refusal.allowance.headers())
        return self.pages.done(f"forgot.sent_{wish}", visit.request)

    def _off(self, visit: Visit) -> Response:
        return self.pages.problem("nothing_here", visit.request, status=404)

    def _form(
        self, visit: Visit, onward: Onward, wish: Wish, username: str = "", *, too_often: bool = False
    ) -> Response:
        values = {
            "wish": wish,
            "username": username,
            "problem": self.pages.text("forgot.too_often", visit.request) if too_often else "",
            "back": onward.sign_in_uri,
            "fields": onward.fields
            | {"wish": wish, "csrf": visit.guest.csrf("forgot", onward.subject, anonymous=True)},
        }
        return self.pages.show("forgot.html", visit.request, values, status=429 if too_often else 200)


def _wish(said: str | None) -> Wish:
    return "unlock" if said == "unlock" else "password"
