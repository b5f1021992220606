"""Every page and browser-facing call of a deployment, by path and method."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from .. import api_errors
from ..api_errors import ApiError
from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..oauth.authorization.interaction import APPROVE
from ..oauth.cors import credentialed_preflight, foreign_origin, with_credentials
from ..oauth.errors import NO_STORE, OAuthError, unavailable
from ..oauth.routing import allowed, below_server
from ..outage import Outage
from ..storage.trusted_origins import TrustedOrigins
from ..web.forms import BadForm
from .authn.api import AuthnApi
from .browsers import CookieBrowsers, Guest
from .consent import ConsentPage
from .device import DevicePage
from .documents import HostedPages
from .password import PasswordPage
from .recovery.pages import RecoveryPages
from .sessions_api import SessionsApi
from .sign_in import SignInPage
from .sign_out import SignOutPage
from .start import StartPage
from .visit import Visit

if TYPE_CHECKING:  # most sign-ons are without any provider
    from .federation import FederationPages
    from .my_account.api import MyAccountApi

#: Where identity providers send browsers back to.
CALLBACK: Final = "/oauth2/v1/authorize/callback"
#: Where programs act for the user whose access token they show.
_MY_ACCOUNT: Final = "/idp/myaccount"
Handler = Callable[[Visit], Response]


class Page(Protocol):
    """A page that shows something on GET and takes a form on POST."""

    def get(self, visit: Visit) -> Response:
        """Shows something, and changes nothing."""

    def post(self, visit: Visit) -> Response:
        """Take the form that the page showed."""


class Site:
    """Answers requests for pages and for ``/api/v1/authn`` and ``/api/v1/sessions``."""

    def __init__(
        self,
        pages: HostedPages,
        browsers: CookieBrowsers,
        *,
        sign_in: SignInPage,
        sign_up: Page,
        password: PasswordPage,
        challenge: Page,
        enrol: Page,
        profile: Page,
        account: Mapping[str, Page],
        consent: ConsentPage,
        device: DevicePage,
        approve: Page,
        sign_out: SignOutPage,
        recovery: RecoveryPages,
        start: StartPage,
        authn: AuthnApi,
        sessions: SessionsApi,
        federation: "Callable[[], FederationPages]",
        my_account: "Callable[[], MyAccountApi]",
        origins: TrustedOrigins,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._pages = pages
        self._browsers = browsers
        self._origins = origins
        self._clock = clock
        self._ids = ids
        self._authn = authn
        self._my_account = my_account
        self._recovery = recovery
        shown: dict[str, Page] = {
            "/signin": sign_in,
            "/signup": sign_up,
            "/password": password,
            "/challenge": challenge,
            "/enrol": enrol,
            "/profile": profile,
            "/consent": consent,
            "/activate": device,
            "/signout": sign_out,
        }
        shown |= {f"/account/{section}" if section else "/account": page for section, page in account.items()}
        self._shown: dict[str, dict[str, Handler]] = {
            path: {"GET": page.get, "POST": page.post} for path, page in shown.items()
        }
        self._approve: dict[str, Handler] = {"GET": approve.get, "POST": approve.post}
        self._shown["/signin/key"] = {"POST": sign_in.key}
        self._shown["/"] = {"GET": start.get}
        self._shown["/signin/idp"] = {"GET": lambda visit: federation().get(visit)}
        self._shown[CALLBACK] = {
            "GET": lambda visit: federation().callback(visit),
            "POST": lambda visit: federation().posted(visit),
        }
        self._called: dict[str, dict[str, Handler]] = {
            "/api/v1/sessions": {"POST": sessions.create},
            "/api/v1/sessions/me": {"GET": sessions.show, "DELETE": sessions.close},
            "/api/v1/sessions/me/lifecycle/refresh": {"POST": sessions.refresh},
            "/.well-known/webfinger": {"GET": lambda visit: federation().webfinger(visit)},
        }

    def __call__(self, request: Request) -> Response | None:
        """The answer; ``None``: the path is none of these."""
        if request.path in self._shown:
            return self._page(request, self._shown[request.path])
        if request.path.startswith("/oauth2/"):
            return self._page(request, self._approve) if below_server(request) == APPROVE else None
        if request.path in self._called:
            return self._call(request, self._called[request.path])
        if request.path.startswith(_MY_ACCOUNT):
            return self._call(request, self._my_account().handlers(request.path))
        authn = self._authn.handler(request.path)
        if authn is not None:
            return self._call(request, {"POST": authn})
        recovering = self._recovery.handlers(request)
        return None if recovering is None else self._page(request, recovering)

    def _page(self, request: Request, methods: dict[str, Handler]) -> Response:
        if request.method not in methods:
            refusal = self._pages.problem("method", request, status=405)
            return refusal.with_headers(("allow", ", ".join(allowed(tuple(methods)))))
        try:
            visit = self._visit(request)
        except Outage as error:
            return self._pages.error(unavailable(error), request)
        try:
            return visit.answered(methods[request.method](visit))
        except BadForm:
            return visit.answered(self._pages.problem("form", request, status=400, code="invalid_request"))
        except OAuthError as error:
            return visit.answered(self._pages.error(error, request))
        except Outage as error:
            return self._pages.error(unavailable(error), request)

    def _call(self, request: Request, methods: dict[str, Handler]) -> Response:
        origin = foreign_origin(request)
        try:
            trusted = origin is not None and self._origins.get().trusts(origin, "CORS")
        except Outage as error:
            return api_errors.unavailable(error).response(self._ids).with_headers(*NO_STORE)
        if request.method == "OPTIONS":
            return credentialed_preflight(request, allowed(tuple(methods)), origin if trusted else None)
        # Refusals, too: a cookie or a token keeps an answer from shared caches at most (RFC 9111 §3.5).
        answer = self._called_by(request, methods, trusted=trusted).with_headers(*NO_STORE)
        return answer if origin is None else with_credentials(answer, origin if trusted else None)

    def _called_by(self, request: Request, methods: dict[str, Handler], *, trusted: bool) -> Response:
        try:
            if request.method not in methods:
                raise ApiError("E0000022", headers=(("allow", ", ".join(allowed(tuple(methods)))),))
            return methods[request.method](self._visit(request, trusted=trusted))
        except ApiError as error:
            return error.response(self._ids)
        except Outage as error:
            return api_errors.unavailable(error).response(self._ids)

    def _visit(self, request: Request, *, trusted: bool = False) -> Visit:
        now = self._clock.now()
        if request.path.startswith(_MY_ACCOUNT):  # tokens say who it is there, and no cookie
            return Visit(request, Guest(None, None, "", ()), now, trusted)
        return Visit(request, self._browsers.visitor(request, now=now), now, trusted)
