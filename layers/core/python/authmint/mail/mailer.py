"""Takes mail out of the outbox and sends it: at once when it was stored, else by schedule, until it is sent or late."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ..backoff import pause
from ..clock import Clock
from ..ids import Ids
from ..outage import Outage
from ..rate_limit import RateLimit
from ..storage.errors import NotFound
from ..storage.events import Event, EventLog, Party
from ..storage.outbox import Mail, Outbox, Taken
from ..storage.undeliverable import UndeliverableAddresses
from .bounces import are_notifications, bounces
from .rendering import Message

#: Seconds for which mail belongs to who took it.
_TAKEN: Final = 120
_MOST_AT_ONCE: Final = 100
_SERVICE: Final = Party("mailer", "SystemPrincipal", display_name="authmint mailer")


class Rejected(Exception):
    """The mail cannot be sent, now or later. ``reason``: a word of the service's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Postman(Protocol):
    """Hands mail over to who delivers it."""

    def send(self, mail: Mail, message: Message) -> None:
        """Send one mail.

        Raises:
            Rejected: It will never be taken.
            Outage: It was not taken now.
        """


class MailLog(Protocol):
    """What the mailer says of itself."""

    def refused(self, metric: str, reason: str) -> None:
        """Count something that was given up."""

    def report(self, fault: BaseException, request_id: str = "", *, route: str = "", status: int = 0) -> None:
        """Report a fault."""


@dataclass(frozen=True)
class Limits:
    """How much is sent: to one user in an hour, and in a day altogether."""

    of_user: RateLimit
    of_all: RateLimit


class Mailer:
    """Sends what waits.

    Args:
        outbox: Where it waits.
        compose: What a mail says; ``None``: nobody is to have it.
        postman: Who takes it.
        limits: How much is sent.
        undeliverable: Where nothing is sent.
        log: For the events of deliveries.
        journal: For metrics and faults.
        clock: Read for each mail.
        ids: For the ids of events.
        go_on: Whether there is time for another one.
    """

    def __init__(
        self,
        outbox: Outbox,
        compose: Callable[[Mail], Message | None],
        postman: Postman,
        limits: Limits,
        *,
        undeliverable: UndeliverableAddresses,
        log: EventLog,
        journal: MailLog,
        clock: Clock,
        ids: Ids,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._outbox = outbox
        self._compose = compose
        self._postman = postman
        self._limits = limits
        self._undeliverable = undeliverable
        self._log = log
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._go_on = go_on

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Send what an invocation is about: a stream's records, else all that is due; how many ended how.

        Notifications of SES are noted instead.

        ``{"action": "revive"}`` makes what was given up due again first.
        """
        outcome: dict[str, int] = {}
        if payload.get("action") == "revive":
            outcome["revived"] = self._outbox.revive(at=self._clock.now())
        records = payload.get("Records")
        if records is not None and are_notifications(records):
            return self._noted(records)
        ids = stored(records) if records is not None else self._outbox.due(at=self._clock.now(), limit=_MOST_AT_ONCE)
        for mail_id in ids:
            if not self._go_on():
                break
            ended = self._handled(mail_id)
            if ended is not None:
                outcome[ended] = outcome.get(ended, 0) + 1
        return outcome

    def _noted(self, records: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        """Addresses that mail came back from, or was not wanted at: how many of each."""
        outcome: dict[str, int] = {}
        for one in bounces(records):
            if one.for_good:
                self._undeliverable.mark(one.address, one.because, at=self._clock.now())
            self._journal.refused("MailsReturned", one.because)
            target = Party("unknown", "User", alternate_id=masked(one.address))
            self._log.record([self._delivery(target, one.because, one.template, one.mail_id)])
            name = one.because.lower()
            outcome[name] = outcome.get(name, 0) + 1
        return outcome

    def _handled(self, mail_id: str) -> str | None:
        now = self._clock.now()
        try:
            taken = self._outbox.take(mail_id, at=now, until=now + _TAKEN)
        except NotFound:
            return None  # somebody else has it
        if not taken.mail.to:  # stored where there is nobody to write to, so that storing takes the same time
            self._outbox.remove(mail_id)
            return None
        reason = self._useless(taken, now)
        return self._sent(taken, now) if reason is None else self._dropped(taken, now, reason)

    def _sent(self, taken: Taken, now: int) -> str:
        mail = taken.mail
        try:
            message = self._compose(mail)
            if message is None:
                self._outbox.remove(mail.id)
                return "unwanted"
            self._postman.send(mail, message)
        except Rejected as error:
            return self._dropped(taken, now, error.reason, keep=True)
        except Outage as error:
            self._journal.report(error, route="direct")
            self._outbox.delay(mail.id, until=now + pause(taken.attempts))
            return "delayed"
        self._outbox.remove(mail.id)
        self._log.record([self._event(mail)])
        return "sent"

    def _useless(self, taken: Taken, now: int) -> str | None:
        """Why it is not sent: it is late, or over a limit."""
        mail = taken.mail
        if mail.expires_at <= now:
            return "expired"
        if self._undeliverable.find(mail.to) is not None:
            return "undeliverable"
        if taken.attempts > 1:
            return None
        if mail.user_id is not None and not self._limits.of_user.take(mail.user_id, now=now).allowed:
            return "user_limit"
        return None if self._limits.of_all.take("org", now=now).allowed else "day_limit"

    def _dropped(self, taken: Taken, now: int, reason: str, *, keep: bool = False) -> str:
        """Mail that is not sent. What an operator can do something about is kept."""
        if keep or reason == "day_limit":
            self._outbox.give_up(taken, at=now, because=reason)
        else:
            self._outbox.remove(taken.mail.id)
        self._journal.refused("MailsGivenUp", reason)
        self._log.record([self._event(taken.mail, reason)])
        return "given_up"

    def _event(self, mail: Mail, reason: str | None = None) -> Event:
        target = Party(mail.user_id or "unknown", "User", alternate_id=masked(mail.to))
        return self._delivery(target, reason, mail.template, mail.id)

    def _delivery(self, target: Party, reason: str | None, template: str, mail_id: str) -> Event:
        """``reason`` ``None``: it is none."""
        return Event(
            id=self._ids.uuid(),
            published_ms=self._clock.now_ms(),
            type="system.email.delivery",
            actor=_SERVICE,
            outcome="SUCCESS" if reason is None else "FAILURE",
            reason=reason,
            targets=(target,),
            debug={"template": template, "mail": mail_id},
        )


def stored(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Ids of the mail that a stream of the table says was stored."""
    return [record["dynamodb"]["Keys"]["sk"]["S"] for record in records if record.get("eventName") == "INSERT"]


def masked(address: str) -> str:
    """An address that only who knows it recognizes."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***{at}{domain}"
