"""The official MCP SDK for Python, unmodified: a service calls a tool by what an identity provider asserts."""

import asyncio
import json
import sys

import httpx2
from mcp import ClientSession
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

SETTINGS = json.loads(sys.argv[1])


class Memory:
    """`TokenStorage`."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError("the client is registered")


async def asserted(audience: str, resource: str) -> str:
    """What the identity provider says: the test is it."""
    print(json.dumps({"audience": audience, "resource": resource}), flush=True)
    return sys.stdin.readline().strip()


async def main() -> None:
    memory = Memory()
    provider = IdentityAssertionOAuthProvider(
        server_url=SETTINGS["resource"],
        storage=memory,
        client_id=SETTINGS["clientId"],
        client_secret=SETTINGS["clientSecret"],
        issuer=SETTINGS["issuer"],
        assertion_provider=asserted,
    )
    async with (
        httpx2.AsyncClient(auth=provider, timeout=30) as http,
        streamable_http_client(SETTINGS["resource"], http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        answer = await session.call_tool("read_note", {})
    assert memory.tokens is not None
    said = {"tool": str(answer.content[0].text), "token": memory.tokens.access_token}
    print(json.dumps(said | {"refresh": memory.tokens.refresh_token}), flush=True)


asyncio.run(main())
