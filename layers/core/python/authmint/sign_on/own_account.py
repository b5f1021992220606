"""What people may do to their own account, and what they have to prove for it (docs/protocol.md §31.7)."""

from dataclasses import dataclass, replace
from typing import Final

from ..policy.sign_on.assurance import Assurance
from ..storage.directory import Person
from ..storage.factors import Factor
from ..storage.sessions import Session
from ..storage.sign_on_transactions import Proof
from .factor_steps import FactorSteps
from .next_step import Known, next_step
from .requirement import Attempt, Requirement, SignOnDemands

#: Seconds that a proof is fresh: who comes across an open browser must not be able to change who can sign in.
FRESH: Final = 300


@dataclass(frozen=True)
class OwnAccount:
    """Knows when somebody has to prove anew who they are, and what must not be taken away."""

    steps: FactorSteps
    demands: SignOnDemands

    def known(self, session: Session, person: Person) -> Known:
        """Who is there, with everything that they could prove."""
        user = person.user
        known = Known(user.id, session.auth_time, session.proved, has_password=user.password is not None)
        return self.steps.known(known, user)

    def known_of(self, person: Person, *, now: int) -> Known:
        """Somebody for whom a program acts, with everything that they could prove; they proved the first of it."""
        user = person.user
        proofs = (Proof("password", now),) if user.password is not None else ()
        known = Known(user.id, now, proofs, has_password=user.password is not None)
        return self.steps.known(known, user)

    def requirement(self, known: Known) -> Requirement:
        """A fresh proof; of who has a second factor, two."""
        return Requirement(assurances=(Assurance(two_factors=bool(known.factors), reauthenticate_in=FRESH),))

    def is_fresh(self, known: Known, *, now: int) -> bool:
        """Whether nothing has to be proved anew."""
        return next_step(known, self.requirement(known), now=now).name == "done"

    def is_needed(self, person: Person, known: Known, factor: Factor, attempt: Attempt, *, now: int) -> bool:
        """Whether policies would refuse the user, or ask for another factor at once, without this one.

        Raises:
            Unavailable: Storage could not answer.
        """
        demanded = self.demands.of_sign_on(person, attempt, now=now)
        left = tuple(each for each in known.factors if each.id != factor.id)
        proved = tuple(proof for proof in known.proofs if proof.method in {"password", "federated"})
        without = replace(known, factors=left, proofs=proved, recovery_codes=False)
        return next_step(without, demanded.requirement, now=now).name in {"enrol", "refused"}
