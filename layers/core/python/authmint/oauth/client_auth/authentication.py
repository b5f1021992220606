"""Client authentication (RFC 6749 §2.3, RFC 7523, docs/protocol.md §7).

Two steps, so that server and client load in one read in between: ``presented`` finds what the request offers
without any I/O, ``ClientAuthentication.verify`` checks it against the client's record.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote_plus

from ...http import Request
from ...storage.clients import Client, secret_digest
from ...storage.liveness import NotAlive, check_client
from ..errors import OAuthError, WorkloadRefused
from ..form import JWT_BEARER
from ..security_profile import Profile
from .audience import Audiences
from .methods import ALGORITHMS, TLS_METHODS

if TYPE_CHECKING:
    from ...jose.jws import Jws
    from ...storage.servers import AuthorizationServer
    from .assertions import Assertions, Spend
    from .certificates import Certificates
    from .workloads import Workloads

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CREDENTIALS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
#: ``typ`` of assertions: none or the general one, as RFC 7523 left it open, or the one of draft-ietf-oauth-rfc7523bis.
ASSERTION_TYPES: Final = (None, "jwt", "client-authentication+jwt")


@dataclass(frozen=True, repr=False)
class Presented:
    """What a request offers to authenticate its client. Without ``repr``: it holds secrets.

    Attributes:
        client_id: Empty where a token of a workload names none.
        certificate: Of the connection (PEM).
        foreign: The assertion is no word of the client's own: somebody else says what it is.
    """

    client_id: str
    kind: Literal["basic", "basic without a secret", "post", "assertion", "workload", "none"]
    secret: str = ""
    assertion: "Jws | None" = None
    foreign: bool = False
    certificate: str = ""


def presented(request: Request, form: Mapping[str, str]) -> Presented:
    """The one credential of the request.

    Raises:
        OAuthError: None, several, or a malformed one.
    """
    authorization = request.header("authorization")
    offered = [
        authorization is not None,
        "client_secret" in form,
        "client_assertion" in form or "client_assertion_type" in form,
    ]
    if sum(offered) > 1:
        raise OAuthError("multiple_client_credentials")
    if authorization is not None:
        found = _basic(authorization)
    elif offered[1]:
        found = Presented(form.get("client_id", ""), "post", form["client_secret"])
    elif offered[2]:
        found = _assertion(form)
    else:
        found = Presented(form.get("client_id", ""), "none", certificate=request.client_certificate)
    if not found.client_id:
        raise OAuthError("missing_client_credentials")
    if form.get("client_id", found.client_id) != found.client_id:
        raise OAuthError("invalid_client_id", reason="client_id differs from the credential's")
    return found


def _basic(header: str) -> Presented:
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError("scheme")
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        # Without a colon there is no password: official clients name a public client that way.
        client_id, _, secret = decoded.partition(":")
        client_id, secret = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (ValueError, binascii.Error):
        raise OAuthError("invalid_basic_auth_creds") from None
    return Presented(client_id, "basic", secret) if secret else Presented(client_id, "basic without a secret")


def _assertion(form: Mapping[str, str]) -> Presented:
    from ...jose.jws import BadToken  # a cold start without assertions does without
    from ...jose.jws import read as read_jws

    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise OAuthError("client_assertion_type_invalid")
    try:
        assertion = read_jws(form.get("client_assertion", ""), types=ASSERTION_TYPES)
    except BadToken as error:
        raise OAuthError("client_assertion_invalid_jwt", reason=str(error)) from None
    issuer, subject = assertion.payload.get("iss"), assertion.payload.get("sub")
    named = form.get("client_id", "")
    if named and isinstance(issuer, str) and issuer != named:
        return Presented(named, "assertion", assertion=assertion, foreign=True)
    if not isinstance(subject, str) or not subject:
        raise OAuthError("client_assertion_invalid_subject")
    if assertion.payload.get("iss") != subject:
        raise OAuthError("client_assertion_invalid_issuer")
    return Presented(subject, "assertion", assertion=assertion)


def workload_in(request: Request, form: Mapping[str, str]) -> Presented | None:
    """The token of a platform that is a token request's grant and its only credential (RFC 7523 §2.1); else ``None``.

    A client may be named beside it, which proves nothing.
    """
    if form.get("grant_type") != JWT_BEARER or request.header("authorization") is not None:
        return None
    if not _CREDENTIALS.isdisjoint(form):
        return None
    from ...jose.jws import BadToken, kind_of
    from ...jose.jws import read as read_jws
    from .workloads import TYPES

    try:
        token = read_jws(form.get("assertion", ""), types=None)
    except BadToken:
        return None
    return Presented(form.get("client_id", ""), "workload", assertion=token) if kind_of(token) in TYPES else None


class ClientAuthentication:
    """Checks a presented credential against the client's record.

    Args:
        assertions: Makes what verifies assertions, when a client first sends one.
    """

    def __init__(
        self,
        assertions: "Callable[[], Assertions]",
        workloads: "Callable[[], Workloads] | None" = None,
        certificates: "Callable[[], Certificates] | None" = None,
    ) -> None:
        """``workloads``, ``certificates``: make what verifies them, when a client first sends one."""
        self._certificates = None if certificates is None else cache(certificates)
        self._assertions = cache(assertions)
        self._workloads = None if workloads is None else cache(workloads)

    def verify(
        self,
        credential: Presented,
        client: Client | None,
        *,
        server: "AuthorizationServer",
        issuer: str,
        audiences: Callable[[], Audiences],
        profile: Profile,
        now: int,
    ) -> "tuple[Client, Spend | None]":
        """The authenticated client, and what uses its credential up where it counts once.

        Args:
            credential: From ``presented``.
            client: The record of ``credential.client_id``, if there is one.
            server: That is asked.
            issuer: Of that server.
            audiences: Gives what client assertions may name: the invoked endpoint, and the issuer.
            profile: What is asked of the client beyond what everybody is asked.
            now: Unix seconds.

        Raises:
            OAuthError: ``invalid_client`` in one of its many forms.
            Unavailable: Storage could not answer.
        """
        if credential.kind == "workload":
            return self._workload(credential, client, server, issuer, profile, now)
        try:
            client = check_client(client)
        except NotAlive as dead:
            raise OAuthError("invalid_client_id", reason=str(dead)) from None
        if profile.strict and not profile.auth_methods((client.auth_method,)):
            reason = f"the security profile does not take {client.auth_method}"
            raise OAuthError("invalid_token_endpoint_auth_method", reason=reason)
        if credential.assertion is not None:
            if client.workload_bindings and self._workloads is not None:
                checked = self._workloads().verify
                return client, checked(credential.assertion, client, server, issuer, profile=profile, now=now)
            if credential.foreign:
                raise OAuthError("client_assertion_invalid_issuer")
            if client.auth_method not in ALGORITHMS:
                raise OAuthError("invalid_token_endpoint_auth_method", reason="assertion")
            verify = self._assertions().verify
            return client, verify(credential.assertion, client, audiences=audiences(), profile=profile, now=now)
        if client.auth_method in TLS_METHODS and credential.kind == "none" and self._certificates is not None:
            self._certificates().check(credential.certificate, client, now=now)
        else:
            _check_secret(credential, client)
        return client, None

    def _workload(
        self,
        credential: Presented,
        named: Client | None,
        server: "AuthorizationServer",
        issuer: str,
        profile: Profile,
        now: int,
    ) -> "tuple[Client, Spend | None]":
        """The client that a token of a platform is which came as the grant itself. Raises OAuthError: there is none."""
        if self._workloads is None or credential.assertion is None:
            raise OAuthError("missing_client_credentials")
        if named is None and credential.client_id:
            raise WorkloadRefused("wl_unknown_issuer", reason="there is no such client")
        return self._workloads().found(credential.assertion, server, issuer, named=named, profile=profile, now=now)


def _check_secret(credential: Presented, client: Client) -> None:
    """Whether the client's method is a secret, and this one; or none, and there is none. Raises OAuthError."""
    named = credential.kind in {"none", "basic without a secret"}
    if client.auth_method != ("none" if named else f"client_secret_{credential.kind}"):
        if credential.kind == "none":
            raise OAuthError("missing_client_credentials")
        raise OAuthError("invalid_token_endpoint_auth_method", reason=credential.kind)
    if not named and not _secret_matches(client, credential.secret):
        raise OAuthError("invalid_client_secret")


def _secret_matches(client: Client, secret: str) -> bool:
    digest = secret_digest(secret)
    matches = False
    for known in client.secrets:  # all of them, so that time does not tell which
        if known.status == "ACTIVE":
            matches |= hmac.compare_digest(known.digest, digest)
    return matches
