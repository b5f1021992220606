"""Identity assertions of the org server (ID-JAG, docs/protocol.md §45.4): a client takes its user to another server.

What the client sends in is its own proof of who signed in to it: an ID token, an access token or a refresh token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...storage.app_connections import AppConnection
from ...storage.errors import NotFound
from ...storage.liveness import NotAlive
from ...storage.servers import issuer_of
from ...storage.sessions import Sessions
from ...tokens.id_jag import LONGEST
from .. import scopes
from ..access_tokens import methods_of, recognize, recognize_id_token
from ..delegation import ACCESS_TOKEN, Given
from ..errors import OAuthError
from ..form import ID_JAG, TOKEN_EXCHANGE
from ..issuance import Assertion, Entitlement
from ..sign_in import SignIn
from ..subject_tokens import refusal_of
from ..token_validity import TokenValidity
from .base import Answer, GrantRequest, Tokens
from .refresh_token import RefreshTokenGrant

if TYPE_CHECKING:
    from ..issuance import Draft

_TYPE: Final = "urn:ietf:params:oauth:token-type:"
ID_TOKEN: Final = f"{_TYPE}id_token"
REFRESH_TOKEN: Final = f"{_TYPE}refresh_token"


@dataclass(frozen=True)
class _Shown:
    """Who signed in, as what was sent in proves it.

    Attributes:
        jkt, certificate: Thumbprints of the key and the certificate that it is bound to.
        email: Whether the client may know the user's address.
    """

    given: Given
    sign_in: SignIn
    jkt: str | None = None
    email: bool = False
    certificate: str | None = None


@dataclass(frozen=True)
class VerifiedSubject:
    """Somebody who signed in to the client, and whom it may take along."""

    entitlement: Entitlement

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Nothing is stored: the other server lets an assertion count once, and it is over in minutes."""
        body: dict[str, str | int] = {
            "access_token": tokens.access_token,
            "issued_token_type": ID_JAG,
            "token_type": "N_A",
            "expires_in": LONGEST,
            "scope": " ".join(draft.scopes),
        }
        return Answer.of(body, {"id_jag": tokens.access_token})


