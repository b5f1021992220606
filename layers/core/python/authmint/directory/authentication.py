"""Whether a login and a password belong together, for the password grant and for sign-in (runtime contract §5.3)."""

from dataclasses import replace
from typing import Final

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.events import Party
from ..storage.retrying import Retrying
from ..storage.users import User, Users
from .passwords import PasswordHashes, PasswordPolicy

_NOBODY: Final = Request("SIGNIN", "/")


class AuthenticationFailed(Exception):
    """Base of this tree: ``BadCredentials``, ``LockedOut``, ``PasswordExpired``."""


class BadCredentials(AuthenticationFailed):
    """No such user, a wrong password, or a user who cannot sign in. One answer for all."""


class LockedOut(AuthenticationFailed):
    """Too many wrong passwords. Whether this one was right is not said."""


class PasswordExpired(AuthenticationFailed):
    """The password is right and must be changed first.

    Attributes:
        person: Who it was.
    """

    def __init__(self, person: Person) -> None:
        super().__init__("the password has expired")
        self.person = person


class Authenticator:
    """Tries passwords. Locks after ``policy.attempts`` wrong ones in a row."""

    def __init__(
        self,
        directory: Directory,
        users: Users,
        hashes: PasswordHashes,
        clock: Clock,
        ids: Ids,
        policy: PasswordPolicy | None = None,
        retrying: Retrying | None = None,
    ) -> None:
        self._directory = directory
        self._users = users
        self._hashes = hashes
        self._clock = clock
        self._ids = ids
        self._policy = policy or PasswordPolicy()
        self._retrying = retrying or Retrying()

    def verify(self, login: str, password: str, now: int, *, request: Request = _NOBODY) -> Person:
        """The person who has this login and password.

        Every call costs one hash, for a known user as for an unknown one.

        Raises:
            BadCredentials: They do not belong together.
            LockedOut: The user is locked, perhaps by this very call.
            PasswordExpired: They do, but the password has to be changed.
            Unavailable: Storage could not answer, or too many attempts at once.
        """

        def attempt() -> Person:
            try:
                person = self._directory.by_login(login)
            except NotFound:
                self._hashes.burn(password)
                raise BadCredentials("no such user") from None
            return self._tried(person, password, now, request)

        return self._retrying(attempt)

    def _tried(self, person: Person, password: str, now: int, request: Request) -> Person:
        user = person.user
        if user.password is None or user.status not in {"ACTIVE", "PASSWORD_EXPIRED"}:
            self._hashes.burn(password)
            if user.status == "LOCKED_OUT":
                raise LockedOut("locked before")
            raise BadCredentials("cannot sign in")
        if not self._hashes.fits(password, user.password.hash):
            self._count(user, now, request)
            raise BadCredentials("wrong password")
        age = now - user.password.changed_at
        if user.status == "PASSWORD_EXPIRED" or (self._policy.max_age and age >= self._policy.max_age):
            raise PasswordExpired(person)
        self._users.signed_in(user, at=now, most=self._policy.attempts)
        return replace(person, user=replace(user, failed_attempts=0, last_login_at=now))

    def _count(self, user: User, now: int, request: Request) -> None:
        party = Party(user.id, "User", alternate_id=user.login)
        event = Recorder(self._clock, self._ids, party, request).event("user.account.lock", party)
        locked = replace(user, status="LOCKED_OUT", status_changed_at=now, updated_at=now)
        most = self._policy.attempts
        if self._users.count_failure(user, locked, [event], most=most) >= most:
            raise LockedOut("locked by this attempt")
