"""``mcp-remote``, unmodified: a program that speaks MCP over its standard input, and signs its user in on the way."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import requests

_AUTHORIZE = re.compile(r"http://127\.0\.0\.1:\d+/oauth2/\S+/v1/authorize\S+")


class McpRemote:
    """One that runs. ``visited``: where it sent its user."""

    def __init__(self, process: subprocess.Popen[str], sign_in: Callable[[str], str]) -> None:
        self._process = process
        self._sign_in = sign_in
        self._answers: Queue[str] = Queue()
        self._asked = 0
        self.visited: list[str] = []
        for work in (self._read, self._watch):
            threading.Thread(target=work, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if line.strip():
                self._answers.put(line)

    def _watch(self) -> None:
        """Do what the user is asked to do."""
        for line in self._process.stderr or ():
            found = _AUTHORIZE.search(line)
            if found is not None:
                self.visited.append(found[0])
                requests.get(self._sign_in(found[0]), timeout=30)  # it listens there

    def ask(self, method: str, **params: Any) -> Any:
        """One request, and the result of it."""
        self._asked += 1
        self.tell(method, id=self._asked, **params)
        return json.loads(self._answers.get(timeout=60))["result"]

    def tell(self, method: str, *, id: int | None = None, **params: Any) -> None:  # noqa: A002 - JSON-RPC calls it so
        """Say something that may have an answer."""
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id is None else {"id": id})
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


@contextmanager
def mcp_remote(
    node: str, program: Path, resource: str, state: Path, sign_in: Callable[[str], str]
) -> Iterator[McpRemote]:
    """Start it for one MCP server. It keeps what it registered below ``state``."""
    environment = {"MCP_REMOTE_CONFIG_DIR": str(state), "PATH": "", "HOME": str(state)}  # no browser is found there
    command = [node, str(program), resource, "--transport", "http-only"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        try:
            yield McpRemote(process, sign_in)
        finally:
            process.kill()
