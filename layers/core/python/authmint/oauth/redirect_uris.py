"""Redirect URIs of clients that no administrator registered: of which kind they are.

It goes by the URI and not by what kind of application the client says it is (RFC 8252 §7): few say it, some say it
wrongly.
"""

import re
from collections.abc import Collection
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

from .authorization.vocabulary import RESPONSE_PARAMETERS

Kind = Literal["web", "loopback", "private"]

#: Characters of one.
LONGEST: Final = 512
MOST: Final = 10
_MAX_PORT: Final = 65_535
_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?([/?][!-~]*)?")
_WEB: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?][!-~]*)?")
_PRIVATE: Final = re.compile(r"([a-z][a-z0-9+.-]*):[!-~]+")
#: Whatever an administrator lists: a browser runs these, or takes them for its own.
NEVER: Final = frozenset(
    {"javascript", "data", "file", "vbscript", "blob", "about", "ws", "wss", "ftp", "http", "https"}
)


def kind_of(uri: str, private_schemes: Collection[str]) -> Kind | None:
    """What kind of redirect URI this is; ``None``: none that an answer is sent to.

    Args:
        uri: As the client says it.
        private_schemes: Of native applications, as the server's administrator lists them.
    """
    if len(uri) > LONGEST or "#" in uri or "*" in uri or "\\" in uri:
        return None
    # An answer with two of them could be read either way.
    if any(name in RESPONSE_PARAMETERS for name, _ in parse_qsl(uri.partition("?")[2], keep_blank_values=True)):
        return None
    if is_web(uri):
        return "web"
    loopback = _LOOPBACK.fullmatch(uri)
    if loopback is not None:
        return "loopback" if 0 < int(loopback[2] or 80) <= _MAX_PORT else None
    private = _PRIVATE.fullmatch(uri)
    if private is not None and private[1] in private_schemes and private[1] not in NEVER:
        return "private"
    return None


def is_web(uri: str) -> bool:
    """https, with a host, and without anything that would lead elsewhere than it seems."""
    if len(uri) > LONGEST or not _WEB.fullmatch(uri) or "#" in uri or "\\" in uri:
        return False
    try:
        parts = urlsplit(uri)
        return bool(parts.hostname) and (parts.port is None or 0 < parts.port <= _MAX_PORT)
    except ValueError:
        return False


def without_port(uri: str) -> str:
    """An http URI of this machine itself as it is compared; any other one as it is."""
    loopback = _LOOPBACK.fullmatch(uri)
    return uri if loopback is None else f"http://{loopback[1]}{loopback[3] or ''}"