class IdentityAssertions:
    """A client of the org server asks for what another server shall know of its user.

    To which servers, as whom and for what, its connections say, which administrators make.
    """

    def __init__(self, validity: TokenValidity, refresh: RefreshTokenGrant, sessions: Callable[[], Sessions]) -> None:
        """``sessions`` are asked for where an ID token names one."""
        self._validity = validity
        self._refresh = refresh
        self._sessions = sessions

    def verify(self, request: GrantRequest) -> VerifiedSubject:
        """The client proves who it is and who signed in to it, and is connected with what it asks for."""
        if request.client.auth_method == "none":
            raise OAuthError("confidential_client_required")
        if "actor_token" in request.form or "actor_token_type" in request.form:
            raise OAuthError("invalid_actor_token_type", reason="the client itself is who acts")
        shown = self._shown(request)
        if shown.certificate not in (None, request.certificate):
            raise OAuthError("invalid_subject_token", reason="bound to another certificate")
        if shown.jkt is not None and request.jkt is None:
            raise OAuthError("invalid_dpop_proof_missing_header")
        if shown.jkt is not None and request.jkt != shown.jkt:
            raise OAuthError("invalid_dpop_proof_invalid_public_key_binding")
        connection = _connection(request)
        if not shown.sign_in.may_use(request.client):
            raise OAuthError("token_exchange_incomplete_resource_configuration", reason="the user is not assigned")
        asked = _scopes(request, connection)
        assertion = Assertion(shown.given, _claims(request, connection, shown, asked))
        return VerifiedSubject(Entitlement(TOKEN_EXCHANGE, asked, sign_in=shown.sign_in, assertion=assertion))

    def _shown(self, request: GrantRequest) -> _Shown:
        text, kind = request.parameter("subject_token"), request.parameter("subject_token_type")
        read = {ID_TOKEN: self._id_token, ACCESS_TOKEN: self._access_token, REFRESH_TOKEN: self._refresh_token}.get(
            kind
        )
        if read is None:
            raise OAuthError("invalid_subject_token_type")
        return read(text, request)

    def _id_token(self, text: str, request: GrantRequest) -> _Shown:
        issuer = issuer_of(request.server, request.http.base_url)
        token = recognize_id_token(text, request.server, issuer=issuer)
        if token is None or token.client_id != request.client.id:
            raise OAuthError("invalid_subject_token", reason="no ID token of the org server for this client")
        if token.expires_at <= request.now:
            raise OAuthError("token_exchange_subject_token_expired", reason="expired")
        payload = token.payload
        try:
            holder = self._validity.of_id_token(token, request.server, known=request.client)
        except NotAlive as dead:
            raise OAuthError(refusal_of(dead), reason=str(dead)) from None
        if holder.person is None:
            raise OAuthError("invalid_subject_token", reason="nobody signed in")
        if "sid" in payload:
            self._check_session(str(payload["sid"]), request.now)
        given = Given(str(payload["jti"]), ID_TOKEN, issuer, token.client_id)
        amr, at = tuple(payload.get("amr", ())), payload.get("auth_time")
        sign_in = SignIn(holder.person, at, amr, acr=payload.get("acr"))
        return _Shown(given, sign_in, email="email" in payload)

    def _check_session(self, session_id: str, now: int) -> None:
        try:
            session = self._sessions().by_id(session_id)
        except NotFound:
            raise OAuthError("invalid_subject_token_session_expired", reason="the session has ended") from None
        if min(session.idle_expires_at, session.expires_at) <= now:
            raise OAuthError("invalid_subject_token_session_expired", reason="the session is over")

    def _access_token(self, text: str, request: GrantRequest) -> _Shown:
        issuer = issuer_of(request.server, request.http.base_url)
        token = recognize(text, request.server, issuer=issuer, now=0)  # an expired one has a refusal of its own
        if token is None or token.client_id != request.client.id:
            raise OAuthError("invalid_subject_token", reason="no access token of the org server for this client")
        if token.expires_at <= request.now:
            raise OAuthError("token_exchange_subject_token_expired", reason="expired")
        try:
            holder = self._validity.of_access_token(token, request.server, known=request.client)
        except NotAlive as dead:
            raise OAuthError(refusal_of(dead), reason=str(dead)) from None
        if holder.person is None:
            raise OAuthError("invalid_subject_token", reason="a client's own: nobody signed in")
        payload = token.payload
        given = Given(token.jti, ACCESS_TOKEN, issuer, token.client_id)
        methods = methods_of(token, request.server)
        sign_in = SignIn(holder.person, payload.get("auth_time"), methods, acr=payload.get("acr"))
        return _Shown(given, sign_in, token.jkt, email="email" in token.scopes, certificate=token.certificate)

    def _refresh_token(self, text: str, request: GrantRequest) -> _Shown:
        """It stays as it is: nothing is refreshed."""
        family, _, person = self._refresh.held(request, text)
        issuer = issuer_of(request.server, request.http.base_url)
        given = Given(family.id, REFRESH_TOKEN, issuer, family.client_id)
        sign_in = SignIn(person, family.auth_time, family.amr, acr=family.acr)
        return _Shown(given, sign_in, email="email" in family.scopes)


def _connection(request: GrantRequest) -> AppConnection:
    audience = request.parameter("audience")
    for connection in request.client.app_connections:
        if connection.audience == audience:
            return connection
    raise OAuthError("token_exchange_incomplete_resource_configuration", reason="no connection with this audience")


def _scopes(request: GrantRequest, connection: AppConnection) -> tuple[str, ...]:
    """The scopes named, or all that the connection has. Raises OAuthError: one is beyond it."""
    named = scopes.requested(request.form.get("scope", ""))
    if wider := [name for name in named if name not in connection.scopes]:
        raise OAuthError("no_matching_scope", reason=f"not of the connection: {', '.join(wider)}")
    return named or connection.scopes


def _resources(request: GrantRequest, connection: AppConnection) -> str | list[str] | None:
    """As the request names them, to the letter. Raises OAuthError: one is beyond the connection."""
    asked = list(dict.fromkeys(request.resources))
    if any(uri not in connection.resources for uri in asked):
        raise OAuthError("token_exchange_invalid_resource", reason="not of the connection")
    return asked[0] if len(asked) == 1 else asked or None


def _claims(request: GrantRequest, connection: AppConnection, shown: _Shown, asked: tuple[str, ...]) -> dict[str, Any]:
    user, sign_in = shown.sign_in.person.user, shown.sign_in
    claims: dict[str, Any] = {
        "aud": connection.audience,
        "client_id": connection.client_id,
        "scope": " ".join(asked),
        "resource": _resources(request, connection),
        "auth_time": sign_in.at,
        "acr": sign_in.acr,
        "amr": list(sign_in.amr) or None,
        "email": user.email if shown.email else None,
        "email_verified": user.email_verified if shown.email else None,
        "cnf": None if request.jkt is None else {"jkt": request.jkt},
    }
    return {name: value for name, value in claims.items() if value is not None}
