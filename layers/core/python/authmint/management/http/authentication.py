"""Who calls the management API (docs/protocol.md §24): by API token, or by OAuth a person or a service."""

import re
from dataclasses import dataclass, replace
from typing import Final

from ...http import Request
from ...oauth import bearer
from ...oauth.access_tokens import AccessToken, methods_of, recognize
from ...oauth.dpop.possession import ResourceRefused, check_holder
from ...oauth.errors import OAuthError
from ...oauth.token_validity import TokenValidity
from ...storage.admin_scopes import satisfied_by
from ...storage.api_tokens import USE_COUNTED_EVERY, ApiToken, ApiTokens
from ...storage.clients import Client, secret_digest
from ...storage.configuration import Configuration
from ...storage.directory import Directory, Person
from ...storage.errors import NotFound
from ...storage.events import Party
from ...storage.liveness import NotAlive, live_person
from ...storage.roles import Roles
from ...storage.servers import ORG_SERVER, AuthorizationServer
from ..administrators.access import EVERYTHING, Access
from .errors import ApiError, BearerChallenge
from .parties import user_party

_API_TOKEN: Final = re.compile(r"ssws\s*(\S{1,1024})\s*", re.IGNORECASE)
_JWT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True)
class Caller:
    """Who calls, and what they may do.

    Attributes:
        id: Of the API token or of the client.
        access: What its roles allow.
        type: As actors of events have it.
        user_id: Whose API token it is, or whose access token; ``None`` for a service.
        created_at: When the credential was made.
        scopes: What it may do; ``None``: everything.
        person: The person who calls; ``None`` for services and for tokens that no person made.
        by_api_token: Whether it showed an API token.
        two_factors: Whether the person signed in with two factors.
    """

    id: str
    name: str
    access: Access
    type: str = "User"
    user_id: str | None = None
    created_at: int = 0
    scopes: frozenset[str] | None = None
    person: Person | None = None
    by_api_token: bool = False
    two_factors: bool = False

    @property
    def paced_by(self) -> str:
        """Whose calls are counted together: one token's, one service's, one person's."""
        return self.id if self.by_api_token or self.user_id is None else self.user_id

    @property
    def party(self) -> Party:
        """The actor of events: the person, whatever they call with."""
        if self.person is None:
            return Party(self.user_id or self.id, self.type, alternate_id=self.id, display_name=self.name)
        party = user_party(self.person.user)
        return replace(party, detail={"apiTokenId" if self.by_api_token else "clientId": self.id})

    def may(self, scope: str) -> bool:
        """Whether it holds a scope, or one that covers it."""
        return self.scopes is None or not self.scopes.isdisjoint(satisfied_by(scope))


class Authentication:
    """Finds the caller of a request. ``notes_use``: it is kept when an API token was used last."""

    def __init__(
        self,
        api_tokens: ApiTokens,
        configuration: Configuration,
        validity: TokenValidity,
        directory: Directory,
        roles: Roles,
        *,
        services_need_roles: bool,
        notes_use: bool = True,
    ) -> None:
        self._api_tokens = api_tokens
        self._configuration = configuration
        self._validity = validity
        self._notes_use = notes_use
        self._directory = directory
        self._roles = roles
        self._services_need_roles = services_need_roles

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
        if token.status != "ACTIVE" or token.expires_at <= now or token.scim:
            raise _wrong()
        self._note(token, now)
        access, person = EVERYTHING, None
        if token.of_person:
            try:
                person = live_person(self._directory, token.user_id)
            except NotAlive:
                raise _wrong() from None
            access = self._of_person(person)
        return Caller(
            token.id,
            token.name,
            access,
            user_id=token.user_id,
            created_at=token.created_at,
            scopes=None if token.scopes is None else frozenset(token.scopes),
            person=person,
            by_api_token=True,
            two_factors=token.two_factors,
        )

    def directory_caller(self, request: Request, *, now: int) -> Caller:
        """The directory whose token a request of provisioning carries. Raises ApiError (E0000011)."""
        presented = bearer.from_header(request.header("authorization") or "", space_required=True)
        try:
            token = self._api_tokens.find(secret_digest("" if presented is None else presented.token))
        except NotFound:
            raise _no_directory() from None
        if token.status != "ACTIVE" or token.expires_at <= now or not token.scim:
            raise _no_directory()
        self._note(token, now)
        access = Access(())
        return Caller(token.id, token.name, access, "ScimClient", created_at=token.created_at, by_api_token=True)

    def _note(self, token: ApiToken, now: int) -> None:
        if self._notes_use and now - token.used_at >= USE_COUNTED_EVERY:
            self._api_tokens.used(token, at=now)

    def _of_person(self, person: Person) -> Access:
        return Access(self._roles.get().of_user(person.user.id, [group.id for group in person.groups]))

    def _by_access_token(self, sent: bearer.Presented, request: Request, now: int) -> Caller:
        """An access token of the org server whose client still stands, with the scopes still granted to it."""
        server = self._configuration.read(ORG_SERVER).server
        token = None if server is None else recognize(sent.token, server, issuer=request.base_url, now=now)
        if server is None or token is None:
            raise BearerChallenge("invalid_token", request)
        _check_possession(request, sent, token, server, now)
        try:
            holder = self._validity.of_access_token(token, server)
        except NotAlive:
            raise BearerChallenge("invalid_token", request) from None
        client, person = holder.client, holder.person
        granted = frozenset(grant.scope for grant in client.scope_grants)
        scopes = granted.intersection(token.payload.get("scp", ()))
        if person is None:
            access, at = self._of_service(client), client.created_at
            return Caller(client.id, client.label, access, "PublicClientApp", created_at=at, scopes=scopes)
        return Caller(
            client.id,
            client.label,
            self._of_person(person),
            user_id=person.user.id,
            created_at=token.issued_at,
            scopes=scopes,
            person=person,
            two_factors="mfa" in methods_of(token, server),
        )

    def _of_service(self, client: Client) -> Access:
        """A service that was given no roles is judged by its scopes alone, unless the deployment wants roles."""
        held = self._roles.get().of("CLIENT", client.id)
        return Access(held) if held or self._services_need_roles else EVERYTHING


def _check_possession(
    request: Request, sent: bearer.Presented, token: AccessToken, server: AuthorizationServer, now: int
) -> None:
    """Raises ApiError: whoever sends a token that is bound to a key does not prove to have the key (RFC 9449 §7)."""
    try:
        check_holder(request, sent, token, server, now=now)
    except OAuthError as error:
        challenge = ResourceRefused(error, server).challenge or ""
        raise ApiError("E0000011", headers=(("www-authenticate", challenge),)) from None


def _no_directory() -> ApiError:
    return ApiError("E0000011", headers=(("www-authenticate", "Bearer"),))


def _wrong() -> ApiError:
    return ApiError("E0000011", headers=(("www-authenticate", "SSWS"),))
