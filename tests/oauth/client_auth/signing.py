"""A client that authenticates by assertions, and its assertions."""

from collections.abc import Mapping
from typing import Any

import jwt
from authmint.storage.clients import Client, ClientKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.oauth.engine import Engine
from tests.support.builders import BASE_URL, CLIENT_ID, SERVER_ID, a_client
from tests.support.fakes import NOW, decoded, pregenerated

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ENDPOINT = f"{BASE_URL}/oauth2/{SERVER_ID}/v1/token"
JWK, PKCS8 = pregenerated("RS256")
KEY: Any = load_der_private_key(PKCS8, None)


def key_client(*jwks: Mapping[str, Any], **changes: Any) -> Client:
    keys = tuple(ClientKey(f"pks{i}", jwk, NOW, NOW) for i, jwk in enumerate(jwks or ({**JWK, "kid": "k1"},)))
    return a_client(auth_method="private_key_jwt", secrets=(), keys=keys, **changes)


def claims(**changes: Any) -> dict[str, Any]:
    values = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": ENDPOINT, "exp": NOW + 300, "iat": NOW, "jti": "one"} | changes
    return {name: value for name, value in values.items() if value is not None}


def ask(engine: Engine, assertion: str, **fields: str) -> Any:
    """What the token endpoint says: 200, or the description of the refusal."""
    answer = engine.ask({"client_assertion_type": TYPE, "client_assertion": assertion} | fields, headers={})
    return answer.status if answer.status == 200 else decoded(answer.body)["error_description"]


def signed(key: Any = KEY, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers)
