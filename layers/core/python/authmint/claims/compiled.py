"""The claims of one server, parsed once per version of it, and why each one is in a token or is not (§15.4, §17)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ..storage.servers import AuthorizationServer, Claim
from .errors import ClaimFailed, EvaluationFailed, TooManyGroups
from .facts import Facts
from .names import RESERVED
from .run import Run
from .sources import Constant, Source, default_subject, source_of
from .values import Json, Value

LeftOut = Literal["inactive", "reserved", "scope", "not_always_included", "null", "no_match", "failed"]
_SUBJECT: Final = "sub"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one claim of a server.

    Attributes:
        expression: Expression or group filter as saved; ``None`` for claims from the profile.
        value: As it stands in the token.
        left_out: Why it is not in the token; ``None`` when it is.
        reads: The facts that were read, by name.
        failure: What went wrong where ``left_out`` is ``failed``.
    """

    name: str
    claim_id: str
    expression: str | None
    value: Json = None
    left_out: LeftOut | None = None
    reads: Mapping[str, Value] = field(default_factory=dict)
    failure: ClaimFailed | None = None


class _Definition:
    """One claim with its source."""

    __slots__ = ("claim", "name", "scopes", "source")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.name = claim.name
        self.scopes = frozenset(claim.scopes)
        self.source: Source = source_of(claim)

    def value(self, run: Run) -> Json:
        """Raises ClaimFailed."""
        try:
            return self.source(run)
        except EvaluationFailed as error:
            raise ClaimFailed(
                self.name,
                system=self.claim.system,
                too_many_groups=isinstance(error, TooManyGroups),
                reason=str(error),
            ) from None

    def left_out(self, scopes: Iterable[str], *, everything: bool) -> LeftOut | None:
        """Why it is not even evaluated."""
        if self.claim.status != "ACTIVE":
            return "inactive"
        if not self.claim.system and self.name in RESERVED[self.claim.claim_type]:
            return "reserved"
        if self.scopes and self.scopes.isdisjoint(scopes):
            return "scope"
        return None if everything or self.claim.always_include else "not_always_included"


class CompiledClaims:
    """Gives claims for facts. Where two methods differ only in ``explain``, they agree on every claim."""

    def __init__(self, server: AuthorizationServer) -> None:
        known = [_Definition(claim) for claim in server.claims]
        subjects = [one for one in known if one.claim.claim_type == "RESOURCE" and _is_subject(one.claim)]
        self._subject = subjects[0] if subjects else None
        self._resource = [one for one in known if one.claim.claim_type == "RESOURCE" and one is not self._subject]
        self._identity = [one for one in known if one.claim.claim_type == "IDENTITY"]
        self._in_access_tokens = _evaluated(self._resource)
        self._in_id_tokens = _evaluated(self._identity)

    def access_token(self, facts: Facts) -> dict[str, Json]:
        """``sub`` and the custom claims of an access token.

        Raises:
            ClaimFailed: A claim that applies could not be evaluated: there must be no token.
        """
        run = Run(facts)
        claims: dict[str, Json] = {_SUBJECT: self._subject_value(run)}
        for definition in self._in_access_tokens:
            if definition.scopes and definition.scopes.isdisjoint(facts.scopes):
                continue
            value = definition.value(run)
            if value is not None:
                claims[definition.name] = value
        return claims

    def id_token(self, facts: Facts, *, everything: bool) -> dict[str, Json]:
        """Claims of an ID token beside those of the protocol; with ``everything`` also those of userinfo (§12).

        Args:
            facts: With a user.
            everything: Whether claims are in that are not always included (§15.4): the ID token comes from the
                authorization endpoint without an access token.

        Raises:
            ClaimFailed: A claim that applies could not be evaluated: there must be no token.
        """
        run = Run(facts)
        claims: dict[str, Json] = {}
        for definition in self._in_id_tokens:
            if not everything and not definition.claim.always_include:
                continue
            if definition.scopes and definition.scopes.isdisjoint(facts.scopes):
                continue
            value = definition.value(run)
            if value is not None:
                claims[definition.name] = value
        return claims

    def explain_access_token(self, facts: Facts) -> tuple[Outcome, ...]:
        """What becomes of every claim of the type RESOURCE. Never raises."""
        subject = () if self._subject is None else (_outcome(self._subject, facts, everything=True),)
        return subject + tuple(_outcome(one, facts, everything=True) for one in self._resource)

    def explain_id_token(self, facts: Facts, *, everything: bool) -> tuple[Outcome, ...]:
        """What becomes of every claim of the type IDENTITY. Never raises."""
        return tuple(_outcome(one, facts, everything=everything) for one in self._identity)

    def _subject_value(self, run: Run) -> str:
        value = default_subject(run) if self._subject is None else self._subject.value(run)
        return _subject_of(value)


def _is_subject(claim: Claim) -> bool:
    return claim.system and claim.name == _SUBJECT


def _subject_of(value: Json) -> str:
    """A token without a subject, or with one that is no text, would be taken for another's (RFC 7519 §4.1.2)."""
    if not isinstance(value, str) or not value:
        raise ClaimFailed(_SUBJECT, system=True, reason="sub is not a text")
    return value


def _evaluated(definitions: Iterable[_Definition]) -> list[_Definition]:
    """Those that a request decides about. A constant null is never in a token."""
    return [
        one
        for one in definitions
        if one.left_out(one.scopes, everything=True) is None
        and not (isinstance(one.source, Constant) and one.source.value is None)
    ]


def _outcome(definition: _Definition, facts: Facts, *, everything: bool) -> Outcome:
    claim = definition.claim
    left_out = definition.left_out(facts.scopes, everything=everything)
    if left_out is not None:
        return Outcome(claim.name, claim.id, claim.value, left_out=left_out)
    reads: dict[str, Value] = {}
    try:
        value = definition.value(Run(facts, reads))
        if _is_subject(claim):
            value = _subject_of(value)
    except ClaimFailed as failure:
        return Outcome(claim.name, claim.id, claim.value, left_out="failed", reads=reads, failure=failure)
    if value is None:
        left_out = "no_match" if claim.value_type == "GROUPS" and facts.user is not None else "null"
    return Outcome(claim.name, claim.id, claim.value, value, left_out, reads)
