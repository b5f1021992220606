"""Browsers that are remembered after a second factor: the cookie that says so, and whether it still counts."""

from dataclasses import dataclass
from typing import Final

from ..factors.user_factors import UserFactors
from ..ids import Ids
from ..storage.clients import secret_digest
from ..storage.errors import NotFound
from ..storage.generations import Generations
from ..storage.remembered_browsers import RememberedBrowser, RememberedBrowsers
from ..storage.sign_on_transactions import Proof
from ..storage.users import User
from .requirement import Attempt, Remembering
from .sessions import Remembered

#: Seconds: browsers keep no cookie for longer (RFC 6265bis §5.5).
LONGEST: Final = 400 * 86_400
_LONGEST_LABEL: Final = 200


@dataclass(frozen=True)
class BrowserMemory:
    """Remembers browsers, and knows them again. It skips the second factor of a sign-in and nothing else."""

    records: RememberedBrowsers
    factors: UserFactors
    ids: Ids

    def knows(self, user: User, attempt: Attempt, *, now: int) -> bool:
        """Whether a second factor of this user was proved in this browser, and still counts. Raises Unavailable."""
        if attempt.device is None:
            return False
        try:
            known = self.records.get(user.id, attempt.device)
        except NotFound:
            return False
        if known.expires_at <= now or known.generations.user != user.token_generation:
            return False
        if known.password_changed_at != _changed_at(user):
            return False
        return any(f.id == known.factor_id and f.status == "ACTIVE" for f in self.factors.of(user))

    def remember(
        self, user: User, attempt: Attempt, proofs: tuple[Proof, ...], asked: Remembering, *, now: int
    ) -> Remembered | None:
        """Remember a browser; ``None``: no factor was proved in it, or it is known by what a trusted program says."""
        factor_id = next((proof.factor_id for proof in reversed(proofs) if proof.factor_id is not None), None)
        if factor_id is None:
            return None
        secret, lifetime = self.ids.opaque(32), min(asked.lifetime or LONGEST, LONGEST)
        told = attempt.told.mark if attempt.told is not None and attempt.told.lasting else None
        if told is not None:
            self.records.forget(user.id, told)
        self.records.add(
            RememberedBrowser(
                digest=told or secret_digest(secret),
                user_id=user.id,
                created_at=now,
                expires_at=now + lifetime,
                label=(attempt.request.header("user-agent") or "")[:_LONGEST_LABEL],
                factor_id=factor_id,
                password_changed_at=_changed_at(user),
                generations=Generations(user=user.token_generation),
            )
        )
        return Remembered(secret, lifetime) if told is None else None


def _changed_at(user: User) -> int | None:
    return None if user.password is None else user.password.changed_at
