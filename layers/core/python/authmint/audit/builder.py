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
        outcome: str | None = None,
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
            outcome: In the place of what follows from these.
            message: Where the type says too little.
            debug: More, never a secret; members that have nothing to say are left out.
        """
        return Event(
            id=self.ids.uuid(),
            published_ms=self.clock.now_ms(),
            type=event_type,
            actor=actor,
            outcome=outcome or ("SUCCESS" if reason is None else "CHALLENGE" if challenged else "FAILURE"),
            reason=reason,
            message=message,
            targets=tuple(targets),
            debug={name: value for name, value in (debug or {}).items() if value not in (None, "", [])},
            source_ip=self.request.source_ip,
            user_agent=(self.request.header("user-agent") or "")[:_LONGEST_USER_AGENT],
            request_id=self.request.request_id,
        )

    def decision(
        self, actor: Party, targets: Sequence[Party], outcome: str, debug: Mapping[str, Any], *, detail: str = ""
    ) -> Event:
        """What the policies of people decided about somebody (docs/protocol.md §33.10).

        Args:
            actor: About whom.
            targets: Policies and rules, and what it is for.
            outcome: ``ALLOW``, ``CHALLENGE``, ``ENROL`` or ``DENY``.
            debug: What was found out for it.
            detail: What the policies themselves do not say.
        """
        return self.event(
            "policy.evaluate_sign_on",
            actor=actor,
            targets=targets,
            reason=None if outcome == "ALLOW" else outcome,
            outcome="CHALLENGE" if outcome == "ENROL" else outcome,
            debug={**debug, "reason_detail": detail},
        )
