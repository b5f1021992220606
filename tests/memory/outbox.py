"""Mail that waits, in memory: for unit tests."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from authmint.storage.errors import Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.mail_templates import MailTemplate, as_delivered
from authmint.storage.outbox import Mail, Taken
from authmint.storage.recovery_tickets import RecoveryTicket
from authmint.storage.undeliverable import Because, Undeliverable
from authmint.storage.users import login_key


@dataclass(frozen=True)
class _Waiting:
    mail: Mail
    due_at: int | None
    attempts: int = 0
    because: str | None = None


class MemoryOutbox:
    """``Outbox``. ``mails`` are all that were ever added."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._waiting: dict[str, _Waiting] = {}
        self.mails: list[Mail] = []

    def add(self, mails: Sequence[Mail]) -> None:
        with self._lock:
            self.mails.extend(mails)
            self._waiting |= {mail.id: _Waiting(mail, mail.created_at) for mail in mails}

    def due(self, *, at: int, limit: int) -> Sequence[str]:
        return [i for i, one in self._waiting.items() if one.due_at is not None and one.due_at <= at][:limit]

    def take(self, mail_id: str, *, at: int, until: int) -> Taken:
        with self._lock:
            known = self._waiting.get(mail_id)
            if known is None or known.due_at is None or known.due_at > at:
                raise NotFound("MAIL")
            self._waiting[mail_id] = replace(known, due_at=until, attempts=known.attempts + 1)
            return Taken(known.mail, known.attempts + 1)

    def delay(self, mail_id: str, *, until: int) -> None:
        with self._lock:
            known = self._waiting.get(mail_id)
            if known is not None and known.due_at is not None:
                self._waiting[mail_id] = replace(known, due_at=until)

    def remove(self, mail_id: str) -> None:
        with self._lock:
            self._waiting.pop(mail_id, None)

    def give_up(self, taken: Taken, *, at: int, because: str) -> None:
        with self._lock:
            known = self._waiting.get(taken.mail.id)
            if known is not None:
                self._waiting[taken.mail.id] = replace(known, due_at=None, because=because)

    def revive(self, *, at: int) -> int:
        with self._lock:
            given_up = [i for i, one in self._waiting.items() if one.due_at is None]
            for mail_id in given_up:
                self._waiting[mail_id] = replace(self._waiting[mail_id], due_at=at, attempts=0, because=None)
            return len(given_up)


class MemoryRecoveryTickets:
    """``RecoveryTickets``."""

    def __init__(
        self,
        lock: threading.RLock,
        record: Callable[[Sequence[Event]], None],
        send: Callable[[Sequence[Mail]], None],
    ) -> None:
        self._lock = lock
        self._record = record
        self._send = send
        self.tickets: dict[str, RecoveryTicket] = {}

    def add(self, ticket: RecoveryTicket, events: Sequence[Event], mails: Sequence[Mail]) -> None:
        with self._lock:
            self.tickets[ticket.digest] = ticket
            self._record(events)
            self._send(mails)

    def get(self, digest: str) -> RecoveryTicket:
        try:
            return self.tickets[digest]
        except KeyError:
            raise NotFound("RECOVERY") from None


class MemoryMailTemplates:
    """``MailTemplates``."""

    def __init__(self, lock: threading.RLock, record: Callable[[Sequence[Event]], None]) -> None:
        self._lock = lock
        self._record = record
        self._kept: dict[str, MailTemplate] = {}

    def get(self, name: str) -> MailTemplate:
        return self._kept.get(name, as_delivered(name))

    def save(self, before: MailTemplate, after: MailTemplate, events: Sequence[Event]) -> None:
        with self._lock:
            if self.get(before.name).version != before.version:
                raise Conflict(before.name)
            words = tuple(sorted(after.customizations, key=lambda one: one.id))
            self._kept[before.name] = replace(after, customizations=words, version=before.version + 1)
            self._record(events)


class MemoryUndeliverableAddresses:
    """``UndeliverableAddresses``."""

    def __init__(self, record: Callable[[Sequence[Event]], None]) -> None:
        self._record = record
        self.known: dict[str, Undeliverable] = {}

    def mark(self, address: str, because: Because, *, at: int) -> None:
        self.known[login_key(address)] = Undeliverable(login_key(address), because, at)

    def find(self, address: str) -> Undeliverable | None:
        return self.known.get(login_key(address))

    def clear(self, address: str, events: Sequence[Event]) -> None:
        self.known.pop(login_key(address), None)
        self._record(events)
