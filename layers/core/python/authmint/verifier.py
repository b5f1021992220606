"""For APIs: whether an access token is good, without asking the server that gave it.

A module for whoever receives tokens: it needs no permission, no storage and no secret, only the issuer's public keys.

    orders = Verifier("https://auth.example.com/oauth2/default", audience="api://orders")
    claims = orders.verify(headers["authorization"], scopes=("orders:read",))

Keys are fetched when they are first needed and kept for minutes; a token that names an unknown key has them fetched
anew, so that a rotation refuses nobody. While the issuer is away, known keys are used for a day. Whether a token was
revoked is known within minutes where the server has status lists: they are fetched when a token names one, and kept for
as long as they say. Elsewhere only the issuer knows: introspect where that matters.
"""

import math
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from .clock import SystemClock
from .http import Request
from .jose.encoding import strict_json
from .jose.jws import BadToken, Jws, read, verified_by_key
from .oauth import bearer
from .oauth.dpop.proofs import digest_of, presented
from .oauth.errors import OAuthError
from .oauth.outbound_fetch import FetchFailed, fetch
from .oauth.status_list.document import BadList
from .oauth.status_list.kept import KeptLists
from .oauth.step_up import wanted
from .tokens.access_token import JTI_PREFIX

#: What servers sign with; a key says which one is its own.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
#: ``typ`` of access tokens: none, or the one of RFC 9068.
TYPES: Final = (None, "at+jwt")
#: Seconds for which keys are kept, and after which an unknown key may have them fetched anew.
KEPT: Final = 300
AGAIN_AFTER: Final = 10
#: Seconds for which keys are used while the issuer does not answer: the longest-lived token lives as long.
STALE: Final = 86_400
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Refused(Exception):
    """The request must not be served.

    Attributes:
        status: 401 for a token that is not good; 403 where it lacks a scope; 503 where no keys could be had.
        error: As RFC 6750 §3.1, RFC 9449 §7.1 and RFC 9470 §3 name it.
        challenge: The value of ``WWW-Authenticate``.
    """

    def __init__(
        self,
        error: str,
        why: str,
        *,
        status: int = 401,
        scheme: str = "Bearer",
        wanted: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{error}: {why}")
        self.status = status
        self.error = error
        more = "".join(f', {name}="{value}"' for name, value in (wanted or {}).items())
        self.challenge = f'{scheme} error="{error}", error_description="{why}"{more}'


@dataclass
class Verifier:
    """Judges the tokens of one issuer for one API.

    Attributes:
        issuer: ``iss`` of the tokens, byte for byte: the issuer of an authorization server.
        audience: ``aud`` of the tokens: the server's audience, or a resource of it.
        fetch: Gives a document; for tests, and for those who have caches of their own. Raises FetchFailed.
        clock: Unix seconds.
        used: Told the key and the ``jti`` of each proof with the time when it may be forgotten; False: it was used
            before. Without it, a proof that somebody captured is good for five minutes.
        without_list: What becomes of a token whose status list cannot be had now. ACCEPT: the list that is there counts
            until it expires, after a day; without one the token is good. REFUSE: 503, as soon as a list is older than
            it says it may be.
    """

    issuer: str
    audience: str
    fetch: Callable[[str], bytes] | None = None
    clock: Callable[[], int] = SystemClock().now
    used: Callable[[str, str, int], bool] | None = None
    without_list: Literal["ACCEPT", "REFUSE"] = "ACCEPT"
    _keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, init=False, repr=False)
    _fetched_at: float = field(default=-math.inf, init=False, repr=False)
    _tried_at: float = field(default=-math.inf, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _lists: KeptLists = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._lists = KeptLists(f"{self.issuer}/v1/status/", self._fetched, self._signed)

    def verify(
        self,
        authorization: str,
        *,
        scopes: Collection[str] = (),
        acr_values: Collection[str] = (),
        max_age: int | None = None,
        proof: str | None = None,
        method: str = "",
        uri: str = "",
        certificate: str = "",
    ) -> Mapping[str, Any]:
        """The claims of the access token in an ``Authorization`` header.

        Args:
            authorization: The header, with the scheme ``Bearer`` or ``DPoP``.
            scopes: That the token must have, all of them.
            acr_values: Classes of which its user has to have proved one, the preferred one first: clients ask the
                authorization endpoint for what the challenge names.
            max_age: Seconds that the user's sign-in may be old.
            proof: The ``DPoP`` header, of requests whose token is bound to a key.
            method: Of the request, for its proof.
            uri: Of the request as the client called it, for its proof.
            certificate: Of the client (PEM), as whatever ended the TLS connection says; never a header of the client's.

        Raises:
            Refused: With the status and the challenge to answer.
        """
        sent = bearer.from_header(authorization)
        if sent is None:
            raise Refused("invalid_request", "The access token is missing.")
        claims = self._claims(sent.token)
        _check_certificate(claims, certificate)
        self._check_holder(sent, claims, proof, method, uri)
        if missing := [scope for scope in scopes if scope not in claims.get("scp", ())]:
            why = "The access token lacks a scope."
            raise Refused("insufficient_scope", why, status=403, wanted={"scope": " ".join(missing)})
        self._check_sign_in(claims, acr_values, max_age, sent.scheme)
        self._check_status(claims)
        return claims

    def _check_status(self, claims: Mapping[str, Any]) -> None:
        """Whether a status list that the token names has it as good."""
        status = claims.get("status")
        if not isinstance(status, Mapping) or "status_list" not in status:
            return
        strict = self.without_list == "REFUSE"
        try:
            revoked = self._lists.revoked(status["status_list"], now=self.clock(), fresh_only=strict)
        except BadList:
            raise _bad("of no place in a status list") from None
        if revoked:
            raise _bad("revoked")
        if revoked is None and strict:
            raise Refused("temporarily_unavailable", "The issuer gives no status list.", status=503)

    def _check_sign_in(
        self, claims: Mapping[str, Any], acr_values: Collection[str], max_age: int | None, scheme: str
    ) -> None:
        """Whether its user proved enough, and recently enough (RFC 9470 §3)."""
        more = wanted(claims, acr_values, max_age, now=self.clock())
        if more is None:
            return
        why = "The user has to prove more, or anew."
        named = "DPoP" if scheme == "dpop" else "Bearer"
        raise Refused("insufficient_user_authentication", why, scheme=named, wanted=more)

    def _claims(self, token: str) -> Mapping[str, Any]:
        now = self.clock()
        try:
            jws = read(token, types=TYPES)
            expires_at, ahead = jws.date("exp"), jws.begins_after(now)
        except BadToken:
            raise _bad("malformed") from None
        if not self._signed(jws, now):
            raise _bad("not signed by a key of the issuer")
        if jws.payload.get("iss") != self.issuer or not self._is_for_us(jws.payload.get("aud")):
            raise _bad("of another issuer, or for another API")
        if not str(jws.payload.get("jti")).startswith(JTI_PREFIX):
            raise _bad("no access token")
        if expires_at is None or expires_at <= now or ahead:
            raise _bad("expired, or not valid yet")
        return jws.payload

    def _is_for_us(self, audience: object) -> bool:
        return audience == self.audience or (isinstance(audience, list) and self.audience in audience)

    def _signed(self, jws: Jws, now: int) -> bool:
        if jws.algorithm not in ALGORITHMS or jws.kid is None:
            return False
        key = self._key(jws.kid, now)
        return key is not None and verified_by_key(jws, key, algorithms=(str(key.get("alg", jws.algorithm)),))

    def _key(self, kid: str, now: int) -> Mapping[str, Any] | None:
        """The key of an id: from memory, or from the issuer where it is not there or has been there for long."""
        with self._lock:  # who waits here finds what the other one fetched
            good = kid in self._keys and now - self._fetched_at < KEPT
            if not good and now - self._tried_at >= AGAIN_AFTER:
                self._refresh(now)
            if now - self._fetched_at >= STALE:
                raise Refused("temporarily_unavailable", "The issuer gives no keys.", status=503)
            return self._keys.get(kid)

    def _refresh(self, now: int) -> None:
        """Fetch the keys. What is known stays where that fails."""
        self._tried_at = now
        uri = f"{self.issuer}/v1/keys"
        try:
            self._keys = {str(key["kid"]): key for key in strict_json(self._fetched(uri))["keys"]}
        except (FetchFailed, ValueError, KeyError, TypeError):
            return
        self._fetched_at = now

    def _fetched(self, uri: str) -> bytes:
        return self.fetch(uri) if self.fetch else fetch(uri, allow_private=_is_local(uri))

    def _check_holder(
        self, sent: bearer.Presented, claims: Mapping[str, Any], proof: str | None, method: str, uri: str
    ) -> None:
        bound_to = claims.get("cnf", {}).get("jkt")
        if bound_to is None:
            if sent.scheme == "dpop":
                raise _bad("not bound to a key")
            return
        if sent.scheme != "dpop" or proof is None:
            raise _unproven("The token is bound to a key, and this request does not prove to have it.")
        parts, now = urlsplit(uri), self.clock()
        request = Request(method, parts.path, base_url=f"{parts.scheme}://{parts.netloc}", headers={"dpop": proof})
        try:
            found = presented(request, now=now)
        except OAuthError as error:
            raise _unproven(error.description) from None
        if found is None or found.ath is None or found.ath != digest_of(sent.token):
            raise _unproven("The proof is of another token.")
        if found.jkt != bound_to:
            raise _unproven("The proof is of another key.")
        if self.used is not None and not self.used(found.jkt, found.single_use, now + 2 * KEPT):
            raise _unproven("The proof has already been used.")


def _check_certificate(claims: Mapping[str, Any], certificate: str) -> None:
    """Whether a token that is bound to a certificate comes with it (RFC 8705 §3)."""
    bound_to = claims.get("cnf", {}).get("x5t#S256")
    if bound_to is None:
        return
    from .oauth.client_auth.certificates import thumbprint  # few tokens are bound so

    try:
        found = thumbprint(certificate) if certificate else None
    except OAuthError:
        found = None
    if found != bound_to:
        raise _bad("bound to another certificate")


def _bad(why: str) -> Refused:
    return Refused("invalid_token", f"The access token is {why}.")


def _unproven(why: str) -> Refused:
    return Refused("invalid_dpop_proof", why, scheme="DPoP")


def _is_local(uri: str) -> bool:
    return urlsplit(uri).hostname in _LOOPBACK
