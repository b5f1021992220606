"""Browsers that call from another origin (runtime contract §4, §7.3). No answer here depends on a cookie."""

from typing import Final
from urllib.parse import urlsplit

from ..http import Pairs, Request, Response
from ..storage.clients import Client
from .errors import OAuthError

#: For what anybody may read who holds what it takes.
ANY_ORIGIN: Final = (("access-control-allow-origin", "*"),)
#: What scripts may do at the token endpoint (DEC-16).
_BROWSER_GRANTS: Final = frozenset({"authorization_code", "refresh_token"})


def preflight(request: Request) -> Response:
    """204: the browser may send the request; whether it is granted is another question."""
    return Response(
        204,
        b"",
        (
            ("access-control-allow-origin", request.header("origin") or "*"),
            ("access-control-allow-methods", "GET, POST"),
            ("access-control-allow-headers", "authorization, content-type, dpop, x-okta-user-agent-extended"),
            ("access-control-max-age", "3600"),
            ("vary", "Origin"),
        ),
    )


def foreign_origin(request: Request) -> str | None:
    """The origin of a script of another site; ``None``: no script, or one of our own pages."""
    origin = request.header("origin")
    return None if origin is None or origin.lower() == request.base_url.lower() else origin


def check_token_request(origin: str, client: Client, grant_type: str) -> None:
    """Whether a script of another origin may use the token endpoint.

    Raises:
        OAuthError: It is not the client's own site, uses a secret, or a grant that is not for scripts.
    """
    if origin.lower() not in {_origin_of(uri) for uri in client.redirect_uris}:
        raise OAuthError("illegal_origin_browser_request")
    if client.auth_method != "none":
        raise OAuthError("unsupported_auth_method_browser_request")
    if grant_type not in _BROWSER_GRANTS:
        raise OAuthError("unsupported_grant_type_browser_request")


def readable_by(origin: str | None) -> Pairs:
    """Headers that let a script of an origin read the answer."""
    return () if origin is None else (("access-control-allow-origin", origin), ("vary", "Origin"))


def _origin_of(uri: str) -> str:
    """Compared without regard to case (§7.2)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}".lower()
