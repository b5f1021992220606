"""What anybody may ask for by a name: the same answer in the same time, whether there is such a user or not."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..mail.letters import Letters, Template
from ..policy.sign_on.password import PasswordDecision
from ..rate_limit import RateLimit, network_of
from ..storage.clients import secret_digest
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.events import Party
from ..storage.groups import EVERYONE_GROUP, Groups
from ..storage.recovery_tickets import RecoveryTicket, RecoveryTickets, TicketKind
from ..storage.roles import Roles
from ..storage.users import Password, User, login_key
from .refusals import TooOften
from .tickets import bound

#: What is asked for.
Wish = Literal["password", "unlock"]
#: What holds for somebody's password, for a request.
Decide = Callable[[Person, Request, int], PasswordDecision]
#: Who there is not. Everything is read and written for nobody as for somebody, and the mailer drops the mail.
_NOBODY: Final = User(
    "00uAuthmintNobody000",
    0,
    0,
    "ACTIVE",
    {"login": "nobody", "email": "", "firstName": "", "lastName": ""},
    password=Password("", 0),
)
_NO_GROUP: Final = "00gAuthmintNobody000"
_PATHS: Final[Mapping[Wish, str]] = {"password": "/signin/reset-password/", "unlock": "/signin/unlock/"}
_LINKS: Final[Mapping[Wish, str]] = {"password": "resetPasswordLink", "unlock": "unlockAccountLink"}
_EVENTS: Final[Mapping[Wish, str]] = {
    "password": "user.account.reset_password",
    "unlock": "user.account.unlock_token",
}


@dataclass(frozen=True)
class Brakes:
    """How often help may be asked for: for one name at once and in an hour, and from one address in an hour."""

    of_name: RateLimit
    of_name_and_hour: RateLimit
    of_address: RateLimit

    def check(self, login: str, request: Request, *, now: int) -> None:
        """Count one request. Raises TooOften."""
        name = login_key(login)
        for limit, who in (
            (self.of_address, network_of(request.source_ip)),
            (self.of_name, name),
            (self.of_name_and_hour, name),
        ):
            allowance = limit.take(who, now=now)
            if not allowance.allowed:
                raise TooOften(allowance)


@dataclass(frozen=True)
class Helpdesk:
    """Takes wishes of strangers, and mails what fulfils them to who may have it."""

    directory: Directory
    groups: Groups
    roles: Roles
    tickets: RecoveryTickets
    letters: Letters
    decide: Decide
    brakes: Brakes
    clock: Clock
    ids: Ids

    @property
    def on(self) -> bool:
        """Whether there is any help: nothing is offered where no mail is sent."""
        return self.letters.on

    def ask(
        self, login: str, wish: Wish, request: Request, *, now: int, onward: Mapping[str, str] | None = None
    ) -> None:
        """Take a wish. Nothing tells whether there is such a user: not what comes back, and not how long it takes.

        Args:
            login: As it was typed.
            wish: What for.
            request: Of whom.
            now: Unix seconds.
            onward: Where the browser goes in the end.

        Raises:
            TooOften: Too many such requests, for this name or from this address.
            Unavailable: Storage could not answer.
        """
        self._take(login, wish, request, now=now, onward=onward or {}, mailed=True)

    def vouch(self, login: str, wish: Wish, request: Request, *, now: int) -> str | None:
        """Take a wish of a program that may manage users, and give it the ticket: it knows who asks. Nothing is mailed.

        Returns:
            The ticket; ``None``: the user may not get back in so, or has a role.

        Raises:
            NotFound: There is no such user.
            TooOften: Too many such requests, for this name or from this address.
            Unavailable: Storage could not answer.
        """
        return self._take(login, wish, request, now=now, onward={}, mailed=False)

    def _take(
        self, login: str, wish: Wish, request: Request, *, now: int, onward: Mapping[str, str], mailed: bool
    ) -> str | None:
        """Store the ticket, with its mail; the ticket, where it is good for what was wished."""
        self.brakes.check(login, request, now=now)
        person = self._person(login)
        user = person.user
        decision = self.decide(person, request, now)
        template, kind = _letter(user, wish, decision)
        # Who administers is above whoever manages users: only their own mail leads back in.
        if not mailed and self.roles.get().of_user(user.id, [group.id for group in person.groups]):
            kind = "nothing"
        text = self.ids.opaque(32)
        link = f"{request.base_url}{_PATHS[wish]}{text}"
        lifetime = decision.link_lifetime
        ticket = RecoveryTicket(
            secret_digest(text), kind, user.id, bound(user, kind), now, now + lifetime, dict(onward)
        )
        values = {_LINKS[wish]: link if kind == wish else ""}
        # The same address would come out for nobody: that mail is made, stored, and dropped when it would be sent.
        mails = self.letters.to(user, template, values, now=now, lifetime=lifetime) if mailed else ()
        known = user is not _NOBODY
        party = Party(user.id, "User", alternate_id=user.login) if known else Party("unknown", "User")
        event = EventBuilder(request, self.clock, self.ids).event(
            _EVENTS[wish],
            actor=party,
            targets=(party,),
            reason=None if kind == wish else "NOT_ALLOWED" if known else "UNKNOWN_USER",
            debug={"is_self_initiated": "true" if mailed else "false"},
        )
        self.tickets.add(ticket, [event], mails)
        if not known and not mailed:
            raise NotFound("user")
        return text if kind == wish else None

    def _person(self, login: str) -> Person:
        """Who has the login. Nobody's is looked up like somebody's, and who is in no group like who is in one."""
        try:
            person = self.directory.by_login(login)
        except NotFound:
            person = Person(_NOBODY, (EVERYONE_GROUP,))
            with suppress(NotFound):
                self.directory.person(_NOBODY.id)
        if person.groups == (EVERYONE_GROUP,):
            self.groups.many([_NO_GROUP])
        return person


def _letter(user: User, wish: Wish, decision: PasswordDecision) -> tuple[Template, TicketKind]:
    """What is written, and what the ticket in it is good for."""
    if user is _NOBODY or user.status in {"STAGED", "PROVISIONED", "SUSPENDED", "DEPROVISIONED"}:
        return "ForgotPasswordDenied", "nothing"
    locked = user.status == "LOCKED_OUT"
    if wish == "unlock":
        if not locked:
            return "SelfServiceUnlockOnUnlockedAccount", "nothing"
        return (
            ("SelfServiceUnlock", "unlock") if decision.unlock and by_mail(decision) else ("AccountLockout", "nothing")
        )
    # Who has no password, and a key instead, comes back by proving something else (``Recovery.needed``).
    if not decision.reset or not by_mail(decision) or (locked and not decision.unlock):
        return "ForgotPasswordDenied", "nothing"
    return "ForgotPassword", "password"


def by_mail(decision: PasswordDecision) -> bool:
    """Whether a link that was mailed is good enough to begin with: each requirement says so, or the policy does."""
    named = [requirement.methods for requirement in decision.requirements if requirement.methods]
    return all("email" in methods for methods in named) if named else decision.by_mail
