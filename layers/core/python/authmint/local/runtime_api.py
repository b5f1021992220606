"""The Lambda Runtime API of one execution environment: hands out events, takes answers, one at a time."""

import asyncio
from dataclasses import dataclass
from typing import Final

import h11

_PREFIX: Final = "/2018-06-01/runtime/"
_MAX_ANSWER: Final = 6 * 1024 * 1024 + 4_096


@dataclass(frozen=True)
class Invocation:
    """An event on its way in. ``deadline_ms``: milliseconds since the Unix epoch."""

    request_id: str
    event: bytes
    deadline_ms: int
    function_arn: str


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended. ``error``: the function raised; ``body`` says what."""

    body: bytes
    error: bool = False


class RuntimeApi:
    """Serves one ``awslambdaric`` process on a loopback port of its own."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Invocation] = asyncio.Queue(1)
        self._outcome: asyncio.Future[Outcome] | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self.ready = asyncio.Event()
        self.init_error: bytes | None = None

    async def start(self) -> str:
        """Serve, and say where: ``host:port``."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"127.0.0.1:{port}"

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Hand over an event and wait for its end."""
        self._outcome = asyncio.get_running_loop().create_future()
        await self._events.put(invocation)
        return await self._outcome

    def stop(self) -> None:
        """Close every connection: the process ends by itself then, if it did not before."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._connections):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        connection = h11.Connection(h11.SERVER)
        try:
            while True:
                request, body = await _read(connection, reader)
                if request is None:
                    return
                status, headers, answer = await self._answer(request, body)
                fields = [*headers, (b"content-length", str(len(answer)).encode())]
                # Head and body in one write: two would wait for each other's acknowledgement.
                writer.write(
                    (connection.send(h11.Response(status_code=status, headers=fields)) or b"")
                    + (connection.send(h11.Data(data=answer)) or b"")
                    + (connection.send(h11.EndOfMessage()) or b"")
                )
                await writer.drain()
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return
                connection.start_next_cycle()
        except (ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            return  # cancelled: the stack stops, and nobody waits for this task
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer(self, request: h11.Request, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        path = request.target.decode("ascii").removeprefix(_PREFIX)
        if path == "invocation/next":
            self.ready.set()
            invocation = await self._events.get()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Content-Type": "application/json",
            }
            return 200, [(name.encode(), value.encode()) for name, value in headers.items()], invocation.event
        if path == "init/error":
            self.init_error = body
            self.ready.set()
        elif path.endswith(("/response", "/error")) and self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(Outcome(body, error=path.endswith("/error")))
        return 202, [(b"content-type", b"application/json")], b'{"status":"OK"}'


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request | None, bytes]:
    request, body = None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(65_536)
            connection.receive_data(data)
            continue
        if isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_ANSWER:
                raise ConnectionError("answer too large")
        elif isinstance(event, h11.EndOfMessage):
            return request, body
        else:  # the process went away
            return None, b""
