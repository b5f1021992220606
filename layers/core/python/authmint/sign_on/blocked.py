"""Zones from which nobody is let in: looked at before anything is read about anybody (docs/protocol.md §33.5)."""

from typing import Final

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..factors.sinks import EventSink
from ..http import Request
from ..ids import Ids
from ..policy.sign_on.zones import blocking
from ..storage.events import Party
from ..storage.zones import Zone
from .policies import AppliedPolicies

#: Seconds for which an instance uses what it read: a zone is blocked that much later at most.
KEPT: Final = 10


class BlockedZones:
    """Says who is refused, and writes it down."""

    def __init__(self, policies: AppliedPolicies, events: EventSink, clock: Clock, ids: Ids) -> None:
        self._policies = policies
        self._events = events
        self._clock = clock
        self._ids = ids
        self._zones: tuple[Zone, ...] = ()
        self._read_at: int | None = None

    def refuse(self, request: Request) -> bool:
        """Whether the request comes from such a zone. Raises Unavailable."""
        now = self._clock.now()
        if self._read_at is None or not 0 <= now - self._read_at < KEPT:
            self._zones = tuple(
                zone for zone in self._policies.all_zones() if zone.usage == "BLOCKLIST" and zone.extent
            )
            self._read_at = now
        if not self._zones:
            return False
        zone = blocking(self._zones, self._policies.circumstances(request, device=None))
        if zone is None:
            return False
        party = Party(zone.id, "NetworkZone", display_name=zone.name)
        builder = EventBuilder(request, self._clock, self._ids)
        actor = Party("unknown", "User")
        self._events.emit(
            builder.event("security.request.blocked", actor=actor, targets=[party], reason="BLOCKED_ZONE")
        )
        return True
