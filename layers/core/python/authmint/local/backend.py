"""The embedded DynamoDB and KMS: MiniStack, on loopback, in a process and an environment of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .deployment import Deployment

_SERVICES: Final = ("dynamodb", "dynamodbstreams", "kms")
_READY_SECONDS: Final = 30
_STOP_SECONDS: Final = 15


class BackendFailed(Exception):
    """The backend did not start, or cannot be installed. The message says what to do."""


def backend_python(deployment: Deployment) -> Path:
    """The interpreter that has MiniStack; makes its environment on first use. Raises BackendFailed."""
    if deployment.checkout is not None:
        made = deployment.checkout / ".venv-backend" / "bin" / "python"
        if made.exists():
            return made
    return _install(deployment.backend_requirements)


def _install(requirements: Path) -> Path:
    """A virtual environment in the user's cache, named after what is pinned."""
    import hashlib

    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "authmint"
    home = cache / f"backend-{digest}-{sys.version_info.major}.{sys.version_info.minor}"
    python, done = home / "bin" / "python", home / ".installed"
    if done.exists():
        return python
    print(f"authmint: installing the backend into {home} (once)", file=sys.stderr)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(requirements)]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run(pip, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BackendFailed(f"the backend could not be installed into {home}: {error}") from None
    done.touch()
    return python


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Backend:
    """One MiniStack process.

    Args:
        python: Of its environment.
        state: Directory where its data is kept; ``None``: nowhere.
        services: Which of AWS's it stands in for.
    """

    def __init__(self, python: Path, state: Path | None, services: Sequence[str] = _SERVICES) -> None:
        self._python = python
        self._state = state
        self._services = ",".join(services)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BackendFailed("the backend was not started")
        return self._process

    def start(self) -> None:
        """Start it and wait until it serves. Raises BackendFailed."""
        script = Path(__file__).with_name("backend_process.py")
        self._process = subprocess.Popen(
            [str(self._python), str(script)],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the stack, which stops the backend last
        )
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise BackendFailed(f"the backend ended with status {self._process.returncode} while starting")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/ready", timeout=1):  # noqa: S310 - loopback
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise BackendFailed(f"the backend did not serve within {_READY_SECONDS} seconds")

    def _environment(self) -> Mapping[str, str]:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", "/"),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "SERVICES": self._services,
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
        }
        if self._state is not None:
            self._state.mkdir(parents=True, exist_ok=True)
            environment |= {"PERSIST_STATE": "1", "STATE_DIR": str(self._state)}
        return environment

    async def ended(self) -> int:
        """Wait until the process ends by itself."""
        while (status := self.process.poll()) is None:
            await asyncio.sleep(0.2)
        return status

    def stop(self) -> None:
        """Stop it. It saves its state first."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
