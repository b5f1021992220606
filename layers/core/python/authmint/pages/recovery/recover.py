"""``/recovery``: what a mailed link is good for, for the browser that followed it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...directory.password_change import NotChangeable, UnsuitablePassword
from ...factors.answers import Passcode
from ...factors.refusals import FactorRefused
from ...factors.user_factors import UserFactors
from ...http import Response
from ...recovery.recovery import Needed, Recovery
from ...recovery.refusals import NotOpen, ProofMissing, TooOften, WrongAnswer
from ...recovery.tickets import Opened
from ...storage.clients import secret_digest
from ...storage.sign_on_transactions import Proof
from ..documents import HostedPages
from ..password_rules import lacks_of, rules_of
from ..visit import Onward, Visit
from .links import TICKET

#: What was proved beside the link, where nothing had to be.
_NOTHING: Final[tuple[Proof, ...]] = ()


@dataclass(frozen=True)
class _Shown:
    """What a form says. ``problem``: key of what is wrong beside the new password."""

    status: int = 200
    problem: str = ""
    lacks: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class RecoveryPage:
    """A first password, another one, or the end of a lock: one form, one button. Opening it changes nothing."""

    pages: HostedPages
    recovery: Recovery
    factors: Callable[[], UserFactors]
    refused: Callable[[Visit], None]

    def get(self, visit: Visit) -> Response:
        """The form of what the link is good for."""
        try:
            return self._form(visit, self._opened(visit), _Shown())
        except NotOpen:
            return self._gone(visit)

    def post(self, visit: Visit) -> Response:
        """Done; or the form again, with what is missing."""
        text = TICKET.read(visit.request) or ""
        visit.check("recovery", secret_digest(text), anonymous=True)
        try:
            opened = self._opened(visit)
            if opened.purpose == "unlock":
                self.recovery.unlock(opened, now=visit.now, request=visit.request)
                return self._done(visit, "recovery.unlocked", opened)
            return self._chosen(visit, opened)
        except (NotOpen, NotChangeable):
            self.refused(visit)
            return self._gone(visit)

    def _opened(self, visit: Visit) -> Opened:
        text = TICKET.read(visit.request)
        if text is None:
            raise NotOpen("this browser followed no link")
        return self.recovery.open(text, visit.request, now=visit.now)

    def _chosen(self, visit: Visit, opened: Opened) -> Response:
        form = visit.form
        new = form.text("new")
        if new != form.text("repeated"):
            return self._form(visit, opened, _Shown(422, lacks=("different",)))
        try:
            # Before a code is used up.
            self.recovery.check(opened, new)
            needed = self.recovery.needed(opened)
            self.recovery.set_password(
                opened,
                new,
                now=visit.now,
                request=visit.request,
                proofs=self._proofs(visit, opened, needed),
                revoke=form.text("revoke") == "yes",
            )
        except UnsuitablePassword as error:
            return self._form(visit, opened, _Shown(422, lacks=error.lacks))
        except (WrongAnswer, FactorRefused):
            return self._form(visit, opened, _Shown(403, "recovery.wrong_proof"))
        except TooOften as refusal:
            answer = self._form(visit, opened, _Shown(429, "recovery.too_often"))
            return answer.with_headers(*refusal.allowance.headers())
        except ProofMissing:
            return self._form(visit, opened, _Shown(403))
        return self._done(visit, f"recovery.{opened.purpose}_done", opened)

    def _proofs(self, visit: Visit, opened: Opened, needed: Needed) -> tuple[Proof, ...]:
        """What the form proves."""
        if needed.question is not None:
            return (self.recovery.answer(opened.user, visit.form.text("answer"), now=visit.now),)
        binding, spare = secret_digest(opened.text), visit.form.text("recovery_code").strip()
        if needed.factors and spare:
            book = self.factors().recovery
            return (book.verify(opened.user, spare, binding=binding, now=visit.now, request=visit.request),)
        apps = [factor for factor in needed.factors if factor.kind == "totp"]
        if not apps:
            return _NOTHING
        code = Passcode(visit.form.text("code"))
        verified = self.factors().verify(opened.user, apps, code, binding=binding, now=visit.now, request=visit.request)
        return (verified,)

    def _form(self, visit: Visit, opened: Opened, shown: _Shown) -> Response:
        if opened.purpose == "unlock":
            unlocking = {"username": opened.user.login, "fields": self._fields(visit, opened)}
            return self.pages.show("unlock.html", visit.request, unlocking)
        try:
            needed = self.recovery.needed(opened)
        except ProofMissing:
            needed = None
        app = needed is not None and any(factor.kind == "totp" for factor in needed.factors)
        spare = needed is not None and bool(needed.factors) and self.factors().recovery.left(opened.user) > 0
        if needed is None or (needed.factors and not app and not spare):
            return self.pages.problem("not_by_mail", visit.request, status=403)
        policy = opened.decision.policy
        values: dict[str, Any] = {
            "about": f"recovery.{opened.purpose}",
            "username": opened.user.login,
            "question": needed.question or "",
            "code": app,
            "spare": spare,
            "revoke": opened.purpose == "password",
            "problem": self.pages.text(shown.problem, visit.request) if shown.problem else "",
            "problems": lacks_of(policy, shown.lacks, self.pages, visit.request),
            "rules": rules_of(policy, self.pages, visit.request),
            "fields": self._fields(visit, opened),
        }
        return self.pages.show("recovery.html", visit.request, values, status=shown.status, script="strength")

    def _fields(self, visit: Visit, opened: Opened) -> dict[str, str]:
        return {"csrf": visit.guest.csrf("recovery", secret_digest(opened.text), anonymous=True)}

    def _done(self, visit: Visit, about: str, opened: Opened) -> Response:
        onward = Onward.of(opened.onward.get("request"), opened.onward.get("activate"))
        values = {
            "title": self.pages.text(f"{about}_title", visit.request),
            "text": self.pages.text(f"{about}_text", visit.request),
            "sign_in": onward.sign_in_uri,
        }
        return self.pages.show("recovered.html", visit.request, values).with_headers(TICKET.forget(visit.request))

    def _gone(self, visit: Visit) -> Response:
        return self.pages.problem("link", visit.request, status=400).with_headers(TICKET.forget(visit.request))
