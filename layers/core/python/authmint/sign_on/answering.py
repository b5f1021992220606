"""What an answer does to a transaction: the next step is stored, or it ends and somebody is signed on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..directory.password_change import NotChangeable, PasswordChange
from ..factors.refusals import WrongAnswer
from ..storage.directory import Directory
from ..storage.errors import Conflict, NotFound
from ..storage.liveness import NotAlive, check_session
from ..storage.sessions import Sessions
from ..storage.sign_on_transactions import Proof, SignOnTransaction, SignOnTransactions
from ..storage.users import User
from . import answers
from .next_step import Known, next_step
from .requirement import OutOfTurn, SignOnDemands
from .sessions import SignedOn, latest
from .sign_on import (
    LIFETIME,
    Caller,
    Denied,
    Journal,
    Pending,
    Profiles,
    Verifier,
    changed_at,
    check_still,
    is_to_be_told,
)

if TYPE_CHECKING:
    from .answers import Answer
    from .factor_steps import FactorSteps


@dataclass(frozen=True)
class Answering:
    """Takes answers. ``known``: who somebody is, with what they could prove, where that matters."""

    transactions: SignOnTransactions
    sessions: Sessions
    directory: Directory
    verifier: Verifier
    change: PasswordChange
    demands: SignOnDemands
    factors: "Callable[[], FactorSteps]"
    journal: Journal
    known: Callable[..., Known]
    profiles: "Callable[[], Profiles] | None" = None

    def __call__(self, pending: Pending, caller: Caller, answer: "Answer") -> SignedOn | Pending:
        """Take the answer to what is asked. Raises as ``SignOn.advance``."""
        transaction = pending.transaction
        caller = caller.at(transaction.told)
        match answer:
            case answers.NewPassword():
                return self._new_password(pending, caller, answer.new, answer.old)
            case answers.ThePassword():
                after = self._the_password(pending, caller, answer.password)
            case answers.Said():
                return self._said(pending, caller, answer.values)
            case answers.Skipped():
                if pending.step.reason != "expiring":
                    raise OutOfTurn(pending.step.name)
                after = replace(transaction, skipped=True)
            case answers.Back():
                after = replace(transaction, factor_id=None, shown="")
            case _:
                after = self._taken(pending, caller, answer)
        return self._moved(pending, caller, after)

    def _taken(self, pending: Pending, caller: Caller, answer: "Answer") -> SignOnTransaction:
        try:
            return self.factors().take(pending, caller, answer)
        except WrongAnswer:
            self.demands.failed(pending.user.login, caller, now=caller.now)
            raise

    def _the_password(self, pending: Pending, caller: Caller, password: str) -> SignOnTransaction:
        if pending.step.name != "challenge" or "password" not in pending.step.methods:
            raise OutOfTurn(pending.step.name)
        self.verifier.verify(pending.user.login, password, caller.now, request=caller.request)
        proofs = latest((*pending.transaction.proofs, Proof("password", caller.now)))
        return replace(pending.transaction, proofs=proofs, factor_id=None)

    def _new_password(self, pending: Pending, caller: Caller, new: str, old: str | None) -> SignedOn | Pending:
        if pending.step.name != "new_password":
            raise OutOfTurn(pending.step.name)
        transaction = pending.transaction

        def still(user: User) -> bool:
            if user.password is None or changed_at(user) != transaction.password_changed_at:
                return False
            return old is None or self.change.hashes.fits(old, user.password.hash)

        user = self.change.choose(transaction.user_id, new, now=caller.now, request=caller.request, still=still)
        self.verifier.verify(user.login, new, caller.now, request=caller.request)
        after = replace(
            transaction,
            proofs=latest((*transaction.proofs, Proof("password", caller.now))),
            password_changed_at=changed_at(user),
            password_expired=False,
            password_expires_at=0,
        )
        try:
            return self._moved(replace(pending, user=user), caller, after)
        except OutOfTurn:
            raise NotChangeable("the transaction was moved by another call") from None

    def _said(self, pending: Pending, caller: Caller, values: Mapping[str, Any]) -> SignedOn | Pending:
        asked = pending.requirement.profile
        if pending.step.name not in {"profile", "done"} or asked is None or self.profiles is None:
            raise OutOfTurn(pending.step.name)
        if pending.step.name == "done":  # it was stored, and the answer was lost
            return self._moved(pending, caller, pending.transaction)
        missing = replace(
            asked, attributes=tuple(one for one in asked.attributes if one.name in pending.step.attributes)
        )
        user = self.profiles().complete(pending.user, missing, values, caller.request, now=caller.now)
        return self._moved(replace(pending, user=user), caller, pending.transaction)

    def _moved(self, pending: Pending, caller: Caller, after: SignOnTransaction) -> SignedOn | Pending:
        """The next step, stored; or the end."""
        known = self.known(
            pending.user,
            after.proofs,
            pending.requirement,
            caller.now,
            password_expired=after.password_expired,
            expires_soon=is_to_be_told(after),
        )
        step = next_step(known, pending.requirement, now=caller.now)
        if step.name == "refused":
            raise Denied("cannot be satisfied")
        if step.name == "done":
            return self._done(pending, caller, after)
        expires_at = min(caller.now + LIFETIME, after.ends_at)
        try:
            moved = self.transactions.move(pending.transaction, replace(after, expires_at=expires_at))
        except Conflict:
            raise OutOfTurn("moved by another call") from None
        return replace(pending, transaction=moved, step=step, known=known)

    def _done(self, pending: Pending, caller: Caller, after: SignOnTransaction) -> SignedOn:
        raises = None
        if after.session is not None:
            raises = self.sessions.get(after.session)
        person = self.directory.person(after.user_id)
        check_still(after, person.user)
        if raises is not None:
            try:
                check_session(raises, person.user, now=caller.now)
            except NotAlive:
                raise NotFound("session") from None
        try:
            self.transactions.end(pending.transaction)
        except NotFound:
            raise OutOfTurn("ended by another call") from None
        if raises is None:
            self.journal.signed_in(caller.request, person.user)
        if after.watched:
            self.demands.signed_on(person.user, caller, now=caller.now)
        remembered, remembering = None, pending.requirement.remembering
        if after.remember and remembering is not None:
            memory = self.factors().browsers
            remembered = memory.remember(person.user, caller, after.proofs, remembering, now=caller.now)
        return SignedOn(person, after.proofs, after.terms, raises, remembered)
