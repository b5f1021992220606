"""Event hooks: tells endpoints what is in the system log, in its order, each at least once (docs/protocol.md §39.7).

The log is the queue. Each hook has a place in it, which moves on when its endpoint took what comes next: so nothing is
lost that is in the log, and nothing overtakes. What fails is tried again after pauses; what is given up is kept as a
dead letter, and the hook goes on after it.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import msgspec

from ..audit.view import event_json
from ..backoff import pause
from ..clock import Clock, timestamp
from ..ids import Ids
from ..storage.errors import Conflict
from ..storage.events import SETTLED_AFTER, Event, EventLog, Party, Recorded, place_of
from ..storage.hook_deliveries import DeadLetter, HookDeliveries, Progress
from ..storage.hooks import EventHook, Hooks
from .calls import HookCalls, HookFailed
from .signatures import signed

EVENT_TYPE: Final = "com.okta.event_hook"
SIGNING_SECRET: Final = "signing"
#: Events of one delivery.
MOST_AT_ONCE: Final = 50
#: Attempts at an event whose endpoint does not answer, or has trouble; and at one that it refuses.
ATTEMPTS: Final = 8
REFUSALS: Final = 3
#: Seconds for which a run has a hook: longer than the function may take.
_BUSY: Final = 120
#: Seconds after which a place is saved although nothing was told since.
_STALE: Final = 3_600
#: Deliveries, and seconds, after which it is another hook's turn.
_DELIVERIES: Final = 20
_TURN: Final = 5
_BATCH: Final = 200
#: Events between two looks at the clock.
_GLANCE: Final = 100
_SHOWN: Final = 1_000
#: Statuses that say that the endpoint has trouble, like those from 500 on.
_TROUBLE: Final = frozenset({408, 425, 429})
_SERVICE: Final = Party("hooks", "SystemPrincipal", display_name="authmint hooks")


class HookLog(Protocol):
    """What the function says of itself."""

    def refused(self, metric: str, reason: str) -> None:
        """Count something that was given up."""


@dataclass
class Run:
    """What came of a run."""

    told: int = 0
    given_up: int = 0
    waiting: int = 0

    def counts(self) -> dict[str, int]:
        """What there is to say."""
        counted = {"told": self.told, "given_up": self.given_up, "waiting": self.waiting}
        return {name: number for name, number in counted.items() if number}


class EventHooks:
    """Tells hooks.

    Args:
        hooks: All of them.
        deliveries: How far they are.
        log: The system log: what is told, and where it is recorded what was given up.
        calls: Reaches endpoints.
        journal: For metrics.
        clock: Read for each delivery.
        ids: For the ids of events.
        go_on: Whether there is time for another delivery.
    """

    def __init__(
        self,
        hooks: Hooks[EventHook],
        deliveries: HookDeliveries,
        log: EventLog,
        calls: HookCalls,
        journal: HookLog,
        clock: Clock,
        ids: Ids,
        *,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._hooks = hooks
        self._deliveries = deliveries
        self._log = log
        self._calls = calls
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._go_on = go_on

    def run(self) -> dict[str, int]:
        """Tell every hook what is new, as far as there is time. Raises Outage."""
        run, waiting = Run(), self._telling()
        while waiting and self._go_on():
            waiting = [hook for hook in waiting if self._go_on() and self._tell(hook, run)]
        return run.counts()

    def given_up(self) -> list[dict[str, Any]]:
        """What lies in the dead letters of all hooks, in the order of the log."""
        return [
            {"hook": hook.id, "name": hook.name, **_letter_json(letter)}
            for hook in self._hooks.all().hooks
            for letter in self._deliveries.dead_letters(hook.id, limit=_SHOWN)
        ]

    def redrive(self) -> dict[str, int]:
        """Tell hooks what was given up, in the order of the log; what fails again stays. Raises Outage."""
        told = left = 0
        for hook in self._telling():
            for letter in self._deliveries.dead_letters(hook.id, limit=_SHOWN):
                if not self._go_on() or self._attempt(hook, [letter.event]) is not None:
                    break
                self._deliveries.forget(letter)
                told += 1
            left += len(self._deliveries.dead_letters(hook.id, limit=_SHOWN))
        return {"redelivered": told, "left": left}

    def _telling(self) -> list[EventHook]:
        """Who is told. Every minute another one is the first: where time is short, not always the same ones wait."""
        telling = [hook for hook in self._hooks.all().hooks if hook.status == "ACTIVE" and hook.verified and hook.since]
        first = self._clock.now() // 60 % len(telling) if telling else 0
        return telling[first:] + telling[:first]

    def _tell(self, hook: EventHook, run: Run) -> bool:
        """One turn of a hook. Whether it is worth another one: its endpoint took all that it was told, and not all."""
        now = self._clock.now()
        progress = self._deliveries.progress(hook.id)
        if max(progress.not_before, progress.busy_until) > now:
            run.waiting += progress.not_before > now
            return False
        start = max(progress.place, place_of(hook.since * 1_000))
        settled = place_of(max(self._clock.now_ms() - SETTLED_AFTER, 0))
        news = _News(self._log, frozenset(hook.event_types), after=start, before=settled, go_on=self._go_on)
        batch = news.take(1 if progress.careful else MOST_AT_ONCE)
        stale = now - progress.saved_at >= _STALE
        progress = replace(progress, place=start, saved_at=now)
        try:
            if batch:
                progress = self._deliveries.save(replace(progress, busy_until=now + _BUSY))
                progress = self._told(hook, progress, news, batch, run)
            else:
                progress = replace(progress, place=news.reached)
            if batch or news.looked_at or stale:
                self._deliveries.save(replace(progress, busy_until=0, saved_at=self._clock.now()))
        except Conflict:
            return False  # another run has the hook
        return progress.place < settled and not progress.careful

    def _told(
        self, hook: EventHook, progress: Progress, news: "_News", batch: Sequence[Recorded], run: Run
    ) -> Progress:
        """How far the hook is after the news, after its turn, or before what fails of them."""
        ends_at, turns = self._clock.now() + _TURN, iter(range(_DELIVERIES))
        while batch:
            failed = self._attempt(hook, [recorded.event for recorded in batch])
            if failed is not None:
                return self._failed(hook, progress, batch, failed, run)
            run.told += len(batch)
            done = replace(progress, place=news.reached, failures=0, careful=False, not_before=0)
            progress = self._deliveries.save(replace(done, saved_at=self._clock.now()))
            if not self._go_on() or self._clock.now() >= ends_at or next(turns, None) is None:
                return progress
            batch = news.take(min(len(batch) * 2, MOST_AT_ONCE))
        return replace(progress, place=news.reached)

    def _failed(
        self, hook: EventHook, progress: Progress, batch: Sequence[Recorded], failed: HookFailed, run: Run
    ) -> Progress:
        """Come back later; an event that fails alone, and too often, is given up."""
        now, failures = self._clock.now(), progress.failures + 1
        progress = replace(progress, failures=failures, careful=True, not_before=now + pause(failures), saved_at=now)
        run.waiting += 1
        if len(batch) > 1 or failures < (ATTEMPTS if _is_trouble(failed) else REFUSALS):
            return progress
        (recorded,) = batch
        letter = DeadLetter(hook.id, recorded.place, recorded.event, str(failed), now)
        progress = self._deliveries.save(replace(progress, place=recorded.place, failures=0), letter=letter)
        run.given_up += 1
        self._journal.refused("EventsGivenUp", str(failed))
        self._log.record([self._event(hook, letter)])
        return progress

    def _attempt(self, hook: EventHook, events: Sequence[Event]) -> HookFailed | None:
        """Deliver events, with one more try at once where the endpoint has trouble; ``None``: it took them."""
        failed = self._delivered(hook, events)
        return self._delivered(hook, events) if failed is not None and _is_trouble(failed) else failed

    def _delivered(self, hook: EventHook, events: Sequence[Event]) -> HookFailed | None:
        now = self._clock.now()
        message_id = _message_id(hook, events)
        body = msgspec.json.encode(_body(hook, message_id, events, now))
        secrets = [self._calls.opened(hook.id, SIGNING_SECRET, sealed) for sealed in hook.signing]
        try:
            answer = self._calls.send(hook.id, hook.channel, body, signed(message_id, now, body, secrets))
        except HookFailed as failed:
            return failed
        return None if 200 <= answer.status < 300 else HookFailed(f"status {answer.status}", status=answer.status)

    def _event(self, hook: EventHook, letter: DeadLetter) -> Event:
        return Event(
            id=self._ids.uuid(),
            published_ms=self._clock.now_ms(),
            type="event_hook.delivery",
            actor=_SERVICE,
            outcome="FAILURE",
            reason=letter.reason,
            targets=(Party(hook.id, "Webhook", display_name=hook.name),),
            debug={"event": letter.event.id, "event_type": letter.event.type},
        )


class _News:
    """What a hook is to be told, as it is read from the log.

    Attributes:
        reached: Everything up to here was taken, or is none of the hook's business.
        looked_at: How many events were read.
    """

    def __init__(
        self, log: EventLog, wanted: frozenset[str], *, after: str, before: str, go_on: Callable[[], bool]
    ) -> None:
        self._found = log.read(after=after, before=before, batch=_BATCH)
        self._wanted = wanted
        self._before = before
        self._go_on = go_on
        self.reached = after
        self.looked_at = 0

    def take(self, most: int) -> list[Recorded]:
        """The next events, at most so many; none where there are no more, or no time."""
        batch: list[Recorded] = []
        for recorded in self._found:
            self.looked_at += 1
            self.reached = recorded.place
            if recorded.event.type in self._wanted:
                batch.append(recorded)
            if len(batch) == most or (self.looked_at % _GLANCE == 0 and not self._go_on()):
                return batch
        self.reached = max(self.reached, self._before)
        return batch


def _is_trouble(failed: HookFailed) -> bool:
    """Whether the endpoint, and not what it was told, is why."""
    return failed.status == 0 or failed.status >= 500 or failed.status in _TROUBLE


def _message_id(hook: EventHook, events: Sequence[Event]) -> str:
    """The same for the same events of a hook, however often they are told: receivers know repetitions by it."""
    named = "\n".join([hook.id, *(event.id for event in events)])
    digest = hashlib.sha256(named.encode()).digest()[:18]
    return f"msg_{base64.urlsafe_b64encode(digest).decode('ascii')}"


def _body(hook: EventHook, message_id: str, events: Sequence[Event], now: int) -> dict[str, Any]:
    return {
        "eventType": EVENT_TYPE,
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": f"{hook.base_url}/api/v1/eventHooks/{hook.id}",
        "eventId": message_id,
        "data": {"events": [event_json(event) for event in events]},
        "eventTime": timestamp(now),
        "contentType": "application/json",
    }


def _letter_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        "event": letter.event.id,
        "eventType": letter.event.type,
        "published": timestamp(letter.event.published_ms // 1_000),
        "givenUp": timestamp(letter.given_up_at),
        "reason": letter.reason,
    }
