"""Issuers outside of a deployment, as tests hold them in their hands."""

import itertools
import json
from typing import Any

import jwt

from tests.support.dpop import Key
from tests.support.fakes import NOW

_NUMBERS = itertools.count()


class Issuer:
    """An issuer with one key at a time."""

    def __init__(self, url: str = "https://idp.example", algorithm: str = "ES256") -> None:
        self.url = url
        self.key, self.kid = Key(algorithm), "k1"

    @property
    def jwk(self) -> dict[str, Any]:
        return {**self.key.jwk, "kid": self.kid, "use": "sig"}

    @property
    def jwks(self) -> bytes:
        return json.dumps({"keys": [self.jwk]}).encode()

    @property
    def metadata(self) -> bytes:
        return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()

    @property
    def documents(self) -> dict[str, bytes]:
        """Everything that it publishes, by URL."""
        return {f"{self.url}/.well-known/openid-configuration": self.metadata, f"{self.url}/keys": self.jwks}

    def rotate(self) -> None:
        """Another key, under another name."""
        self.key, self.kid = Key(self.key.algorithm), f"{self.kid}+"

    def token(self, header: dict[str, Any] | None = None, *, key: Any = None, **claims: Any) -> str:
        """Something that it signed. ``None`` leaves a member out."""
        payload = {"iss": self.url, "iat": NOW, "exp": NOW + 300, "jti": f"j{next(_NUMBERS)}"} | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        head = {"kid": self.kid, "typ": "JWT"} | (header or {})
        algorithm = head.pop("alg", self.key.algorithm)
        if head["kid"] is None:
            head.pop("kid")
        return jwt.encode(payload, key or self.key.private, str(algorithm), head)
