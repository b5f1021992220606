"""Events of the protocol endpoints (runtime contract §23): one structured log line each, never a secret."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

from ..storage.events import Event


class TokenEvents(Protocol):
    """Where token events go."""

    def emit(self, event: Event) -> None:
        """Write the event without waiting for anything."""


def token_hash(token: str) -> str:
    """How a token is named in the log: base64 of its SHA-256."""
    return base64.b64encode(hashlib.sha256(token.encode()).digest()).decode("ascii")


def without_empty(debug: Mapping[str, Any]) -> dict[str, Any]:
    """Debug data without the members that have nothing to say."""
    return {name: value for name, value in debug.items() if value not in (None, "", [])}
