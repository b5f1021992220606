"""What an opened ticket is good for: what has to be proved beside it, a new password, the end of a lock."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from ..audit.recorder import Recorder
from ..clock import Clock
from ..directory.lockout import forgiven
from ..directory.password_change import NotChangeable, UnsuitablePassword, remembered
from ..directory.passwords import PasswordHashes
from ..http import Request
from ..ids import Ids
from ..mail.letters import Letters
from ..outage import Outage
from ..rate_limit import RateLimit
from ..storage.directory import Directory
from ..storage.errors import NotFound
from ..storage.events import Event, Party
from ..storage.factors import Factor, Factors
from ..storage.outbox import Mail
from ..storage.retrying import Retrying
from ..storage.sign_on_transactions import Proof
from ..storage.users import User, UserStatus
from .helpdesk import Decide
from .refusals import NotOpen, ProofMissing, TooOften, WrongAnswer
from .tickets import Opened, Tickets

#: What can be asked for beside a mailed link: what the mailbox does not hold.
_STRONG: Final = frozenset({"totp", "webauthn"})
#: What a first password is set by.
_FIRST: Final = frozenset({"activation", "registration"})


@dataclass(frozen=True)
class Needed:
    """What has to be proved before the new password is taken.

    Attributes:
        question: The user's own question, where it has to be answered.
        factors: Any one of these, or a recovery code in their place; empty: none.
    """

    question: str | None = None
    factors: tuple[Factor, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the ticket is enough."""
        return self.question is None and not self.factors


