"""``/password``: a new one in the place of one that has expired, or soon will have."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..clock import timestamp
from ..directory.authentication import AuthenticationFailed
from ..directory.password_change import NotChangeable, UnsuitablePassword
from ..http import Response
from ..oauth.errors import OAuthError
from ..sign_on.answers import Answer, NewPassword, Skipped
from ..sign_on.requirement import OutOfTurn
from ..sign_on.sign_on import Pending
from ..storage.errors import NotFound
from .password_rules import lacks_of, rules_of
from .steps import Steps, onward_of, step_uri
from .visit import Visit, see_other


@dataclass(frozen=True)
class PasswordPage:
    """Asks for a new password, of who has just proved the old one."""

    steps: Steps

    def get(self, visit: Visit) -> Response:
        """The form for a new password."""
        pending = self.steps.pending(visit, visit.request.query_value("state") or "")
        if pending is None:
            return self.steps.expired(visit)
        if pending.step.name != "new_password":
            return see_other(step_uri(pending))
        return self._form(visit, pending)

    def post(self, visit: Visit) -> Response:
        """Signed in and onward; or the form again, with what the new password lacks."""
        handle = visit.form.text("state")
        visit.check("password", handle, anonymous=True)
        pending = self.steps.pending(visit, handle)
        if pending is None or pending.step.name != "new_password":
            return self.steps.expired(visit)
        new = visit.form.text("new")
        answer: Answer = NewPassword(new)
        if visit.form.text("act") == "later":
            answer = Skipped()
        elif new != visit.form.text("repeated"):
            return self._form(visit, pending, ["different"])
        way_back = self.steps.way_back(visit, pending)  # before anything is changed
        try:
            found = self.steps.sign_on.advance(pending, visit.caller, answer)
        except UnsuitablePassword as error:
            return self._form(visit, pending, error.lacks)
        except (NotChangeable, OutOfTurn, NotFound, AuthenticationFailed):
            return self.steps.expired(visit)
        return self.steps.gone_on(visit, found, onward_of(pending), way_back)

    def _form(self, visit: Visit, pending: Pending, lacks: Sequence[str] = ()) -> Response:
        try:
            self.steps.way_back(visit, pending)
        except OAuthError:
            return self.steps.expired(visit)
        wished, pages = self.steps.wished(visit, pending), self.steps.pages
        policy = self.steps.sign_on.policy_of(pending.user, visit.caller)
        expiring = pending.step.reason == "expiring"
        values = {
            "username": pending.user.login,
            "expires": timestamp(pending.transaction.password_expires_at)[:10] if expiring else "",
            "problems": lacks_of(policy, lacks, pages, visit.request, wished),
            "rules": rules_of(policy, pages, visit.request, wished),
            "fields": {"state": pending.handle, "csrf": visit.guest.csrf("password", pending.handle, anonymous=True)},
        }
        return pages.show(
            "password.html",
            visit.request,
            values,
            status=422 if lacks else 200,
            forms="own" if wished is None else "away",
            wished=wished,
            script="strength",
        )
