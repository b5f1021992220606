"""What every inline hook is sent around what it is asked, and what asks it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import Clock, timestamp
from ..http import Request
from ..ids import Ids
from ..storage.events import Event
from ..storage.hooks import Hooks, InlineHook
from .calls import HookCalls


def question(
    event_type: str, source: str, data: Mapping[str, Any], *, clock: Clock, ids: Ids, **more: str
) -> dict[str, Any]:
    """One question.

    Args:
        event_type: The type of the hook.
        source: What asks.
        data: What is asked.
        clock: Read once.
        ids: For the id of the question.
        more: Members that this type alone has.
    """
    return {
        "source": source,
        "eventId": ids.opaque(16),
        "eventTime": timestamp(clock.now()),
        "eventTypeVersion": "1.0",
        "cloudEventVersion": "0.1",
        "contentType": "application/json",
        "eventType": event_type,
        **more,
        "data": data,
    }


def request_json(request: Request, url: str) -> dict[str, Any]:
    """The request because of which a hook is asked. Nothing that it brought along."""
    return {
        "id": request.request_id,
        "method": request.method,
        "url": {"value": url},
        "ipAddress": request.source_ip,
    }


@dataclass(frozen=True)
class HookAsker:
    """What everything has that asks inline hooks.

    Attributes:
        hooks: All of them.
        calls: Reaches them.
        clock: For events.
        ids: For events.
        emit: Takes events.
    """

    hooks: Hooks[InlineHook]
    calls: HookCalls
    clock: Clock
    ids: Ids
    emit: Callable[[Event], None]
