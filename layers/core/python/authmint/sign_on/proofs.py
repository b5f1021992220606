"""What follows from proofs: ``amr`` (RFC 8176) and ``auth_time`` (OpenID Connect Core §2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..policy.sign_on.assurance import is_two_factors
from ..storage.directory import Person
from ..storage.sessions import Session
from ..storage.sign_on_transactions import Method, Proof, SessionTerms

_AMR: Final[Mapping[Method, str]] = {
    "password": "pwd",
    "totp": "otp",
    "email": "otp",
    "recovery_code": "kba",
    "question": "kba",
}


@dataclass(frozen=True)
class SignedOn:
    """Somebody of whom nothing more is asked. Only this makes a session, or a session token.

    Attributes:
        terms: Of the session; ``None``: those of the deployment.
        raises: The session that they had already: it is raised, and no new one begins.
    """

    person: Person
    proofs: tuple[Proof, ...]
    terms: SessionTerms | None = None
    raises: Session | None = None


def amr_of(proofs: Sequence[Proof]) -> tuple[str, ...]:
    """The methods by their registered names: the password first, ``mfa`` last where there were two factors."""
    in_order = sorted(proofs, key=lambda proof: proof.method != "password")
    names = dict.fromkeys(_name(proof) for proof in in_order)
    return (*names, "mfa") if is_two_factors(proofs) else tuple(names)


def _name(proof: Proof) -> str:
    if proof.method == "webauthn":
        return "swk" if proof.synced else "hwk"
    return _AMR[proof.method]


def auth_time_of(proofs: Sequence[Proof]) -> int:
    """When the user proved last who they are; a second proof alone is no new sign-in. 0: never."""
    return max((proof.at for proof in proofs if is_primary(proof)), default=0)


def latest(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
    """The proofs in order; of those that say the same, the last one alone."""
    newest: dict[tuple[Method, str | None, bool], Proof] = {}
    for proof in proofs:
        key = (proof.method, proof.factor_id, proof.primary)
        newest.pop(key, None)
        newest[key] = proof
    return tuple(newest.values())


def is_primary(proof: Proof) -> bool:
    """Whether it said who they are: passwords always do."""
    return proof.primary or proof.method == "password"
