"""A new password in the place of an old one (docs/protocol.md §27.2): checked, remembered, and stored."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..mail.letters import Letters
from ..storage.events import Party
from ..storage.retrying import Retrying
from ..storage.users import Password, User, Users
from .passwords import Lack, PasswordHashes, PasswordPolicy


class UnsuitablePassword(Exception):
    """The policy refuses the password.

    Attributes:
        lacks: Why, at least one.
    """

    def __init__(self, lacks: tuple[Lack, ...]) -> None:
        super().__init__(", ".join(lacks))
        self.lacks = lacks


class NotChangeable(Exception):
    """The user cannot choose a password now: locked, suspended, or changed in the meantime."""


def remembered(
    user: User, password: str, hashes: PasswordHashes, policy: PasswordPolicy, now: int, *, own: bool
) -> Password:
    """A new password of a user, as it is remembered.

    Args:
        user: Whose, with the profile as it will be.
        password: The new one.
        hashes: Makes and tries hashes.
        policy: What it must be like.
        now: Unix seconds.
        own: The user chose it: then it must be none of the last ones. An administrator is not asked that.

    Raises:
        UnsuitablePassword: With what it lacks.
    """
    lacks = policy.lacks(password, user.login, user.profile)
    before = () if user.password is None else (user.password.hash, *user.password.history)
    before = before[: policy.history]
    if not lacks and own and hashes.fits_any(password, before):
        lacks = ("history",)
    if lacks:
        raise UnsuitablePassword(lacks)
    return Password(hashes.make(password), now, before)


@dataclass(frozen=True)
class PasswordChange:
    """Changes passwords of users who proved who they are. ``letters``: their owners are told.

    ``decide``: what holds for each user; ``None``: ``policy`` holds for all.
    """

    users: Users
    hashes: PasswordHashes
    clock: Clock
    ids: Ids
    policy: PasswordPolicy
    retrying: Retrying = field(default_factory=Retrying)
    letters: Letters | None = None
    decide: Callable[[User, Request, int], PasswordPolicy] | None = None

    def policy_of(self, user: User, request: Request, *, now: int) -> PasswordPolicy:
        """What holds for a user. Raises Unavailable."""
        return self.policy if self.decide is None else self.decide(user, request, now)

    def choose(
        self,
        user_id: str,
        password: str,
        *,
        now: int,
        request: Request,
        still: Callable[[User], bool],
        revoke: bool = False,
    ) -> User:
        """Store a user's own new password, and make the user ACTIVE.

        Args:
            user_id: Who.
            password: The new one.
            now: Unix seconds.
            request: For the log.
            still: Whether what the user proved still counts, asked of the record that is about to be changed.
            revoke: Whether tokens of applications end as well. Sessions always do.

        Raises:
            UnsuitablePassword: The policy refuses it.
            NotChangeable: The user may not, or ``still`` says no.
            NotFound: No such user.
            Unavailable: Others keep coming first.
        """

        def attempt() -> User:
            before = self.users.get(user_id)
            if before.status not in {"ACTIVE", "PASSWORD_EXPIRED"} or not still(before):
                raise NotChangeable(before.status)
            chosen = remembered(
                user=before,
                password=password,
                hashes=self.hashes,
                policy=self.policy_of(before, request, now=now),
                now=now,
                own=True,
            )
            generation = before.token_generation + revoke
            after = replace(before, password=chosen, ticket=None, updated_at=now, token_generation=generation)
            if before.status != "ACTIVE":
                after = replace(after, status="ACTIVE", status_changed_at=now)
            party = Party(before.id, "User", alternate_id=before.login)
            debug = {"is_self_initiated": "true", "session_revocation": str(revoke).lower()}
            event = Recorder(self.clock, self.ids, party, request).event(
                "user.account.update_password", party, debug=debug
            )
            told = () if self.letters is None else self.letters.to(after, "PasswordChanged", now=now)
            self.users.save(before, after, [event], mails=told)
            return after

        return self.retrying(attempt)
