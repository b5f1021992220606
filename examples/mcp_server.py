"""An MCP server whose users sign in at an authorization server of authmint. Needs the package `mcp`, and authmint.

    python examples/mcp_server.py ISSUER [PORT]

Register its URL as a resource first, byte by byte as it is printed (docs/guide/mcp.md).
"""

import sys

import anyio.to_thread
from authmint.verifier import Refused, Verifier
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

ISSUER = sys.argv[1]
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
RESOURCE = f"http://127.0.0.1:{PORT}/mcp"
SCOPE = "notes.read"


class Tokens:
    """Checks a token as every resource server has to: signature, issuer, time, and that it is for this server."""

    def __init__(self) -> None:
        self._verifier = Verifier(ISSUER, RESOURCE)

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the token allows; `None` where it is not good here."""
        try:
            claims = await anyio.to_thread.run_sync(self._verifier.verify, f"Bearer {token}")
        except Refused as refused:
            print(refused, file=sys.stderr)  # never a token: the log says why
            return None
        return AccessToken(
            token=token,
            client_id=claims["cid"],
            scopes=claims["scp"],
            expires_at=claims["exp"],
            resource=RESOURCE,
            subject=claims["sub"],
        )


server = MCPServer(
    "notes",
    token_verifier=Tokens(),
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
