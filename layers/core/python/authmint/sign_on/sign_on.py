"""Takes answers, and keeps what was proved until nothing more is asked. The one writer of transactions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..directory.authentication import AuthenticationFailed, BadCredentials, Expiring, LockedOut, PasswordExpired
from ..directory.password_change import PasswordChange
from ..directory.passwords import PasswordPolicy
from ..http import Request
from ..ids import Ids
from ..policy.sign_on.sign_up import AskedProfile
from ..storage.clients import secret_digest
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.generations import Generations
from ..storage.sessions import Session, Sessions
from ..storage.sign_on_transactions import Assessment, Proof, SignOnTransaction, SignOnTransactions, ToldDevice
from ..storage.users import User
from .next_step import Known, Step, needs_factors, next_step, said_of
from .requirement import NOTHING_MORE, Demanded, Outcome, OutOfTurn, Requirement, SignOnDemands, read, written
from .sessions import SignedOn, auth_time_of

if TYPE_CHECKING:  # most sign-ons take a password and nothing else
    from ..factors.answers import AssertionAnswer
    from .answers import Answer
    from .factor_steps import FactorSteps

#: Seconds that somebody may take for one step, and for all of them.
LIFETIME: Final = 600
LONGEST: Final = 3_600
#: Steps that are asked because of policies.
_OUTCOMES: Final[Mapping[str, Outcome]] = {"challenge": "CHALLENGE", "enrol": "ENROL"}


class Verifier(Protocol):
    """Knows people by their passwords: ``Authenticator``, and what watches it."""

    def verify(self, login: str, password: str, now: int, *, request: Request) -> Person:
        """Who it is. Raises AuthenticationFailed."""


class Journal(Protocol):
    """Where it is written down how sign-ons ended."""

    def signed_in(self, request: Request, user: User) -> None:
        """Nothing more is asked of them."""

    def judged(self, request: Request, user: User, demanded: Demanded, outcome: Outcome, detail: str = "") -> None:
        """What policies decided. ``detail``: what the policies themselves do not say."""


class Profiles(Protocol):
    """Takes what people say of themselves on their way in."""

    def complete(
        self, user: User, asked: AskedProfile, values: Mapping[str, Any], request: Request, *, now: int
    ) -> User:
        """The user with it.

        Raises:
            Exception: Of the implementation: it does not fit, or an operator's program refuses it.
            Unavailable: Storage could not answer.
        """


class Denied(AuthenticationFailed):
    """A policy lets nobody in so, or asks for what this user cannot prove. The message says which, for the log."""


@dataclass(frozen=True)
class Caller:
    """Who wants to sign on.

    Attributes:
        request: For brakes and the log.
        browser: SHA-256 of the cookie that names the browser; ``None``: a caller of the API, who has none.
        now: Unix seconds.
        device: Digest of what the browser is remembered by; ``None``: nothing.
        told: The device, as a caller of the API says whom we trust.
        assessment: How unusual the sign-on was of the session that there is, where that matters.
        idp: The identity provider that says who it is; empty: nobody does.
    """

    request: Request
    browser: str | None
    now: int
    device: str | None = None
    told: ToldDevice | None = None
    assessment: Assessment | None = None
    idp: str = ""

    @property
    def mark(self) -> str | None:
        """Digest of what tells the browser or the device from others; ``None``: nothing does."""
        return self.browser if self.told is None else self.told.mark

    def at(self, told: ToldDevice | None) -> "Caller":
        """The caller, at a device that is said to be so; ``None``: nobody says so."""
        if told is None:
            return self
        return replace(self, told=told, device=told.mark if told.lasting else self.device)


@dataclass(frozen=True)
class Pending:
    """A transaction of which something is asked.

    Attributes:
        handle: Finds it again. A secret of its caller's.
        known: Who it is, and with what they could prove it.
    """

    handle: str
    transaction: SignOnTransaction
    step: Step
    user: User
    known: Known
    requirement: Requirement


class SignOn:
    """Transactions, from the first proof to the last.

    Without anything more to ask for, nothing is stored: most sign-ons are one call.

    Args:
        transactions: Those on their way.
        sessions: Of browsers: what is raised when more is proved.
        directory: Knows people.
        verifier: Knows passwords.
        change: Takes new ones.
        demands: What policies ask.
        factors: Makes what knows factors, when one is asked for.
        journal: Told who is signed in.
        ids: Makes handles.
        profiles: Makes what takes what people say of themselves, where an app asks for it.
    """

    def __init__(
        self,
        transactions: SignOnTransactions,
        sessions: Sessions,
        directory: Directory,
        verifier: Verifier,
        change: PasswordChange,
        demands: SignOnDemands,
        factors: "Callable[[], FactorSteps]",
        journal: Journal,
        ids: Ids,
        profiles: "Callable[[], Profiles] | None" = None,
    ) -> None:
        self._profiles = profiles
        self._transactions = transactions
        self._sessions = sessions
        self._directory = directory
        self._verifier = verifier
        self._change = change
        self._demands = demands
        self._factors = factors
        self._journal = journal
        self._ids = ids

    def policy_of(self, user: User, caller: Caller) -> PasswordPolicy:
        """What a user's password must be like. Raises Unavailable."""
        return self._change.policy_of(user, caller.request, now=caller.now)

    def begin(
        self, caller: Caller, username: str, password: str, onward: Mapping[str, str], *, warn: bool = True
    ) -> SignedOn | Pending:
        """Take a username and a password.

        Args:
            caller: Whose.
            username: As it was typed.
            password: The same.
            onward: Where the browser goes in the end.
            warn: Whether the user is told that the password expires soon.

        Raises:
            AuthenticationFailed: They do not belong together, too many were tried, or a policy refuses.
            Unavailable: Storage could not answer.
        """
        expired = False
        try:
            person = self._verifier.verify(username, password, caller.now, request=caller.request)
        except PasswordExpired as proved:
            person, expired = proved.person, True
        except (BadCredentials, LockedOut):
            self._demands.failed(username, caller, now=caller.now)
            raise
        proofs = (Proof("password", caller.now),)
        expires_at = person.expires_at if warn and isinstance(person, Expiring) else 0
        return self.go_on(caller, person, proofs, onward, password_expired=expired, password_expires_at=expires_at)

    def invite(self, caller: Caller) -> Mapping[str, Any]:
        """What a browser needs to ask for a key that says who somebody is. Raises Unavailable."""
        return self._factors().invite(caller)

    def begin_with_key(
        self, caller: Caller, answer: "AssertionAnswer", onward: Mapping[str, str]
    ) -> SignedOn | Pending:
        """Take what a key signed, which says who it is.

        Raises:
            FactorRefused: It does not fit, or is of nobody's key.
            AuthenticationFailed: The user cannot sign in, or a policy refuses.
            Unavailable: Storage could not answer.
        """
        user_id, proof = self._factors().identify(caller, answer)
        return self.begin_as(caller, user_id, proof, onward)

    def begin_as(self, caller: Caller, user_id: str, proof: Proof, onward: Mapping[str, str]) -> SignedOn | Pending:
        """Take what says who somebody is without a username: a key, or an identity provider.

        Raises:
            AuthenticationFailed: The user cannot sign in, or a policy refuses.
            Unavailable: Storage could not answer.
        """
        if proof.vouched is not None:
            caller = replace(caller, idp=proof.vouched.idp_id)
        try:
            person = self._directory.person(user_id)
        except NotFound:
            raise BadCredentials("no such user") from None
        status = person.user.status
        if status not in {"ACTIVE", "PASSWORD_EXPIRED"}:
            raise LockedOut("locked before") if status == "LOCKED_OUT" else BadCredentials(status)
        # Whom somebody else vouches for needs no password here, and is given none without the old one.
        expired = status == "PASSWORD_EXPIRED" and proof.vouched is None
        return self.go_on(caller, person, (proof,), onward, password_expired=expired)

    def go_on(
        self,
        caller: Caller,
        person: Person,
        proofs: tuple[Proof, ...],
        onward: Mapping[str, str],
        *,
        password_expired: bool = False,
        password_expires_at: int = 0,
    ) -> SignedOn | Pending:
        """Go on with somebody who proved who they are: what policies ask beside that is asked next.

        Args:
            caller: Whose.
            person: Who it is.
            proofs: Of that.
            onward: Where the browser goes in the end.
            password_expired: It has to be replaced.
            password_expires_at: It will have to be then, and the user is to be told; 0: nobody is.

        Raises:
            AuthenticationFailed: A policy refuses.
            Unavailable: Storage could not answer.
        """
        knows = cache(lambda: self._factors().browsers.knows(person.user, caller, now=caller.now))

        def trusted() -> bool:
            return any(proof.method == "webauthn" for proof in proofs) or (caller.device is not None and knows())

        demanded = self._demands.of_sign_on(person, caller, now=caller.now, trusted=trusted)
        if demanded.denied:
            self._journal.judged(caller.request, person.user, demanded, "DENY", demanded.reason)
            raise Denied(demanded.reason)
        requirement, remembering = demanded.requirement, demanded.requirement.remembering
        if remembering is not None and knows():
            requirement = replace(requirement, assurances=remembering.instead)
        known = self._known(
            person.user,
            proofs,
            requirement,
            caller.now,
            password_expired=password_expired,
            expires_soon=password_expires_at > 0,
        )
        step = next_step(known, requirement, now=caller.now)
        if step.name == "refused":
            because = f"{demanded.reason}: cannot be satisfied"
            self._journal.judged(caller.request, person.user, demanded, "DENY", because)
            raise Denied(because)
        self._journal.judged(caller.request, person.user, demanded, _OUTCOMES.get(step.name, "ALLOW"))
        if step.name == "done":
            self._journal.signed_in(caller.request, person.user)
            if demanded.watched:
                self._demands.signed_on(person.user, caller, now=caller.now)
            return SignedOn(person, proofs, demanded.terms)
        return self._kept(
            caller, known, person.user, requirement, step, onward, demanded=demanded, expires_at=password_expires_at
        )

    def step_up(
        self,
        caller: Caller,
        session: Session,
        person: Person,
        requirement: Requirement,
        onward: Mapping[str, str],
        *,
        known: Known | None = None,
    ) -> Pending:
        """Ask more of somebody who is signed in; ``known`` where that, with what the requirement takes, is.

        Raises:
            Denied: They cannot prove what is asked.
            OutOfTurn: Nothing is asked of them, or who they are.
            Unavailable: Storage could not answer.
        """
        proofs = session.proved
        known = known or self._known(person.user, proofs, requirement, caller.now)
        step = next_step(known, requirement, now=caller.now)
        if step.name == "refused":
            raise Denied("cannot be satisfied")
        if step.name not in {"challenge", "enrol", "profile"}:
            raise OutOfTurn(step.name)
        return self._kept(caller, known, person.user, requirement, step, onward, session=session.digest)

    def find(self, handle: str, caller: Caller) -> Pending:
        """A transaction that goes on.

        Raises:
            NotFound: There is none, it has expired or ended, it is another caller's, or what was proved counts no more.
            Unavailable: Storage could not answer.
        """
        transaction = self._transactions.get(secret_digest(handle))
        if transaction.browser != caller.browser or transaction.expires_at <= caller.now:
            raise NotFound("transaction")
        user = self._change.users.get(transaction.user_id)
        check_still(transaction, user)
        return self._pending(handle, transaction, user, caller.now)

    def advance(self, pending: Pending, caller: Caller, answer: "Answer") -> SignedOn | Pending:
        """Take the answer to what is asked.

        Raises:
            UnsuitablePassword: The policy refuses it; the transaction goes on.
            NotChangeable: The password is another one by now, the old one is wrong, or the user is locked or suspended.
            WrongAnswer: It is none; the transaction goes on.
            OutOfTurn: That is not what is asked.
            NotFound: The user, or the transaction, is gone.
            AuthenticationFailed: The user cannot sign in.
            Unavailable: Storage could not answer.

        Raises what ``Profiles`` does about what somebody says of themselves; the transaction goes on.
        """
        from .answering import Answering  # most sign-ons take a password and nothing else

        answering = Answering(
            self._transactions,
            self._sessions,
            self._directory,
            self._verifier,
            self._change,
            self._demands,
            self._factors,
            self._journal,
            self._known,
            self._profiles,
        )
        return answering(pending, caller, answer)

    def shown(self, pending: Pending, caller: Caller) -> Mapping[str, Any]:
        """What the caller needs for the factor that was chosen, or is set up. Raises Unavailable."""
        if pending.transaction.factor_id is None:
            return {}
        return self._factors().shown(pending, caller)

    def cancel(self, pending: Pending) -> None:
        """End a transaction, of which nothing comes. Nothing happens where it has ended."""
        try:
            self._transactions.end(pending.transaction)
        except NotFound:
            return

    def _kept(
        self,
        caller: Caller,
        known: Known,
        user: User,
        requirement: Requirement,
        step: Step,
        onward: Mapping[str, str],
        *,
        demanded: Demanded = NOTHING_MORE,
        session: str | None = None,
        expires_at: int = 0,
    ) -> Pending:
        handle = self._ids.opaque(32)
        transaction = SignOnTransaction(
            digest=secret_digest(handle),
            user_id=user.id,
            proofs=known.proofs,
            created_at=caller.now,
            expires_at=caller.now + LIFETIME,
            ends_at=caller.now + LONGEST,
            browser=caller.browser,
            onward=dict(onward),
            password_changed_at=changed_at(user),
            generations=Generations(user=user.token_generation),
            password_expired=known.password_expired,
            password_expires_at=expires_at,
            requirement=written(requirement),
            terms=demanded.terms,
            session=session,
            watched=demanded.watched,
            told=caller.told,
        )
        self._transactions.add(transaction)
        return Pending(handle, transaction, step, user, known, requirement)

    def _pending(self, handle: str, transaction: SignOnTransaction, user: User, now: int) -> Pending:
        requirement = read(transaction.requirement)
        known = self._known(
            user,
            transaction.proofs,
            requirement,
            now,
            password_expired=transaction.password_expired,
            expires_soon=is_to_be_told(transaction),
        )
        return Pending(handle, transaction, next_step(known, requirement, now=now), user, known, requirement)

    def _known(
        self,
        user: User,
        proofs: tuple[Proof, ...],
        requirement: Requirement,
        now: int,
        *,
        password_expired: bool = False,
        expires_soon: bool = False,
    ) -> Known:
        has_password = user.password is not None
        known = Known(user.id, auth_time_of(proofs), proofs, password_expired, expires_soon, has_password)
        if requirement.profile is not None:
            known = replace(known, said=said_of(user.profile))
        if not needs_factors(known, requirement, now=now):
            return known
        return self._factors().known(known, user)


def check_still(transaction: SignOnTransaction, user: User) -> None:
    """Whether what was proved still counts. Raises NotFound: it does not."""
    if user.status not in {"ACTIVE", "PASSWORD_EXPIRED"} or user.token_generation != transaction.generations.user:
        raise NotFound("user")
    if changed_at(user) != transaction.password_changed_at:
        raise NotFound("password")


def is_to_be_told(transaction: SignOnTransaction) -> bool:
    """Whether the user has to hear yet that the password expires soon."""
    return transaction.password_expires_at > 0 and not transaction.skipped


def changed_at(user: User) -> int | None:
    """When the user's password was changed last; ``None``: there is none."""
    return None if user.password is None else user.password.changed_at
