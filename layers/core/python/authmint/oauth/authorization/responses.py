"""How a request ends: an answer to the client by its response mode, or a page of ours while nothing else is trusted."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote_plus, urlencode

from ...http import Pairs, Request, Response
from ...outage import Outage
from ...storage.clients import Client
from ...tokens.signer import Signer, Signers
from ..errors import OAuthError, unavailable
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


def answer_of(
    fields: Mapping[str, str], return_to: ReturnTo, client: Client, signer: Callable[[], Signer], *, now: int
) -> dict[str, str]:
    """What the client gets: the fields with ``state`` and ``iss``, or all of them as one signed text.

    Args:
        fields: Of the answer.
        return_to: Says how it travels.
        client: Whom it is for.
        signer: Gives what signs, where it is signed.
        now: Unix seconds.

    Raises:
        TokenTooLarge: Nobody could read what was signed.
        VaultUnavailable: The signing key cannot be opened.
    """
    state = {} if return_to.state is None else {"state": return_to.state}
    answer = {**fields, **state, "iss": return_to.issuer}
    if not return_to.signed:
        return answer
    from .signed_responses import signed  # few clients ask for it

    return {"response": signed(answer, client.id, signer(), now=now)}


def deliver(request: Request, answer: Mapping[str, str], return_to: ReturnTo, pages: Pages) -> Response:
    """The answer, through the response mode to the redirect URI that was matched."""
    target = location(answer, return_to)
    if target is not None:
        return redirect(request, target)
    origin = return_to.origin
    if return_to.mode == "okta_post_message" and origin is not None:
        return not_stored(pages.post_message(origin, answer))
    return not_stored(pages.form_post(without(return_to.redirect_uri, RESPONSE_PARAMETERS), answer))


def location(answer: Mapping[str, str], return_to: ReturnTo) -> str | None:
    """Where a redirect with the answer leads; ``None``: a page carries the answer."""
    by_message = return_to.mode == "okta_post_message" and return_to.origin is not None
    if return_to.mode == "form_post" or by_message:
        return None
    redirect_uri = without(return_to.redirect_uri, RESPONSE_PARAMETERS)
    if return_to.mode == "query":
        return with_query(redirect_uri, answer)
    return f"{redirect_uri}#{urlencode(answer, encoding='utf-8')}"


def check_length(answer: Mapping[str, str], return_to: ReturnTo) -> None:
    """Refuse an answer that no redirect can carry, before anything is used up for it. Raises OAuthError."""
    if len(location(answer, return_to) or "") > MAX_LOCATION:
        raise OAuthError("authorize_response_too_long", str(MAX_LOCATION))


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

    def __init__(self, pages: Pages, events: TokenEvents, signers: Signers) -> None:
        self._pages = pages
        self._events = events
        self._signers = signers

    def granted(self, record: Record, answer: Mapping[str, str]) -> Response:
        """What the client asked for, as ``answer_of`` made it."""
        if record.return_to is None:
            raise ValueError("nothing is given before the way back is known")
        for event in record.grants():
            self._events.emit(event)
        return record.with_cookies(deliver(record.request, answer, record.return_to, self._pages))

    def asked(self, record: Record, page: Response) -> Response:
        """A page where the user goes on."""
        for event in record.judgements(allowed=False):
            self._events.emit(event)
        return record.with_cookies(page)

    def refused(self, record: Record, error: OAuthError) -> Response:
        """The error, to the client once its redirect URI is trusted (RFC 6749 §4.1.2.1), else to the user."""
        if error.fault is None:
            for event in record.refusals(error):
                self._events.emit(event)
        arrival, return_to = record.arrival, record.return_to
        if arrival is None or return_to is None:
            return self._shown(record, error)
        fields = {name: str(value) for name, value in error.body().items()}
        now = record.clock.now()
        try:
            answer = answer_of(fields, return_to, arrival.client, lambda: self._signers.signer(arrival.server), now=now)
        except Outage as fault:
            return self._shown(record, unavailable(fault))
        response = deliver(record.request, answer, return_to, self._pages)
        return record.with_cookies(response.because_of(error.fault))

    def _shown(self, record: Record, error: OAuthError) -> Response:
        return record.with_cookies(not_stored(self._pages.error(error, record.request)))