@dataclass(frozen=True)
class Recovery:
    """Does what tickets are good for.

    Attributes:
        answers: How often somebody may answer one user's question.
        ruled: Puts somebody into the groups that rules say.
    """

    tickets: Tickets
    directory: Directory
    factors: Factors
    hashes: PasswordHashes
    letters: Letters
    decide: Decide
    answers: RateLimit
    clock: Clock
    ids: Ids
    retrying: Retrying = field(default_factory=Retrying)
    ruled: Callable[[User, Request], None] = lambda _user, _request: None

    def open(self, text: str, request: Request, *, now: int) -> Opened:
        """What somebody brings, with what holds for whose it is. It changes nothing.

        Raises:
            NotOpen: It leads nowhere.
            Unavailable: Storage could not answer.
        """
        opened = self.tickets.open(text, now=now)
        try:
            person = self.directory.person(opened.user.id)
        except NotFound:
            raise NotOpen("the user is gone") from None
        return replace(opened, decision=self.decide(person, request, now))

    def check(self, opened: Opened, password: str) -> None:
        """Whether the policy takes a password, as far as that can be said without trying the ones before.

        Raises:
            UnsuitablePassword: With what it lacks.
        """
        user = opened.user
        lacks = opened.decision.policy.lacks(password, user.login, user.profile)
        if lacks:
            raise UnsuitablePassword(lacks)

    def needed(self, opened: Opened) -> Needed:
        """What has to be proved beside the ticket.

        A mailbox alone must not be enough to take over an account that a factor protects: who has one is asked for it,
        unless the policy says in so many words that nobody is. Of who has no password at all, and so had something
        stronger, it is asked whatever the policy says.

        Raises:
            ProofMissing: Something has to be, and the user has nothing to prove it with.
            Unavailable: Storage could not answer.
        """
        if opened.purpose != "password":
            return Needed()
        requirements = opened.decision.requirements
        says = [requirement.step_up for requirement in requirements]
        if opened.user.password is None:
            strong = self._strong(opened.user)
            if not strong:
                raise ProofMissing("there is no password, and nothing else that is strong")
            return Needed(factors=strong)
        if says and all(one is False for one in says):
            return Needed()
        methods = [one.step_up_methods for one in requirements if one.step_up and one.step_up_methods]
        if any("security_question" in named for named in methods):
            return self._question(opened.user)
        strong = self._strong(opened.user)
        if strong or True not in says:
            return Needed(factors=strong)
        return self._question(opened.user)

    def _strong(self, user: User) -> tuple[Factor, ...]:
        return tuple(each for each in self.factors.of(user.id) if each.status == "ACTIVE" and each.kind in _STRONG)

    def _question(self, user: User) -> Needed:
        if user.recovery is None:
            raise ProofMissing("there is no question")
        return Needed(question=user.recovery.question)

    def answer(self, user: User, answer: str, *, now: int) -> Proof:
        """The answer to the user's own question.

        Raises:
            TooOften: Too many answers.
            WrongAnswer: It is wrong.
            Unavailable: Storage could not answer.
        """
        allowance = self.answers.take(user.id, now=now)
        if not allowance.allowed:
            raise TooOften(allowance)
        known = user.recovery
        if known is None or not self.hashes.fits(answer.strip().casefold(), known.answer):
            raise WrongAnswer("the answer is another one")
        return Proof("question", now)

    def set_password(
        self,
        opened: Opened,
        password: str,
        *,
        now: int,
        request: Request,
        proofs: Sequence[Proof] = (),
        revoke: bool = True,
    ) -> User:
        """Give the user a new password: once for each ticket, even under concurrent calls.

        Args:
            opened: For whom.
            password: The new one.
            now: Unix seconds.
            request: For the log.
            proofs: What was proved beside the ticket.
            revoke: Whether tokens of applications end as well. Sessions always do.

        Raises:
            ProofMissing: What ``needed`` says is not among the proofs. Nothing was changed.
            UnsuitablePassword: The policy refuses it; the ticket stays good.
            NotOpen: The ticket is not good any more.
            NotChangeable: The user may not have another password now.
            Unavailable: Storage could not answer.
        """
        if not _proved(self.needed(opened), proofs):
            raise ProofMissing("nothing else was proved")
        decision = opened.decision

        def attempt() -> User:
            before = self.tickets.open(opened.text, now=now).user
            if before.status == "LOCKED_OUT" and not decision.unlock and not opened.by_administrator:
                raise NotChangeable("locked")
            chosen = remembered(before, password, self.hashes, decision.policy, now, own=True)
            after = _as(before, "ACTIVE", now)
            generation = before.token_generation + (revoke and opened.purpose == "password")
            after = replace(after, password=chosen, ticket=None, updated_at=now, token_generation=generation)
            self.tickets.users.save(
                before, after, self._events(opened, request, revoke), mails=self._mails(opened, now)
            )
            return after

        changed = self.retrying(attempt)
        if opened.purpose == "registration":  # who they are is theirs to say from now on
            with suppress(Outage):  # the password is set, and the ticket used up: what is left is done within a day
                self.ruled(changed, request)
        return changed

    def unlock(self, opened: Opened, *, now: int, request: Request) -> User:
        """End the lock of an account: once for each ticket.

        Raises:
            NotOpen: The ticket is not good for that, or not any more.
            Unavailable: Storage could not answer.
        """
        if opened.purpose != "unlock":
            raise NotOpen("not for this")

        def attempt() -> User:
            before = self.tickets.open(opened.text, now=now).user
            after = _as(before, "ACTIVE", now)
            party = _party(before)
            event = self._recorder(party, request).event("user.account.unlock", party)
            self.tickets.users.save(before, after, [event])
            return after

        return self.retrying(attempt)

    def _events(self, opened: Opened, request: Request, revoke: bool) -> list[Event]:
        party = _party(opened.user)
        recorder = self._recorder(party, request)
        debug = {"is_self_initiated": "true", "session_revocation": str(revoke).lower()}
        events = [recorder.event("user.account.update_password", party, debug=debug)]
        if opened.purpose in _FIRST:
            events.append(recorder.event("user.lifecycle.activate", party))
        return events

    def _mails(self, opened: Opened, now: int) -> Sequence[Mail]:
        return () if opened.purpose in _FIRST else self.letters.to(opened.user, "PasswordChanged", now=now)

    def _recorder(self, party: Party, request: Request) -> Recorder:
        return Recorder(self.clock, self.ids, party, request)


def _proved(needed: Needed, proofs: Sequence[Proof]) -> bool:
    asked = {factor.id for factor in needed.factors}
    if asked and not any(proof.factor_id in asked or proof.method == "recovery_code" for proof in proofs):
        return False
    return needed.question is None or any(proof.method == "question" for proof in proofs)


def _as(user: User, status: UserStatus, now: int) -> User:
    if user.status == status:
        return user
    return replace(
        forgiven(user),
        status=status,
        status_changed_at=now,
        updated_at=now,
        activated_at=user.activated_at or now,
    )


def _party(user: User) -> Party:
    return Party(user.id, "User", alternate_id=user.login)
