"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0, docs/protocol.md §16)."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol
from urllib.parse import parse_qsl, urlencode

from ...clock import Clock
from ...http import Request, Response
from ...storage.clients import Client
from ...storage.configuration import Configuration
from ...storage.errors import Unavailable
from ...storage.servers import AuthorizationServer, issuer_of, server_named
from ...storage.sessions import Session
from ..access_tokens import recognize_id_token
from ..endpoint import live_server
from ..errors import OAuthError, unavailable
from .interaction import SIGN_OUT, Browsers, Pages
from .responses import redirect, with_query

_FIELDS: Final = frozenset({"id_token_hint", "post_logout_redirect_uri", "state"})
_MAX_BODY: Final = 65_536


class SignsOutElsewhere(Protocol):
    """Knows who else has a session of the same user: the identity provider that said who it is."""

    def uri(self, session: Session, browser: str, back: str, *, base_url: str, now: int) -> str | None:
        """Where to send the browser, which comes ``back``; ``None``: nowhere else. Raises Unavailable."""


class LogoutEndpoint:
    """GET and POST ``/oauth2/{authServerId}/v1/logout``. Tokens outlive it; the session does not."""

    def __init__(
        self,
        configuration: Configuration,
        browsers: Browsers,
        pages: Pages,
        clock: Clock,
        elsewhere: Callable[[], SignsOutElsewhere],
    ) -> None:
        self._configuration = configuration
        self._browsers = browsers
        self._pages = pages
        self._clock = clock
        self._elsewhere = elsewhere

    def __call__(self, request: Request) -> Response:
        """A redirect to where the client asked for, or a page. Never a redirect to an unregistered URI."""
        try:
            return self._answer(request)
        except OAuthError as error:
            return self._pages.error(error, request)
        except Unavailable as error:
            return self._pages.error(unavailable(error), request)

    def _answer(self, request: Request) -> Response:
        fields = _fields(request)
        server = live_server(self._configuration.read(server_named(request.path_parameters.get("authServerId"))))
        now = self._clock.now()
        visitor = self._browsers.visitor(request, now=now)
        hint = fields.get("id_token_hint")
        if hint is None:
            # Anybody can send a browser here: without a word from the client, the user is asked.
            return redirect(request, request.base_url + SIGN_OUT)
        token = recognize_id_token(hint, server, issuer=issuer_of(server, request.base_url))
        if token is None:
            raise OAuthError("id_token_invalid")
        back = self._way_back(server, token.client_id, fields)
        if visitor.session is None and request.method == "POST":
            # Cookies with SameSite=Lax do not come with a POST from the client's site, but with the GET after it.
            return redirect(request, f"{request.base_url}{request.path}?{urlencode(fields)}")
        if visitor.session is None:
            return self._done(request, back)
        if visitor.session.user_id != token.user_id:
            raise OAuthError("id_token_does_not_match_session")
        further = None
        if visitor.session.idp is not None:
            base_url, to = request.base_url, back or request.base_url + SIGN_OUT
            further = self._elsewhere().uri(visitor.session, visitor.browser, to, base_url=base_url, now=now)
        cookies = self._browsers.sign_out(request, now=now)
        return self._done(request, further or back).with_headers(*cookies)

    def _done(self, request: Request, uri: str | None) -> Response:
        return self._pages.signed_out(request) if uri is None else redirect(request, uri)

    def _way_back(self, server: AuthorizationServer, client_id: str, fields: Mapping[str, str]) -> str | None:
        """Where the client wants the browser. Raises OAuthError: it is not registered."""
        uri = fields.get("post_logout_redirect_uri")
        if uri is None:
            return None
        path_id = server.id if server.is_org else server.path_id
        client: Client | None = self._configuration.read(path_id, client_id).client
        if client is None or uri not in client.post_logout_redirect_uris:
            raise OAuthError("illegal_post_logout_redirect_uri")
        state = fields.get("state")
        return uri if state is None else with_query(uri, {"state": state})


def _fields(request: Request) -> dict[str, str]:
    """The parameters, from the query or the form. Raises OAuthError: repeated, malformed or too large."""
    pairs = list(request.query)
    if request.method == "POST":
        if len(request.body) > _MAX_BODY:
            raise OAuthError("body_too_large", str(_MAX_BODY))
        try:
            pairs += parse_qsl(request.body.decode("ascii"), keep_blank_values=True, errors="strict")
        except ValueError:
            raise OAuthError("unsupported_media_type", reason="malformed body") from None
    known = [(name, value) for name, value in pairs if name in _FIELDS and value]
    if len(dict(known)) != len(known):
        raise OAuthError("duplicate_oauth_params")
    return dict(known)
