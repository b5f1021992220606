"""A mailer whose postman does what a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from authmint.mail.composing import Composer
from authmint.mail.contents import Brand
from authmint.mail.mailer import Limits, Mailer
from authmint.mail.rendering import Message
from authmint.rate_limit import RateLimit
from authmint.storage.outbox import Mail

from tests.memory.storage import MemoryStorage
from tests.support.fakes import NOW, CountingIds, FrozenClock

MAIL = Mail("m1", "PasswordChanged", "ann@b.example", NOW, NOW + 86_400, "00u1", {"user.profile.login": "ann"})


@dataclass
class Post:
    """A mailer whose postman does what the test says."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    sent: list[tuple[str, Message]] = field(default_factory=list)
    refusal: Exception | None = None
    counted: list[tuple[str, str]] = field(default_factory=list)
    reported: list[BaseException] = field(default_factory=list)
    left: Callable[[], bool] = lambda: True
    of_user: int = 10
    of_all: int = 1_000

    def __post_init__(self) -> None:
        def limit(kind: str, most: int, seconds: int) -> RateLimit:
            return RateLimit(self.storage.rate_counters, kind, most=most, seconds=seconds)

        self.mailer = Mailer(
            self.storage.outbox,
            Composer(Brand("Acme"), self.storage.mail_templates),
            self,
            Limits(limit("mail", self.of_user, 3_600), limit("mails", self.of_all, 86_400)),
            undeliverable=self.storage.undeliverable,
            log=self.storage.log,
            journal=self,
            clock=self.clock,
            ids=CountingIds(),
            go_on=lambda: self.left(),
        )

    def send(self, mail: Mail, message: Message) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.sent.append((mail.id, message))

    def refused(self, metric: str, reason: str) -> None:
        self.counted.append((metric, reason))

    def report(self, fault: BaseException, request_id: str = "", *, route: str = "", status: int = 0) -> None:
        assert (request_id, route, status) == ("", "direct", 0)
        self.reported.append(fault)

    def stored(self, *mails: Mail) -> dict[str, Any]:
        """The mailer is told of mail that is stored now."""
        self.storage.outbox.add(mails)
        records = [{"eventName": "INSERT", "dynamodb": {"Keys": {"sk": {"S": mail.id}}}} for mail in mails]
        return self.mailer({"Records": records})
