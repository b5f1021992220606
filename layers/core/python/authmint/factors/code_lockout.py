"""Wrong codes in a row lock the user, whatever the factor and wherever they are typed.

Each is counted before it is looked at, by one conditional write: of many that come at once no more are looked at than
may be wrong.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ..clock import Clock
from ..directory.lockout import locked_out
from ..http import Request
from ..ids import Ids
from ..outage import Outage
from ..rate_limit import Allowance
from ..storage.code_tries import CodeTries
from ..storage.errors import Conflict
from ..storage.outbox import Mail
from ..storage.retrying import Retrying
from ..storage.users import User, Users
from .kind import Ask
from .refusals import Expired, LockedOut, Replayed, TooFast, WrongAnswer

#: Wrong codes in a row. Whoever guesses six digits finds them in one of 66,666 lockouts.
MOST: Final = 5
#: Seconds after which nobody looks at the last code any more that was counted.
_LOOKED_AT: Final = 60

_R = TypeVar("_R")


@dataclass(frozen=True)
class CodeLockout:
    """Counts codes, and locks. ``notice``: the mail to whom is locked."""

    tries: CodeTries
    users: Users
    clock: Clock
    ids: Ids
    retrying: Retrying = field(default_factory=Retrying)
    most: int = MOST
    notice: Callable[[User, Request, int], Sequence[Mail]] = lambda *_: ()

    def judged(self, ask: Ask, judge: Callable[[], _R]) -> _R:
        """What ``judge`` finds out of a code.

        Raises:
            LockedOut: The user is locked, perhaps by this very code.
            TooFast: So many codes are being looked at that this one was not.
            FactorRefused: As ``judge`` raises it.
        """
        if ask.user.status == "LOCKED_OUT":
            raise LockedOut("locked before")
        try:
            tried = self.tries.take(ask.user.id, most=self.most, at=ask.now)
        except Conflict:
            self._too_many(ask)
        try:
            found = judge()
        except (Replayed, Expired, Outage):
            self.tries.give_back(ask.user.id)  # no guess: the code was right, there was none, or nobody could look
            raise
        except WrongAnswer:
            if tried >= self.most:
                self._lock(ask)
                raise LockedOut("locked by this code") from None
            raise
        self.tries.clear(ask.user.id)
        return found

    def _too_many(self, ask: Ask) -> None:
        user = self.users.get(ask.user.id)
        if user.status != "LOCKED_OUT":
            looked_at_until = (user.code_tried_at or 0) + _LOOKED_AT
            if ask.now <= looked_at_until:
                raise TooFast(Allowance(self.most, self.most + 1, ask.now, looked_at_until))
            if not _lockable(user):
                self.tries.clear(user.id)
                raise TooFast(Allowance(self.most, self.most + 1, ask.now, ask.now + 1))
            # Whoever counted the last one did not come to lock. A crash must not close the way for ever.
            self._lock(ask)
        raise LockedOut("as many codes were wrong")

    def _lock(self, ask: Ask) -> None:
        def attempt() -> None:
            user = self.users.get(ask.user.id)
            if _lockable(user):
                locked, event = locked_out(user, ask.now, ask.request, self.clock, self.ids)
                self.users.save(user, locked, [event], mails=self.notice(locked, ask.request, ask.now))

        self.retrying(attempt)


def _lockable(user: User) -> bool:
    return user.status in {"ACTIVE", "PASSWORD_EXPIRED", "RECOVERY"}
