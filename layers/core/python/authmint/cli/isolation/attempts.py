"""What was tried, and what came of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..remote import Answer, Remote
from .sides import Side

#: Signs a payload with a server's own private key, under a header of one's choice. Only tests can.
Forge = Callable[[Side, dict[str, Any], dict[str, Any]], str]


@dataclass(frozen=True)
class Attempt:
    """One attempt to cross from one server to the other.

    Attributes:
        what: Which of one server's things was used where at the other.
        refused: Whether it came to nothing.
        how: The answer in short; never a token or a secret.
    """

    direction: str
    what: str
    refused: bool
    how: str


@dataclass(frozen=True)
class Crossing:
    """From one side (``own``) to the other (``target``)."""

    remote: Remote
    own: Side
    target: Side
    forge: Forge | None = None

    def attempt(self, what: str, answer: Answer, *, refused: bool) -> Attempt:
        """The outcome of an attempt."""
        return Attempt(f"{self.own.name} → {self.target.name}", what, refused, in_short(answer))


Attempts = Iterator[Attempt]


def in_short(answer: Answer) -> str:
    """Status, and what the answer says by a code of its own."""
    try:
        body = json.loads(answer.body or b"{}")
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        return str(answer.status)
    said = body.get("error") or body.get("errorCode")
    if said is None and "active" in body:
        said = "active" if body["active"] else "inactive"
    return f"{answer.status} {said}" if said else str(answer.status)
