"""``htu`` of a proof: the URI that it was made for (RFC 9449 §4.2, §4.3)."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

_UNRESERVED: Final = re.compile(r"%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_LONGEST: Final = 2_048


def is_for(htu: object, expected: str) -> bool:
    """Whether a proof was made for the URI of a request.

    Scheme and host know no case, the default port and unreserved characters may be written out (RFC 3986 §6.2.2,
    §6.2.3), query and fragment do not count. All else is compared as it stands.

    Args:
        htu: As the proof says.
        expected: Base URL and path of the request, as this deployment is called.
    """
    if htu == expected:
        return True
    if not isinstance(htu, str) or len(htu) > _LONGEST or not (htu.isascii() and htu.isprintable()):
        return False
    found = _normalized(htu)
    return found is not None and found == _normalized(expected)


def _normalized(uri: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or "@" in parts.netloc or "\\" in uri:
        return None
    scheme = parts.scheme.lower()
    path = _UNRESERVED.sub(lambda match: unquote_to_bytes(match[0]).decode("ascii"), parts.path)
    return scheme, parts.hostname.lower(), port or _DEFAULT_PORTS.get(scheme), path
