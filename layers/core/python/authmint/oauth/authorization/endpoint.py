"""The authorization endpoint (RFC 6749 §3.1, docs/protocol.md §4): one order of steps for every request."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...outage import Outage
from ...sign_on.sessions import SessionTokenExchange
from ...storage.directory import Person
from ...storage.errors import NotFound
from ...storage.liveness import NotAlive
from ...storage.sessions import Session
from ...tokens.signer import TokenTooLarge
from ..claim_failures import too_large
from ..errors import OAuthError, unavailable
from ..issuance import Approved, Draft
from .approval import Granting, Grants
from .events import Record
from .interaction import CONSENT, SIGN_IN, Browsers, Visitor
from .interactions import Interactions
from .issuing import Issuing
from .request import Arrivals, Asked, SignInFirst, check_browser
from .responses import Outcomes, redirect
from .rules import Wish, check
from .standing import Standings

if TYPE_CHECKING:
    from ..token_hooks import TokenHooks


class AuthorizationEndpoint:
    """GET and POST ``/oauth2/{authServerId}/v1/authorize``."""

    def __init__(
        self,
        arrivals: Arrivals,
        browsers: Browsers,
        interactions: Interactions,
        granting: Granting,
        issuing: Issuing,
        outcomes: Outcomes,
        standings: Standings,
        session_tokens: SessionTokenExchange,
        clock: Clock,
        ids: Ids,
        hooks: "Callable[[], TokenHooks]",
    ) -> None:
        """Put the endpoint together. ``hooks`` makes what asks hooks, when one is to be asked."""
        self._hooks = hooks
        self._arrivals = arrivals
        self._browsers = browsers
        self._interactions = interactions
        self._granting = granting
        self._issuing = issuing
        self._outcomes = outcomes
        self._standings = standings
        self._session_tokens = session_tokens
        self._clock = clock
        self._ids = ids

    def __call__(self, request: Request) -> Response:
        """An answer for the client, a page where the user goes on, or one that says what is wrong."""
        record = Record(request, self._clock, self._ids)
        try:
            return self._answer(request, record)
        except OAuthError as error:
            refusal = error
        except TokenTooLarge as large:
            refusal = too_large(large)
        except Outage as error:
            refusal = unavailable(error)
        return self._outcomes.refused(record, refusal)

    def _answer(self, request: Request, record: Record) -> Response:
        now = self._clock.now()
        seen = cache(lambda: self._browsers.visitor(request, now=now))
        try:
            arrival = self._arrivals.arrive(request, now=now, signed_in=lambda: seen().session is not None)
            visitor = seen()
        except SignInFirst as first:
            visitor = seen()
            check_browser(first.asked, visitor)
            if first.asked.session_token is not None:
                visitor = self._signed_in(request, first.asked.session_token, visitor, now)
            if visitor.session is None:
                return self._sign_in_first(first.asked, record, visitor, now)
            again = self._arrivals.arrive(request, now=now, signed_in=lambda: True)
            arrival = replace(again, session_token=None)
        record.arrival = arrival
        check_browser(arrival, visitor)
        record.return_to = arrival.return_to
        wish = record.wish = check(arrival)
        arrival.confirm()
        if request.method == "POST" and visitor.session is None and arrival.session_token is None:
            # Without its cookies this need not be who it seems: no cookie of ours is set before they were seen.
            return redirect(request, self._interactions.hop(request, arrival, now=now))
        if arrival.session_token is not None:
            visitor = self._signed_in(request, arrival.session_token, visitor, now)
        record.visitor = visitor
        session, person = visitor.session, visitor.person
        standing = self._standings.of(wish, visitor, request, now=now, judged=record.judge)
        if standing.missing is not None or session is None or person is None:
            if wish.silent:
                raise OAuthError(standing.missing or "login_required")
            return self._page(SIGN_IN, record, wish, visitor, now=now)
        wish = record.wish = replace(wish, acr=standing.acr)
        return self._settled(record, wish, visitor, session, person, now=now)

    def _settled(
        self, record: Record, wish: Wish, visitor: Visitor, session: Session, person: Person, *, now: int
    ) -> Response:
        """What somebody gets who has proved enough: the answer, or the consent page before it."""
        if wish.enrolling:
            return self._outcomes.granted(record, self._issuing.nothing(wish, now=now).answer)
        agreed = self._granting.agreed(wish, session, person, record.trace)
        if agreed.outstanding:
            if wish.silent:
                raise OAuthError("consent_required", ", ".join(scope.name for scope in agreed.outstanding))
            return self._page(CONSENT, record, wish, visitor, now=now)
        grants = self._granting.grants(wish, session, person, agreed.skipped, record.trace, now=now)
        approved = record.trace.approved
        if grants.tokens is not None and approved is not None and approved.inline_hook is not None:
            grants = replace(grants, tokens=self._asked(grants.tokens, grants, approved, wish, record))
        issued = self._issuing.issue(wish, grants, now=now)
        record.minted = issued.minted
        return self._outcomes.granted(record, issued.answer)

    def _asked(self, draft: Draft, grants: Grants, approved: Approved, wish: Wish, record: Record) -> Draft:
        """Tokens for the browser as the hook of the rule wants them. Raises OAuthError: there shall be none."""
        from ..token_hooks import of_authorization  # few rules have a hook

        occasion = of_authorization(record.request, wish, grants, approved, record.trace)
        return self._hooks().changed(draft, occasion)

    def _sign_in_first(self, asked: Asked, record: Record, visitor: Visitor, now: int) -> Response:
        """The sign-in page, for a request of which nothing else is known yet."""
        if asked.parameters.get("prompt") == "none":
            raise OAuthError("login_required", reason="nothing is known of the client yet")
        if record.request.method == "POST":
            return redirect(record.request, self._interactions.hop(record.request, asked, now=now))
        record.visitor = visitor
        handle = self._interactions.begin(asked, visitor, now=now)
        return record.with_cookies(redirect(record.request, f"{record.request.base_url}{SIGN_IN}?request={handle}"))

    def _page(self, path: str, record: Record, wish: Wish, visitor: Visitor, *, now: int) -> Response:
        handle = self._interactions.begin(wish.arrival, visitor, now=now)
        page = redirect(record.request, f"{record.request.base_url}{path}?request={handle}")
        return self._outcomes.asked(record, page)

    def _signed_in(self, request: Request, session_token: str, visitor: Visitor, now: int) -> Visitor:
        """The visitor after a primary authentication elsewhere (docs/protocol.md §4.12).

        A token that is no good changes nothing.
        """
        try:
            signed_on = self._session_tokens.take(session_token, now=now)
        except (NotFound, NotAlive):
            return visitor
        after = self._browsers.sign_in(request, signed_on, now=now)
        return replace(after, cookies=tuple(dict.fromkeys((*visitor.cookies, *after.cookies))))
