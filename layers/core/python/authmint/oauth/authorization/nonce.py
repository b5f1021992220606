"""``state`` and ``nonce``: what ties an answer to the request that asked for it (RFC 6749 §10.12, RFC 9700 §4.5.3)."""

from typing import Final

from ..errors import OAuthError
from .parameters import Parameters

_MAX_NONCE: Final = 4_096


def nonce_of(parameters: Parameters, response_types: frozenset[str]) -> str | None:
    """The ``nonce`` that was sent.

    Raises:
        OAuthError: It is missing where an ID token comes through the browser, or too long.
    """
    nonce = parameters.get("nonce")
    if nonce is None and "id_token" in response_types:  # OpenID Connect Core §3.2.2.1, §3.3.2.11
        raise OAuthError("invalid_nonce")
    if nonce is not None and len(nonce) > _MAX_NONCE:
        raise OAuthError("invalid_request", reason="nonce is too long")
    return nonce


def check_state(parameters: Parameters, *, protected: bool) -> None:
    """``state`` stands against forged answers, unless PKCE or a pushed request does (RFC 9700 §2.1)."""
    if parameters.state is None and (parameters.get("state") is not None or not protected):
        raise OAuthError("invalid_state")
