"""The steps of a sign-on that are about factors: which one, the proof of it, and a new one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from ..factors.answers import AssertionAnswer
from ..factors.kind import CodeSent, KeyOptions, Wishes
from ..factors.user_factors import UserFactors
from ..http import Request
from ..storage.factors import Factor
from ..storage.sign_on_transactions import Proof, SignOnTransaction
from ..storage.users import User
from . import answers
from .next_step import Known
from .remembered import BrowserMemory
from .requirement import OutOfTurn
from .sessions import latest

if TYPE_CHECKING:
    from .sign_on import Caller, Pending


class RecoveryCodes(Protocol):
    """Codes that are good once each."""

    def left(self, user: User) -> int:
        """How many a user has."""

    def verify(self, user: User, text: str, *, binding: str, now: int, request: Request) -> Proof:
        """Use one up. Raises FactorRefused."""


@dataclass(frozen=True)
class FactorSteps:
    """Takes the answers that are about factors. It writes them, and never the transaction."""

    factors: UserFactors
    codes: RecoveryCodes
    browsers: BrowserMemory

    def known(self, known: Known, user: User) -> Known:
        """With what the user could prove."""
        kinds, usable = self.factors.for_sign_on(user)
        return replace(known, factors=tuple(usable), kinds=kinds, recovery_codes=self.codes.left(user) > 0)

    def take(self, pending: "Pending", caller: "Caller", answer: answers.Answer) -> SignOnTransaction:
        """The transaction after an answer.

        Raises:
            FactorRefused: It is not taken; the transaction goes on.
            OutOfTurn: It is not to what is asked.
            Unavailable: Storage or key management could not answer.
        """
        match answer:
            case answers.Chosen():
                return self._chosen(pending, caller, answer)
            case answers.Proved():
                return self._proved(pending, caller, answer)
            case answers.RecoveryCode():
                return self._recovered(pending, caller, answer)
            case answers.Begun():
                return self._begun(pending, caller, answer)
            case answers.SetUp():
                return self._set_up(pending, caller, answer)
            case _:
                raise OutOfTurn(type(answer).__name__)

    def invite(self, caller: "Caller") -> Mapping[str, Any]:
        """Options by which whoever has a key can say who they are, in the browser that asks."""
        return self.factors.invite(caller.request, binding=_binding(caller), now=caller.now).options

    def identify(self, caller: "Caller", answer: AssertionAnswer) -> tuple[str, Proof]:
        """Who somebody is, by a key alone. Raises FactorRefused."""
        user, _, proof = self.factors.identify(answer, binding=_binding(caller), now=caller.now, request=caller.request)
        return user.id, proof

    def shown(self, pending: "Pending", caller: "Caller") -> Mapping[str, Any]:
        """What the caller needs for the factor that was chosen, or is set up: ``options`` of a key, ``secret`` and
        ``uri`` of an app, ``address`` of a mail. The secret of an app is opened anew each time.
        """
        transaction = pending.transaction
        if pending.step.name == "enrol" and transaction.factor_id is not None and not transaction.shown:
            factor = self.factors.get(pending.user, transaction.factor_id)
            shared = self.factors.shown(pending.user, factor, now=caller.now, request=caller.request)
            return {"secret": shared.secret, "uri": shared.uri}
        shown: dict[str, Any] = json.loads(transaction.shown or "{}")
        return shown

    def _chosen(self, pending: "Pending", caller: "Caller", answer: answers.Chosen) -> SignOnTransaction:
        asked = self._asked(pending, answer.factor_id, alone=answer.alone)
        challenge = self.factors.challenge(
            pending.user,
            asked,
            binding=pending.transaction.digest,
            now=caller.now,
            request=caller.request,
            verify_user=pending.step.verify_user,
        )
        return replace(pending.transaction, factor_id=answer.factor_id, alone=answer.alone, shown=_written(challenge))

    def _proved(self, pending: "Pending", caller: "Caller", answer: answers.Proved) -> SignOnTransaction:
        transaction = pending.transaction
        factor_id = answer.factor_id or transaction.factor_id
        if factor_id is None:
            raise OutOfTurn("no factor was chosen")
        asked = self._asked(pending, factor_id, alone=transaction.alone)
        binding = transaction.digest
        proof = self.factors.verify(
            pending.user, asked, answer.answer, binding=binding, now=caller.now, request=caller.request
        )
        return _with(transaction, proof, remember=answer.remember or transaction.remember)

    def _recovered(self, pending: "Pending", caller: "Caller", answer: answers.RecoveryCode) -> SignOnTransaction:
        if pending.step.name != "challenge" or "recovery_code" not in pending.step.methods:
            raise OutOfTurn(pending.step.name)
        proof = self.codes.verify(
            pending.user, answer.text, binding=pending.transaction.digest, now=caller.now, request=caller.request
        )
        return _with(pending.transaction, proof)

    def _begun(self, pending: "Pending", caller: "Caller", answer: answers.Begun) -> SignOnTransaction:
        if pending.step.name != "enrol" or answer.kind not in pending.step.kinds:
            raise OutOfTurn(pending.step.name)
        factor, activation = self.factors.enrol(
            pending.user,
            answer.kind,
            wishes=Wishes(verify_user=pending.step.verify_user),
            now=caller.now,
            request=caller.request,
            binding=pending.transaction.digest,
        )
        if factor.status == "ACTIVE":
            return _with(pending.transaction, _proof_of(factor, caller.now))
        return replace(pending.transaction, factor_id=factor.id, kind=factor.method, shown=_written(activation))

    def _set_up(self, pending: "Pending", caller: "Caller", answer: answers.SetUp) -> SignOnTransaction:
        transaction = pending.transaction
        if pending.step.name != "enrol" or transaction.factor_id is None:
            raise OutOfTurn(pending.step.name)
        factor = self.factors.get(pending.user, transaction.factor_id)
        active = self.factors.activate(
            pending.user, factor, answer.answer, now=caller.now, request=caller.request, binding=transaction.digest
        )
        return _with(transaction, _proof_of(active, caller.now))

    def _asked(self, pending: "Pending", factor_id: str, *, alone: bool) -> Sequence[Factor]:
        """The factors of which an answer may be: of keys, any that will do, unless the caller named one."""
        choices = [factor for factor in pending.known.factors if factor.id in pending.step.choices]
        chosen = next((factor for factor in choices if factor.id == factor_id), None)
        if pending.step.name != "challenge" or chosen is None:
            raise OutOfTurn(pending.step.name)
        if alone or chosen.kind != "webauthn":
            return (chosen,)
        return tuple(factor for factor in choices if factor.kind == "webauthn")


def _binding(caller: "Caller") -> str:
    """What somebody begins in one browser ends there."""
    return f"browser {caller.browser}"


def _with(transaction: SignOnTransaction, proof: Proof, *, remember: bool | None = None) -> SignOnTransaction:
    kept = transaction.remember if remember is None else remember
    proofs = latest((*transaction.proofs, proof))
    return replace(transaction, proofs=proofs, factor_id=None, kind=None, alone=False, shown="", remember=kept)


def _proof_of(factor: Factor, now: int) -> Proof:
    """Who has just set a factor up has used it."""
    return Proof(factor.kind, now, factor.id, synced=factor.synced, verified=factor.verified)


def _written(shown: object) -> str:
    match shown:
        case KeyOptions():
            return json.dumps({"options": dict(shown.options)})
        case CodeSent():
            return json.dumps({"address": shown.address})
        case _:
            return ""
