"""What the pages that ask for factors do alike with the forms that come back."""

from typing import ClassVar, Literal

from ..directory.authentication import AuthenticationFailed
from ..directory.authentication import TooFast as TooManyPasswords
from ..factors.refusals import FactorRefused, LockedOut, Replayed, TooFast
from ..http import Response
from ..sign_on.answers import Answer
from ..sign_on.requirement import OutOfTurn
from ..sign_on.sign_on import Denied, Pending
from ..storage.errors import NotFound
from .steps import Steps, onward_of, step_uri
from .visit import Visit, see_other


class FactorForm:
    """A page that shows a step, and takes an answer to it."""

    #: The step, and what its forms are for.
    name: ClassVar[Literal["challenge", "enrol"]]

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def get(self, visit: Visit) -> Response:
        """The form. Nothing is sent, and nothing is used up."""
        pending = self.steps.pending(visit, visit.request.query_value("state") or "")
        if pending is None:
            return self.steps.expired(visit)
        if pending.step.name != self.name:
            return see_other(step_uri(pending))
        return self.form(visit, pending)

    def post(self, visit: Visit) -> Response:
        """Onward; or the form again, with what was wrong."""
        handle = visit.form.text("state")
        visit.check(self.name, handle, anonymous=True)
        pending = self.steps.pending(visit, handle)
        if pending is None:
            return self.steps.expired(visit)
        if visit.form.text("act") == "cancel":
            self.steps.sign_on.cancel(pending)
            return see_other(onward_of(pending).sign_in_uri)
        return self.elsewhere(visit, pending) or self._answered(visit, pending)

    def form(self, visit: Visit, pending: Pending, *, problem: str = "", status: int = 200) -> Response:
        """The step as a page. ``problem``: key of the text that says what was wrong."""
        raise NotImplementedError

    def answer(self, visit: Visit) -> Answer:
        """What was answered. Raises WrongAnswer."""
        raise NotImplementedError

    def elsewhere(self, visit: Visit, pending: Pending) -> Response | None:  # noqa: ARG002 - for those that need it
        """Where the browser goes without an answer; ``None``: there is one."""
        return None

    def _answered(self, visit: Visit, pending: Pending) -> Response:
        way_back = self.steps.way_back(visit, pending)
        try:
            found = self.steps.sign_on.advance(pending, visit.caller, self.answer(visit))
        except NotFound:
            return self.steps.expired(visit)
        except (LockedOut, Denied):
            return self.steps.pages.problem("refused", visit.request, status=403, code="access_denied")
        except (TooFast, TooManyPasswords) as fast:
            again = self.form(visit, pending, problem="challenge.too_fast", status=429)
            return again.with_headers(*fast.allowance.headers())
        except (FactorRefused, OutOfTurn, AuthenticationFailed) as refusal:
            return self._again(
                visit, pending, "challenge.replayed" if isinstance(refusal, Replayed) else "challenge.wrong"
            )
        return self.steps.gone_on(visit, found, onward_of(pending), way_back)

    def _again(self, visit: Visit, pending: Pending, problem: str) -> Response:
        """The form as it stands now: another call may have moved the transaction."""
        stands = self.steps.pending(visit, pending.handle)
        if stands is None or stands.step.name != self.name:
            return self.steps.expired(visit)
        return self.form(visit, stands, problem=problem, status=422)
