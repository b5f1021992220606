"""Headers of every page, its content security policy above all (CSP Level 3)."""

import re
from collections.abc import Sequence
from typing import Final, Literal
from urllib.parse import urlsplit

from ..http import Pairs

#: What a source expression can name (CSP Level 3 §2.3.1): no IPv6 address, no underscore.
_HOST: Final = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?")
#: Where a page's forms lead: to this deployment, on to wherever a client sends the browser, or nowhere.
Forms = Literal["own", "away", "none"]
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
    """The source expression of a web address: its origin, or its scheme where the host cannot be written in one.

    ``None``: it is no web address. Nothing but letters, digits and ``.-:/`` comes out, whatever goes in.
    """
    try:
        parts = urlsplit(uri)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except ValueError:  # UnicodeError is one
        return None
    if scheme not in {"http", "https"} or not host:
        return None
    origin = host if port is None else f"{host}:{port}"
    return f"{scheme}://{origin}" if _HOST.fullmatch(origin) else f"{scheme}:"


def page_headers(
    nonce: str,
    *,
    script: bool = False,
    forms: Forms = "own",
    images: Sequence[str] = (),
    framed_by: str | None = None,
    asks: bool = False,
) -> Pairs:
    """The headers of one answer.

    Args:
        nonce: Of its style element, and of its script element where it has one.
        script: Whether it has one.
        forms: ``away`` writes no ``form-action``: browsers hold every redirect after a POST to it, and where a
            client sends the browser once it has its answer is not for us to say, nor to know.
        images: Addresses of pictures in it, beside those that are in the page itself.
        framed_by: The one origin that may show it in a frame; ``None``: nobody.
        asks: Whether its script asks this deployment for something.
    """
    pictures = sorted({source for uri in images if (source := source_of(uri)) is not None})
    frame = (framed_by and source_of(framed_by)) or "'none'"
    policy = [
        "default-src 'none'",
        f"style-src 'nonce-{nonce}'",
        " ".join(("img-src", "data:", *pictures)),
        "base-uri 'none'",
        f"frame-ancestors {frame}",
    ]
    if forms != "away":
        policy.append("form-action 'self'" if forms == "own" else "form-action 'none'")
    if script:
        policy.append(f"script-src 'nonce-{nonce}'")
    if asks:
        policy.append("connect-src 'self'")
    refused = () if frame != "'none'" else (("x-frame-options", "DENY"),)
    return (*_FIXED, ("content-security-policy", "; ".join(policy)), *refused)
