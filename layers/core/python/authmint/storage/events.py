"""System log events (runtime contract §23.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Party:
    """An actor or a target of an event."""

    id: str
    type: str
    alternate_id: str | None = None
    display_name: str | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened. Holds no secret.

    Attributes:
        published_ms: Milliseconds since the Unix epoch.
        outcome: ``SUCCESS``, ``FAILURE`` or ``CHALLENGE``.
        reason: The internal error id of a failure (runtime contract §25).
    """

    id: str
    published_ms: int
    type: str
    actor: Party
    outcome: str = "SUCCESS"
    reason: str | None = None
    message: str = ""
    targets: tuple[Party, ...] = ()
    debug: Mapping[str, Any] = field(default_factory=dict)
    source_ip: str = ""
    user_agent: str = ""
    request_id: str = ""
