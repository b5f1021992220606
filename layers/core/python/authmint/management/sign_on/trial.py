"""Sign-ons that are tried without their proofs: what would come out for somebody (docs/protocol.md §33.8)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from ...factors.user_factors import UserFactors
from ...policy.sign_on.app import AppDecision
from ...policy.sign_on.assurance import Alternative, Assurance, Demand, Means
from ...policy.sign_on.circumstances import Circumstances
from ...policy.sign_on.facts import Facts
from ...policy.sign_on.session import SessionDecision
from ...policy.sign_on.zones import blocking
from ...sign_on.policies import AppliedPolicies
from ...sign_on.policy_demands import ReadOnce
from ...storage.clients import Client
from ...storage.directory import Person
from ...storage.factors import FactorKind
from ...storage.sign_on_policies import PolicyList, PolicyType, SignOnPolicies, SignOnPolicy
from ...storage.sign_on_transactions import Method
from ...storage.zones import ZoneList, Zones

#: ``ENROLLS``: allowed, after something was set up. ``CANNOT``: nothing that they have or may set up is enough.
Outcome = Literal["BLOCKED", "DENIED", "ALLOWED", "ENROLLS", "CANNOT"]
_KINDS: Final[Mapping[str, FactorKind]] = {"okta_email": "email", "google_otp": "totp", "webauthn": "webauthn"}


@dataclass(frozen=True)
class Could:
    """What somebody has, or could have."""

    method: Method
    synced: bool = False
    verified: bool = False
    vouched: None = None


@dataclass(frozen=True)
class Trial:
    """What came out.

    Attributes:
        app: What is asked for the application; ``None``: none was tried.
    """

    outcome: Outcome
    session: SessionDecision
    app: AppDecision | None = None


@dataclass(frozen=True)
class Trials:
    """Tries sign-ons. It changes nothing, and nobody is told."""

    applied: AppliedPolicies
    factors: UserFactors

    def at_once(self, active: Collection[str] = ()) -> "Trials":
        """For many: policies and zones are read once. ``active``: ids of policies and rules as if they were ACTIVE."""
        records = _AsIf(self.applied.records, frozenset(active))
        return replace(self, applied=replace(self.applied, records=records, zones=_ReadOnce(self.applied.zones.all())))

    def of(self, person: Person, facts: Facts, here: Circumstances, app: Client | None = None) -> Trial:
        """What would come out. ``facts``: all that is known, risk and behaviours too."""
        session = self.applied.session(facts)
        decision = None if app is None else self.applied.app(app, facts)
        return Trial(self._outcome(person, facts, session, decision, here), session, decision)

    def _outcome(
        self,
        person: Person,
        facts: Facts,
        session: SessionDecision,
        app: AppDecision | None,
        here: Circumstances,
    ) -> Outcome:
        if blocking(self.applied.all_zones(), here) is not None:
            return "BLOCKED"
        if session.access == "DENY" or (app is not None and app.access == "DENY"):
            return "DENIED"
        asked = [Assurance(two_factors=session.require_factor)]
        if session.primary == "PASSWORD_IDP":
            asked.append(Assurance(alternatives=(Alternative(knowledge=Demand(methods=frozenset({"password"}))),)))
        asked += app.assurances if app is not None else ()
        has: list[Means] = [Could("password")] if person.user.password is not None else []
        if all(one.reachable(has) for one in asked):
            return "ALLOWED"  # without a look at factors
        kinds, own = self.factors.for_sign_on(person.user)
        has += own
        if all(one.reachable(has) for one in asked):
            return "ALLOWED"
        could = [Could(kind, verified=kind == "webauthn") for kind in self._enrollable(facts, kinds)]
        return "ENROLLS" if all(one.reachable([*has, *could]) for one in asked) else "CANNOT"

    def _enrollable(self, facts: Facts, on: Collection[FactorKind]) -> list[FactorKind]:
        decision = self.applied.enrolment(facts)
        if decision.when == "NEVER":
            return []
        return [kind for key, kind in _KINDS.items() if decision.allows(key) and kind in on]


class _AsIf(ReadOnce):
    """Policies, some of them as if they were ACTIVE."""

    def __init__(self, records: SignOnPolicies, active: frozenset[str]) -> None:
        super().__init__(records)
        self._active = active

    def of_type(self, policy_type: PolicyType) -> PolicyList:
        listed = super().of_type(policy_type)
        return replace(listed, policies=tuple(map(self._as_if, listed.policies)))

    def get(self, policy_type: PolicyType, policy_id: str) -> SignOnPolicy:
        return self._as_if(super().get(policy_type, policy_id))

    def _as_if(self, policy: SignOnPolicy) -> SignOnPolicy:
        if not self._active:
            return policy
        rules = tuple(replace(one, status="ACTIVE") if one.id in self._active else one for one in policy.rules)
        return replace(policy, rules=rules, status="ACTIVE" if policy.id in self._active else policy.status)


class _ReadOnce(Zones):
    """Zones that were read."""

    def __init__(self, zones: ZoneList) -> None:
        self._zones = zones

    def all(self) -> ZoneList:
        return self._zones

    def save(self, *_: object, **__: object) -> None:
        raise NotImplementedError
