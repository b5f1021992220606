"""An MCP server whose users sign in at an authorization server of authmint. Needs the packages `mcp` and `pyjwt`.

    python examples/mcp_server.py ISSUER [PORT]

Register its URL as a resource first, byte by byte as it is printed (docs/guide/mcp.md).
"""

import sys
from typing import Any

import jwt
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

#: What this server takes; a token says itself which of them it is signed with, so the list has to be ours.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
ISSUER = sys.argv[1]
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
RESOURCE = f"http://127.0.0.1:{PORT}/mcp"
SCOPE = "notes.read"


class Verifier:
    """Checks a token as every resource server has to: signature, issuer, time, and that it is for this server."""

    def __init__(self) -> None:
        self._keys = jwt.PyJWKClient(f"{ISSUER}/v1/keys")

    def _claims(self, token: str) -> dict[str, Any]:
        """The claims of a good access token. Raises jwt.PyJWTError."""
        key = self._keys.get_signing_key_from_jwt(token)
        required = ["exp", "iat", "jti", "cid", "scp"]
        claims = jwt.decode(token, key.key, ALGORITHMS, audience=RESOURCE, issuer=ISSUER, options={"require": required})
        if not claims["jti"].startswith("AT."):
            raise jwt.InvalidTokenError("an ID token is no access token")
        return claims

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the token allows; `None` where it is not good here."""
        try:
            claims = self._claims(token)
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["cid"],
            scopes=claims["scp"],
            expires_at=claims["exp"],
            resource=claims["aud"],
            subject=claims["sub"],
        )


server = MCPServer(
    "notes",
    token_verifier=Verifier(),
    auth=AuthSettings(
        issuer_url=ISSUER,
        resource_server_url=RESOURCE,
        required_scopes=[SCOPE],
        validate_token_resource=True,
    ),
)


@server.tool()
def read_note() -> str:
    """Read the note."""
    return "Water the plants."


if __name__ == "__main__":
    print(f"Serving {RESOURCE}", flush=True)
    server.run("streamable-http", host="127.0.0.1", port=PORT)
