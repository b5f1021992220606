"""Lambda's Invoke API on a loopback port of its own: what ``authmint invoke`` and AWS SDKs call."""

import re
from collections.abc import Mapping
from typing import Final

from .environments import InvocationFailed, Pool
from .gateway import Receive, Scope, Send, plain, read_body

_PATH: Final = re.compile(r"/2015-03-31/functions/([\w-]+)/invocations")


class InvokeApi:
    """The ASGI application."""

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self._pools = pools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        event = await read_body(receive)
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
        headers.append((b"content-length", str(len(outcome.body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": outcome.body})
