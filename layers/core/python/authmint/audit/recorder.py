"""Makes the events of one administrative request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.events import Event, Party
from .builder import EventBuilder


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
        builder = EventBuilder(self.request, self.clock, self.ids)
        return builder.event(event_type, actor=self.actor, targets=targets, message=message, debug=debug)
