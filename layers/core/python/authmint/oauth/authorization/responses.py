"""How answers get back to the client: the four response modes (runtime contract §3.3, §3.5)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from ...http import Pairs, Response
from .interaction import Pages
from .return_to import ReturnTo

_NO_STORE: Final = (("cache-control", "no-store"), ("pragma", "no-cache"))
#: An answer's URI holds credentials: it must not travel on to whatever the client's page loads.
_NO_REFERRER: Final = ("referrer-policy", "no-referrer")


def deliver(fields: Mapping[str, str], return_to: ReturnTo, pages: Pages) -> Response:
    """The fields, with ``state`` and ``iss``, through the response mode to the redirect URI that was matched."""
    answer = dict(fields)
    if return_to.state is not None:
        answer["state"] = return_to.state
    answer["iss"] = return_to.issuer
    if return_to.mode == "form_post":
        return not_stored(pages.form_post(return_to.redirect_uri, answer))
    origin = return_to.origin
    if return_to.mode == "okta_post_message" and origin is not None:
        return not_stored(pages.post_message(origin, answer))
    return redirect(_joined(return_to.redirect_uri, "query" if return_to.mode == "query" else "fragment", answer))


def redirect(uri: str) -> Response:
    """302, of which nothing is kept."""
    return Response(302, headers=(("location", _ascii(uri)), *_NO_STORE, _NO_REFERRER))


def not_stored(page: Response) -> Response:
    """The page, with our word about caches in place of its own."""
    ours = {name for name, _ in _NO_STORE}
    kept: Pairs = tuple((name, value) for name, value in page.headers if name.lower() not in ours)
    return Response(page.status, page.body, (*kept, *_NO_STORE))


def _joined(uri: str, part: str, fields: Mapping[str, str]) -> str:
    """RFC 6749 §3.1.2: a query that the redirect URI has stays."""
    encoded = urlencode(fields, encoding="utf-8")
    if part == "fragment":
        return f"{uri}#{encoded}"
    if "?" not in uri:
        return f"{uri}?{encoded}"
    return uri + encoded if uri.endswith(("?", "&")) else f"{uri}&{encoded}"


def _ascii(uri: str) -> str:
    """Without a character that a header cannot hold, or that would end it (RFC 9110 §5.5)."""
    return "".join(c if "!" <= c <= "~" else quote(c) for c in uri)
