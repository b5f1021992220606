"""Claims that can fail, shown by somebody for whom they do: every finding has a witness, so none is false."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..expressions.facts import AppFacts, Facts, GroupFacts, UserFacts
from ..expressions.limits import MAX_GROUPS
from ..expressions.run import Run
from ..storage.profile import STANDARD_ATTRIBUTES
from .compiled import CompiledClaims, Definition
from .errors import ClaimFailed

_APP: Final = AppFacts("0oaWitness", "0oaWitness", "a client without a profile")
_REQUIRED: Final = {"login": "a@example.com", "email": "a@example.com", "firstName": "A", "lastName": "B"}
_FULL: Final = dict.fromkeys(STANDARD_ATTRIBUTES, "text") | _REQUIRED


@dataclass(frozen=True)
class Failure:
    """For whom a claim fails, and how."""

    witness: str
    reason: str


def failures(claims: CompiledClaims) -> dict[str, tuple[Failure, ...]]:
    """What can go wrong with each claim, by id; claims that fail for no witness are not in it."""
    found: dict[str, list[Failure]] = {}
    for definition in (*claims.resource, *claims.identity):
        if definition.not_evaluated(definition.scopes, everything=True) is not None:
            continue
        for witness, facts in _witnesses(definition):
            try:
                definition.value(Run(facts))
            except ClaimFailed as failure:
                found.setdefault(definition.claim.id, []).append(Failure(witness, failure.reason))
    return {claim_id: tuple(of_claim) for claim_id, of_claim in found.items()}


def _witnesses(definition: Definition) -> Iterator[tuple[str, Facts]]:
    scopes = tuple(definition.claim.scopes) or ("scope",)
    if definition.claim.claim_type == "RESOURCE":
        yield "a client in its own name", Facts(_APP, scopes, 0)
    people = {
        "a user with the required attributes only": _user(_REQUIRED, 1),
        "a user with a text in every standard attribute": _user(_FULL, 1),
        f"a user in {MAX_GROUPS + 1} matching groups": _user(_FULL, MAX_GROUPS + 1, _matching_name(definition)),
    }
    for witness, user in people.items():
        yield witness, Facts(_APP, scopes, 0, user=user, amr=("pwd",))


def _user(profile: dict[str, str], groups: int, name: str = "group") -> UserFacts:
    members = tuple(GroupFacts(f"00g{number}", name if number == 0 else f"{name}{number}") for number in range(groups))
    return UserFacts(id="00uWitness", status="ACTIVE", login=profile["login"], profile=profile, groups=members)


def _matching_name(definition: Definition) -> str:
    """A group name that a literal filter lets through; a regular expression gets one that most of them do."""
    claim = definition.claim
    literal = claim.value_type == "GROUPS" and claim.group_filter_type != "REGEX"
    return (claim.value if literal else None) or "group"
