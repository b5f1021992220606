"""The userinfo endpoint (OpenID Connect Core §5.3, RFC 6750, docs/protocol.md §15)."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..claims.compiled import WarmClaims
from ..claims.errors import ClaimFailed
from ..clock import Clock
from ..expressions.facts import Facts
from ..http import Request, Response
from ..outage import Outage
from ..storage.configuration import Configuration
from ..storage.liveness import NotAlive
from ..storage.replay import UsedAssertions
from ..storage.servers import AuthorizationServer, issuer_of, server_named
from ..tokens.signer import TokenTooLarge
from . import bearer
from .access_tokens import AccessToken, recognize
from .claim_failures import claim_refusal, too_large
from .endpoint import live_server
from .errors import OAuthError, unavailable
from .issuance import app_facts
from .security_profile import profile_of
from .sign_in import SignIn
from .signed_answers import UNSIGNED, SignedAnswers
from .step_up import wanted
from .token_validity import TokenValidity

if TYPE_CHECKING:
    from .dpop.proofs import Proof


class UserinfoEndpoint:
    """GET and POST ``/oauth2/{authServerId}/v1/userinfo``."""

    def __init__(
        self,
        configuration: Configuration,
        validity: TokenValidity,
        clock: Clock,
        used: Callable[[], UsedAssertions],
        answers: SignedAnswers = UNSIGNED,
    ) -> None:
        """``used``: makes what remembers proofs, when one has to be."""
        self._answers = answers
        self._used = used
        self._configuration = configuration
        self._validity = validity
        self._clock = clock
        self._claims = WarmClaims()

    def __call__(self, request: Request) -> Response:
        """``sub``, and every claim of the granted scopes, always included in tokens or not."""
        try:
            return self._answer(request)
        except OAuthError as error:
            return self._refused(error, request)
        except Outage as error:
            return unavailable(error).response(request.base_url)

    def _answer(self, request: Request) -> Response:
        sent = bearer.presented(request)
        server = live_server(self._configuration.read(server_named(request.path_parameters.get("authServerId"))))
        now = self._clock.now()
        token = recognize(sent.token, server, issuer=issuer_of(server, request.base_url), now=now)
        if token is None:
            raise OAuthError("access_token_invalid")
        bound = token.is_bound or sent.scheme == "dpop"
        proof = self._proof(request, sent, token, server, now) if bound else None
        try:
            holder = self._validity.of_access_token(token, server)
        except NotAlive as dead:
            raise OAuthError("access_token_invalid", reason=str(dead)) from None
        if proof is not None and profile_of(server, holder.client).strict:
            self._spend(proof, server, now)
        person = holder.person
        if person is None or "openid" not in token.scopes:
            raise OAuthError("access_token_insufficient_scopes")
        _check_sign_in(token, server, now, bound=bound)
        known = SignIn(person, now, amr=())  # userinfo tells of no sign-in
        facts = Facts(
            app_facts(holder.client),
            token.scopes,
            now,
            user=known.user_facts(),
            app_user=known.app_user_facts(holder.client),
            code_flow=True,
        )
        try:
            claims = self._claims.of(server).id_token(facts, everything=True)
        except ClaimFailed as failed:
            raise claim_refusal(failed) from None
        # The same ``sub`` as in the ID token, whatever a claim says (OpenID Connect Core §5.3.2).
        issuer = issuer_of(server, request.base_url)
        try:
            return self._answers.userinfo(server, issuer, holder.client, claims | {"sub": person.user.id})
        except TokenTooLarge as large:
            raise too_large(large) from None

    def _proof(
        self, request: Request, sent: bearer.Presented, token: AccessToken, server: AuthorizationServer, now: int
    ) -> "Proof | None":
        """The proof that goes with a bound token. Raises OAuthError: there is none, or it is no good."""
        from .dpop.possession import ResourceRefused, check_holder  # few tokens are bound

        try:
            return check_holder(request, sent, token, server, now=now)
        except OAuthError as error:
            raise ResourceRefused(error, server) from None

    def _spend(self, proof: "Proof", server: AuthorizationServer, now: int) -> None:
        """Where a security profile is on, a proof counts once here too (RFC 9449 §11.1)."""
        from .dpop.possession import ResourceRefused, spend

        try:
            spend(self._used(), proof, now=now)
        except OAuthError as error:
            raise ResourceRefused(error, server) from None

    def _refused(self, error: OAuthError, request: Request) -> Response:
        """RFC 6750 §3: the challenge says what is wrong; it is the SDKs that read it."""
        answer = error.response(request.base_url)
        headers = [pair for pair in answer.headers if pair[0] != "www-authenticate"]
        if error.challenge is not None:
            headers += [("www-authenticate", error.challenge), ("expires", "0")]
        elif error.status in {401, 403}:
            description = _SCOPES_WANTED if error.status == 403 else error.description.removesuffix(".")
            challenge = f'Bearer error="{error.code}", error_description="{description}"'
            headers += [("www-authenticate", challenge), ("expires", "0")]
        return replace(answer, headers=tuple(headers))


def _check_sign_in(token: AccessToken, server: AuthorizationServer, now: int, *, bound: bool) -> None:
    """Whether its user proved what the server asks for here. Raises OAuthError with the challenge of RFC 9470 §3."""
    if not server.userinfo_acr_values and server.userinfo_max_age is None:
        return
    more = wanted(token.payload, server.userinfo_acr_values, server.userinfo_max_age, now=now)
    if more is None:
        return
    error = OAuthError("insufficient_user_authentication")
    parameters = {"error": error.code, "error_description": error.description.removesuffix("."), **more}
    scheme = "DPoP" if bound else "Bearer"
    error.challenge = f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    raise error


_SCOPES_WANTED: Final = (
    "The access token must provide access to at least one of these scopes - profile, email, address or phone"
)
