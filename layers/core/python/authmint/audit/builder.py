"""The one builder of events: what every event says of the request that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.events import Event, Party

_LONGEST_USER_AGENT: Final = 256


@dataclass(frozen=True)
class EventBuilder:
    """Makes the events of one request."""

    request: Request
    clock: Clock
    ids: Ids

    def event(
        self,
        event_type: str,
        *,
        actor: Party,
        targets: Sequence[Party] = (),
        reason: str | None = None,
        challenged: bool = False,
        message: str = "",
        debug: Mapping[str, Any] | None = None,
    ) -> Event:
        """An event that happens now.

        Args:
            event_type: What happened.
            actor: Who did it.
            targets: To what.
            reason: Why it failed; ``None``: it succeeded.
            challenged: It did not fail for good: the same, with something more, works.
            message: Where the type says too little.
            debug: More, never a secret; members that have nothing to say are left out.
        """
        return Event(
            id=self.ids.uuid(),
            published_ms=self.clock.now_ms(),
            type=event_type,
            actor=actor,
            outcome="SUCCESS" if reason is None else "CHALLENGE" if challenged else "FAILURE",
            reason=reason,
            message=message,
            targets=tuple(targets),
            debug={name: value for name, value in (debug or {}).items() if value not in (None, "", [])},
            source_ip=self.request.source_ip,
            user_agent=(self.request.header("user-agent") or "")[:_LONGEST_USER_AGENT],
            request_id=self.request.request_id,
        )
