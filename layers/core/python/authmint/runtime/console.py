"""Function ``console``: no table and no key, only HTTP and the token of whoever is signed in."""

from functools import cache
from typing import TYPE_CHECKING

from ..http import Request, Response
from .entrypoint import Function
from .parts import Parts, Surroundings

if TYPE_CHECKING:
    from ..console.site import Site

_OFF = b"The console is off. Deploy with the parameter ConsoleSecret, and invoke management with set_up_console."
_FAILED = (
    b"Something went wrong here. Nothing that you see was changed by it; the log of the function says what it was."
)


def console(env: Surroundings) -> Function:
    """Function ``console``."""
    from ..clock import SystemClock
    from ..deadline import Deadline
    from ..ids import RandomIds
    from .logging import Log
    from .settings import Settings

    settings = env.settings if isinstance(env, Parts) else Settings.from_env(env)
    clock = SystemClock()
    ids = RandomIds(clock)
    log = Log(settings.service, clock, namespace=settings.namespace)
    secret = settings.console_secret

    @cache
    def site(base_url: str) -> "Site":
        from ..console.assembly import cookie_key, new_site, own_deployment
        from ..web.theme import Theme

        theme = Theme() if settings.theme is None else Theme.parse(settings.theme)
        deployment = own_deployment(base_url, secret or "", settings.api_url)
        return new_site(deployment, cookie_key(secret or ""), theme, clock, ids)

    def http(request: Request) -> Response:
        if secret is None:
            return _plain(404, _OFF)
        return site(request.base_url)(request)

    return Function(
        http,
        lambda _: _plain(500, _FAILED),
        log.report,
        None,
        settings.base_url,
        Deadline(),
        settings.edge_secrets,
        settings.viewer_facts,
    )


def _plain(status: int, text: bytes) -> Response:
    headers = (
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    )
    return Response(status, text, headers)
