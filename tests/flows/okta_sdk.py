"""The official Python SDK against a running stack."""

import asyncio
from typing import Any

from okta.client import Client as OktaClient

from tests.support.stack import Running


class Sdk:
    """The official SDK, unmodified, its HTTPS check off by its own testing switch."""

    def __init__(self, stack: Running) -> None:
        self._client = OktaClient({"orgUrl": stack.url, "token": stack.token})

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def call(*values: Any, **named: Any) -> Any:
            result, _, error = asyncio.run(_three(operation(*values, **named)))
            assert error is None, error
            return result

        return call


async def _three(awaitable: Any) -> tuple[Any, Any, Any]:
    answer = await awaitable
    return (answer[0], answer[1], answer[-1]) if len(answer) > 2 else (None, answer[0], answer[-1])
