"""Another address for somebody who is signed in: proved by a code that is mailed there, and told at the old one.

Nothing changes before the code comes back, in the session that asked for it. Who has the mail alone can do nothing.
"""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

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
from ..storage.factor_challenges import FactorChallenge, FactorChallenges
from ..storage.outbox import Outbox
from ..storage.retrying import Retrying
from ..storage.sessions import Session
from ..storage.users import User, Users, login_key
from .refusals import NotOpen, TooOften, WrongAnswer

#: Seconds that a code lives.
LIFETIME: Final = 300
_DIGITS: Final = 6
_MOST_GUESSES: Final = 5


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

    def ask(self, user: User, session: Session, address: str, *, now: int) -> None:
        """Mail a code to a new address, and a warning to the old one. An earlier code is worth nothing from then on.

        Raises:
            WrongAnswer: That is no address, or no other one.
            TooOften: By this user, or to this address.
            Unavailable: Storage could not answer.
        """
        if not self.on or not is_address(address) or login_key(address) == login_key(user.email):
            raise WrongAnswer("no other address")
        for limit, who in ((self.of_user, user.id), (self.of_address, login_key(address))):
            allowance = limit.take(who, now=now)
            if not allowance.allowed:
                raise TooOften(allowance)
        code = str(int(hashlib.sha256(self.ids.opaque(32).encode()).hexdigest(), 16) % 10**_DIGITS).zfill(_DIGITS)
        key = self.ids.opaque(32)
        self.challenges.replace(
            FactorChallenge(
                digest=_digest(user),
                purpose="address",
                binding=_binding(user, session),
                created_at=now,
                expires_at=now + LIFETIME,
                user_id=user.id,
                address=address,
                key=key,
                code=_mac(key, code),
            )
        )
        told = {"verificationToken": code}
        asked = self.letters.to(user, "ChangeEmailConfirmation", told, now=now, lifetime=LIFETIME, address=address)
        self.outbox.add((*asked, *self.letters.to(user, "PendingEmailChange", now=now)))

    def pending(self, user: User, session: Session, *, now: int) -> str | None:
        """The address from which a code is waited for; ``None``: from none."""
        try:
            asked = self.challenges.get(_digest(user))
        except NotFound:
            return None
        return asked.address if self._is_good(asked, user, session, now) else None

    def confirm(self, user: User, session: Session, code: str, *, now: int, request: Request) -> User:
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
        if asked.address is None or not self._is_good(asked, user, session, now):
            raise NotOpen("it is late, or another session's")
        if not hmac.compare_digest(_mac(asked.key or "", code), asked.code or ""):
            raise WrongAnswer("another code")
        changed = self.retrying(lambda: self._changed(user, asked.address or "", now, request))
        self.ruled(changed, request)
        return changed

    def close(self, user: User) -> None:
        """Use the code up, once everything that follows from it is stored: one that a fault burned would be lost.

        Only one call can have changed anything before. Raises Unavailable.
        """
        digest = _digest(user)
        with suppress(NotFound):
            self.challenges.use(digest, self.challenges.get(digest))

    def _changed(self, seen: User, address: str, now: int, request: Request) -> User:
        before = self.users.get(seen.id)
        if login_key(before.email) == login_key(address):
            return before  # it was stored, and the answer was lost
        if before.email != seen.email or before.token_generation != seen.token_generation:
            raise NotOpen("the user is not as it was")
        after = replace(before, profile={**before.profile, "email": address}, ticket=None, updated_at=now)
        party = Party(before.id, "User", alternate_id=before.login)
        event = Recorder(self.clock, self.ids, party, request).event("user.account.update_primary_email", party)
        # To where the mail went until now.
        told = self.letters.to(before, "EmailChangeConfirmation", now=now)
        self.users.save(before, after, [event], mails=told)
        return replace(after, version=before.version + 1)

    def _is_good(self, asked: FactorChallenge, user: User, session: Session, now: int) -> bool:
        if asked.purpose != "address" or asked.expires_at <= now:
            return False
        # Or it was stored, and the answer was lost: then the same call says so once more.
        stored = login_key(asked.address or "") == login_key(user.email)
        return asked.binding == _binding(user, session) or (stored and asked.binding.startswith(_of(session)))


def _digest(user: User) -> str:
    """What the code of a user is found by: there is one at a time."""
    return b64encode(hashlib.sha256(f"address {user.id}".encode()).digest())


def _binding(user: User, session: Session) -> str:
    return _of(session) + login_key(user.email)


def _of(session: Session) -> str:
    return f"account {session.id} "


def _mac(key: str, code: str) -> str:
    return b64encode(hmac.new(key.encode(), code.encode("utf-8", "surrogatepass"), hashlib.sha256).digest())
