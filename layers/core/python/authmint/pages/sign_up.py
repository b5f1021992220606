"""``/signup``: somebody without an account makes one, on the way to an application."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..http import Response
from ..policy.sign_on.sign_up import SignUpDecision
from ..recovery.refusals import NotWelcome, TooOften
from ..recovery.sign_up import BadProfile, SignUp
from ..storage.clients import Client
from .client_view import view_of
from .steps import Steps
from .visit import Onward, Visit
from .waiting import Waiting

#: Seconds that nobody who reads a form is faster than.
_LEAST: Final = 2
#: A field that people do not see: who fills it in is none.
_TRAP: Final = "website"
_AUTOFILL: Final = {
    "email": "email",
    "login": "username",
    "firstName": "given-name",
    "lastName": "family-name",
    "mobilePhone": "tel",
    "organization": "organization",
}


@dataclass(frozen=True)
class SignUpPage:
    """Asks what the application's policy says, and has a link mailed. A password is chosen where it leads."""

    steps: Steps
    decide: Callable[[Client], SignUpDecision]
    sign_up: SignUp

    def get(self, visit: Visit) -> Response:
        """The form; 404 where no application waits, or none that strangers may sign up for."""
        onward = Onward.of(visit.request.query_value("request"), None)
        found = self._decided(visit, onward)
        return self._nothing(visit) if found is None else self._form(visit, onward, *found, opened=str(visit.now))

    def post(self, visit: Visit) -> Response:
        """The same for everybody: mail is on its way."""
        onward, opened = Onward.of_form(visit.form), visit.form.text("opened")
        visit.check("signup", f"{onward.subject} {opened}", anonymous=True)
        found = self._decided(visit, onward)
        if found is None:
            return self._nothing(visit)
        if visit.form.text(_TRAP):
            return self._sent(visit)  # nothing tells a program that it was seen
        return self._wished(visit, onward, *found, opened=opened)

    def _wished(
        self, visit: Visit, onward: Onward, waiting: Waiting, decision: SignUpDecision, *, opened: str
    ) -> Response:
        typed = {one.name: visit.form.text(f"profile.{one.name}") for one in decision.attributes}
        if visit.now < int(opened) + _LEAST:
            return self._form(visit, onward, waiting, decision, typed=typed, opened=opened, problem="signup.too_fast")
        try:
            self.sign_up.ask(decision, typed, visit.request, now=visit.now, onward=onward.fields)
        except BadProfile as bad:
            wrong = tuple(name for name, _ in bad.problems)
            again = (visit, onward, waiting, decision)
            return self._form(*again, typed=typed, opened=opened, problem="signup.wrong", wrong=wrong)
        except NotWelcome as refused:
            wrong = tuple(name for name, _ in refused.causes if name)
            said = " ".join((str(refused), *(text for _, text in refused.causes)))
            return self._form(visit, onward, waiting, decision, typed=typed, opened=opened, said=said, wrong=wrong)
        except TooOften as often:
            answer = self._form(
                visit, onward, waiting, decision, typed=typed, opened=opened, problem="signup.too_often", status=429
            )
            return answer.with_headers(*often.allowance.headers())
        return self._sent(visit)

    def _decided(self, visit: Visit, onward: Onward) -> tuple[Waiting, SignUpDecision] | None:
        if not onward.handle or not self.sign_up.on:
            return None
        waiting = self.steps.authorizations.waiting(visit.request, onward.handle, visit.guest, now=visit.now)
        decision = self.decide(waiting.client)
        return (waiting, decision) if decision.open else None

    def _nothing(self, visit: Visit) -> Response:
        return self.steps.pages.problem("nothing_here", visit.request, status=404)

    def _sent(self, visit: Visit) -> Response:
        return self.steps.pages.done("signup.sent", visit.request)

    def _form(
        self,
        visit: Visit,
        onward: Onward,
        waiting: Waiting,
        decision: SignUpDecision,
        *,
        opened: str,
        typed: Mapping[str, str] | None = None,
        problem: str = "",
        said: str = "",
        wrong: Sequence[str] = (),
        status: int = 422,
    ) -> Response:
        pages, wished = self.steps.pages, waiting.ui_locales
        client, titles = view_of(waiting.client), self.sign_up.titles(decision)
        csrf = visit.guest.csrf("signup", f"{onward.subject} {opened}", anonymous=True)
        values: dict[str, Any] = {
            "client": client,
            "problem": pages.text(problem, visit.request, wished) if problem else said,
            "wrong": wrong,
            "attributes": [
                {
                    "name": f"profile.{one.name}",
                    "label": one.label or titles[one.name],
                    "required": one.required,
                    "value": (typed or {}).get(one.name, ""),
                    "autofill": _AUTOFILL.get(one.name, "off"),
                    "wrong": one.name in wrong,
                }
                for one in decision.attributes
                if one.name in titles
            ],
            "trap": _TRAP,
            "back": onward.sign_in_uri,
            "fields": onward.fields | {"opened": opened, "csrf": csrf},
        }
        return pages.show(
            "sign_up.html",
            visit.request,
            values,
            status=status if problem or said else 200,
            images=client.images,
            wished=wished,
        )
