"""How a request ends: an answer to the client by its response mode, or a page of ours while nothing else is trusted."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote_plus, urlencode

from ...http import Pairs, Request, Response
from ..errors import OAuthError
from ..token_events import TokenEvents
from .events import Record
from .interaction import Pages
from .parameters import ReturnTo
from .vocabulary import RESPONSE_PARAMETERS

_NO_STORE: Final = (("cache-control", "no-store"), ("pragma", "no-cache"))
#: Characters of a redirect's target: API Gateway's answers have 10,240 bytes of headers, cookies among them.
MAX_LOCATION: Final = 9_216
#: An answer's URI holds credentials: it must not travel on to whatever the client's page loads.
_NO_REFERRER: Final = ("referrer-policy", "no-referrer")


def deliver(request: Request, fields: Mapping[str, str], return_to: ReturnTo, pages: Pages) -> Response:
    """The fields, with ``state`` and ``iss``, through the response mode to the redirect URI that was matched."""
    target = location(fields, return_to)
    if target is not None:
        return redirect(request, target)
    answer, origin = _answer(fields, return_to), return_to.origin
    if return_to.mode == "okta_post_message" and origin is not None:
        return not_stored(pages.post_message(origin, answer))
    return not_stored(pages.form_post(without(return_to.redirect_uri, RESPONSE_PARAMETERS), answer))


def location(fields: Mapping[str, str], return_to: ReturnTo) -> str | None:
    """Where a redirect with the answer leads; ``None``: a page carries the answer."""
    by_message = return_to.mode == "okta_post_message" and return_to.origin is not None
    if return_to.mode == "form_post" or by_message:
        return None
    answer, redirect_uri = _answer(fields, return_to), without(return_to.redirect_uri, RESPONSE_PARAMETERS)
    if return_to.mode == "query":
        return with_query(redirect_uri, answer)
    return f"{redirect_uri}#{urlencode(answer, encoding='utf-8')}"


def check_length(fields: Mapping[str, str], return_to: ReturnTo) -> None:
    """Refuse an answer that no redirect can carry, before anything is used up for it. Raises OAuthError."""
    if len(location(fields, return_to) or "") > MAX_LOCATION:
        raise OAuthError("authorize_response_too_long", str(MAX_LOCATION))


def _answer(fields: Mapping[str, str], return_to: ReturnTo) -> dict[str, str]:
    state = {} if return_to.state is None else {"state": return_to.state}
    return {**fields, **state, "iss": return_to.issuer}


def without(uri: str, names: Collection[str]) -> str:
    """The URI without parameters of these names in its query: beside those of an answer nobody knows whose they are."""
    base, _, query = uri.partition("?")
    pairs = query.split("&")
    kept = [pair for pair in pairs if unquote_plus(pair.partition("=")[0]) not in names]
    if len(kept) == len(pairs):
        return uri
    return f"{base}?{'&'.join(kept)}" if kept else base


def with_query(uri: str, fields: Mapping[str, str]) -> str:
    """The URI with these parameters in its query; what else it holds stays (RFC 6749 §3.1.2)."""
    uri, encoded = without(uri, fields), urlencode(fields, encoding="utf-8")
    if "?" not in uri:
        return f"{uri}?{encoded}"
    return uri + encoded if uri.endswith(("?", "&")) else f"{uri}&{encoded}"


def redirect(request: Request, uri: str) -> Response:
    """A redirect of which nothing is kept: 303 after a form, which may have held a password (RFC 9700 §4.12)."""
    return Response(
        303 if request.method == "POST" else 302, headers=(("location", _ascii(uri)), *_NO_STORE, _NO_REFERRER)
    )


def not_stored(page: Response) -> Response:
    """The page, with our word about caches in place of its own."""
    ours = {name for name, _ in _NO_STORE}
    kept: Pairs = tuple((name, value) for name, value in page.headers if name.lower() not in ours)
    return replace(page, headers=(*kept, *_NO_STORE))


def _ascii(uri: str) -> str:
    """Without a character that a header cannot hold, or that would end it (RFC 9110 §5.5)."""
    return "".join(c if "!" <= c <= "~" else quote(c) for c in uri)


class Outcomes:
    """Ends requests: with an answer for the client or a page, and with their events."""

    def __init__(self, pages: Pages, events: TokenEvents) -> None:
        self._pages = pages
        self._events = events

    def granted(self, record: Record, fields: Mapping[str, str]) -> Response:
        """What the client asked for."""
        if record.return_to is None:
            raise ValueError("nothing is given before the way back is known")
        for event in record.grants():
            self._events.emit(event)
        return record.with_cookies(deliver(record.request, fields, record.return_to, self._pages))

    def refused(self, record: Record, error: OAuthError) -> Response:
        """The error, to the client once its redirect URI is trusted (RFC 6749 §4.1.2.1), else to the user."""
        if error.fault is None:
            for event in record.refusals(error):
                self._events.emit(event)
        if record.return_to is None:
            return record.with_cookies(not_stored(self._pages.error(error, record.request)))
        fields = {name: str(value) for name, value in error.body().items()}
        answer = deliver(record.request, fields, record.return_to, self._pages)
        return record.with_cookies(answer.because_of(error.fault))
