"""A real local stack and a real backend for tests: processes of their own, loopback ports of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ADMIN_TOKEN = "local-administrator-token-0123456789abcdef"
#: Of ``admin@local.invalid``.
ADMINISTRATOR_PASSWORD = "Correct-Horse-7"
_READY = "authmint ready on "
_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A stack that serves."""

    url: str
    process: subprocess.Popen[str]
    data: Path
    token: str = ADMIN_TOKEN

    def admin(self, method: str, path: str, body: Any = None) -> requests.Response:
        """One call of the management API."""
        url = path if path.startswith("http") else self.url + path
        return requests.request(method, url, json=body, headers={"Authorization": f"SSWS {self.token}"}, timeout=30)

    def made(self, path: str, body: Any) -> Any:
        """A new object."""
        answer = self.admin("POST", path, body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function directly, as the command does."""
        file = self.data / "event.json"
        file.write_text(json.dumps(event))
        return json.loads(self.command("invoke", function, "--event", str(file), "--data", str(self.data)))

    def advance(self, time: str) -> str:
        """Move the stack's clock ahead; what time it is then."""
        return self.command("clock", "--advance", time, "--data", str(self.data)).strip()

    def command(self, *arguments: str) -> str:
        """What a command of ``authmint`` that succeeds prints."""
        done = subprocess.run(
            [sys.executable, "-m", "authmint.cli", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running_stack(data: Path, *, port: int = 0, options: Sequence[str] = (), **environment: str) -> Iterator[Running]:
    """Start ``authmint dev`` and stop it afterwards."""
    command = [sys.executable, "-m", "authmint.cli", "dev", "--data", str(data), "--port", str(port), *options]
    log = data / "stderr.log"
    data.mkdir(parents=True, exist_ok=True)
    with log.open("a") as errors:
        process = subprocess.Popen(
            command,
            env=os.environ
            | {"AUTHMINT_API_TOKEN": ADMIN_TOKEN, "AUTHMINT_ADMIN_PASSWORD": ADMINISTRATOR_PASSWORD}
            | {"AUTHMINT_LOG_LEVEL": "INFO"}
            | environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        url = _url(process, log)
        yield Running(url, process, data)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def _url(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        if line.startswith(_READY):
            return line.removeprefix(_READY).strip()
        if not line:
            break
    raise AssertionError(f"the stack did not start:\n{log.read_text()}")
