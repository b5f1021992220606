"""The official MCP SDK for Python, unmodified: signs a user in, calls a tool, lets its token expire and calls again.

Prints where the user has to go, reads where the browser was sent, and prints what it saw, as JSON lines.
"""

import asyncio
import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

SETTINGS = json.loads(sys.argv[1])


class Memory:
    """`TokenStorage`: a client that an administrator registered, or none at first, and its tokens."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None
        if "clientId" in SETTINGS:
            self.client = OAuthClientInformationFull(
                client_id=SETTINGS["clientId"],
                redirect_uris=[SETTINGS["redirectUri"]],
                token_endpoint_auth_method="none",
                issuer=SETTINGS["issuer"],
            )

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        assert "clientId" not in SETTINGS, "the client is registered"
        self.client = client_info


async def go(url: str) -> None:
    say({"url": url})


async def come_back() -> AuthorizationCodeResult:
    query = parse_qs(urlsplit(sys.stdin.readline().strip()).query)
    found = {name: values[0] for name, values in query.items()}
    return AuthorizationCodeResult(code=found["code"], state=found.get("state"), iss=found.get("iss"))


def say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


async def called(provider: OAuthClientProvider) -> str:
    """What the tool says."""
    async with (
        httpx2.AsyncClient(auth=provider, timeout=30) as http,
        streamable_http_client(SETTINGS["resource"], http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        answer = await session.call_tool("read_note", {})
        return str(answer.content[0].text)


async def main() -> None:
    memory = Memory()
    metadata = OAuthClientMetadata(
        client_name="client of the tests", redirect_uris=[SETTINGS["redirectUri"]], token_endpoint_auth_method="none"
    )
    document = SETTINGS.get("clientMetadataUrl")
    provider = OAuthClientProvider(SETTINGS["resource"], metadata, memory, go, come_back, client_metadata_url=document)
    said = [await called(provider)]
    first = memory.tokens
    provider.context.token_expiry_time = 1.0  # an hour later
    said.append(await called(provider))
    assert first is not None
    assert memory.tokens is not None
    assert memory.client is not None
    seen = {"said": said, "first": first.model_dump(), "second": memory.tokens.model_dump()}
    say(seen | {"clientId": memory.client.client_id})


asyncio.run(main())
