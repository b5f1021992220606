"""What follows from proofs: ``amr`` (RFC 8176) and ``auth_time`` (OpenID Connect Core §2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..storage.directory import Person
from ..storage.sign_on_transactions import Method, Proof

_AMR: Final[Mapping[Method, str]] = {"password": "pwd"}
#: With what somebody can begin: these move ``auth_time``.
_PRIMARY: Final[frozenset[Method]] = frozenset({"password"})


@dataclass(frozen=True)
class SignedOn:
    """Somebody of whom nothing more is asked. Only this makes a session, or a session token."""

    person: Person
    proofs: tuple[Proof, ...]


def amr_of(proofs: Sequence[Proof]) -> tuple[str, ...]:
    """The methods by their registered names, in the order in which they were proved."""
    return tuple(dict.fromkeys(_AMR[proof.method] for proof in proofs))


def auth_time_of(proofs: Sequence[Proof]) -> int:
    """When the user proved last who they are; a second proof alone is no new sign-in. 0: never."""
    return max((proof.at for proof in proofs if proof.method in _PRIMARY), default=0)
