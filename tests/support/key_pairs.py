"""Signing keys with their private halves, made in this process: the deployed code never has both in hand."""

from typing import Any

from authmint.jose.keys import SigningAlgorithm, jwk_from_der
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


def private_jwk_pair(algorithm: SigningAlgorithm) -> tuple[dict[str, str], bytes]:
    """A new pair: public JWK and private key (PKCS #8, DER)."""
    private: Any
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = rsa.generate_private_key(65537, 2048)
    pkcs8 = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return jwk_from_der(spki), pkcs8
