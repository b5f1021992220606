"""Why each claim of a server is in a token or is not: what the preview shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..expressions.facts import Facts
from ..expressions.run import Run
from ..expressions.values import Json, Value
from ..storage.servers import Claim
from .compiled import CompiledClaims, Definition, NotEvaluated
from .errors import ClaimFailed

LeftOut = NotEvaluated | Literal["null", "no_match", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one claim.

    Attributes:
        expression: Expression or group filter as saved; ``None`` for claims from the profile.
        value: As it stands in the token.
        left_out: Why it is not in the token; ``None`` when it is.
        reads: The facts that were read, by name.
        failure: What went wrong where ``left_out`` is ``failed``: there is no token then.
    """

    name: str
    claim_id: str
    expression: str | None
    value: Json = None
    left_out: LeftOut | None = None
    reads: Mapping[str, Value] = field(default_factory=dict)
    failure: ClaimFailed | None = None


def explain_access_token(claims: CompiledClaims, facts: Facts) -> tuple[Outcome, ...]:
    """What becomes of every claim of the type RESOURCE. Never raises."""
    run = Run(facts)
    return tuple(_outcome(one, run, everything=True) for one in claims.resource)


def explain_id_token(claims: CompiledClaims, facts: Facts, *, everything: bool) -> tuple[Outcome, ...]:
    """What becomes of every claim of the type IDENTITY; ``everything`` as in ``CompiledClaims``. Never raises."""
    run = Run(facts)
    return tuple(_outcome(one, run, everything=everything) for one in (*claims.identity, *claims.of_app(facts)))


def explain_claim(claim: Claim, facts: Facts) -> Outcome:
    """What a claim that is part of no server would be. Never raises."""
    return _outcome(Definition(claim), Run(facts), everything=True)


def _outcome(definition: Definition, run: Run, *, everything: bool) -> Outcome:
    """One budget for all of them, as in a token."""
    claim = definition.claim
    left_out: LeftOut | None = definition.not_evaluated(run.facts.scopes, everything=everything)
    if left_out is not None:
        return Outcome(claim.name, claim.id, claim.value, left_out=left_out)
    reads = run.reads = {}
    try:
        value = definition.value(run)
    except ClaimFailed as failure:
        return Outcome(claim.name, claim.id, claim.value, left_out="failed", reads=reads, failure=failure)
    if value is None:
        left_out = "no_match" if claim.value_type == "GROUPS" and run.facts.user is not None else "null"
    return Outcome(claim.name, claim.id, claim.value, value, left_out, reads)
