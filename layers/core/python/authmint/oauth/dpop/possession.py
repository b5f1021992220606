"""Where proofs are asked for, and what a request with one is bound to (RFC 9449 §5–§7, docs/protocol.md §6.8)."""

from dataclasses import dataclass
from typing import Final

from ...http import Request, Response
from ...storage.clients import Client
from ...storage.errors import AlreadyUsed
from ...storage.replay import UsedAssertions
from ...storage.servers import AuthorizationServer
from ...tokens.signer import Signers
from ..access_tokens import AccessToken
from ..bearer import Presented
from ..errors import OAuthError
from ..security_profile import needs_proof, proof_algorithms
from .nonces import Nonces
from .proofs import MAX_AGE, Proof, digest_of, presented

#: What a server's nonces are derived for.
_PURPOSE: Final = b"dpop nonce"
#: Seconds for which a used proof is remembered beyond its age: clocks differ.
_SKEW: Final = 15


class NonceNeeded(OAuthError):
    """The proof has no nonce of ours, or an old one. Nothing was used up: the same request works with this one.

    Attributes:
        nonce: The one to use.
    """

    def __init__(self, nonce: str) -> None:
        super().__init__("use_dpop_nonce")
        self.nonce = nonce

    def response(self, realm: str) -> Response:
        """The challenge (RFC 9449 §8)."""
        return super().response(realm).with_headers(("dpop-nonce", self.nonce))


class ResourceRefused(OAuthError):
    """A resource of ours refuses how a token is held, with the challenge of RFC 9449 §7.1."""

    def __init__(self, error: OAuthError, server: AuthorizationServer) -> None:
        super().__init__(error.id, reason=error.reason)
        algorithms = " ".join(proof_algorithms(server))
        text = self.description.removesuffix(".")
        self.challenge = f'DPoP error="{self.code}", error_description="{text}", algs="{algorithms}"'


@dataclass(frozen=True)
class Possession:
    """What reads proofs at the token endpoint and where requests are pushed.

    Attributes:
        used: Remembers proofs: each counts once.
        signers: Of servers, whose keys nonces are derived from.
    """

    used: UsedAssertions
    signers: Signers

    def proven(self, request: Request, server: AuthorizationServer, client: Client, *, now: int) -> str | None:
        """The thumbprint of the key that a token request is bound to; ``None``: it carries no proof, and needs none.

        The proof is used up here, before the grant is looked at: whoever sends it again is told that, and not that a
        code is gone.

        Raises:
            OAuthError: ``invalid_dpop_proof``, or ``NonceNeeded``.
            Unavailable: Storage could not answer.
            VaultUnavailable: The key that nonces are derived from cannot be opened.
        """
        proof = presented(request, now=now, algorithms=proof_algorithms(server, client))
        if proof is None:
            if needs_proof(server, client):
                raise OAuthError("invalid_dpop_proof_missing_header")
            return None
        if server.dpop_nonce_seconds:
            nonces = Nonces(self.signers.signer(server).derived(_PURPOSE), server.dpop_nonce_seconds)
            if proof.nonce is None or not nonces.accepts(proof.nonce, now):
                raise NonceNeeded(nonces.current(now))
        spend(self.used, proof, now=now)
        return proof.jkt

    def pushed(
        self, request: Request, server: AuthorizationServer, client: Client, asked: str | None, *, now: int
    ) -> str | None:
        """The thumbprint that a pushed request binds its code to: of its proof, or of ``dpop_jkt`` (RFC 9449 §10.1).

        No nonce is asked for: the key is proven again where the code is redeemed.

        Raises:
            OAuthError: ``invalid_dpop_proof``; also where proof and parameter name different keys.
            Unavailable: Storage could not answer.
        """
        proof = presented(request, now=now, algorithms=proof_algorithms(server, client))
        if proof is None:
            return asked
        if asked is not None and asked != proof.jkt:
            raise OAuthError("invalid_dpop_proof", reason="dpop_jkt names another key")
        spend(self.used, proof, now=now)
        return proof.jkt


def spend(used: UsedAssertions, proof: Proof, *, now: int) -> None:
    """Use a proof up.

    Raises:
        OAuthError: It was used before.
        Unavailable: Storage could not answer.
    """
    ends_at = proof.issued_at + MAX_AGE + _SKEW
    try:
        used.spend(f"dpop:{proof.jkt}", proof.single_use, expires_at=ends_at, at=now)
    except AlreadyUsed:
        raise OAuthError("dpop_proof_already_used") from None


def check_holder(
    request: Request, sent: Presented, token: AccessToken, server: AuthorizationServer, *, now: int
) -> Proof | None:
    """Whether whoever sends an access token to a resource of ours holds what it is bound to (RFC 9449 §7, RFC 8705 §3).

    Raises:
        OAuthError: It is bound to another certificate than that of the connection; or to a key and comes as a bearer
            token, without its proof, or with one of another key; or it comes as a bound token, and is none.

    Returns:
        The proof of a bound token. It is not used up.
    """
    _check_certificate(request, token)
    bound_to = token.jkt
    if bound_to is None:
        if sent.scheme == "dpop":
            raise OAuthError("access_token_not_dpop_bound")
        return None
    if sent.scheme != "dpop":
        raise OAuthError("dpop_authentication_scheme_required")
    proof = presented(request, now=now, algorithms=proof_algorithms(server))
    if proof is None:
        raise OAuthError("dpop_proof_required_for_token")
    if proof.ath != digest_of(sent.token):
        raise OAuthError("dpop_proof_invalid_ath")
    if proof.jkt != bound_to:
        raise OAuthError("invalid_access_token_dpop_binding")
    return proof


def _check_certificate(request: Request, token: AccessToken) -> None:
    if token.certificate is None:
        return
    from ..client_auth.certificates import thumbprint

    if not request.client_certificate or thumbprint(request.client_certificate) != token.certificate:
        raise OAuthError("access_token_invalid", reason="bound to another certificate")
