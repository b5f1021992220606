"""The console, put together."""

from typing import Final

from ..clock import Clock
from ..http import Response
from ..ids import Ids
from ..oauth.console_client import CLIENT_ID, client_secret, cookie_key
from ..web.theme import Theme
from .attributes import Attributes
from .families import FAMILIES
from .family_pages import parents_of
from .http_client import Transport, send
from .log import Log
from .overview import Overview
from .rendering import Renderer
from .sealed import SealedCookie
from .self_service import SelfServicePage
from .servers import server_routes
from .sign_in import Deployment, SignIns
from .sign_on_pages import SignOnPages
from .site import Route, Site, routes_of
from .usage import UsagePage
from .visit import Visit

#: Seconds that somebody may take to sign in, and for which a sign-in is remembered.
_WAY: Final = 900
_SESSION: Final = 43_200


def new_site(
    deployment: Deployment, key: bytes, theme: Theme, clock: Clock, ids: Ids, transport: Transport = send
) -> Site:
    """Every page of the console of a deployment. ``key``: 32 bytes that seal its cookies."""
    way = SealedCookie("authmint-console-way", _WAY, key, clock, ids)
    session = SealedCookie("authmint-console", _SESSION, key, clock, ids)
    sign_ins = SignIns(deployment, way, session, transport, clock, ids)
    render = Renderer(theme, ids, lambda: deployment.url)
    log = Log(render)

    def signed_in(visit: Visit) -> Response:
        return render.bare("signed_in.html", visit.request, {})

    routes = [
        Route("", Overview(render)),
        Route("/signed-in", signed_in),
        Route("/log", log.listing),
        Route("/log/{id}", log.one),
        Route("/usage", UsagePage(render)),
        Route("/self-service", SelfServicePage(render), ("GET", "POST")),
        *server_routes(render),
        *SignOnPages(render).routes(),
        *Attributes(render).routes(),
    ]
    for family in FAMILIES:
        routes += routes_of(family, render, parents_of(family, FAMILIES))
    return Site(routes, sign_ins, render, transport, deployment.api_url, clock)


def own_deployment(url: str, secret: str, api_url: str | None = None) -> Deployment:
    """The deployment that a console is part of."""
    return Deployment(url, api_url or url, CLIENT_ID, client_secret(secret))


__all__ = ["cookie_key", "new_site", "own_deployment"]
