"""Signing with an unwrapped private key (RFC 7515 §5.1). The header's bytes are made once per key."""

import hmac
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from ..jose.encoding import MAX_TOKEN, b64decode, b64encode
from ..jose.keys import SigningAlgorithm
from ..storage.servers import AuthorizationServer, SigningKey

#: Characters. API Gateway takes 10,240 bytes of request line and headers, and a token is not the only header.
MAX_IN_HEADER: Final = 7_168


class TokenTooLarge(ValueError):
    """A token would be longer than any that is read back, or sent.

    Attributes:
        member: The largest of its payload.
    """

    def __init__(self, payload: Mapping[str, Any], length: int, most: int) -> None:
        why = "" if most == MAX_TOKEN else ": it has to fit into a header of a request, unless largeAccessTokens is set"
        super().__init__(f"the token would have {length} characters, and {most} is the most{why}")
        self.member = max(payload, key=lambda name: len(msgspec.json.encode(payload[name])))


def longest_access_token(server: AuthorizationServer) -> int:
    """Characters that an access token of the server may have (docs/protocol.md §10.6)."""
    return MAX_TOKEN if server.large_access_tokens else MAX_IN_HEADER


def check_length(payload: Mapping[str, Any], key: SigningKey, most: int = MAX_TOKEN, *, typ: str | None = None) -> None:
    """Whether a token of this payload could be signed, without signing it.

    Raises:
        TokenTooLarge: It could not.
    """
    signature = len(b64decode(key.jwk["n"])) if key.jwk["kty"] == "RSA" else 64
    parts = (len(_header(key.kid, key.algorithm, typ)), len(msgspec.json.encode(payload)), signature)
    length = sum((4 * size + 2) // 3 for size in parts) + 2
    if length > most:
        raise TokenTooLarge(payload, length, most)


def _header(kid: str, algorithm: SigningAlgorithm, typ: str | None = None) -> bytes:
    return msgspec.json.encode({"kid": kid, "alg": algorithm} | ({} if typ is None else {"typ": typ}))


class Signer(Protocol):
    """Signs payloads with one key."""

    kid: str

    def sign(self, payload: Mapping[str, Any], most: int = MAX_TOKEN, *, typ: str | None = None) -> str:
        """The payload as a compact JWS of so many characters at most. ``typ``: of its header (RFC 8725 §3.11).

        Raises:
            TokenTooLarge: Nobody could introspect it, or use it at an endpoint of ours.
        """

    def derived(self, purpose: bytes) -> bytes:
        """A secret of 32 bytes that comes with the key, another one for each purpose."""


class Signers(Protocol):
    """Finds the signer of a server's active key, unwrapping it once per warm instance."""

    def signer(self, server: AuthorizationServer) -> Signer:
        """The signer of the server's ACTIVE key. Raises VaultUnavailable."""


class KeySigner:
    """A signer over a ``cryptography`` private key."""

    def __init__(self, kid: str, algorithm: SigningAlgorithm, pkcs8: bytes) -> None:
        """``pkcs8`` comes from our own vault, hence the 40 ms check of RSA primes is skipped."""
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        self.kid = kid
        self._algorithm: SigningAlgorithm = algorithm
        self._headers: dict[str | None, bytes] = {None: b64encode(_header(kid, algorithm)).encode() + b"."}
        key = load_der_private_key(pkcs8, None, unsafe_skip_rsa_key_validation=True)
        self._signature = _signature(key, algorithm)
        self._derived: dict[bytes, bytes] = {}
        self._root = hmac.digest(pkcs8, b"authmint: secrets derived from a signing key", "sha256")

    def sign(self, payload: Mapping[str, Any], most: int = MAX_TOKEN, *, typ: str | None = None) -> str:
        header = self._headers.get(typ)
        if header is None:
            header = b64encode(_header(self.kid, self._algorithm, typ)).encode() + b"."
            self._headers[typ] = header
        signing_input = header + b64encode(msgspec.json.encode(payload)).encode()
        token = (signing_input + b"." + b64encode(self._signature(signing_input)).encode()).decode("ascii")
        if len(token) > most:
            raise TokenTooLarge(payload, len(token), most)
        return token

    def derived(self, purpose: bytes) -> bytes:
        secret = self._derived.get(purpose)
        if secret is None:
            secret = self._derived[purpose] = hmac.digest(self._root, purpose, "sha256")
        return secret


def _signature(key: Any, algorithm: SigningAlgorithm) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    digest = hashes.SHA256()
    if algorithm == "EdDSA":
        return key.sign
    if algorithm == "ES256":
        ecdsa = ec.ECDSA(digest)

        def es256(message: bytes) -> bytes:
            r, s = decode_dss_signature(key.sign(message, ecdsa))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")

        return es256
    scheme: Any = padding.PKCS1v15()
    if algorithm == "PS256":
        scheme = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    return lambda message: key.sign(message, scheme, digest)


class KeyUnwrapper(Protocol):
    """Opens the private half of a signing key."""

    def unwrap(self, server_id: str, kid: str, wrapped: str) -> bytes:
        """PKCS #8. Raises VaultUnavailable."""


class WarmSigners:
    """``Signers`` that keeps one signer per server: the one of its active key."""

    def __init__(self, vault: KeyUnwrapper) -> None:
        self._vault = vault
        self._signers: dict[str, KeySigner] = {}

    def signer(self, server: AuthorizationServer) -> KeySigner:
        key: SigningKey = server.active_key
        signer = self._signers.get(server.id)
        if signer is None or signer.kid != key.kid:
            pkcs8 = self._vault.unwrap(server.id, key.kid, key.wrapped)
            signer = self._signers[server.id] = KeySigner(key.kid, key.algorithm, pkcs8)
        return signer
