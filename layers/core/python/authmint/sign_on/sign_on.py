"""Takes answers, and keeps what was proved until nothing more is asked. The one writer of transactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ..directory.authentication import PasswordExpired
from ..directory.password_change import NotChangeable, PasswordChange
from ..directory.passwords import PasswordPolicy
from ..http import Request
from ..ids import Ids
from ..storage.clients import secret_digest
from ..storage.directory import Person
from ..storage.errors import NotFound
from ..storage.generations import Generations
from ..storage.sign_on_transactions import Proof, SignOnTransaction, SignOnTransactions
from ..storage.users import User
from .next_step import Known, Step, next_step
from .proofs import SignedOn, auth_time_of
from .requirement import Requirement

#: Seconds that somebody may take for what is asked.
LIFETIME: Final = 600


class Verifier(Protocol):
    """Knows people by their passwords: ``Authenticator``, and what watches it."""

    def verify(self, login: str, password: str, now: int, *, request: Request) -> Person:
        """Who it is. Raises AuthenticationFailed."""


@dataclass(frozen=True)
class Caller:
    """Who wants to sign on.

    Attributes:
        request: For brakes and the log.
        browser: SHA-256 of the cookie that names the browser; ``None``: a caller of the API, who has none.
        now: Unix seconds.
    """

    request: Request
    browser: str | None
    now: int


@dataclass(frozen=True)
class Pending:
    """A transaction of which something is asked.

    Attributes:
        handle: Finds it again. A secret of its caller's.
    """

    handle: str
    transaction: SignOnTransaction
    step: Step
    user: User


@dataclass(frozen=True)
class NewPassword:
    """An answer to ``new_password``. ``old``: has to be right, where it is asked for again."""

    new: str
    old: str | None = None


class SignOn:
    """Transactions, from the first proof to the last.

    Without anything more to ask for, nothing is stored: most sign-ons are one call.
    """

    def __init__(self, transactions: SignOnTransactions, verifier: Verifier, change: PasswordChange, ids: Ids) -> None:
        self._transactions = transactions
        self._verifier = verifier
        self._change = change
        self._ids = ids

    @property
    def policy(self) -> PasswordPolicy:
        """What passwords must be like."""
        return self._change.policy

    def begin(self, caller: Caller, username: str, password: str, onward: Mapping[str, str]) -> SignedOn | Pending:
        """Take a username and a password.

        Args:
            caller: Whose.
            username: As it was typed.
            password: The same.
            onward: Where the browser goes in the end.

        Raises:
            AuthenticationFailed: They do not belong together, or too many were tried.
            Unavailable: Storage could not answer.
        """
        proof = Proof("password", caller.now)
        try:
            person = self._verifier.verify(username, password, caller.now, request=caller.request)
        except PasswordExpired as proved:
            return self._kept(caller, proved.person.user, proof, onward)
        return SignedOn(person, (proof,))

    def find(self, handle: str, caller: Caller) -> Pending:
        """A transaction that goes on.

        Raises:
            NotFound: There is none, it has expired or ended, it is another caller's, or its user is gone.
            Unavailable: Storage could not answer.
        """
        transaction = self._transactions.get(secret_digest(handle))
        if transaction.browser != caller.browser or transaction.expires_at <= caller.now:
            raise NotFound("transaction")
        user = self._change.users.get(transaction.user_id)
        return Pending(handle, transaction, _asked(transaction, caller.now), user)

    def advance(self, pending: Pending, caller: Caller, answer: NewPassword) -> SignedOn:
        """Take the answer to what is asked.

        Raises:
            UnsuitablePassword: The policy refuses it; the transaction goes on.
            NotChangeable: The password is another one by now, the old one is wrong, or the user is locked or suspended.
            NotFound: The user, or the transaction, is gone.
            AuthenticationFailed: The user cannot sign in.
            Unavailable: Storage could not answer.
        """
        transaction = pending.transaction

        def still(user: User) -> bool:
            if user.password is None or _changed_at(user) != transaction.password_changed_at:
                return False
            return answer.old is None or self._change.hashes.fits(answer.old, user.password.hash)

        user = self._change.choose(transaction.user_id, answer.new, now=caller.now, request=caller.request, still=still)
        try:
            self._transactions.end(transaction.digest)
        except NotFound:
            raise NotChangeable("the transaction was ended by another call") from None
        person = self._verifier.verify(user.login, answer.new, caller.now, request=caller.request)
        return SignedOn(person, (Proof("password", caller.now),))

    def _kept(self, caller: Caller, user: User, proof: Proof, onward: Mapping[str, str]) -> Pending:
        handle = self._ids.opaque(32)
        transaction = SignOnTransaction(
            digest=secret_digest(handle),
            user_id=user.id,
            proofs=(proof,),
            created_at=caller.now,
            expires_at=caller.now + LIFETIME,
            browser=caller.browser,
            onward=dict(onward),
            password_changed_at=_changed_at(user),
            generations=Generations(user=user.token_generation),
        )
        self._transactions.add(transaction)
        return Pending(handle, transaction, _asked(transaction, caller.now), user)


def _asked(transaction: SignOnTransaction, now: int) -> Step:
    """Of who is on the way. A password that has expired is what keeps somebody there so far."""
    known = Known(transaction.user_id, auth_time_of(transaction.proofs), password_expired=True)
    return next_step(known, Requirement(), now=now)


def _changed_at(user: User) -> int | None:
    return None if user.password is None else user.password.changed_at
