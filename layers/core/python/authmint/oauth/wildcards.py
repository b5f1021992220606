"""Redirect URIs with a wildcard in the name of their host (docs/protocol.md §4.10).

A client has to ask for them (``wildcard_redirect``); they are less than the exact comparison of RFC 9700 §2.1. The
wildcard stands for one or more characters of one label, the leftmost one, and for nothing else: what is sent is
compared as text, and never parsed, so that no two readers of a URI can disagree on where it leads.
"""

import re
from typing import Final

_SCHEME: Final = "https://"
#: A label of letters, digits and hyphens (RFC 1123 §2.1), in lower case as browsers send it.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
#: The label with the wildcard; at least two labels after it, the last of which no browser takes for a part of an IPv4
#: address; a port; and a path or query, or nothing.
_PATTERN: Final = re.compile(
    rf"{_SCHEME}(?!xn--)[a-z0-9-]*\*[a-z0-9-]*(?:\.{_LABEL})+\.(?!0x)(?=[a-z0-9-]*[a-z]){_LABEL}"
    r"(?::[0-9]{1,5})?(?:[/?][^*]*)?"
)
_STANDS_FOR: Final = re.compile(r"[A-Za-z0-9-]+")
_WHOLE_LABEL: Final = re.compile(_LABEL, re.IGNORECASE)


def is_pattern(registered: str) -> bool:
    """Whether a redirect URI with ``*`` may be registered at all."""
    return _PATTERN.fullmatch(registered) is not None


def matches(registered: str, sent: str) -> bool:
    """Whether a URI differs from the registered one in nothing but what its wildcard stands for."""
    start, _, end = registered.partition("*")
    if not is_pattern(registered) or not (sent.startswith(start) and sent.endswith(end)):
        return False
    # Where the two ends overlap in what was sent, nothing is left for the wildcard.
    wild = sent[len(start) : len(sent) - len(end)]
    label = f"{start.removeprefix(_SCHEME)}{wild}{end.partition('.')[0]}"
    return _STANDS_FOR.fullmatch(wild) is not None and _WHOLE_LABEL.fullmatch(label) is not None
