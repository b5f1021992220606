"""``/password``: a new one in the place of one that has expired."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..directory.authentication import AuthenticationFailed
from ..directory.password_change import NotChangeable, UnsuitablePassword
from ..directory.passwords import LONGEST
from ..http import Response
from ..oauth.errors import OAuthError
from ..storage.errors import NotFound
from .browsers import CookieBrowsers
from .documents import HostedPages
from .expired_passwords import ExpiredPasswords, Proof
from .sign_in import PASSWORD_AMR
from .verifiers import Verifier
from .visit import Onward, Visit, see_other
from .waiting import Authorizations, Waiting


@dataclass(frozen=True)
class PasswordPage:
    """Asks for a new password, of who has just proved the old one."""

    pages: HostedPages
    browsers: CookieBrowsers
    authenticator: Verifier
    authorizations: Authorizations
    expired: ExpiredPasswords

    def get(self, visit: Visit) -> Response:
        """The form for a new password."""
        proof = self._proof(visit, visit.request.query_value("state") or "")
        return self._expired(visit) if proof is None else self._form(visit, proof)

    def post(self, visit: Visit) -> Response:
        """Signed in and onward; or the form again, with what the new password lacks."""
        handle = visit.form.text("state")
        visit.check("password", handle, anonymous=True)
        proof = self._proof(visit, handle)
        if proof is None:
            return self._expired(visit)
        new = visit.form.text("new")
        if new != visit.form.text("repeated"):
            return self._form(visit, proof, ["different"])
        onward, waiting = self._onward(visit, proof)  # before anything is changed
        try:
            user = self.expired.change(proof, new, now=visit.now, request=visit.request)
            person = self.authenticator.verify(user.login, new, visit.now, request=visit.request)
        except UnsuitablePassword as error:
            return self._form(visit, proof, error.lacks)
        except (NotChangeable, NotFound, AuthenticationFailed):
            return self._expired(visit)
        signed_in = self.browsers.sign_in(visit.request, person, auth_time=visit.now, amr=PASSWORD_AMR, now=visit.now)
        return see_other(onward.uri(waiting)).with_headers(*signed_in.cookies)

    def _proof(self, visit: Visit, handle: str) -> Proof | None:
        try:
            return self.expired.find(handle, visit.guest.browser, now=visit.now)
        except NotFound:
            return None

    def _onward(self, visit: Visit, proof: Proof) -> tuple[Onward, Waiting | None]:
        parameters = proof.record.parameters
        onward = Onward.of(parameters.get("request"), parameters.get("activate"))
        if not onward.handle:
            return onward, None
        return onward, self.authorizations.waiting(visit.request, onward.handle, visit.guest, now=visit.now)

    def _expired(self, visit: Visit) -> Response:
        values = {
            "title": self.pages.text("password.changed_meanwhile_title", visit.request),
            "text": self.pages.text("password.changed_meanwhile_text", visit.request),
            "code": "",
            "again": "",
        }
        return self.pages.show("error.html", visit.request, values, status=400)

    def _form(self, visit: Visit, proof: Proof, lacks: Sequence[str] = ()) -> Response:
        waiting: Waiting | None = None
        try:
            waiting = self._onward(visit, proof)[1]
            user = self.expired.user(proof)
        except (NotFound, OAuthError):
            return self._expired(visit)
        wished = None if waiting is None else waiting.ui_locales
        policy = self.expired.policy
        numbers = {"shortest": policy.shortest, "longest": LONGEST, "history": policy.history}
        values = {
            "username": user.login,
            "shortest": policy.shortest,
            "problems": [self.pages.text(f"password.lack.{lack}", visit.request, wished, **numbers) for lack in lacks],
            "fields": {"state": proof.handle, "csrf": visit.guest.csrf("password", proof.handle, anonymous=True)},
        }
        return self.pages.show(
            "password.html",
            visit.request,
            values,
            status=422 if lacks else 200,
            forms="own" if waiting is None else "away",
            wished=wished,
        )
