"""``/``: what this is, and where its servers describe themselves."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..http import Response
from ..storage.errors import NotFound
from ..storage.servers import AuthorizationServer, Servers, endpoints_of, issuer_of
from .documents import HostedPages
from .visit import Visit

_MOST_SERVERS: Final = 50
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class ServerView:
    """One server as the page shows it: its issuer, and the documents that clients configure themselves from."""

    name: str
    issuer: str
    documents: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StartPage:
    """Tells a developer where to go on. It shows nothing that the well-known documents do not."""

    pages: HostedPages
    servers: Servers

    def get(self, visit: Visit) -> Response:
        """On a machine of one's own every server; elsewhere the default one: names of others are nobody's business."""
        base_url = visit.request.base_url
        found = self._all() if urlsplit(base_url).hostname in _LOOPBACK else self._default()
        shown = [view_of(server, base_url) for server in found if server.status == "ACTIVE"]
        return self.pages.show("start.html", visit.request, {"servers": shown, "base_url": base_url})

    def _all(self) -> list[AuthorizationServer]:
        return sorted(self.servers.list(limit=_MOST_SERVERS), key=lambda server: (not server.is_default, server.name))

    def _default(self) -> list[AuthorizationServer]:
        try:
            return [self.servers.get("default")]
        except NotFound:
            return []


def view_of(server: AuthorizationServer, base_url: str) -> ServerView:
    """The server with the addresses of its documents."""
    endpoints = endpoints_of(server, base_url)
    paths = {
        "OpenID Connect": "/.well-known/openid-configuration",
        "OAuth 2.0": "/.well-known/oauth-authorization-server",
        "JWKS": "/v1/keys",
    }
    documents = tuple((name, endpoints + path) for name, path in paths.items())
    return ServerView(server.name, issuer_of(server, base_url), documents)
