"""What the pages need of the authorization endpoint: a request that waits for its user, and how to go on with it."""

from typing import Protocol

from ..http import Request, Response
from ..oauth.authorization.interaction import Visitor
from ..oauth.authorization.standing import Standing
from ..oauth.errors import OAuthError
from ..storage.clients import Client
from ..storage.servers import Resource, Scope


class Waiting(Protocol):
    """A request as its pages show it."""

    @property
    def resume_uri(self) -> str:
        """Where the browser goes on with it; the endpoint looks at everything again there."""

    @property
    def server_id(self) -> str:
        """Whose scopes they are."""

    @property
    def client(self) -> Client:
        """The client that asks."""

    @property
    def must_sign_in(self) -> bool:
        """Whether the session at the browser is not enough."""

    @property
    def more(self) -> Standing | None:
        """What who is signed in has to prove beside; ``None``: nothing."""

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What the user has to be asked about; empty: nothing."""

    @property
    def login_hint(self) -> str | None:
        """The client's guess at the username; untrusted text."""

    @property
    def redirect_uri(self) -> str:
        """Where the browser goes in the end; matched against the client's registration."""

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What the scopes are for, where the request names it."""

    @property
    def ui_locales(self) -> str | None:
        """The client's wish for a language; untrusted text."""

    @property
    def idp(self) -> str | None:
        """The identity provider that has to say who the user is; ``None``: the request names none."""

    @property
    def idp_scopes(self) -> str:
        """What that is asked for beside; untrusted text."""

    @property
    def again(self) -> bool:
        """Whether the user has to prove anew who they are."""


class Authorizations(Protocol):
    """Requests that wait at the authorization endpoint."""

    def waiting(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> Waiting:
        """What pages show of a request.

        Raises:
            OAuthError: There is none, it has expired, or another browser began it.
        """

    def way_back(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> str:
        """Where a browser goes on with its request, of which nothing else is looked at.

        Raises:
            OAuthError: There is none, it has expired, or another browser began it.
        """

    def wished(self, handle: str, visitor: Visitor, *, now: int) -> str:
        """The languages that the client of a request wishes for; untrusted text, empty: it does not say.

        Raises:
            OAuthError: There is none, it has expired, or another browser began it.
        """

    def refuse(self, request: Request, handle: str, visitor: Visitor, error: OAuthError, *, now: int) -> Response:
        """The request goes no further, and the client is told why."""

    def deny(self, request: Request, handle: str, visitor: Visitor, *, now: int) -> Response:
        """The user said no: the request is over, and the client is told."""
