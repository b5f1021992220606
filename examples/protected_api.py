"""An API that lets in who brings a good access token: PyJWT and nothing of authmint.

Usage: python protected_api.py ISSUER AUDIENCE SCOPE [PORT]
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import requests

#: What this API takes; a token says itself which of them it is signed with, so the list has to be ours.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


class Verifier:
    """Checks access tokens of one server by its key set, which is fetched anew for a key that is not known."""

    def __init__(self, issuer: str, audience: str) -> None:
        metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()
        self._keys = jwt.PyJWKClient(metadata["jwks_uri"])
        self._issuer, self._audience = issuer, audience

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a good token. Raises jwt.PyJWTError."""
        key = self._keys.get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=ALGORITHMS,
            issuer=self._issuer,
            audience=self._audience,
            options={"require": ["exp", "iat", "cid", "scp"]},
        )
        if not str(claims["jti"]).startswith("AT."):
            raise jwt.InvalidTokenError("an ID token is no access token")
        return claims


def handler(verifier: Verifier, scope: str) -> type[BaseHTTPRequestHandler]:
    """A handler of requests that need one scope."""

    class Orders(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            scheme, _, token = (self.headers["authorization"] or "").partition(" ")
            if scheme.lower() != "bearer":
                return self._answer(401, {"error": "no token"})
            try:
                claims = verifier.claims(token.strip())
            except jwt.PyJWTError as error:
                return self._answer(401, {"error": str(error)})
            if scope not in claims["scp"]:
                return self._answer(403, {"error": "insufficient_scope", "scope": scope})
            return self._answer(200, {"orders": [1, 2, 3], "for": claims["sub"]})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            if status == 401:
                self.send_header("www-authenticate", "Bearer")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Orders


def main(issuer: str, audience: str, scope: str, port: str = "8001") -> None:
    """Serve until stopped."""
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler(Verifier(issuer, audience), scope))
    print(f"Serving on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
