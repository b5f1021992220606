"""Where a response may go: to a redirect URI of the client, and nowhere else (RFC 9700 §4.1, RFC 8252 §7.3)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ...storage.clients import Client
from ..errors import OAuthError
from ..nearest import unknown
from .parameters import Parameters
from .vocabulary import FRONT_CHANNEL, RESPONSE_MODES, ResponseMode

_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?([/?].*)?")
_MAX_PORT: Final = 65_535


@dataclass(frozen=True)
class ReturnTo:
    """A trusted way back to the client. Only ``match_redirect_uri`` makes one.

    Attributes:
        redirect_uri: As sent: equal to a registered one but for the port of a loopback interface.
        issuer: Sent as ``iss``, so that a client of several servers knows whose answer it reads (RFC 9207 §2).
        mode: How to send an answer; a valid one even where the request asked for one that is not.
        state: Sent back as it came.
    """

    redirect_uri: str
    issuer: str
    mode: ResponseMode
    state: str | None

    @property
    def origin(self) -> str | None:
        """For messages between windows; ``None``: the URI is not of a web page."""
        return _origin(self.redirect_uri)


def match_redirect_uri(client: Client, parameters: Parameters, issuer: str) -> ReturnTo:
    """The way back that a request names.

    Raises:
        OAuthError: None is named, or not one of the client's: the error must stay with us (RFC 6749 §4.1.2.1).
    """
    sent = check_redirect_uri(client, parameters.get("redirect_uri"))
    return ReturnTo(sent, issuer, _mode(parameters, sent), parameters.state)


def check_redirect_uri(client: Client, sent: str | None) -> str:
    """The redirect URI, if it is one of the client's (RFC 9700 §4.1.3: to the letter).

    Raises:
        OAuthError: None was sent, or it is not.
    """
    if sent is None or "#" in sent or not any(_matches(client, uri, sent) for uri in client.redirect_uris):
        # What stands behind the question mark may be a secret of the client's, and is not ours to log.
        raise OAuthError(
            "illegal_redirect_uri", reason=unknown("redirect_uri", (sent or "").partition("?")[0], client.redirect_uris)
        )
    return sent


def _matches(client: Client, registered: str, sent: str) -> bool:
    if registered == sent:
        return True
    if client.application_type != "native":
        return False
    # A native app listens on whichever port the system gave it (RFC 8252 §7.3).
    known, given = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(sent)
    if known is None or given is None or not 0 < int(given[2] or 80) <= _MAX_PORT:
        return False
    return (known[1], known[3]) == (given[1], given[3])


def default_mode(response_types: frozenset[str]) -> ResponseMode:
    """``fragment`` where the browser itself gets something (Multiple Response Type Encoding Practices §5)."""
    return "query" if response_types.isdisjoint(FRONT_CHANNEL) else "fragment"


def _mode(parameters: Parameters, redirect_uri: str) -> ResponseMode:
    default = default_mode(frozenset((parameters.get("response_type") or "").split()))
    asked = parameters.get("response_mode")
    for mode in RESPONSE_MODES:
        if mode == asked and "response_mode" not in parameters.repeated:
            without_origin = mode == "okta_post_message" and _origin(redirect_uri) is None
            exposed = mode == "query" and default != "query"
            return default if without_origin or exposed else mode
    return default


def _origin(uri: str) -> str | None:
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" if parts.scheme in {"http", "https"} and host else None
