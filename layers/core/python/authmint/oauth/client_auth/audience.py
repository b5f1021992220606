"""``aud`` of client assertions: for whom an assertion may be (RFC 7523 §3, RFC 9126 §2)."""

from collections.abc import Iterable
from typing import Any

from ...storage.servers import AuthorizationServer, endpoints_of, issuer_of


def audiences_of(server: AuthorizationServer, base_url: str, paths: Iterable[str]) -> frozenset[str]:
    """What an assertion may name: the issuer, and the endpoints at these paths below the server."""
    endpoints = endpoints_of(server, base_url)
    return frozenset({issuer_of(server, base_url), *(endpoints + path for path in paths)})


def is_for(audience: Any, audiences: frozenset[str]) -> bool:
    """Whether ``aud`` is one of these: a text, or an array of exactly one.

    With several, the assertion could be meant for another server too, and be replayed there.
    """
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return isinstance(audience, str) and audience in audiences
