"""The claims of one server, parsed once per version of it (docs/protocol.md §10.4, §11)."""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Final, Literal

from ..expressions.errors import EvaluationFailed, TooManyGroups
from ..expressions.facts import Facts
from ..expressions.run import Run
from ..expressions.values import Json
from ..storage.servers import AuthorizationServer, Claim
from .errors import ClaimFailed
from .names import RESERVED
from .sources import Constant, Source, default_subject, source_of

NotEvaluated = Literal["inactive", "reserved", "scope", "not_always_included"]
SUBJECT_NAME: Final = "sub"


class Definition:
    """One claim of a server with its source."""

    __slots__ = ("claim", "is_subject", "name", "scopes", "source")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.name = claim.name
        self.scopes = frozenset(claim.scopes)
        self.source: Source = source_of(claim)
        self.is_subject = claim.system and claim.name == SUBJECT_NAME

    def value(self, run: Run) -> Json:
        """The claim's value for the facts of a run. Raises ClaimFailed."""
        try:
            value = self.source(run)
        except EvaluationFailed as error:
            too_many = isinstance(error, TooManyGroups)
            raise self.failed(str(error), too_many_groups=too_many) from None
        if self.is_subject and not (isinstance(value, str) and value):
            # A token without a subject would be taken for another's (RFC 7519 §4.1.2).
            raise self.failed("sub is not a text")
        return value

    def failed(self, reason: str, *, too_many_groups: bool = False) -> ClaimFailed:
        """The failure of this claim."""
        return ClaimFailed(self.name, system=self.claim.system, too_many_groups=too_many_groups, reason=reason)

    def not_evaluated(self, scopes: Iterable[str], *, everything: bool) -> NotEvaluated | None:
        """Why it is left out without a look at its value; ``None`` when it is evaluated."""
        if self.claim.status != "ACTIVE":
            return "inactive"
        if not self.claim.system and self.name in RESERVED[self.claim.claim_type]:
            return "reserved"
        if self.scopes and self.scopes.isdisjoint(scopes):
            return "scope"
        return None if everything or self.claim.always_include else "not_always_included"


class CompiledClaims:
    """Gives the claims of tokens. What ``explain`` says of the same facts agrees with it on every claim."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._claims = server.claims
        self._is_org = server.is_org
        self.resource = [Definition(claim) for claim in self._claims if claim.claim_type == "RESOURCE"]
        self._subject = next((one for one in self.resource if one.is_subject), None)
        self._in_access_tokens = [one for one in _candidates(self.resource) if one is not self._subject]

    @cached_property
    def identity(self) -> list[Definition]:
        """Compiled when the first ID token is asked for: many servers only ever serve machines."""
        return [Definition(claim) for claim in self._claims if claim.claim_type == "IDENTITY"]

    @cached_property
    def _in_id_tokens(self) -> list[Definition]:
        return _candidates(self.identity)

    def access_token(self, facts: Facts) -> dict[str, Json]:
        """``sub`` and the custom claims of an access token.

        Raises:
            ClaimFailed: A claim that applies could not be evaluated: there must be no token.
        """
        run = Run(facts)
        subject = default_subject(run) if self._subject is None else self._subject.value(run)
        return _evaluated(self._in_access_tokens, run, {SUBJECT_NAME: subject}, everything=True)

    def id_token(self, facts: Facts, *, everything: bool) -> dict[str, Json]:
        """Claims of an ID token beside those of the protocol; with ``everything`` also those of userinfo.

        Args:
            facts: With a user.
            everything: With claims that are not always included (docs/protocol.md §10.4): the ID token comes from the
                authorization endpoint without an access token.

        Raises:
            ClaimFailed: A claim that applies could not be evaluated: there must be no token.
        """
        definitions = (*self._in_id_tokens, *self.of_app(facts))
        return _evaluated(definitions, Run(facts), {}, everything=everything)

    def of_app(self, facts: Facts) -> tuple[Definition, ...]:
        """The claim that the app itself has in ID tokens, which only the org server gives."""
        claim = facts.app.groups_claim
        return () if claim is None or not self._is_org else (_defined(claim),)


@lru_cache(maxsize=1_024)
def _defined(claim: Claim) -> Definition:
    return Definition(claim)


def _evaluated(
    definitions: Iterable[Definition], run: Run, claims: dict[str, Json], *, everything: bool
) -> dict[str, Json]:
    """Add what applies to the claims; null is left out."""
    scopes = run.facts.scopes
    for definition in definitions:
        if definition.scopes and definition.scopes.isdisjoint(scopes):
            continue
        if everything or definition.claim.always_include:
            value = definition.value(run)
            if value is not None:
                claims[definition.name] = value
    return claims


def _candidates(definitions: Iterable[Definition]) -> list[Definition]:
    """Those that the facts decide about. A constant null is never in a token."""
    return [
        one
        for one in definitions
        if one.not_evaluated(one.scopes, everything=True) is None
        and not (isinstance(one.source, Constant) and one.source.value is None)
    ]


class WarmClaims:
    """Compiles the claims of a server once per version of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[AuthorizationServer, CompiledClaims]] = {}

    def of(self, server: AuthorizationServer) -> CompiledClaims:
        """The claims of exactly this record: a newer version is another record."""
        known = self._known.get(server.id)
        if known is not None and known[0] is server:
            return known[1]
        claims = CompiledClaims(server)
        self._known[server.id] = (server, claims)
        return claims
