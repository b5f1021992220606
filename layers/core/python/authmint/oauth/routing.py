"""The table of a function's protocol endpoints: by exact path below a server, and by method.

What no endpoint is asked about is answered here: a preflight (Fetch standard), another method (405 with ``Allow``,
RFC 9110 §15.5.6), another path (404). Every answer to a script of another origin, a refusal too, carries what the
preflight promised.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..api_errors import ApiError
from ..http import Request, Response
from ..ids import Ids
from .cors import ANY_ORIGIN, preflight, with_cors

Endpoint = Callable[[Request], Response]

_SERVERS: Final = "/oauth2"


@dataclass(frozen=True)
class Route:
    """One endpoint of a function, with what it takes and who may read it.

    Attributes:
        methods: That it takes; ``HEAD`` comes to it as ``GET``.
        shared: Scripts of every origin may read its answers; else it decides itself, or is for browsers to visit.
        scripts: Scripts may call it at all.
    """

    endpoint: Endpoint
    methods: tuple[str, ...] = ("POST",)
    shared: bool = True
    scripts: bool = True


class Routes:
    """The endpoints of one function.

    Args:
        table: By path: of a server's endpoints what follows the server (``/v1/token``), of others all of it.
        ids: For the ids of errors.
        below: By how a path begins, of endpoints that take what follows.
    """

    def __init__(self, table: Mapping[str, Route], ids: Ids, *, below: Mapping[str, Route] | None = None) -> None:
        self._table = table
        self._below = below or {}
        self._ids = ids

    def __call__(self, request: Request) -> Response:
        """The endpoint's answer, or what is said in its place."""
        path = below_server(request)
        route = self._table.get(request.path) or self._table.get(path) or self._beginning(path)
        if route is None:
            return ApiError("E0000008").response(self._ids).with_headers(*ANY_ORIGIN)
        if request.method == "OPTIONS" and route.scripts:
            return preflight(request, route.methods)
        if request.method not in route.methods:
            error = ApiError("E0000022", headers=(("allow", ", ".join(allowed(route.methods))),))
            refusal = error.response(self._ids)
            return with_cors(refusal) if route.scripts else refusal
        answer = route.endpoint(request)
        return with_cors(answer) if route.shared and route.scripts else answer

    def _beginning(self, path: str) -> Route | None:
        return next((route for start, route in self._below.items() if path.startswith(start)), None)


def below_server(request: Request) -> str:
    """What of a path follows the server: ``/v1/token`` of ``/oauth2/{authServerId}/v1/token`` and ``/oauth2/v1/token``.

    The id may hold a slash once it is decoded; where the path is decoded too, it is taken off as a whole.
    """
    server_id = request.path_parameters.get("authServerId")
    if server_id is None:
        return request.path.removeprefix(_SERVERS) if request.path.startswith(f"{_SERVERS}/v1/") else request.path
    if request.path.startswith("/.well-known/"):  # RFC 8414 §3.1: the issuer's path stands behind it
        return request.path.partition(f"{_SERVERS}/")[0].removesuffix("/")
    rest = request.path.removeprefix(_SERVERS)
    if rest.startswith(f"/{server_id}/"):
        return rest.removeprefix(f"/{server_id}")
    _, slash, rest = rest[1:].partition("/")
    return slash + rest


def allowed(methods: tuple[str, ...]) -> tuple[str, ...]:
    """What ``Allow`` says: ``HEAD`` wherever there is ``GET`` (RFC 9110 §9.1)."""
    return tuple(name for method in methods for name in ((method, "HEAD") if method == "GET" else (method,)))
