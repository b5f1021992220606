"""The key set endpoint (RFC 7517 §5, docs/protocol.md §18.1)."""

from ..clock import Clock
from ..http import Request, Response
from ..ids import Ids
from ..keys.jwks import jwks
from ..keys.rotation import jwks_max_age
from ..storage.configuration import Configuration
from ..storage.errors import Unavailable
from ..storage.servers import server_named
from .discovery import etag, not_found, unavailable


class KeySet:
    """GET ``/oauth2/{authServerId}/v1/keys``."""

    def __init__(self, configuration: Configuration, clock: Clock, ids: Ids) -> None:
        self._configuration = configuration
        self._clock = clock
        self._ids = ids

    def __call__(self, request: Request) -> Response:
        """Every published key; ``max-age`` shrinks as a rotation comes near."""
        server_id = request.path_parameters.get("authServerId")
        try:
            server = self._configuration.read(server_named(server_id)).server
        except Unavailable as error:
            return unavailable(self._ids, error)
        if server is None or server.status != "ACTIVE":
            return not_found(server_id or "", self._ids)
        answer = Response.json(200, jwks(server))
        max_age = jwks_max_age(server, self._clock.now())
        caching = (
            ("cache-control", f"public, max-age={max_age}, must-revalidate"),
            ("etag", etag(answer.body)),
        )
        if request.header("if-none-match") == caching[1][1]:
            return Response(304, b"", caching)
        return answer.with_headers(*caching)
