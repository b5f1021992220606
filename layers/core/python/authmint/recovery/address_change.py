"""Another address for somebody who is signed in: proved by a code that is mailed there, and told at the old one.

Nothing changes before the code comes back, in the session that asked for it. Who has the mail alone can do nothing.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ..audit.recorder import Recorder
from ..clock import Clock
from ..directory.profile import is_address
from ..http import Request
from ..ids import Ids
from ..jose.encoding import b64encode
from ..mail.letters import Letters
from ..rate_limit import RateLimit
from ..storage.errors import NotFound
from ..storage.events import Party
from ..storage.factor_challenges import ChallengePurpose, FactorChallenge, FactorChallenges
from ..storage.outbox import Outbox
from ..storage.retrying import Retrying
from ..storage.users import User, Users, login_key
from .refusals import NotOpen, TooOften, WrongAnswer

Role = Literal["PRIMARY", "SECONDARY"]
#: By role: the attribute, the event, and what a code for it is.
_ATTRIBUTES: Final[Mapping[Role, str]] = {"PRIMARY": "email", "SECONDARY": "secondEmail"}
_EVENTS: Final[Mapping[Role, str]] = {
    "PRIMARY": "user.account.update_primary_email",
    "SECONDARY": "user.account.update_secondary_email",
}
_PURPOSES: Final[Mapping[Role, ChallengePurpose]] = {"PRIMARY": "address", "SECONDARY": "second_address"}
#: Seconds that a code lives.
LIFETIME: Final = 300
_DIGITS: Final = 6
_MOST_GUESSES: Final = 5


@dataclass(frozen=True)
class Pending:
    """An address from which a code is waited for. ``id``: another one for each code; nothing can be told from it."""

    id: str
    address: str
    role: Role
    expires_at: int


@dataclass(frozen=True)
class AddressChange:
    """Asks new addresses for codes, and takes these.

    Attributes:
        of_user: How often one user may ask.
        of_address: How often one address gets a code.
        ruled: Puts somebody into the groups that rules say.
    """

    users: Users
    challenges: FactorChallenges
    outbox: Outbox
    letters: Letters
    of_user: RateLimit
    of_address: RateLimit
    clock: Clock
    ids: Ids
    retrying: Retrying = field(default_factory=Retrying)
    ruled: Callable[[User, Request], None] = lambda _user, _request: None

    @property
    def on(self) -> bool:
        """Whether addresses can be proved at all: nothing is offered where no mail is sent."""
        return self.letters.on

    def ask(
        self, user: User, binding: str, address: str, role: Role = "PRIMARY", *, now: int, mailed: bool = True
    ) -> Pending:
        """Mail a code to a new address, and a warning to the old one. An earlier code is worth nothing from then on.

        Where the address is somebody else's no code goes there, but word of it to them. Nothing else tells.

        Args:
            user: Whose.
            binding: Of the session or the application that asks: the code has to come back there.
            address: The new one.
            role: The place of which.
            now: Unix seconds.
            mailed: Whether the code is sent, and not only waited for.

        Raises:
            WrongAnswer: That is no address, or no other one.
            TooOften: By this user, or to this address.
            Unavailable: Storage could not answer.
        """
        known = user.profile.get(_ATTRIBUTES[role])
        same = isinstance(known, str) and login_key(address) == login_key(known)
        if not self.on or not is_address(address) or same:
            raise WrongAnswer("no other address")
        holder = self._holder(address, user)  # before the wish is counted: a fault costs none
        for limit, who in ((self.of_user, user.id), (self.of_address, login_key(address))):
            allowance = limit.take(who, now=now)
            if not allowance.allowed:
                raise TooOften(allowance)
        code = str(int(hashlib.sha256(self.ids.opaque(32).encode()).hexdigest(), 16) % 10**_DIGITS).zfill(_DIGITS)
        key = self.ids.opaque(32)
        asked = FactorChallenge(
            digest=_digest(user),
            purpose=_PURPOSES[role],
            binding=binding + login_key(user.email),
            created_at=now,
            expires_at=now + LIFETIME,
            user_id=user.id,
            address=address,
            key=key,
            code=_mac(key, code if holder is None else self.ids.opaque(32)),  # a guess is none either
        )
        self.challenges.replace(asked)
        if mailed:
            told = {"verificationToken": code}
            if holder is None:
                sent = self.letters.to(
                    user, "ChangeEmailConfirmation", told, now=now, lifetime=LIFETIME, address=address
                )
            else:
                sent = self.letters.to(holder, "EmailChangeAttempt", now=now)
            self.outbox.add((*sent, *self.letters.to(user, "PendingEmailChange", now=now)))
        return _pending(asked, role)

    def pending(self, user: User, binding: str, *, now: int) -> Pending | None:
        """The address from which a code is waited for; ``None``: from none."""
        try:
            asked = self.challenges.get(_digest(user))
        except NotFound:
            return None
        role = _role(asked)
        return _pending(asked, role) if role is not None and self._is_good(asked, user, binding, now) else None

    def confirm(self, user: User, binding: str, code: str, *, now: int, request: Request) -> User:
        """Take a code, and give the user the address. ``close`` uses the code up.

        What was mailed to the old address is good for nothing any more. The login stays as it is.

        Raises:
            WrongAnswer: It is another code.
            NotOpen: None is waited for, or the user is not as they were.
            Unavailable: Storage could not answer.
        """
        digest = _digest(user)
        try:
            asked = self.challenges.attempt(digest, most=_MOST_GUESSES)
        except NotFound:
            raise NotOpen("no code is waited for") from None
        role = _role(asked)
        if role is None or asked.address is None or not self._is_good(asked, user, binding, now):
            raise NotOpen("it is late, or another session's")
        if not hmac.compare_digest(_mac(asked.key or "", code), asked.code or ""):
            raise WrongAnswer("another code")
        changed = self.retrying(lambda: self._changed(user, role, asked.address or "", now, request))
        self.ruled(changed, request)
        return changed

    def close(self, user: User) -> None:
        """Use the code up, once everything that follows from it is stored: one that a fault burned would be lost.

        Only one call can have changed anything before. Raises Unavailable.
        """
        digest = _digest(user)
        with suppress(NotFound):
            self.challenges.use(digest, self.challenges.get(digest))

    def _holder(self, address: str, user: User) -> User | None:
        """Who else has an address, or signs in by it. As much is read where nobody does. Raises Unavailable."""
        found = list(self.users.by_email(address)) or list(self.users.many([user.id]))
        try:
            found.append(self.users.by_login(address))
        except NotFound:
            found.extend(self.users.many([user.id]))
        return next((one for one in found if one.id != user.id and _is_held(one)), None)

    def _changed(self, seen: User, role: Role, address: str, now: int, request: Request) -> User:
        before, name = self.users.get(seen.id), _ATTRIBUTES[role]
        if login_key(str(before.profile.get(name) or "")) == login_key(address):
            return before  # it was stored, and the answer was lost
        if before.email != seen.email or before.token_generation != seen.token_generation:
            raise NotOpen("the user is not as it was")
        after = replace(before, profile={**before.profile, name: address}, updated_at=now)
        if role == "PRIMARY":
            after = replace(after, ticket=None)
        party = Party(before.id, "User", alternate_id=before.login)
        event = Recorder(self.clock, self.ids, party, request).event(_EVENTS[role], party)
        # To where the mail went until now.
        told = self.letters.to(before, "EmailChangeConfirmation", now=now)
        self.users.save(before, after, [event], mails=told)
        return replace(after, version=before.version + 1)

    def _is_good(self, asked: FactorChallenge, user: User, binding: str, now: int) -> bool:
        if asked.expires_at <= now:
            return False
        # Or it was stored, and the answer was lost: then the same call says so once more.
        stored = login_key(asked.address or "") == login_key(user.email)
        return asked.binding == binding + login_key(user.email) or (stored and asked.binding.startswith(binding))


def _is_held(user: User) -> bool:
    """Whether an address is an account's: neither of one that is over, nor of one that nobody has confirmed."""
    wished = user.status == "STAGED" and user.ticket is not None and user.ticket.purpose == "registration"
    return user.status != "DEPROVISIONED" and not wished


def session_binding(session_id: str) -> str:
    """Of a browser's session, under whichever cookie."""
    return f"account {session_id} "


def _role(asked: FactorChallenge) -> Role | None:
    return next((role for role, purpose in _PURPOSES.items() if purpose == asked.purpose), None)


def _pending(asked: FactorChallenge, role: Role) -> Pending:
    name = b64encode(hashlib.sha256(f"pending {asked.key}".encode()).digest())[:22]
    return Pending(f"myaccount.{name}", asked.address or "", role, asked.expires_at)


def _digest(user: User) -> str:
    """What the code of a user is found by: there is one at a time."""
    return b64encode(hashlib.sha256(f"address {user.id}".encode()).digest())


def _mac(key: str, code: str) -> str:
    return b64encode(hmac.new(key.encode(), code.encode("utf-8", "surrogatepass"), hashlib.sha256).digest())
