"""What an import did so far: ids of the source and what they are at the target, never a secret.

A line for each object, written as soon as it is made, so that a run that broke goes on where it was. The last line of
an object counts; one that was cut off in the middle does not.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...remote import RemoteFailed

_VERSION: Final = 1
_NONE: Final = "is no state of an import"


@dataclass(frozen=True)
class Done:
    """An object that was brought in.

    Attributes:
        target_id: At the target.
        digest: Of what was sent, but for secrets, and its status; ``""``: it is not finished.
        name: What it was called, for when it is gone.
    """

    target_id: str
    digest: str
    name: str


class State:
    """The file. It belongs to one source and one target, and to one run at a time."""

    def __init__(self, path: Path, source: str, target: str) -> None:
        """Raises RemoteFailed: it cannot be read, is in use, or is of other deployments."""
        self.done: dict[str, Done] = {}
        self._path = path
        self._is_new = not path.exists()
        try:
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+", encoding="utf-8")
        except OSError as error:
            raise RemoteFailed(f"the state {path} cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise RemoteFailed(f"another import is using {path}") from None
        self._read({"version": _VERSION, "source": source, "target": target})

    def _read(self, head: Mapping[str, Any]) -> None:
        try:
            text = self._file.read()
        except UnicodeDecodeError:
            self._file.close()
            raise RemoteFailed(f"{self._path} {_NONE}; name another file with --state") from None
        lines = [_decoded(line) for line in text.split("\n")]  # names may have other ends of lines
        if not text.strip():
            self._write(head)
        elif lines[0] != head:
            self._file.close()
            what = (
                _NONE
                if not isinstance(lines[0], dict) or "source" not in lines[0]
                else (f"is of an import from {lines[0]['source']} to {lines[0].get('target')}")
            )
            raise RemoteFailed(f"{self._path} {what}; name another file with --state")
        elif not text.endswith("\n"):
            self._file.write("\n")
        os.fchmod(self._file.fileno(), 0o600)
        for line in lines[1:]:
            if isinstance(line, list) and len(line) == 4 and all(isinstance(one, str) for one in line):
                self.done[line[0]] = Done(*line[1:])

    def put(self, mark: str, done: Done) -> None:
        """Note what became of an object."""
        if self.done.get(mark) != done:
            self.done[mark] = done
            self._write([mark, done.target_id, done.digest, done.name])

    def close(self) -> None:
        """Let others use it. One in which nothing was noted is not left behind."""
        if self._is_new and not self.done:
            self._path.unlink(missing_ok=True)
        self._file.close()

    def _write(self, line: Any) -> None:
        self._file.write(json.dumps(line) + "\n")  # ASCII: any name can be written, and read again
        self._file.flush()


def _decoded(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def digest_of(body: Any, status: str | None) -> str:
    """By which the same content is known again, and the same status."""
    return f"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()} {status or ''}"
