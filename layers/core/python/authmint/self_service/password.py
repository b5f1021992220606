"""One's own password: another one, the first one, or none any more (docs/protocol.md §43.3)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..audit.recorder import Recorder
from ..clock import Clock
from ..directory.password_change import NotChangeable, PasswordChange
from ..directory.passwords import PasswordPolicy
from ..http import Request
from ..ids import Ids
from ..storage.directory import Person
from ..storage.events import Party
from ..storage.retrying import Retrying
from ..storage.users import User
from .refusals import NotDone
from .ways_in import WaysIn


@dataclass(frozen=True)
class Terms:
    """What holds for somebody's password. ``change``: whether they may choose another one alone."""

    policy: PasswordPolicy
    change: bool


@dataclass(frozen=True)
class OwnPasswords:
    """Passwords, for those whose they are. The old one is proved to whoever comes here, or was just before.

    Attributes:
        terms: What policies say of somebody's password.
        ways: How else people sign in.
    """

    change: PasswordChange
    terms: Callable[[Person, Request, int], Terms]
    ways: WaysIn
    clock: Clock
    ids: Ids
    retrying: Retrying

    def check(self, person: Person, request: Request, *, now: int) -> Terms:
        """What a new password has to be like.

        Raises:
            NotDone: It is not for this user to change, or not yet.
            Unavailable: Storage could not answer.
        """
        terms, user = self.terms(person, request, now), person.user
        if not terms.change or user.status != "ACTIVE" or _has_company(user):
            raise NotDone("not_allowed")
        if user.password is not None and now - user.password.changed_at < terms.policy.min_age:
            raise NotDone("too_soon")
        return terms

    def choose(self, person: Person, new: str, request: Request, *, now: int, revoke: bool) -> User:
        """Store a new password: sessions end with the one before, and with ``revoke`` tokens, too.

        Raises:
            UnsuitablePassword: The policy refuses it.
            NotDone: It is not for this user to change, or not yet, or another call was first.
            NotFound: The user is gone.
            Unavailable: Storage could not answer.
        """
        self.check(person, request, now=now)
        seen = person.user.password

        def still(user: User) -> bool:
            return user.password == seen and user.token_generation == person.user.token_generation

        try:
            return self.change.choose(person.user.id, new, now=now, request=request, still=still, revoke=revoke)
        except NotChangeable:
            raise NotDone("gone") from None

    def remove(self, person: Person, request: Request, *, now: int) -> User:
        """The user without a password: for who signs in otherwise. All sessions end, as with another password.

        Raises:
            NotDone: There is no other way in, or policies say no.
            NotFound: The user is gone.
            Unavailable: Storage could not answer.
        """
        self.check(person, request, now=now)

        def attempt() -> User:
            before = self.change.users.get(person.user.id)
            if before.status != "ACTIVE" or before.token_generation != person.user.token_generation:
                raise NotDone("gone")
            if before.password is None:
                return before
            beside = self.ways.beside(before, before.id)
            # Without a password nothing says when it last changed: what that change ended has to stay dead.
            after = replace(before, password=None, ticket=None, updated_at=now, status_changed_at=now)
            party = Party(before.id, "User", alternate_id=before.login)
            debug = {"is_self_initiated": "true"}
            event = Recorder(self.clock, self.ids, party, request).event(
                "user.account.update_password", party, debug=debug
            )
            letters = self.change.letters
            told = () if letters is None else letters.to(after, "PasswordChanged", now=now)
            self.change.users.save(before, after, [event], mails=told, beside=beside)
            return after

        return self.retrying(attempt)


def _has_company(user: User) -> bool:
    """Whether a company says who the user is: a first password would outlive its word."""
    return user.password is None and user.provider is not None and user.provider.kind == "FEDERATION"
