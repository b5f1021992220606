"""Proofs of possession (RFC 9449) as clients make them, by PyJWT."""

import base64
import hashlib
import itertools
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.support.fakes import NOW

_NUMBERS = itertools.count()


class Key:
    """A client's key."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self.private: Any
        curves: dict[str, Any] = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
        if algorithm.startswith("ES"):
            self.private = ec.generate_private_key(curves[algorithm]())
        elif algorithm in {"EdDSA", "Ed25519"}:
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65_537, 2_048)
        name = "EdDSA" if algorithm == "Ed25519" else algorithm
        jwk = jwt.get_algorithm_by_name(name).to_jwk(self.private.public_key(), as_dict=True)
        members = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e"), "OKP": ("kty", "crv", "x")}[jwk["kty"]]
        self.jwk: dict[str, Any] = {member: jwk[member] for member in members}

    @property
    def jkt(self) -> str:
        text = json.dumps(self.jwk, separators=(",", ":"), sort_keys=True)
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

    def proof(
        self, uri: str, method: str = "POST", *, now: int = NOW, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A proof. ``header`` and ``claims`` change it; ``None`` leaves a member out."""
        payload = {"jti": f"p{next(_NUMBERS)}", "htm": method, "htu": uri, "iat": now} | claims
        head = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk} | (header or {})
        signed = {name: value for name, value in payload.items() if value is not None}
        name = "EdDSA" if self.algorithm == "Ed25519" else self.algorithm
        parts = [_segment({name: value for name, value in head.items() if value is not None}), _segment(signed)]
        signature = jwt.get_algorithm_by_name(name).sign(".".join(parts).encode(), self.private)
        return ".".join((*parts, _base64url(signature)))


def ath(token: str) -> str:
    return _base64url(hashlib.sha256(token.encode()).digest())


def _segment(value: Any) -> str:
    return _base64url(json.dumps(value).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
