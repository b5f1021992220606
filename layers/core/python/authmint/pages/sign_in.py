"""``/signin``: username and password."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlencode

from ..directory.authentication import AuthenticationFailed, TooFast, check_pace
from ..http import Response
from ..oauth.authorization.standing import Standing
from ..rate_limit import RateLimit, network_of
from ..sign_on.requirement import OutOfTurn
from ..sign_on.sign_on import Denied
from ..storage.clients import Client
from ..storage.sign_on_policies import SignOnPolicies
from .client_view import view_of
from .steps import Steps, step_uri
from .visit import Onward, Visit, see_other
from .waiting import Waiting

if TYPE_CHECKING:  # most sign-ons are without any provider
    from .federation import FederationPages, Offered

#: What the page asks for: a username, that and a password, or which provider.
Asks = Literal["username", "password", "provider"]
_LONGEST_USERNAME: Final = 320
_STATUS: Final = {None: 200, "failed": 403, "too_fast": 429}


@dataclass(frozen=True)
class SignInPage:
    """Asks who it is.

    Attributes:
        helps: Whether mail is sent, by which somebody gets in without a password.
        welcomes: Whether strangers may make an account on their way to an application.
    """

    steps: Steps
    invitations: RateLimit
    helps: bool = False
    federation: "Callable[[], FederationPages] | None" = None
    routes: SignOnPolicies | None = None
    welcomes: Callable[[Client], bool] = lambda _: False

    def get(self, visit: Visit) -> Response:
        """The form; where somebody is signed in and nothing waits for a fresh sign-in: onward."""
        asked = visit.request.query_value
        onward = Onward.read(asked)
        waiting = self._waiting(onward, visit)
        if waiting is not None:
            return self._for(waiting, visit, onward)
        if visit.guest.person is None:
            return self._routed(visit, onward, None, "")
        if onward.activating or onward.account or onward.approval is not None:
            return see_other(onward.uri(None))
        return self.steps.pages.show("signed_in.html", visit.request, {"login": visit.guest.person.user.login})

    def _for(self, waiting: Waiting, visit: Visit, onward: Onward) -> Response:
        """What a request that waits needs: more of who is signed in, a provider, or the form."""
        if waiting.more is not None:
            return self._raised(visit, onward, waiting.more)
        if not waiting.must_sign_in:
            return see_other(waiting.resume_uri)
        if waiting.idp is not None and self.federation is not None:
            return self.federation().start(visit, onward, waiting.idp, waiting)
        known = "" if visit.guest.person is None else visit.guest.person.user.login
        return self._routed(visit, onward, waiting, (waiting.login_hint or known)[:_LONGEST_USERNAME])

    def _routed(
        self, visit: Visit, onward: Onward, waiting: Waiting | None, username: str, *, identified: bool = False
    ) -> Response:
        """The form, the providers that rules offer, on to the only one, or the question who it is.

        Where nobody wrote a rule, there is nothing to look at.
        """
        if self.federation is None or self.routes is None or not self.routes.of_type("IDP_DISCOVERY").policies:
            return self._form(visit, onward, waiting, username)
        federation = self.federation()
        client_id = None if waiting is None else waiting.client.id
        found, offered = federation.route(visit, client_id, username if identified else None)
        other = visit.request.query_value("other") == "1"
        if found.alone is not None and not other:
            if identified:  # a form was sent: browsers hold the next redirect to where its page said that it leads
                query = {"idp": found.alone, "login_hint": username, **onward.fields}
                return see_other(f"/signin/idp?{urlencode(query)}")
            return federation.start(visit, onward, found.alone, waiting)
        asks: Asks = "username" if found.asks and not other else "password" if found.ours else "provider"
        return self._form(visit, onward, waiting, username, asks="password" if other else asks, offered=offered)

    def post(self, visit: Visit) -> Response:
        """Onward with a session; or the form again; or a new password first."""
        onward = Onward.of_form(visit.form)
        visit.check("signin", onward.subject, anonymous=True)
        way_back = self._way_back(onward, visit)
        if visit.form.text("clientData"):
            return self._by_key(visit, onward, way_back)
        username = visit.form.text("username").strip()[:_LONGEST_USERNAME]
        if visit.form.text("act") == "identify":
            return self._routed(visit, onward, self._waiting(onward, visit), username, identified=True)
        password = visit.form.text("password")
        try:
            found = self.steps.sign_on.begin(visit.caller, username, password, onward.fields)
        except TooFast as fast:
            refused = self._form(visit, onward, self._waiting(onward, visit), username, refused="too_fast")
            return refused.with_headers(*fast.allowance.headers())
        except AuthenticationFailed:
            # One text for all: neither whether the user exists, nor whether it is locked, is anybody's business.
            return self._form(visit, onward, self._waiting(onward, visit), username, refused="failed")
        return self.steps.gone_on(visit, found, onward, way_back)

    def key(self, visit: Visit) -> Response:
        """What a browser needs to ask for a key that says who somebody is. Nothing tells whether there is one."""
        onward = Onward.of_form(visit.form)
        visit.check("signin", onward.subject, anonymous=True)
        try:
            check_pace(self.invitations, network_of(visit.request.source_ip), now=visit.now)
        except TooFast as fast:
            return Response.json(429, {}, (("cache-control", "no-store"), *fast.allowance.headers()))
        options = self.steps.sign_on.invite(visit.caller)
        return Response.json(200, dict(options), (("cache-control", "no-store"),))

    def _by_key(self, visit: Visit, onward: Onward, way_back: str | None) -> Response:
        from ..factors.refusals import FactorRefused
        from ..factors.wire import assertion_of

        names = ("clientData", "authenticatorData", "signatureData", "credentialId", "userHandle")
        try:
            answer = assertion_of({name: visit.form.text(name) for name in names})
            found = self.steps.sign_on.begin_with_key(visit.caller, answer, onward.fields)
        except (FactorRefused, AuthenticationFailed):
            return self._form(visit, onward, self._waiting(onward, visit), "", refused="failed")
        return self.steps.gone_on(visit, found, onward, way_back)

    def _raised(self, visit: Visit, onward: Onward, more: Standing) -> Response:
        """On to what a request asks for beside a session."""
        session, person = visit.guest.session, visit.guest.person
        if session is None or person is None:
            return self._form(visit, onward, self._waiting(onward, visit), "")
        try:
            pending = self.steps.sign_on.step_up(
                visit.caller, session, person, more.requirement, onward.fields, known=more.known
            )
        except (Denied, OutOfTurn):  # nothing is asked any more, or in vain: the endpoint tells the client
            return see_other(onward.uri(self._way_back(onward, visit)))
        return see_other(step_uri(pending))

    def _way_back(self, onward: Onward, visit: Visit) -> str | None:
        if not onward.handle:
            return None
        return self.steps.authorizations.way_back(visit.request, onward.handle, visit.guest, now=visit.now)

    def _waiting(self, onward: Onward, visit: Visit) -> Waiting | None:
        if not onward.handle:
            return None
        return self.steps.authorizations.waiting(visit.request, onward.handle, visit.guest, now=visit.now)

    def _welcomes(self, waiting: Waiting | None) -> bool:
        return self.helps and waiting is not None and self.welcomes(waiting.client)

    def _form(
        self,
        visit: Visit,
        onward: Onward,
        waiting: Waiting | None,
        username: str,
        *,
        refused: Literal["failed", "too_fast"] | None = None,
        asks: Asks = "password",
        offered: "Sequence[Offered]" = (),
    ) -> Response:
        wished = None if waiting is None else waiting.ui_locales
        client = None if waiting is None else view_of(waiting.client)
        problem = ""
        if refused == "failed":
            problem = self.steps.pages.text("signin.failed", visit.request, wished)
        elif refused == "too_fast":
            problem = self.steps.pages.text("signin.too_fast", visit.request, wished)
        values = {
            "client": client,
            "activating": onward.activating,
            "username": username,
            "problem": problem,
            "asks": asks,
            "providers": [(one.name, f"/signin/idp?{urlencode({'idp': one.id, **onward.fields})}") for one in offered],
            "forgot": f"/forgot?{urlencode(onward.fields)}" if self.helps else "",
            "sign_up": f"/signup?{urlencode(onward.fields)}" if self._welcomes(waiting) else "",
            "fields": onward.fields | {"csrf": visit.guest.csrf("signin", onward.subject, anonymous=True)},
        }
        return self.steps.pages.show(
            "sign_in.html",
            visit.request,
            values,
            status=_STATUS[refused],
            forms="own" if client is None and asks != "username" else "away",
            images=() if client is None else client.images,
            wished=wished,
            script="keys",
            asks=True,
        )
