"""Where the endpoint and the pages meet: who the browser is, and what pages can be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ...http import Pairs, Request, Response
from ...sign_on.sessions import SignedOn
from ...storage.directory import Person
from ...storage.sessions import Session
from ..errors import OAuthError

#: Pages, below the deployment's base URL. The first two take ``request``, the handle of a waiting request.
SIGN_IN: Final = "/signin"
CONSENT: Final = "/consent"
#: Where the user says whether to sign out.
SIGN_OUT: Final = "/signout"
#: Where the user decides about an authentication request without a browser, below a server.
APPROVE: Final = "/v1/bc/approve"
#: ``request_uri`` of a request that waited for its user; only the browser that began it may come back with it.
WAITING: Final = "urn:authmint:interaction:"
#: ``request_uri`` of a pushed request (docs/protocol.md §5).
PUSHED: Final = "urn:okta:"


@dataclass(frozen=True)
class Visitor:
    """A browser that came to us, and who is signed in there.

    Attributes:
        session: Alive, of an ACTIVE user; ``None``: nobody is signed in.
        person: The session's user.
        browser: SHA-256 of the value of the cookie that names this browser, base64url.
        cookies: ``set-cookie`` headers that every answer to this request has to carry.
    """

    session: Session | None
    person: Person | None
    browser: str
    cookies: Pairs = ()


class Browsers(Protocol):
    """Knows browsers by their cookies (``__Host-…``, ``HttpOnly``, ``SameSite=Lax``)."""

    def visitor(self, request: Request, *, now: int) -> Visitor:
        """Who this is. A browser that has no name yet gets one."""

    def sign_in(self, request: Request, signed_on: SignedOn, *, now: int) -> Visitor:
        """Start a session, or raise one, under a fresh cookie (against fixation); no other in this browser goes on.

        Raises:
            NotFound: The session that was to be raised is gone.
        """

    def sign_out(self, request: Request, *, now: int) -> Pairs:
        """End the session; ``set-cookie`` headers that make the browser forget it."""


class Pages(Protocol):
    """Documents that the endpoints answer with. Each carries its content security policy."""

    def error(self, error: OAuthError, request: Request) -> Response:
        """A page for errors that must not be redirected: the redirect URI is not trusted (RFC 6749 §4.1.2.1)."""

    def form_post(self, redirect_uri: str, fields: Mapping[str, str]) -> Response:
        """A form that posts itself (OAuth 2.0 Form Post Response Mode)."""

    def post_message(self, target_origin: str, message: Mapping[str, str]) -> Response:
        """A script that hands a message to the window that opened this one, if that is of the origin."""

    def signed_out(self, request: Request) -> Response:
        """The end of a sign-out without a way back."""
