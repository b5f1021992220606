"""Request objects: authorization requests that their client signed (RFC 9101, docs/protocol.md §4.7).

What stands in one counts, and nothing beside it does. One names its client, the server that it is for, and everything
that it asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ...jose.jws import CLOCK_SKEW, BadToken, Jws, read
from ...storage.clients import Client
from ...storage.errors import AlreadyUsed
from ...storage.replay import UsedAssertions
from ..client_auth.assertions import MAX_JTI, MAX_LIFETIME, Spend
from ..client_auth.signatures import KEY_ALGORITHMS, SECRET_ALGORITHMS, ClientSignatures, Fault, NotSigned
from ..errors import OAuthError
from ..form import RESOURCE
from ..security_profile import Profile
from .parameters import Parameters, parameters
from .vocabulary import PARAMETERS

#: ``typ``: none or the general one, or its own (RFC 9101 §4).
TYPES: Final = (None, "jwt", "oauth-authz-req+jwt")
#: Seconds for which a ``jti`` is remembered where its object never expires.
_NO_END: Final = 315_360_000
#: Members of the JWT itself.
_OF_THE_JWT: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "sub"})
#: What proves the client or the user now, and has no place in an object that others may see.
_SECRETS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type", "sessionToken"})
_NEEDED: Final = ("client_id", "response_type", "redirect_uri")
_REFUSALS: Final[Mapping[Fault, str]] = {
    "algorithm": "request_object_invalid_signature_algorithm",
    "no secret": "request_object_no_client_secret",
    "short secret": "request_object_invalid_secret_length",
    "no keys": "request_not_supported",
    "kid": "request_object_invalid_kid",
    "use": "request_object_jwt_invalid_key_use",
    "signature": "request_object_bad_signature",
}


@dataclass(frozen=True)
class Opened:
    """A request object whose signature is its client's.

    Attributes:
        parameters: The request.
        spend: Uses the object up, where it counts once.
    """

    parameters: Parameters
    spend: Spend | None


@dataclass(frozen=True)
class Said:
    """What a client signed: any member, of any kind. ``spend`` as of ``Opened``."""

    payload: Mapping[str, Any]
    spend: Spend | None


class RequestObjects:
    """Opens request objects.

    Args:
        used: What was used.
        signatures: Verifies those of clients.
        since: Unix seconds: of single-use objects that were issued before, nobody knows whether they were used. 0: that
            is known of all.
    """

    def __init__(self, used: UsedAssertions, signatures: ClientSignatures, *, since: int = 0) -> None:
        self._used = used
        self._signatures = signatures
        self._since = since

    def open(self, text: str, client: Client, profile: Profile, *, issuer: str, now: int) -> Opened:
        """What a client asks by a signed request.

        Raises:
            OAuthError: ``invalid_request_object`` in one of its many forms. Nothing was used up.
            VaultUnavailable: The client's secret cannot be opened.
        """
        algorithm = client.request_algorithm
        said = self.read(text, client, profile, algorithm=algorithm, issuer=issuer, now=now)
        return Opened(_asked(said.payload, client), said.spend)

    def read(
        self, text: str, client: Client, profile: Profile, *, algorithm: str | None, issuer: str, now: int
    ) -> Said:
        """What a client signed. The signature comes last: what is wrong in itself costs nothing.

        Args:
            text: The object.
            client: That is to have signed it.
            profile: What is asked of the signature.
            algorithm: The only one that the client signs by; ``None``: any.
            issuer: To whom it is.
            now: Unix seconds.

        Raises:
            OAuthError: As ``open``.
            VaultUnavailable: As ``open``.
        """
        keyed = _check_supported(text, client, profile)
        try:
            jws = read(text, types=TYPES)
            _check_parties(jws, client, profile, issuer)
            expires_at = _checked_times(jws, profile, now)
        except BadToken as error:
            raise OAuthError("request_object_invalid", reason=str(error)) from None
        if algorithm is not None and jws.algorithm != algorithm:
            raise OAuthError("request_object_header_algo_mismatch", reason=f"not {algorithm}")
        self._check_signature(jws, client, profile, keyed=keyed, now=now)
        return Said(jws.payload, self._single_use(jws, client, expires_at, now))

    def _check_signature(self, jws: Jws, client: Client, profile: Profile, *, keyed: bool, now: int) -> None:
        try:
            if jws.algorithm in SECRET_ALGORITHMS:
                self._signatures.check_secret(jws, client, profile.algorithms(SECRET_ALGORITHMS))
            else:
                self._signatures.check_key(jws, client, profile.algorithms(KEY_ALGORITHMS) if keyed else (), now=now)
        except NotSigned as error:
            raise OAuthError(_REFUSALS[error.fault], "sig", reason=error.detail) from None
        except OAuthError as error:
            raise OAuthError("request_object_invalid_jwks", reason=error.reason or error.id) from None

    def _single_use(self, jws: Jws, client: Client, expires_at: int | None, now: int) -> Spend | None:
        jti = jws.payload.get("jti")
        if jti is None:
            return None
        if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
            raise OAuthError("request_object_invalid", reason="jti")
        known = (jws.date("iat"), jws.date("nbf"), None if expires_at is None else expires_at - MAX_LIFETIME)
        if next((at for at in known if at is not None), 0) < self._since:
            raise OAuthError("request_object_already_used", reason="issued before the tables were restored")
        return partial(self._spend, client.id, jti, now + _NO_END if expires_at is None else expires_at, now)

    def _spend(self, client_id: str, jti: str, expires_at: int, now: int) -> None:
        try:
            self._used.spend(f"object:{client_id}", jti, expires_at=expires_at, at=now)
        except AlreadyUsed:
            raise OAuthError("request_object_already_used") from None


def _check_supported(text: str, client: Client, profile: Profile) -> bool:
    """Whether the client signs by keys, or by its secret alone. Raises OAuthError: it has neither, or did not sign."""
    keyed = bool(client.keys) or client.jwks_uri is not None
    if not keyed and not client.secrets:
        raise OAuthError("request_not_supported", reason="the client has neither keys nor a secret")
    if text.endswith("."):
        wrong = "request_object_invalid_signature_algorithm" if profile.strict else "request_not_supported"
        raise OAuthError(wrong, reason="not signed")
    return keyed


def _check_parties(jws: Jws, client: Client, profile: Profile, issuer: str) -> None:
    """Who says it, and to whom."""
    if jws.payload.get("iss") != client.id:
        wrong = "request_object_invalid" if profile.signed else "request_object_invalid_issuer"
        raise OAuthError(wrong, reason="iss is not the client")
    audience = jws.payload.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise OAuthError("request_object_audience_mismatch")
    if jws.payload.get("sub") == client.id:  # else it could be sent as an assertion (RFC 9101 §10.8)
        raise OAuthError("request_object_invalid", reason="sub is the client")


def _checked_times(jws: Jws, profile: Profile, now: int) -> int | None:
    """When it expires, if it does. Raises BadToken, OAuthError."""
    issued_at, begins_at, expires_at = jws.date("iat"), jws.date("nbf"), jws.date("exp")
    if profile.signed and (begins_at is None or expires_at is None):
        raise OAuthError("request_object_invalid", reason="the security profile asks for nbf and exp")
    if expires_at is not None and expires_at <= now:
        raise OAuthError("request_object_jwt_expired")
    if issued_at is not None and issued_at > now + CLOCK_SKEW:
        raise OAuthError("request_object_issued_in_future")
    if begins_at is not None and begins_at > now + CLOCK_SKEW:
        raise OAuthError("request_object_before_nbf")
    if profile.signed and begins_at is not None and begins_at < now - MAX_LIFETIME:
        raise OAuthError("request_object_jwt_expired", reason="nbf is more than an hour ago")
    latest = begins_at + MAX_LIFETIME if profile.signed and begins_at is not None else now + MAX_LIFETIME
    if expires_at is not None and expires_at > latest:
        raise OAuthError("request_object_jwt_expiration_too_long")
    return expires_at


def _asked(payload: Mapping[str, Any], client: Client) -> Parameters:
    """The request that an object holds (RFC 9101 §4): texts, a number for ``max_age``, a list for ``resource``.

    Raises:
        OAuthError: A parameter of ours is of another kind or missing, or the object leads to another one.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in payload.items():
        if name in _OF_THE_JWT or name in _SECRETS:
            continue
        if name in {"request", "request_uri"}:
            raise OAuthError("request_object_invalid", reason=f"{name} within a request object")
        values = value if name == RESOURCE and isinstance(value, list) else [value]
        texts = [str(one) if name == "max_age" and type(one) is int else one for one in values]
        if all(isinstance(one, str) for one in texts):
            pairs += ((name, one) for one in texts)
        elif name in PARAMETERS:
            raise OAuthError("request_object_invalid", reason=f"{name} is of the wrong kind")
    asked = parameters(pairs)
    if missing := [name for name in _NEEDED if asked.get(name) is None]:
        raise OAuthError("request_object_invalid", reason=f"without {missing[0]}")
    if asked.get("client_id") != client.id:
        raise OAuthError("request_object_invalid", reason="client_id is another one")
    return asked
