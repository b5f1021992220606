"""``/account/password``: another one, by the old one; or the first one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...clock import timestamp
from ...directory.authentication import AuthenticationFailed, PasswordExpired, TooFast
from ...directory.password_change import UnsuitablePassword
from ...http import Response
from ...self_service.refusals import NotDone
from ...self_service.services import SelfService
from ...sign_on.sessions import SignedOn, latest
from ...sign_on.sign_on import Verifier
from ...storage.directory import Directory, Person
from ...storage.errors import NotFound
from ...storage.sessions import Session
from ...storage.sign_on_transactions import Proof, SessionTerms
from ...storage.users import User
from ..password_rules import lacks_of, rules_of
from ..visit import Visit
from .frame import Frame, Own

_SECTION: Final = "password"
_WRONG: Final = "account.old_wrong"
_WHY: Final = {"too_soon": "account.password_too_soon", "gone": "account.changed_meanwhile"}


@dataclass(frozen=True)
class OwnPasswordPage:
    """Asks for the old password and a new one. Who has a second factor has proved it on the way here."""

    frame: Frame
    services: Callable[[], SelfService]
    verifier: Verifier
    directory: Directory

    def get(self, visit: Visit) -> Response:
        """The page; or first what has to be proved for it."""
        return self.frame.behind_proof(visit, _SECTION, lambda visit, own: self._page(visit, own))

    def post(self, visit: Visit) -> Response:
        """Changed: this browser stays signed in, by a session of its own; or the form again."""
        return self.frame.checked(visit, _SECTION, self._changed)

    def _changed(self, visit: Visit, own: Own) -> Response:
        new = visit.form.text("new")
        if new != visit.form.text("repeated"):
            return self._page(visit, own, lacks=("different",), status=422)
        try:
            person = self._chosen(visit, own, new)
        except UnsuitablePassword as error:
            return self._page(visit, own, lacks=error.lacks, status=422)
        except NotDone as refused:
            problem = _WHY.get(refused.why, "account.password_not_allowed")
            return self._page(visit, own, problem=problem, status=409)
        except AuthenticationFailed as refused:
            problem, status = ("challenge.too_fast", 429) if isinstance(refused, TooFast) else (_WRONG, 403)
            return self._page(visit, own, problem=problem, status=status)
        except NotFound:  # the account is gone
            return self.frame.back(_SECTION)
        proofs = latest((*own.session.proved, Proof("password", visit.now)))
        signed_on = SignedOn(person, proofs, _terms(own.session, visit.now))
        steps = self.frame.steps
        guest = steps.browsers.sign_in(visit.request, signed_on, now=visit.now)
        return steps.pages.done("account.password_done", visit.request, good=True).with_headers(*guest.cookies)

    def _chosen(self, visit: Visit, own: Own, new: str) -> Person:
        passwords, user = self.services().passwords, own.person.user
        terms = passwords.check(own.person, visit.request, now=visit.now)
        # Before the old one is tried: a new one that would not do is no guess.
        lacks = terms.policy.lacks(new, user.login, user.profile)
        if lacks:
            raise UnsuitablePassword(lacks)
        if user.password is not None:
            self._prove(user, visit)
        revoke = visit.form.text("revoke") == "yes"
        passwords.choose(own.person, new, visit.request, now=visit.now, revoke=revoke)
        return self.directory.person(user.id)

    def _prove(self, user: User, visit: Visit) -> None:
        """Whether the old one is right. Raises AuthenticationFailed."""
        try:
            self.verifier.verify(user.login, visit.form.text("old"), visit.now, request=visit.request)
        except PasswordExpired:  # right, and about to be replaced
            return

    def _page(
        self, visit: Visit, own: Own, *, problem: str = "", lacks: Sequence[str] = (), status: int = 200
    ) -> Response:
        pages, request, user = self.frame.steps.pages, visit.request, own.person.user
        try:
            terms = self.services().passwords.check(own.person, request, now=visit.now)
        except NotDone as refused:
            terms, problem = None, problem or _WHY.get(refused.why, "account.password_not_allowed")
        values: dict[str, Any] = {
            "username": user.login,
            "open": terms is not None,
            "has_password": user.password is not None,
            "changed": "" if user.password is None else timestamp(user.password.changed_at)[:10],
            "problems": [] if terms is None else lacks_of(terms.policy, lacks, pages, request),
            "rules": [] if terms is None else rules_of(terms.policy, pages, request),
        }
        return self.frame.show(visit, own, _SECTION, values, problem=problem, status=status, script="strength")


def _terms(session: Session, now: int) -> SessionTerms:
    """Those of a session that goes on in the place of another one: it lives no longer."""
    return SessionTerms(
        idle_lifetime=session.idle_lifetime or session.expires_at - now,
        lifetime=session.expires_at - now,
        persistent=session.persistent,
        assessment=session.assessment,
    )
