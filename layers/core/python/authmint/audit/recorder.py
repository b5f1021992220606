"""Makes the events of one administrative request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.events import Event, Party


@dataclass(frozen=True)
class Recorder:
    """Who does something from where; ``event`` says what.

    Attributes:
        actor: The administrator, or the service itself.
    """

    clock: Clock
    ids: Ids
    actor: Party
    request: Request

    def event(
        self,
        event_type: str,
        *targets: Party,
        message: str = "",
        debug: Mapping[str, Any] | None = None,
    ) -> Event:
        """An event of this request that succeeded, to be stored in the same transaction as its change."""
        return Event(
            id=self.ids.uuid(),
            published_ms=self.clock.now_ms(),
            type=event_type,
            actor=self.actor,
            message=message,
            targets=targets,
            debug=debug or {},
            source_ip=self.request.source_ip,
            user_agent=(self.request.header("user-agent") or "")[:256],
            request_id=self.request.request_id,
        )
