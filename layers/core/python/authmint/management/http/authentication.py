"""Who calls the management API (docs/protocol.md §24): an administrator's API token, or a service by OAuth."""

import re
from dataclasses import dataclass
from typing import Final

from ...http import Request
from ...oauth import bearer
from ...oauth.access_tokens import AccessToken, recognize
from ...oauth.dpop.possession import ResourceRefused, check_holder
from ...oauth.errors import OAuthError
from ...oauth.token_validity import TokenValidity
from ...storage.admin_scopes import satisfied_by
from ...storage.api_tokens import USE_COUNTED_EVERY, ApiTokens
from ...storage.clients import secret_digest
from ...storage.configuration import Configuration
from ...storage.errors import NotFound
from ...storage.liveness import NotAlive
from ...storage.servers import ORG_SERVER, AuthorizationServer
from .errors import ApiError, BearerChallenge

_API_TOKEN: Final = re.compile(r"ssws\s*(\S{1,1024})\s*", re.IGNORECASE)
_JWT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True)
class Caller:
    """Who calls, and what they may do.

    Attributes:
        id: Of the API token or of the client.
        type: As actors of events have it.
        user_id: Whose API token it is; ``None`` for a service.
        created_at: When the credential was made.
        scopes: What it may do; ``None``: everything.
    """

    id: str
    name: str
    type: str = "User"
    user_id: str | None = None
    created_at: int = 0
    scopes: frozenset[str] | None = None

    def may(self, scope: str) -> bool:
        """Whether it holds a scope, or one that covers it."""
        return self.scopes is None or not self.scopes.isdisjoint(satisfied_by(scope))


class Authentication:
    """Finds the caller of a request. ``notes_use``: it is kept when an API token was used last."""

    def __init__(
        self, api_tokens: ApiTokens, configuration: Configuration, validity: TokenValidity, *, notes_use: bool = True
    ) -> None:
        self._api_tokens = api_tokens
        self._configuration = configuration
        self._validity = validity
        self._notes_use = notes_use

    def caller(self, request: Request, *, now: int) -> Caller:
        """Find the caller of a request by its credential.

        Raises:
            ApiError: E0000005 without a credential, E0000011 for a wrong, revoked or expired API token.
            BearerChallenge: 401 for an access token that is not, or no longer, good.
        """
        authorization = request.header("authorization") or ""
        if authorization[:4].lower() == "ssws":
            match = _API_TOKEN.fullmatch(authorization)
            if match is None:
                raise _wrong()
            return self._by_api_token(match[1], now)
        token = bearer.from_header(authorization, space_required=False)
        if token is None or not _JWT.fullmatch(token.token):
            raise ApiError("E0000005")
        return self._by_access_token(token, request, now)

    def _by_api_token(self, text: str, now: int) -> Caller:
        try:
            token = self._api_tokens.find(secret_digest(text))
        except NotFound:
            raise _wrong() from None
        if token.status != "ACTIVE" or token.expires_at <= now:
            raise _wrong()
        if self._notes_use and now - token.used_at >= USE_COUNTED_EVERY:
            self._api_tokens.used(token, at=now)
        return Caller(token.id, token.name, user_id=token.user_id, created_at=token.created_at)

    def _by_access_token(self, sent: bearer.Presented, request: Request, now: int) -> Caller:
        """An access token of the org server whose client still stands, with the scopes still granted to it."""
        server = self._configuration.read(ORG_SERVER).server
        token = None if server is None else recognize(sent.token, server, issuer=request.base_url, now=now)
        if server is None or token is None or "uid" in token.payload:
            raise BearerChallenge("invalid_token", request)
        _check_possession(request, sent, token, server, now)
        try:
            client = self._validity.of_access_token(token, server).client
        except NotAlive:
            raise BearerChallenge("invalid_token", request) from None
        granted = frozenset(grant.scope for grant in client.scope_grants)
        scopes = granted.intersection(token.payload.get("scp", ()))
        return Caller(client.id, client.label, "PublicClientApp", created_at=client.created_at, scopes=scopes)


def _check_possession(
    request: Request, sent: bearer.Presented, token: AccessToken, server: AuthorizationServer, now: int
) -> None:
    """Raises ApiError: whoever sends a token that is bound to a key does not prove to have the key (RFC 9449 §7)."""
    try:
        check_holder(request, sent, token, server, now=now)
    except OAuthError as error:
        challenge = ResourceRefused(error, server).challenge or ""
        raise ApiError("E0000011", headers=(("www-authenticate", challenge),)) from None


def _wrong() -> ApiError:
    return ApiError("E0000011", headers=(("www-authenticate", "SSWS"),))
