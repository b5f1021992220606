"""Browsers that call from another origin (docs/protocol.md §3.2, §3.3).

What cookies reach is for scripts of trusted origins alone; no other answer depends on a cookie.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from ..http import Pairs, Request, Response
from ..storage.clients import Client
from .errors import OAuthError

#: Of an answer that scripts may have to read.
_EXPOSED: Final = ("access-control-expose-headers", "WWW-Authenticate, Retry-After, DPoP-Nonce")
#: For what anybody may read who holds what it takes.
ANY_ORIGIN: Final = (("access-control-allow-origin", "*"), _EXPOSED)
#: A field name (RFC 9110 §5.1).
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_LOOPBACK: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::[0-9]{1,5})?")
#: What scripts may do at the token endpoint (docs/protocol.md §3.3).
_BROWSER_GRANTS: Final = frozenset({"authorization_code", "refresh_token"})


def preflight(request: Request, methods: Sequence[str]) -> Response:
    """204: the browser may send the request; whether it is granted is another question.

    Whatever headers a script wants to send, it may: tracing libraries add theirs, and nothing here depends on a header
    that a browser adds by itself.
    """
    return Response(
        204,
        b"",
        (
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", ", ".join(methods)),
            ("access-control-allow-headers", _wished_headers(request)),
            ("access-control-max-age", "3600"),
            ("vary", "Access-Control-Request-Headers"),
        ),
    )


def _wished_headers(request: Request) -> str:
    asked = request.header("access-control-request-headers") or ""
    headers = ", ".join(name for name in (part.strip() for part in asked.split(",")) if _HEADER.fullmatch(name))
    return headers or "authorization, content-type"


def credentialed_preflight(request: Request, methods: Sequence[str], origin: str | None) -> Response:
    """204: scripts of ``origin``, which is trusted, may send the request with cookies; ``None``: nobody else's may."""
    answer = Response(204, b"", (("vary", "Access-Control-Request-Headers"),))
    if origin is not None:
        allowed = (
            ("access-control-allow-methods", ", ".join(methods)),
            ("access-control-allow-headers", _wished_headers(request)),
        )
        answer = answer.with_headers(*allowed)
    return with_credentials(answer, origin)


def with_credentials(answer: Response, origin: str | None) -> Response:
    """The answer of an endpoint that cookies reach: for scripts of one trusted origin, or of none."""
    if origin is None:
        return answer.with_headers(("vary", "Origin"))
    return answer.with_headers(
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("vary", "Origin"),
        _EXPOSED,
    )


def with_cors(answer: Response) -> Response:
    """The answer, for scripts of any origin."""
    return answer.with_headers(*ANY_ORIGIN)


def foreign_origin(request: Request) -> str | None:
    """The origin of a script of another site; ``None``: no script, or one of our own pages."""
    origin = request.header("origin")
    return None if origin is None or origin.lower() == request.base_url.lower() else origin


def readable_by(origin: str, client: Client, trusts: Callable[[str], bool]) -> Pairs:
    """Headers that let a script of another origin read what the token endpoint answers.

    Args:
        origin: As the browser names it.
        client: Whose redirect URIs say which sites are its own.
        trusts: Whether administrators trust an origin of another site; asked only about such ones.

    Raises:
        OAuthError: It is neither the client's own site nor one that is trusted.
    """
    if not any(_is_of(origin.lower(), client, uri) for uri in client.redirect_uris) and not trusts(origin):
        raise OAuthError("illegal_origin_browser_request")
    return (("access-control-allow-origin", origin), _EXPOSED, ("vary", "Origin"))


def check_token_request(client: Client, grant_type: str) -> None:
    """Whether a script may make this request.

    Raises:
        OAuthError: It uses a secret, or a grant that is not for scripts.
    """
    if client.auth_method != "none":
        raise OAuthError("unsupported_auth_method_browser_request")
    if grant_type not in _BROWSER_GRANTS:
        raise OAuthError("unsupported_grant_type_browser_request")


def _is_of(origin: str, client: Client, uri: str) -> bool:
    site = _origin_of(uri)
    if "*" not in site:
        # A native application listens on any port of the loopback interface, and so does its page (RFC 8252 §7.3).
        own = client.application_type == "native" and _LOOPBACK.fullmatch(site)
        there = _LOOPBACK.fullmatch(origin) if own else None
        return site == origin or bool(own and there and own[1] == there[1])
    from . import wildcards  # few clients need it

    return client.wildcard_redirect == "SUBDOMAIN" and wildcards.matches(site, origin)


def _origin_of(uri: str) -> str:
    """Compared without regard to case (docs/protocol.md §3.3)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}".lower()
