"""The policies of people, as what they ask of a sign-on (docs/protocol.md §33)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..clock import Clock
from ..factors.enrolment_rules import Wish
from ..http import Request
from ..policy.sign_on.circumstances import Circumstances
from ..policy.sign_on.facts import Facts
from ..policy.sign_on.walk import Open
from ..storage.clients import Client
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.factors import FactorKind
from ..storage.sign_on_transactions import SessionTerms
from ..storage.users import User
from .context_classes import BY_PASSWORD, CLASSES, TWO_FACTORS
from .demands import Attempt, Demanded
from .policies import AppliedPolicies
from .requirement import NO_ENROLMENTS, Enrolments, Remembering

#: Kinds by the keys of their authenticators; people are asked for them in this order.
_KINDS: Final[Mapping[str, FactorKind]] = {"webauthn": "webauthn", "google_otp": "totp", "okta_email": "email"}


@dataclass(frozen=True)
class PolicyDemands:
    """``SignOnDemands`` and ``AppDemands``, by the policies that administrators wrote."""

    policies: AppliedPolicies

    def of_sign_on(self, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        """By the global session policy and the one about enrolment."""
        facts = self._facts(person, attempt, now)
        decision = self.policies.session(facts)
        reason = _reason(decision.decided)
        if decision.access == "DENY":
            return Demanded(denied=True, reason=reason)
        assurances = (CLASSES[TWO_FACTORS],) if decision.require_factor else ()
        if decision.primary == "PASSWORD_IDP":
            assurances = (*assurances, CLASSES[BY_PASSWORD])
        remembering = None
        if decision.require_factor and decision.prompt in {"DEVICE", "SESSION"}:
            lifetime = decision.factor_lifetime if decision.prompt == "SESSION" else None
            remembering = Remembering(lifetime, decision.remember_by_default)
        terms = SessionTerms(decision.idle, decision.lifetime or 0, decision.persistent)
        enrolments = self._enrolments(facts)
        return Demanded(False, assurances, enrolments, terms, remembering, reason)

    def of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        """By the app's authentication policy."""
        decision = self.policies.app(client, self._facts(person, attempt, now))
        reason = _reason(decision.decided)
        if decision.access == "DENY":
            return Demanded(denied=True, reason=reason)
        return Demanded(assurances=decision.assurances, reason=reason)

    def enrolments(self, person: Person, attempt: Attempt, *, now: int) -> Enrolments:
        """By the policy about enrolment."""
        return self._enrolments(self._facts(person, attempt, now))

    def _facts(self, person: Person, attempt: Attempt, now: int) -> Facts:
        around = self.policies.circumstances(attempt.request, device=attempt.browser)
        return self.policies.facts(person, around, now=now)

    def _enrolments(self, facts: Facts) -> Enrolments:
        decision = self.policies.enrolment(facts)
        if decision.when == "NEVER":
            return NO_ENROLMENTS
        offered = tuple(kind for key, kind in _KINDS.items() if decision.allows(key))
        required = tuple(kind for key, kind in _KINDS.items() if key in decision.required)
        return Enrolments(required, offered)


@dataclass(frozen=True)
class EnrolmentPolicies:
    """``EnrolmentRules`` of factors: what people may set up, wherever they do."""

    policies: AppliedPolicies
    directory: Directory
    clock: Clock

    def of(self, user: User, request: Request | None = None, /) -> Mapping[FactorKind, Wish]:
        """The kinds that the user may have; the others are not allowed. Raises Unavailable."""
        try:
            person = self.directory.person(user.id)
        except NotFound:
            return {}
        around = Circumstances() if request is None else self.policies.circumstances(request, device=None)
        decision = self.policies.enrolment(self.policies.facts(person, around, now=self.clock.now()))
        allowed = {kind: key for key, kind in _KINDS.items() if decision.allows(key)}
        # A security question is no second factor, but a way back in: policies of factors do not speak of it.
        wishes: dict[FactorKind, Wish] = {"question": "OPTIONAL"}
        for kind, key in allowed.items():
            wishes[kind] = "REQUIRED" if key in decision.required else "OPTIONAL"
        return wishes


def _reason(decided: Iterable[Open]) -> str:
    """The rules that decided, for the log."""
    return "; ".join(f"policy {one.policy.name}, rule {one.rule.name}" for one in decided) or "no rule matches"
