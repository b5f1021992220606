"""Whether a login and a password belong together, for the password grant and for sign-in (docs/protocol.md §6.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..rate_limit import Allowance, RateLimit
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.retrying import Retrying
from ..storage.users import Password, User, Users, login_key
from .lockout import Lockout
from .passwords import LONGEST, PasswordHashes, PasswordPolicy

if TYPE_CHECKING:  # few sign-ins lock anybody
    from ..mail.letters import Letters
    from ..storage.outbox import Mail

#: Where no number of wrong passwords locks.
_NO_LIMIT: Final = 2**31
_NOBODY: Final = Request("SIGNIN", "/")


class AuthenticationFailed(Exception):
    """Base of this tree: ``BadCredentials``, ``LockedOut``, ``PasswordExpired``, ``TooFast``."""


class TooFast(AuthenticationFailed):
    """Too many attempts. The password was not looked at.

    Attributes:
        allowance: Until when.
    """

    def __init__(self, allowance: Allowance) -> None:
        super().__init__("too many attempts")
        self.allowance = allowance


class BadCredentials(AuthenticationFailed):
    """No such user, a wrong password, or a user who cannot sign in. One answer for all."""


class LockedOut(AuthenticationFailed):
    """Too many wrong passwords. Whether this one was right is not said.

    Attributes:
        told: The user's policy has whoever tries told so (``showLockoutFailures``).
    """

    def __init__(self, reason: str, *, told: bool = False) -> None:
        super().__init__(reason)
        self.told = told


class PasswordExpired(AuthenticationFailed):
    """The password is right and must be changed first.

    Attributes:
        person: Who it was.
    """

    def __init__(self, person: Person) -> None:
        super().__init__("the password has expired")
        self.person = person


@dataclass(frozen=True)
class Expiring(Person):
    """Somebody whose password was right, and who is to be told that it expires soon.

    Attributes:
        expires_at: When.
    """

    expires_at: int = 0


#: What holds for somebody's password: by the policies of people, for a request at a time (Unix seconds).
Decide = Callable[[Person, Request, int], PasswordPolicy]


class PasswordImports(Protocol):
    """Asks another directory about passwords that only it knows."""

    def verified(self, user: User, password: str, request: Request) -> bool | None:
        """Whether it is the user's password; ``None``: the directory could not be asked. Raises Outage."""


class Authenticator:
    """Tries passwords, so many in a second. Locks after ``attempts`` of the user's policy in a row."""

    def __init__(
        self,
        directory: Directory,
        users: Users,
        hashes: PasswordHashes,
        clock: Clock,
        ids: Ids,
        policy: PasswordPolicy | Decide | None = None,
        retrying: Retrying | None = None,
        limit: RateLimit | None = None,
        letters: Callable[[], "Letters"] | None = None,
        imports: Callable[[], PasswordImports] | None = None,
    ) -> None:
        """Put it together.

        ``policy``: everybody's, or what decides for each; ``letters``: by which who is locked may be told so;
        ``imports``: makes what asks another directory, when somebody's password is known there alone.
        """
        self._directory = directory
        self._users = users
        self._hashes = hashes
        fixed = policy or PasswordPolicy()
        self._decide: Decide = (lambda *_: fixed) if isinstance(fixed, PasswordPolicy) else fixed
        self._lockout = Lockout(users, clock, ids)
        self._retrying = retrying or Retrying()
        self._limit = limit
        self._letters = letters
        self._imports = imports

    def verify(self, login: str, password: str, now: int, *, request: Request = _NOBODY) -> Person:
        """The person who has this login and password; ``Expiring`` where it is time to choose another one.

        Every call that is not too fast costs one hash, for a known user as for an unknown one.

        Raises:
            TooFast: Too many attempts for this login within this second, whether there is such a user or not.
            BadCredentials: They do not belong together.
            LockedOut: The user is locked, perhaps by this very call.
            PasswordExpired: They do, but the password has to be changed.
            Unavailable: Storage could not answer, or too many attempts at once.
        """
        if self._limit is not None:
            check_pace(self._limit, login_key(login), now=now)

        def attempt() -> Person:
            try:
                person = self._directory.by_login(login)
            except NotFound:
                self._hashes.burn(password)
                raise BadCredentials("no such user") from None
            return self._tried(person, password, now, request)

        return self._retrying(attempt)

    def _tried(self, person: Person, password: str, now: int, request: Request) -> Person:
        policy = self._decide(person, request, now)
        user = person.user
        # A policy that was made stricter meanwhile: the next wrong one locks, and a right one still counts.
        most = policy.attempts and max(policy.attempts, user.failed_attempts + 1)
        if user.status == "LOCKED_OUT":
            user = self._lockout.ended(user, policy.auto_unlock, now, request)
            person = replace(person, user=user)
        if user.password is None or user.status not in {"ACTIVE", "PASSWORD_EXPIRED"}:
            self._hashes.burn(password)
            if user.status == "LOCKED_OUT":
                raise LockedOut("locked before", told=policy.tells_lockout)
            raise BadCredentials("cannot sign in")
        if not self._fits(user, user.password, password, request):
            notice = partial(self._notice, policy, now)
            if self._lockout.count(user, now, request, most=most, notice=notice):
                raise LockedOut("locked by this attempt", told=policy.tells_lockout)
            raise BadCredentials("wrong password")
        if user.password.imported:
            user = self._hashed_anew(user, password)
            person = replace(person, user=user)
        expires_at = policy.max_age and policy.max_age + (0 if user.password is None else user.password.changed_at)
        if user.status == "PASSWORD_EXPIRED" or (expires_at and now >= expires_at):
            raise PasswordExpired(person)
        self._users.signed_in(user, at=now, most=most or _NO_LIMIT)
        known = replace(person, user=replace(user, failed_attempts=0, last_login_at=now))
        if expires_at and now >= expires_at - policy.warning:
            return Expiring(known.user, known.groups, known.app_users, expires_at)
        return known

    def _fits(self, user: User, known: Password, password: str, request: Request) -> bool:
        """Whether it is the user's. Raises BadCredentials: who knows it could not be asked; that is no wrong one."""
        if not known.by_hook or self._imports is None or len(password) > LONGEST:
            return self._hashes.fits(password, known.hash)
        verified = self._imports().verified(user, password, request)
        if not verified:
            self._hashes.burn(password)
        if verified is None:
            raise BadCredentials("the hook for imported passwords could not say")
        return verified

    def _notice(self, policy: PasswordPolicy, now: int, user: User) -> "Sequence[Mail]":
        if self._letters is None or not policy.mails_lockout:
            return ()
        return self._letters().to(user, "AccountLockout", now=now)

    def _hashed_anew(self, user: User, password: str) -> User:
        """The user with a hash of ours in the place of another directory's: that one is not needed any more."""
        known = user.password
        after = user if known is None else replace(user, password=replace(known, hash=self._hashes.make(password)))
        self._users.save(user, after, [])
        return replace(after, version=user.version + 1)


def check_pace(limit: RateLimit, who: str, *, now: int) -> None:
    """Count one attempt. Raises TooFast where it is one too many, Unavailable."""
    allowance = limit.take(who, now=now)
    if not allowance.allowed:
        raise TooFast(allowance)
