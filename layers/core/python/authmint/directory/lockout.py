"""Locking users out after so many wrong passwords in a row, until an administrator lets them in again."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.events import Event, Party
from ..storage.outbox import Mail
from ..storage.users import User, Users


class Lockout:
    """Counts wrong passwords. The one that is number ``most`` in a row locks, with its event, in one transaction."""

    def __init__(self, users: Users, clock: Clock, ids: Ids) -> None:
        self._users = users
        self._clock = clock
        self._ids = ids

    def count(
        self, user: User, now: int, request: Request, *, most: int, notice: Callable[[User], Sequence[Mail]]
    ) -> bool:
        """Count one, exactly once even under concurrent calls; whether the user is locked now. ``most`` 0: never.

        Args:
            user: Whose it was.
            now: Unix seconds.
            request: For the log.
            most: How many lock.
            notice: The mail to whom is locked.

        Raises:
            Conflict: The user changed, or is locked already. Not counted: read it again.
        """
        if not most:
            return False
        locked, event = locked_out(user, now, request, self._clock, self._ids)
        return self._users.count_failure(user, locked, [event], most=most, mails=notice(locked)) >= most

    def ended(self, user: User, after: int, now: int, request: Request) -> User:
        """The user, unlocked where the lock has lasted so many seconds; 0: it lasts.

        Raises:
            Conflict: The user changed: read it again.
        """
        if user.status != "LOCKED_OUT" or not after or now < (user.status_changed_at or now) + after:
            return user
        party = Party(user.id, "User", alternate_id=user.login)
        event = Recorder(self._clock, self._ids, party, request).event("user.account.unlock", party)
        unlocked = replace(forgiven(user), status="ACTIVE", status_changed_at=now, updated_at=now)
        self._users.save(user, unlocked, [event])
        return replace(unlocked, version=user.version + 1)


def forgiven(user: User) -> User:
    """The user; of one who is locked nothing is held against them any more: who is let in again starts anew."""
    return replace(user, failed_attempts=0, failed_codes=0) if user.status == "LOCKED_OUT" else user


def locked_out(user: User, now: int, request: Request, clock: Clock, ids: Ids) -> tuple[User, Event]:
    """The user who is locked, and the event that is stored with it."""
    party = Party(user.id, "User", alternate_id=user.login)
    event = Recorder(clock, ids, party, request).event("user.account.lock", party)
    return replace(user, status="LOCKED_OUT", status_changed_at=now, updated_at=now), event
