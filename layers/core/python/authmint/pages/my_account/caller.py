"""Who calls ``/idp/myaccount``: an application, by an access token of the user whose account it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...api_errors import ApiError
from ...http import Pairs, Request
from ...jose.jws import BadToken, read
from ...oauth import bearer
from ...oauth.access_tokens import ACCESS_TOKEN_TYPES, AccessToken, methods_of, recognize
from ...oauth.errors import OAuthError
from ...oauth.security_profile import profile_of
from ...oauth.step_up import wanted
from ...oauth.token_validity import TokenValidity
from ...storage.admin_scopes import own_account_scopes
from ...storage.client_registration import class_of
from ...storage.clients import Client
from ...storage.configuration import Configuration
from ...storage.directory import Person
from ...storage.liveness import NotAlive, check_server
from ...storage.replay import UsedAssertions
from ...storage.servers import ORG_SERVER, AuthorizationServer, issuer_of, server_named

if TYPE_CHECKING:
    from ...oauth.dpop.proofs import Proof

#: Seconds that a sign-in is fresh, for what changes who can sign in.
FRESH: Final = 300
_TWO_FACTORS: Final = "urn:okta:loa:2fa:"
_OF_SERVERS: Final = "/oauth2/"


@dataclass(frozen=True)
class OwnCaller:
    """An application that acts for the user.

    Attributes:
        person: Whose account it is.
        token: What the application showed.
        methods: How the user signed in, where the server of the token tells (RFC 9068 §2.2.1).
    """

    person: Person
    client: Client
    token: AccessToken
    methods: tuple[str, ...]
    now: int

    @property
    def binding(self) -> str:
        """What is begun by one application for one user ends there."""
        return f"myaccount {self.client.id} "

    @property
    def two_factors(self) -> bool:
        """Whether the user had proved two factors as the token was granted."""
        return "mfa" in self.methods or str(self.token.payload.get("acr", "")).startswith(_TWO_FACTORS)

    def check_fresh(self, *, factors: bool) -> None:
        """Whether the user has signed in just now, with two factors where they have a second one.

        Raises:
            ApiError: E0000004 with the challenge of RFC 9470 §3.
        """
        more = wanted(self.token.payload, (), FRESH, now=self.now)
        if more is None and (self.two_factors or not factors):
            return
        asked = {"max_age": str(FRESH)} | ({"acr_values": "urn:okta:loa:2fa:any"} if factors else {})
        text = "A more recent or stronger sign-in is needed"
        said = {"error": "insufficient_user_authentication", "error_description": text, **asked}
        raise ApiError("E0000004", causes=[text], headers=_challenge(said, bound=self.token.jkt is not None))


@dataclass(frozen=True)
class OwnCallers:
    """Finds them. ``used``: makes what remembers proofs of possession, when one has to be."""

    configuration: Configuration
    validity: TokenValidity
    used: Callable[[], UsedAssertions]

    def caller(self, request: Request, scope: str, *, now: int) -> OwnCaller:
        """Who calls, if the token has a scope.

        Raises:
            ApiError: 401 for a token that is not, or no longer, good; 403 for one without the scope, or whose client
                no administrator registered.
            Unavailable: Storage could not answer.
        """
        try:
            sent = bearer.presented(request)
            server = self._server(sent.token, request)
            token = recognize(sent.token, server, issuer=issuer_of(server, request.base_url), now=now)
            if token is None:
                raise OAuthError("access_token_invalid")
            bound = token.is_bound or sent.scheme == "dpop"
            # A service that another one called acts for the user at one remove: that is not what the user agreed to.
            indirect = "act" in token.payload or class_of(token.client_id) != "REGISTERED"
            if indirect or own_account_scopes(scope).isdisjoint(token.scopes):
                said = {"error": "insufficient_scope", "scope": scope}
                raise ApiError("E0000006", headers=_challenge(said, bound=bound))
            proof = self._proof(request, sent, token, server, now) if bound else None
            holder = self.validity.of_access_token(token, server)
            if holder.person is None:
                raise OAuthError("access_token_invalid", reason="no user's")
            if proof is not None and profile_of(server, holder.client).strict:
                self._spend(proof, now)
        except NotAlive:
            raise _bad_token({}) from None
        except OAuthError as error:
            raise _refused(error) from None
        return OwnCaller(holder.person, holder.client, token, methods_of(token, server), now)

    def _server(self, token: str, request: Request) -> AuthorizationServer:
        """The server that a token says it is of: its signature will tell. Raises OAuthError, NotAlive."""
        try:
            issuer = read(token, types=ACCESS_TOKEN_TYPES).payload.get("iss")
        except BadToken:
            raise OAuthError("access_token_invalid") from None
        if issuer == request.base_url:
            return check_server(self.configuration.read(ORG_SERVER).server)
        prefix = request.base_url + _OF_SERVERS
        if not isinstance(issuer, str) or not issuer.startswith(prefix):
            raise OAuthError("access_token_invalid", reason="of another issuer")
        return check_server(self.configuration.read(server_named(issuer.removeprefix(prefix))).server)

    def _proof(
        self, request: Request, sent: bearer.Presented, token: AccessToken, server: AuthorizationServer, now: int
    ) -> "Proof | None":
        from ...oauth.dpop.possession import ResourceRefused, check_holder  # few tokens are bound

        try:
            return check_holder(request, sent, token, server, now=now)
        except OAuthError as error:
            raise ResourceRefused(error, server) from None

    def _spend(self, proof: "Proof", now: int) -> None:
        from ...oauth.dpop.possession import spend

        spend(self.used(), proof, now=now)


def _refused(error: OAuthError) -> ApiError:
    if error.challenge is not None:
        return ApiError("E0000011", headers=(("www-authenticate", error.challenge),))
    if error.status >= 500:
        refusal = ApiError("E0000010", headers=(("retry-after", "2"),))
        refusal.fault = error
        return refusal
    missing = error.id == "access_token_missing"
    return _bad_token({} if missing else {"error": "invalid_token", "error_description": _text(error)})


def _bad_token(said: dict[str, str]) -> ApiError:
    return ApiError("E0000011", headers=_challenge(said, bound=False))


def _text(error: OAuthError) -> str:
    return error.description.removesuffix(".")


def _challenge(said: dict[str, str], *, bound: bool) -> Pairs:
    scheme = "DPoP" if bound else "Bearer"
    parameters = ", ".join(f'{name}="{value}"' for name, value in said.items())
    return (("www-authenticate", f"{scheme} {parameters}".strip()),)
