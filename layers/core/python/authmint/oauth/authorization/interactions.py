"""Requests that wait while their user signs in or decides, as the pages see them."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...outage import Outage
from ...storage.authorization_requests import StoredRequest, StoredRequests
from ...storage.clients import Client, secret_digest
from ...storage.servers import ORG_SERVER, Resource, Scope, endpoints_of
from ..errors import OAuthError, unavailable
from ..issuance import Trace
from .approval import Granting
from .events import Record
from .interaction import PUSHED, WAITING, Visitor
from .request import Arrival, Arrivals, Asked, SignInFirst, check_browser
from .responses import Outcomes
from .rules import check
from .standing import Standing, Standings

#: Why somebody who is signed in has to prove anew who they are.
_AGAIN: Final = frozenset({"too_old", "asked_again", "another_user"})
#: Seconds that a user may take.
LIFETIME: Final = 3_600
#: Seconds that a browser may take to follow a redirect.
_HOP: Final = 300
HANDLE_BYTES: Final = 32


@dataclass(frozen=True)
class Waiting:
    """What the pages show of a request, and where they send the browser when they are done.

    Attributes:
        resume_uri: The authorization endpoint looks at everything again there, and has the last word.
        must_sign_in: Nobody is signed in, or not recently enough, or somebody else: a session does not help.
        more: Who is signed in has to prove more; ``None``: not that.
        scopes: To ask about; none while the user has to sign in, and none where the request is refused anyway.
        login_hint: The client's guess at the user name; untrusted text.
        redirect_uri: Where the answer goes: the client registered it.
        resources: What the scopes are for, where the request names it.
        ui_locales: The client's wish for a language; untrusted text.
        idp: The identity provider that has to say who the user is; ``None``: the request names none.
        idp_scopes: What it is asked for beside; untrusted text.
        again: The user has to prove anew who they are.
    """

    handle: str
    resume_uri: str
    server_id: str
    client: Client
    must_sign_in: bool
    scopes: tuple[Scope, ...]
    login_hint: str | None
    redirect_uri: str
    ui_locales: str | None
    created_at: int
    resources: tuple[Resource, ...] = ()
    more: Standing | None = None
    idp: str | None = None
    idp_scopes: str = ""
    again: bool = False


class Interactions:
    """Keeps requests for their users, tells the pages about them, and takes a no for an answer."""

    def __init__(
        self,
        arrivals: Arrivals,
        requests: StoredRequests,
        granting: Granting,
        standings: Standings,
        outcomes: Outcomes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._arrivals = arrivals
        self._requests = requests
        self._granting = granting
        self._standings = standings
        self._outcomes = outcomes
        self._clock = clock
        self._ids = ids

    def begin(self, arrival: Asked, visitor: Visitor, *, now: int) -> str:
        """Keep a request for the user at this browser; its handle."""
        if arrival.handle is not None and arrival.spend_object is None:
            return arrival.handle
        # A request object counts once: what waits on is what it said, and not the object.
        return self._store(arrival, "interaction", now=now, expires_at=now + LIFETIME, browser=visitor.browser)

    def hop(self, request: Request, arrival: Asked, *, now: int) -> str:
        """Keep a request for the moment between a POST and the GET that it is turned into; where to send the browser.

        Cookies with ``SameSite=Lax`` do not come with a POST from the client's site, but with the GET after it.
        """
        if arrival.reference is not None:
            return _authorize_uri(request, arrival, arrival.reference)
        handle = self._store(arrival, "pushed", now=now, expires_at=now + _HOP)
        return _authorize_uri(request, arrival, PUSHED + handle)

    def waiting(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> Waiting:
        """What a page has to show. It reads and changes nothing else.

        Args:
            request: Of the page; its base URL counts.
            handle: Parameter ``request`` of the page.
            visitor: Only the browser that began may go on.
            now: Unix seconds.

        Raises:
            OAuthError: There is no such request, or it is not this browser's: for ``Pages.error``.
            Unavailable: Storage could not answer.
        """
        try:
            arrival = self._own(request, handle, visitor, now)
        except SignInFirst as first:
            check_browser(first.asked, visitor)
            return _unread(request, first.asked, handle, must_sign_in=visitor.session is None)
        standing, login_hint, idp, again = None, None, None, False
        scopes: tuple[Scope, ...] = ()
        resources: tuple[Resource, ...] = ()
        try:
            wish = check(arrival)
            resources = wish.resources
            login_hint, again = wish.login_hint, "login" in wish.prompt
            standing = self._standings.of(wish, visitor, request, now=now)
            idp, again = wish.idp, again or standing.step.reason in _AGAIN
            if visitor.session is not None and visitor.person is not None and standing.missing is None:
                scopes = self._granting.agreed(wish, visitor.session, visitor.person, Trace()).outstanding
        except OAuthError:
            scopes = ()  # the endpoint tells the client, when the browser comes back to it
        return Waiting(
            handle=handle,
            resume_uri=_authorize_uri(request, arrival, WAITING + handle),
            server_id=arrival.server.id,
            client=arrival.client,
            must_sign_in=standing is not None and standing.step.name == "identify",
            more=standing if standing is not None and standing.step.name in {"challenge", "enrol", "profile"} else None,
            scopes=scopes,
            login_hint=login_hint,
            redirect_uri=arrival.return_to.redirect_uri,
            ui_locales=arrival.parameters.get("ui_locales"),
            created_at=0 if arrival.waiting is None else arrival.waiting.created_at,
            resources=resources,
            idp=idp,
            idp_scopes=arrival.parameters.get("idp_scope") or "",
            again=again,
        )

    def way_back(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> str:
        """Where a browser goes on with a request, of which nothing else is looked at: the endpoint there does.

        Raises:
            OAuthError: There is no such request, or it is not this browser's.
            Unavailable: Storage could not answer.
        """
        stored = self._own_stored(handle, visitor, now)
        server = "" if stored.server_id == ORG_SERVER else f"/{stored.server_id}"
        query = urlencode({"client_id": stored.client_id, "request_uri": WAITING + handle})
        return f"{request.base_url}/oauth2{server}/v1/authorize?{query}"

    def wished(self, handle: str, visitor: Visitor, *, now: int) -> str:
        """The languages that the client of a request wishes for, untrusted text; empty: it does not say. Raises as
        ``way_back``.
        """
        return self._own_stored(handle, visitor, now).parameters.get("ui_locales", "")

    def deny(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> Response:
        """The user says no: the request is used up, and the client learns it."""
        return self.refuse(request, handle, visitor, OAuthError("access_denied", reason="the user refused"), now=now)

    def refuse(self, request: Request, handle: str, visitor: Visitor, error: OAuthError, *, now: int) -> Response:
        """It goes no further: the request is used up, and the client learns why."""
        record = Record(request, self._clock, self._ids, visitor=visitor)
        try:
            arrival = record.arrival = self._own(request, handle, visitor, now)
            arrival.spend(self._requests)
            record.return_to = arrival.return_to
            refusal = error
        except SignInFirst as first:
            refusal = OAuthError("request_expired", reason=str(first))
        except OAuthError as other:
            refusal = other
        except Outage as outage:
            refusal = unavailable(outage)
        return self._outcomes.refused(record, refusal)

    def _own_stored(self, handle: str, visitor: Visitor, now: int) -> StoredRequest:
        stored = self._arrivals.waiting(handle, now=now)
        if stored.browser != visitor.browser:
            raise OAuthError("request_expired", reason="begun by another browser")
        return stored

    def _own(self, request: Request, handle: str, visitor: Visitor, now: int) -> Arrival:
        arrival = self._arrivals.resume(request, handle, now=now)
        check_browser(arrival, visitor)
        return arrival

    def _store(
        self,
        arrival: Asked,
        kind: Literal["pushed", "interaction"],
        *,
        now: int,
        expires_at: int,
        browser: str | None = None,
    ) -> str:
        handle = self._ids.opaque(HANDLE_BYTES)
        self._requests.add(
            StoredRequest(
                digest=secret_digest(handle),
                kind=kind,
                server_id=arrival.server.id,
                client_id=arrival.client.id,
                parameters=arrival.stored_parameters(),
                created_at=now if arrival.waiting is None else arrival.waiting.created_at,
                expires_at=expires_at,
                browser=browser,
                resources=arrival.parameters.resources,
                client_since=arrival.client_since,
                signed=arrival.signed,
            )
        )
        return handle


def _unread(request: Request, asked: Asked, handle: str, *, must_sign_in: bool) -> Waiting:
    """A request of which nothing but its text is known: it is looked at when its user is signed in."""
    return Waiting(
        handle=handle,
        resume_uri=_authorize_uri(request, asked, WAITING + handle),
        server_id=asked.server.id,
        client=asked.client,
        must_sign_in=must_sign_in,
        scopes=(),
        login_hint=None,
        redirect_uri="",
        ui_locales=asked.parameters.get("ui_locales"),
        created_at=0 if asked.waiting is None else asked.waiting.created_at,
    )


def _authorize_uri(request: Request, arrival: Asked, reference: str) -> str:
    query = urlencode({"client_id": arrival.client.id, "request_uri": reference})
    return f"{endpoints_of(arrival.server, request.base_url)}/v1/authorize?{query}"
