"""An authenticator and its browser in software (WebAuthn §6, §7): right answers, and one for every defect."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor

Algorithm = Literal[-7, -8, -257]
UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
NO_MODEL = bytes(16)


def unpadded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_PRIVATE: dict[Algorithm, Callable[[], Any]] = {
    -7: lambda: ec.generate_private_key(ec.SECP256R1()),
    -8: ed25519.Ed25519PrivateKey.generate,
    -257: lambda: rsa.generate_private_key(65537, 2048),
}


@dataclass(frozen=True)
class Made:
    """``PublicKeyCredential`` of a registration."""

    client_data: bytes
    attestation: bytes
    extensions: dict[str, Any]


@dataclass(frozen=True)
class Signed:
    """``PublicKeyCredential`` of an assertion."""

    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    credential_id: bytes
    user_handle: bytes | None


@dataclass
class SoftwareKey:
    """One credential in one authenticator.

    Attributes:
        flags: Beside ``AT``, which registrations have.
        counter: How often it signed. ``None``: it does not count.
        handle: What it calls the user, once it was registered.
    """

    origin: str = "https://acme.example.com"
    rp_id: str = "acme.example.com"
    algorithm: Algorithm = -7
    flags: int = UP | UV
    counter: int | None = 0
    credential_id: bytes = b"credential"
    model: bytes = NO_MODEL
    handle: bytes | None = None
    private: Any = field(init=False)

    def __post_init__(self) -> None:
        self.private = _PRIVATE[self.algorithm]()

    def create(
        self,
        options: Any,
        *,
        client_data: dict[str, Any] | None = None,
        key: dict[int, Any] | None = None,
        fmt: str = "none",
        statement: dict[str, Any] | None = None,
        attested: bool = True,
        discoverable: bool = True,
    ) -> Made:
        """``navigator.credentials.create``. What is given stands in the place of what would be right."""
        self.handle = plain(options["user"]["id"])
        said = self._client_data("webauthn.create", options, client_data)
        data = self._data(self.flags | AT if attested else self.flags)
        if attested:
            length = len(self.credential_id).to_bytes(2, "big")
            data += self.model + length + self.credential_id + cbor.encode(self.cose | (key or {}))
        attestation = cbor.encode({"fmt": fmt, "attStmt": statement or {}, "authData": data})
        return Made(said, attestation, {"credProps": {"rk": discoverable}})

    def get(
        self,
        options: Any,
        *,
        client_data: dict[str, Any] | None = None,
        flags: int | None = None,
        counter: int | None = None,
        rp_id: str | None = None,
    ) -> Signed:
        """``navigator.credentials.get``. What is given stands in the place of what would be right."""
        if self.counter is not None:
            self.counter += 1
        said = self._client_data("webauthn.get", options, client_data)
        data = self._data(self.flags if flags is None else flags, counter=counter, rp_id=rp_id)
        signature = self._sign(data + hashlib.sha256(said).digest())
        return Signed(said, data, signature, self.credential_id, self.handle)

    def registered(self, options: Any) -> dict[str, str]:
        """What the script of a page puts into its form after ``create``."""
        made = self.create(options)
        return {
            "clientData": unpadded(made.client_data),
            "attestation": unpadded(made.attestation),
            "transports": '["internal"]',
            "clientExtensions": json.dumps(made.extensions),
        }

    def asserted(self, options: Any) -> dict[str, str]:
        """The same after ``get``."""
        signed = self.get(options)
        return {
            "clientData": unpadded(signed.client_data),
            "authenticatorData": unpadded(signed.authenticator_data),
            "signatureData": unpadded(signed.signature),
            "credentialId": unpadded(signed.credential_id),
            "userHandle": "" if signed.user_handle is None else unpadded(signed.user_handle),
        }

    @property
    def cose(self) -> dict[int, Any]:
        """Its public key (RFC 9052 §7)."""
        public = self.private.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            numbers = public.public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        if isinstance(public, ed25519.Ed25519PublicKey):
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        length = (numbers.n.bit_length() + 7) // 8
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(length, "big"), -2: b"\x01\x00\x01"}

    def _client_data(self, ceremony: str, options: Any, changes: dict[str, Any] | None) -> bytes:
        right = {"type": ceremony, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(right | (changes or {})).encode()

    def _data(self, flags: int, *, counter: int | None = None, rp_id: str | None = None) -> bytes:
        count = (self.counter or 0) if counter is None else counter
        return hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def _sign(self, message: bytes) -> bytes:
        key = self.private
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(message, ec.ECDSA(hashes.SHA256()))
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        signed: bytes = key.sign(message)
        return signed
