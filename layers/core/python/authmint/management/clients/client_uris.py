"""Which URIs a client may register: where answers go, and what pages and consoles may show of it."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from ...oauth.authorization.vocabulary import RESPONSE_PARAMETERS
from ...oauth.wildcards import is_pattern
from ...storage.clients import Client
from ..http.fields import Fields

#: Schemes whose URIs a browser runs or shows as its own.
_RUNNING: Final = frozenset({"javascript", "data", "vbscript", "file", "about", "blob"})
#: RFC 3986 has none of these; browsers read ``\`` as ``/``.
_FOREIGN: Final = re.compile(r'[\s\\<>"{}|^`]')

NOT_ABSOLUTE: Final = "Each must be an absolute URI without a fragment."
WILDCARD: Final = "'*' is taken only in redirect URIs of apps whose 'wildcard_redirect' is 'SUBDOMAIN'."
BAD_WILDCARD: Final = (
    "A wildcard is one '*' in the leftmost label of the host of an https URI, with at least two labels after it, as in "
    "'https://preview-*.app.example.com/callback'."
)
NOT_A_PAGE: Final = "must be an https URI, or http on this machine itself (localhost, 127.0.0.1, [::1])."


def check_redirect_uris(settings: Fields, name: str, uris: tuple[str, ...], *, wildcards: bool = False) -> None:
    """Note what is wrong with the redirect URIs, or post-logout redirect URIs, that a member holds."""
    if any(not is_redirect_uri(uri) for uri in uris):
        settings.problem(name, NOT_ABSOLUTE)
    wild = [uri for uri in uris if "*" in uri]
    if wild and not wildcards:
        settings.problem(name, WILDCARD)
    elif not all(map(is_pattern, wild)):
        settings.problem(name, BAD_WILDCARD)
    taken = {parameter for uri in uris for parameter in _query_of(uri) if parameter in RESPONSE_PARAMETERS}
    if taken:
        settings.problem(name, f"A query must not hold '{min(taken)}': answers carry it themselves.")


def is_redirect_uri(uri: str) -> bool:
    """Absolute, with a scheme that no browser runs, without a fragment (RFC 6749 §3.1.2).

    The authority of a private-use scheme (RFC 8252 §7.1) may be empty: ``com.example.app://`` (RFC 3986 §3).
    """
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    if not parts.scheme or "#" in uri or any(c.isspace() or not c.isprintable() for c in uri):
        return False
    if parts.scheme in _RUNNING:
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.hostname)
    return bool(parts.netloc or parts.path) or uri.partition(":")[2].startswith("//")


def is_page_uri(uri: str) -> bool:
    """Whether a page or a console may link to it: https, or http on a loopback interface; no user, nothing hidden."""
    if _FOREIGN.search(uri) or not uri.isprintable():
        return False
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or "*" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself (RFC 8252 §7.3, §8.3)."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_page_uri(fields: Fields, name: str) -> str | None:
    """The member, if it may be shown as a link one day; a problem is noted where it may not."""
    uri = fields.text(name, longest=1_024)
    if uri and not is_page_uri(uri):
        fields.problem(name, NOT_A_PAGE)
    return uri


def read_logout_uri(fields: Fields) -> str | None:
    """Where the client is told of ends of sessions (OpenID Connect Back-Channel Logout §2.2); problems are noted."""
    name = "backchannel_logout_uri"
    uri = read_page_uri(fields, name) or None
    if uri is not None and "#" in uri:
        fields.problem(name, "must be a URI without a fragment.")
    return uri


def shown_logout(client: Client) -> dict[str, str | bool]:
    """The members about that, where there is such a place."""
    if client.logout_uri is None:
        return {}
    return {
        "backchannel_logout_uri": client.logout_uri,
        "backchannel_logout_session_required": client.logout_needs_session,
    }


def _query_of(uri: str) -> list[str]:
    try:
        query = urlsplit(uri).query
    except ValueError:
        return []
    return [name for name, _ in parse_qsl(query, keep_blank_values=True)]
