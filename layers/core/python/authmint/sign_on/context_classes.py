"""Authentication context classes (``acr``): what each asks for (docs/protocol.md §4.9)."""

from collections.abc import Mapping, Sequence
from typing import Final

from ..policy.sign_on.assurance import Alternative, Assurance, Demand, is_two_factors
from ..storage.sign_on_transactions import Proof

ONE_FACTOR: Final = "urn:okta:loa:1fa:any"
BY_PASSWORD: Final = "urn:okta:loa:1fa:pwd"
TWO_FACTORS: Final = "urn:okta:loa:2fa:any"
#: Two factors of whoever has two, and one of everybody else.
TWO_IF_POSSIBLE: Final = "urn:okta:loa:2fa:any:ifpossible"

#: What each class asks for.
CLASSES: Final[Mapping[str, Assurance]] = {
    ONE_FACTOR: Assurance(),
    BY_PASSWORD: Assurance(alternatives=(Alternative(knowledge=Demand(methods=frozenset({"password"}))),)),
    TWO_FACTORS: Assurance(two_factors=True),
    TWO_IF_POSSIBLE: Assurance(two_factors=True),
    "phr": Assurance(alternatives=(Alternative(possession=Demand(phishing_resistant=True)),)),
    "phrh": Assurance(alternatives=(Alternative(possession=Demand(hardware_protected=True)),)),
}
#: Of policies that take no passkey in the first place: the password, or an identity provider.
BY_PASSWORD_OR_PROVIDER: Final = Assurance(
    alternatives=(Alternative(knowledge=Demand(methods=frozenset({"password"}))), Alternative(federation=Demand()))
)


def reached(proofs: Sequence[Proof]) -> str:
    """The strongest class that proofs reach, for requests that name none that is known."""
    if is_two_factors(proofs):
        return TWO_FACTORS
    return BY_PASSWORD if any(proof.method == "password" for proof in proofs) else ONE_FACTOR
