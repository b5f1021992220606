"""Every page of the console, by path and method."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from ..clock import Clock
from ..http import Request, Response
from ..oauth.console_client import CALLBACK_PATH, HOME_PATH
from ..web.forms import BadForm, Form
from .api import Api
from .errors import ApiProblem, SignedOut, StepUp
from .family_pages import FamilyPages
from .http_client import Transport
from .rendering import Renderer
from .resources import Family
from .sign_in import SignIns
from .texts import language_of
from .visit import Visit, address

Page = Callable[[Visit], Response]
_NAME: Final = re.compile(r"\{(\w+)\}")
#: What would lead upwards in a path of the API, however it is written.
_UPWARDS: Final = frozenset({".", ".."})
#: A part of a path: no dot at its beginning.
_PART: Final = r"(?P<\1>[^/.][^/]*)"


@dataclass(frozen=True)
class Route:
    """One page. ``path``: below ``/console``, with names in braces."""

    path: str
    page: Page
    methods: Sequence[str] = ("GET",)


def routes_of(family: Family, render: Renderer, parents: Sequence[Family] = ()) -> list[Route]:
    """The pages of one family. ``parents``: the families that it stands below, from the top."""
    pages = FamilyPages(family, render, parents)
    routes = [Route(family.path, pages.listing)]
    if family.can_make:
        routes.append(Route(f"{family.path}/new", pages.new, ("GET", "POST")))
    if family.kinds:
        routes.append(Route(f"{family.path}/new/{{kind}}", pages.new, ("GET", "POST")))
    routes.append(Route(f"{family.path}/{{id}}", pages.one, ("GET", "POST") if family.replaces else ("GET",)))
    if family.actions:
        routes.append(Route(f"{family.path}/{{id}}/do/{{action}}", pages.act, ("POST",)))
    if family.trial is not None:
        tries = partial(pages.trial, family.trial)
        routes.append(Route(f"{family.path}/new/trial", tries, ("POST",)))
        routes.append(Route(f"{family.path}/{{id}}/trial", tries, ("POST",)))
    if family.ordered:
        routes.append(Route(f"{family.path}/{{id}}/move/{{way}}", pages.move, ("POST",)))
    if family.removes:
        routes.append(Route(f"{family.path}/{{id}}/delete", pages.remove, ("GET", "POST")))
    return routes


class Site:
    """Answers requests below ``/console``."""

    def __init__(
        self,
        routes: Sequence[Route],
        sign_ins: SignIns,
        render: Renderer,
        send: Transport,
        api_url: str,
        clock: Clock,
    ) -> None:
        self._routes = [(re.compile(_NAME.sub(_PART, route.path)), route) for route in routes]
        self._sign_ins = sign_ins
        self._render = render
        self._send = send
        self._api_url = api_url
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """A page, or the way to the sign-in."""
        try:
            return self._answer(request)
        except ApiProblem as problem:
            return self._failed(request, problem)
        except BadForm:
            return self._problem(request, 400, "This form is too old, or not of this browser.", again=request.path)
        except SignedOut:
            return self._signed_out(request, {})
        except StepUp as more:
            return self._signed_out(request, more.wanted)

    def _answer(self, request: Request) -> Response:
        if request.path == CALLBACK_PATH:
            return self._came_back(request)
        if request.path == f"{HOME_PATH}/sign-out":
            return self._sign_out(request)
        path = request.path.removeprefix(HOME_PATH).rstrip("/")
        found = [(match, route) for pattern, route in self._routes if (match := pattern.fullmatch(path))]
        if not found:
            return self._problem(request, 404, "There is no such page.")
        match, route = found[0]
        if request.method not in route.methods:
            refused = self._problem(request, 405, "This page takes no such request.")
            return refused.with_headers(("allow", ", ".join(route.methods)))
        parts = match.groupdict()
        if any(unquote(part) in _UPWARDS for part in parts.values()):
            return self._problem(request, 404, "There is no such page.")
        return route.page(self._visit(request, parts))

    def _visit(self, request: Request, parts: dict[str, str]) -> Visit:
        """Of who is signed in; of a form, only where it is of this browser: no page has to think of that."""
        session = self._sign_ins.of(request)
        if session is None:
            raise SignedOut
        api = Api(self._api_url, session, self._sign_ins, self._send)
        visit = Visit(request, api, language_of(request), self._clock.now(), parts)
        if request.method != "GET":
            visit.check_form()
        return visit

    def _came_back(self, request: Request) -> Response:
        try:
            to, cookies = self._sign_ins.finish(request)
        except SignedOut:
            text = "The sign-in took too long, or began in another browser. Nothing happened."
            return self._problem(request, 400, text, again=HOME_PATH)
        return Response(303, b"", (("location", to), ("cache-control", "no-store"), *cookies))

    def _sign_out(self, request: Request) -> Response:
        if request.method == "POST":
            self._visit(request, {})
            uri, cookies = self._sign_ins.end(request)
            return Response(303, b"", (("location", uri), ("cache-control", "no-store"), *cookies))
        return self._problem(request, 405, "This page takes no such request.").with_headers(("allow", "POST"))

    def _signed_out(self, request: Request, wanted: dict[str, str]) -> Response:
        """To the sign-in; of a form, a page that keeps what was typed."""
        if request.method == "GET":
            uri, cookie = self._sign_ins.begin(request, address(request), wanted)
            return Response(302, b"", (("location", uri), ("cache-control", "no-store"), cookie))
        uri, cookie = self._sign_ins.begin(request, f"{HOME_PATH}/signed-in", wanted)
        values = {"title": "", "uri": uri, "fields": _typed(request), "more": bool(wanted), "to": request.path}
        return self._render.bare("sign_in_again.html", request, values, status=401).with_headers(cookie)

    def _failed(self, request: Request, problem: ApiProblem) -> Response:
        """What the API refused, outside of a form that could say it."""
        values = {
            "problem": problem,
            "fields": _typed(request) if request.method == "POST" and problem.passes else (),
            "to": request.path,
            "again": request.path if request.method == "GET" and problem.passes else HOME_PATH,
            "text": "",
        }
        answer = self._render.bare("problem.html", request, values, status=problem.status)
        return answer if problem.retry_after is None else answer.with_headers(("retry-after", problem.retry_after))

    def _problem(self, request: Request, status: int, text: str, *, again: str = HOME_PATH) -> Response:
        values: dict[str, Any] = {"problem": None, "text": text, "fields": (), "to": "", "again": again}
        return self._render.bare("problem.html", request, values, status=status)


def _typed(request: Request) -> Sequence[tuple[str, str]]:
    """The fields of a form, to be sent again: nothing that was typed is lost."""
    try:
        return Form.read(request).pairs
    except BadForm:
        return ()
