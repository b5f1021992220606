"""Execution environments: a pool of processes per function, each serving one event at a time."""

import asyncio
import contextlib
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .runtime_api import Invocation, Outcome, RuntimeApi
from .template import ACCOUNT, REGION, FunctionSpec

_INIT_SECONDS: Final = 30
#: What Python imports first in every function's process: see ``sitecustomize`` there.
_INSIDE: Final = Path(__file__).resolve().parent / "inside"
#: Bytes; CloudWatch Logs takes no longer line.
_MAX_LINE: Final = 1_048_576


class InvocationFailed(Exception):
    """No answer: the environment did not start, crashed, or ran out of time. The message says which."""


class NoAnswer(InvocationFailed):
    """The function ran out of time."""


@dataclass(frozen=True)
class Host:
    """What every environment of the stack shares.

    Attributes:
        functions: Directory that holds ``<name>/handler.py``.
        import_path: Directory of the layer's packages.
        environment: Variables on top of the template's.
        most: Environments per function.
        read_line: What reads the log lines of a log group, where something does.
        ahead: Seconds that the functions' clock is ahead of the machine's.
    """

    functions: Path
    import_path: str
    environment: Mapping[str, str]
    most: int = 4
    read_line: Mapping[str, Callable[[bytes], None]] = field(default_factory=dict)
    ahead: Callable[[], int] = lambda: 0


class Environment:
    """One process under the Lambda runtime client."""

    def __init__(self, spec: FunctionSpec, host: Host) -> None:
        self._spec = spec
        self._host = host
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._read_line = host.read_line.get(spec.log_group)
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process and wait until it asks for an event. Raises InvocationFailed."""
        address = await self._api.start()
        directory = self._host.functions / self._spec.name
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "awslambdaric",
            self._spec.handler,
            cwd=directory,
            env=self._variables(address, directory),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sys.stderr if self._read_line is None else asyncio.subprocess.PIPE,
            limit=_MAX_LINE,
            start_new_session=True,  # Ctrl-C is for the stack
        )
        if self._process.stdout is not None:
            self._reading = asyncio.ensure_future(self._read(self._process.stdout))
        ended = asyncio.ensure_future(self._process.wait())
        ready = asyncio.ensure_future(self._api.ready.wait())
        await asyncio.wait({ended, ready}, timeout=_INIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        started = ready.done() and self._api.init_error is None
        ready.cancel()
        ended.cancel()
        if not started:
            await self.stop()
            detail = (self._api.init_error or b"it ended or did not answer").decode("utf-8", "replace")[:2_000]
            raise InvocationFailed(f"function {self._spec.name} did not start: {detail}")

    async def _read(self, lines: asyncio.StreamReader) -> None:
        """Pass log lines on, and show them where those of the other functions are shown."""
        while line := await lines.readline():
            sys.stderr.write(line.decode("utf-8", "replace"))
            sys.stderr.flush()
            if self._read_line is not None:
                self._read_line(line)

    def _variables(self, address: str, directory: Path) -> dict[str, str]:
        name = self._spec.name
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": os.pathsep.join([str(_INSIDE), str(directory), self._host.import_path]),
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._spec.memory),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/local/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LAMBDA_TASK_ROOT": str(directory),
            "_HANDLER": self._spec.handler,
            "TZ": "UTC",
            **self._spec.environment,
            **self._host.environment,
        }

    async def invoke(self, event: bytes) -> Outcome:
        """Run one event. Raises InvocationFailed; the environment must not be used again then."""
        if self._process is None:
            raise InvocationFailed("not started")
        timeout = self._spec.timeout
        invocation = Invocation(
            request_id=str(uuid.uuid4()),
            event=event,
            deadline_ms=int((time.time() + self._host.ahead() + timeout) * 1000),
            function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self._spec.name}",
        )
        answered = asyncio.ensure_future(self._api.invoke(invocation))
        ended = asyncio.ensure_future(self._process.wait())
        done, _ = await asyncio.wait({answered, ended}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if answered in done:
            return answered.result()
        answered.cancel()
        if done:
            raise InvocationFailed(f"function {self._spec.name}: the process ended with {self._process.returncode}")
        raise NoAnswer(f"function {self._spec.name}: no answer within {timeout} seconds")

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def stop(self) -> None:
        """Kill the process."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading
        self._api.stop()


class Pool:
    """The environments of one function: made when needed, up to so many, replaced when one failed."""

    def __init__(self, spec: FunctionSpec, host: Host) -> None:
        self.spec = spec
        self._host = host
        self._idle: list[Environment] = []
        self._places = asyncio.Semaphore(host.most)
        self._all: set[Environment] = set()

    async def invoke(self, event: bytes) -> Outcome:
        """Run one event in an environment that has no other. Raises InvocationFailed."""
        async with self._places:
            environment = await self._environment()
            try:
                outcome = await environment.invoke(event)
            except BaseException:
                await self._discard(environment)
                raise
            self._idle.append(environment)
            return outcome

    async def _environment(self) -> Environment:
        while self._idle:
            environment = self._idle.pop()
            if environment.alive:
                return environment
            await self._discard(environment)
        environment = Environment(self.spec, self._host)
        self._all.add(environment)
        try:
            await environment.start()
        except BaseException:
            await self._discard(environment)
            raise
        return environment

    async def _discard(self, environment: Environment) -> None:
        self._all.discard(environment)
        await environment.stop()

    async def stop(self) -> None:
        """Stop all of them."""
        await asyncio.gather(*(environment.stop() for environment in list(self._all)))
        self._idle.clear()
