"""What functions and commands call beside the gateway, on a loopback port: Lambda's Invoke API, SES, the clock."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ..clock import timestamp
from .environments import InvocationFailed, Pool
from .gateway import Receive, Scope, Send, plain, read_body
from .outbox import SEND, LocalOutbox

#: Moves the functions' clock so many seconds ahead; what time it is then (Unix seconds).
MoveClock = Callable[[int], Awaitable[int]]

_PATH: Final = re.compile(r"/2015-03-31/functions/([\w-]+)/invocations")


class InvokeApi:
    """The ASGI application of the invoke port."""

    def __init__(self, pools: Mapping[str, Pool], move_clock: MoveClock, outbox: LocalOutbox) -> None:
        self._pools = pools
        self._outbox = outbox
        self._move_clock = move_clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if (scope["method"], scope["path"]) == ("POST", SEND):
            await self._outbox.take(receive, send)
            return
        if (scope["method"], scope["path"]) == ("GET", "/outbox"):
            await self._outbox.listed(scope, send)
            return
        event = await read_body(receive)
        if (scope["method"], scope["path"]) == ("POST", "/clock"):
            await self._clock(send, event or b"{}")
            return
        match = _PATH.fullmatch(scope["path"])
        pool = self._pools.get(match[1]) if match else None
        if scope["method"] != "POST" or pool is None or event is None:
            await plain(send, 404, f"no such function; there are {', '.join(sorted(self._pools))}")
            return
        headers = [(b"content-type", b"application/json")]
        try:
            outcome = await pool.invoke(event or b"{}")
        except InvocationFailed as error:
            await plain(send, 502, str(error))
            return
        if outcome.error:
            headers.append((b"x-amz-function-error", b"Unhandled"))
        await _respond(send, outcome.body, headers)

    async def _clock(self, send: Send, body: bytes) -> None:
        try:
            seconds = int(json.loads(body).get("advance", 0))
        except (ValueError, AttributeError, TypeError):
            seconds = -1
        if seconds < 0:
            await plain(send, 400, 'the clock goes ahead only: {"advance": seconds}')
            return
        now = timestamp(await self._move_clock(seconds))
        await _respond(send, json.dumps({"now": now}).encode(), [(b"content-type", b"application/json")])


async def _respond(send: Send, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
