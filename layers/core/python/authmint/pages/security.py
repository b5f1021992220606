"""Headers of every page, its content security policy above all (CSP Level 3)."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from ..http import Pairs

_HOST: Final = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_NEVER: Final = frozenset({"javascript", "data", "vbscript", "blob", "file", "filesystem", "about"})
_FIXED: Final[Pairs] = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
)


def source_of(uri: str) -> str | None:
    """The source expression that covers a URI: its origin, or the scheme of an app. ``None``: it cannot be written.

    Nothing but letters, digits and ``.-+:[]/`` comes out, whatever goes in.
    """
    try:
        parts = urlsplit(uri)
        scheme, netloc = parts.scheme.lower(), parts.netloc.lower()
    except ValueError:
        return None
    if not _SCHEME.fullmatch(scheme) or scheme in _NEVER:
        return None
    if scheme not in {"http", "https"}:
        return f"{scheme}:"
    return f"{scheme}://{netloc}" if _HOST.fullmatch(netloc) else None


def page_headers(
    nonce: str,
    *,
    script: bool = False,
    forms_to: Sequence[str] = (),
    own_forms: bool = True,
    framed_by: str | None = None,
) -> Pairs:
    """The headers of one answer.

    Args:
        nonce: Of its style element, and of its script element where it has one.
        script: Whether it has one.
        forms_to: URIs that a form may lead to. Browsers apply ``form-action`` to redirects after a POST as well, so
            that the client's redirect URI belongs here where such a redirect may follow.
        own_forms: Whether forms post to this deployment.
        framed_by: The one origin that may show it in a frame; ``None``: nobody.
    """
    sources = ["'self'"] if own_forms else []
    sources += sorted({source for uri in forms_to if (source := source_of(uri)) is not None})
    frame = (framed_by and source_of(framed_by)) or "'none'"
    policy = [
        "default-src 'none'",
        f"style-src 'nonce-{nonce}'",
        "img-src https: data:",
        f"form-action {' '.join(sources) or chr(39) + 'none' + chr(39)}",
        "base-uri 'none'",
        f"frame-ancestors {frame}",
    ]
    if script:
        policy.append(f"script-src 'nonce-{nonce}'")
    refused = () if frame != "'none'" else (("x-frame-options", "DENY"),)
    return (*_FIXED, ("content-security-policy", "; ".join(policy)), *refused)
