"""What is mailed to somebody, opened: whose it is, and what it is good for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ..directory.recovery_tokens import good, owner
from ..jose.encoding import b64encode
from ..policy.sign_on.password import PasswordDecision
from ..storage.clients import secret_digest
from ..storage.errors import NotFound
from ..storage.recovery_tickets import RecoveryTickets, TicketKind
from ..storage.users import User, Users, login_key
from .refusals import NotOpen

#: What it is good for: a first password, another one, an end of the lock, a first one of who made the account.
Purpose = Literal["activation", "password", "unlock", "registration"]
_STATUSES: Final[Mapping[TicketKind, frozenset[str]]] = {
    "password": frozenset({"ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT"}),
    "unlock": frozenset({"LOCKED_OUT"}),
    "registration": frozenset({"STAGED"}),
    "nothing": frozenset(),
}


@dataclass(frozen=True)
class Opened:
    """A ticket that is good now.

    Attributes:
        text: The ticket itself: a secret.
        onward: Where the browser goes in the end, that asked for it.
        by_administrator: Nobody asked for it: an administrator did.
        decision: What holds for the user's password, for the request that brought it.
    """

    text: str = field(repr=False)
    purpose: Purpose
    user: User
    expires_at: int
    onward: Mapping[str, str] = field(default_factory=dict)
    by_administrator: bool = False
    decision: PasswordDecision = field(default_factory=PasswordDecision)


@dataclass(frozen=True)
class Tickets:
    """Opens tickets: those that a user's record carries, and those that were asked for by the user."""

    users: Users
    asked_for: RecoveryTickets

    def open(self, text: str, *, now: int) -> Opened:
        """What somebody brings. It changes nothing.

        Raises:
            NotOpen: It leads nowhere.
            Unavailable: Storage could not answer.
        """
        try:
            return self._carried(text, now) if "." in text else self._asked(text, now)
        except NotFound:
            raise NotOpen("there is none") from None

    def _carried(self, text: str, now: int) -> Opened:
        user = self.users.get(owner(text))
        ticket = user.ticket
        for purpose, kind in (("activation", "activation"), ("password", "recovery")):
            if ticket is not None and good(user, text, kind, now=now):  # type: ignore[arg-type]
                if user.status in {"STAGED", "SUSPENDED", "DEPROVISIONED"}:
                    break
                return Opened(text, purpose, user, ticket.expires_at, by_administrator=True)  # type: ignore[arg-type]
        raise NotOpen("not the user's ticket")

    def _asked(self, text: str, now: int) -> Opened:
        ticket = self.asked_for.get(secret_digest(text))
        if ticket.kind == "nothing" or ticket.expires_at <= now:
            raise NotOpen("expired, or good for nothing")
        user = self.users.get(ticket.user_id)
        if user.status not in _STATUSES[ticket.kind] or ticket.bound != bound(user, ticket.kind):
            raise NotOpen("the user is not as it was")
        return Opened(text, ticket.kind, user, ticket.expires_at, ticket.onward)


def bound(user: User, kind: TicketKind) -> str:
    """What of a user a ticket is made for: what it is good for changes it, so that it is good once."""
    if kind == "registration":
        state = "" if user.ticket is None else user.ticket.digest
    else:
        state = str(user.status_changed_at) if kind == "unlock" else "" if user.password is None else user.password.hash
    text = f"{kind}\n{user.id}\n{user.token_generation}\n{state}\n{login_key(user.email)}"
    return b64encode(hashlib.sha256(text.encode()).digest())
