"""The policies of people, asked for somebody and for a request: the one place that gathers what they can know.

``facts`` reads what there is to know, once; the decisions are pure (``policy/sign_on``) and read the policies of their
type. Where facts are missing, the strictest of what could be decided is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ..clock import timestamp
from ..http import Request
from ..policy.sign_on.app import AppDecision, app_decision
from ..policy.sign_on.circumstances import Circumstances, viewer_of
from ..policy.sign_on.defaults import IDS, Seeds, default_policy, with_default
from ..policy.sign_on.enrolment import EnrolmentDecision, enrolment_decision
from ..policy.sign_on.facts import Facts, ZoneFacts
from ..policy.sign_on.password import PasswordDecision, password_decision
from ..policy.sign_on.session import SessionDecision, session_decision
from ..policy.sign_on.walk import Step
from ..policy.sign_on.zones import blocking, client_address, with_system, zone_facts
from ..storage.clients import Client
from ..storage.directory import Person
from ..storage.errors import NotFound
from ..storage.sign_on_policies import PolicyType, SignOnPolicies, SignOnPolicy
from ..storage.sign_on_transactions import Assessment
from ..storage.user_types import DEFAULT_TYPE_ID
from ..storage.users import User
from ..storage.zones import Zone, Zones

if TYPE_CHECKING:
    from ..policy.sign_on.sign_up import SignUpDecision
    from .watch import Watch

#: Keys of the authenticators that there are.
AUTHENTICATORS: Final = ("okta_email", "google_otp", "okta_password", "webauthn", "security_question")
_LONGEST_AGENT: Final = 500
#: Conditions that ask how unusual a sign-on is.
_OF_RISK: Final = frozenset({"risk", "riskScore", "elCondition"})


@dataclass(frozen=True)
class AppliedPolicies:
    """The policies of a deployment. ``seeds``: what the system's are made of, and what bounds every session.

    ``watch``: what tells how unusual a sign-on is, made when a rule asks for it; ``None``: nobody can tell.
    """

    records: SignOnPolicies
    zones: Zones
    seeds: Seeds = field(default_factory=Seeds)
    watch: "Callable[[], Watch] | None" = None

    def circumstances(self, request: Request, *, device: str | None, believed: bool = False) -> Circumstances:
        """Where a request comes from and from what.

        Args:
            request: Of it, what only our own edge could know was taken away unless it came through it.
            device: Digest of what names the browser or the device; ``None``: it was not there before.
            believed: Whether the caller may say for whom it calls, as one with an API token.
        """
        forwarded = request.header("x-forwarded-for") or ""
        address = request.source_ip
        if forwarded:
            address = client_address(address, forwarded, self.all_zones(), believed=believed)
        # Place and network are those of who called the edge, whoever that is calling for.
        place, asn, anonymous = viewer_of(request.header) if address == request.source_ip else (None, None, None)
        return Circumstances(
            address=address,
            user_agent=(request.header("user-agent") or "")[:_LONGEST_AGENT],
            device=device,
            place=place,
            asn=asn,
            anonymous=anonymous,
        )

    def all_zones(self) -> tuple[Zone, ...]:
        """All zones, the system's among them."""
        return with_system(self.zones.all())

    def zones_of(self, circumstances: Circumstances) -> ZoneFacts:
        """Where the caller stands."""
        return zone_facts(self.all_zones(), circumstances)

    def blocked(self, circumstances: Circumstances) -> Zone | None:
        """The zone for which nobody is let in, if the request comes from there. Asked before anything else."""
        return blocking(self.all_zones(), circumstances)

    def facts(
        self,
        person: Person,
        circumstances: Circumstances,
        *,
        now: int,
        assessment: Assessment | None = None,
        identity_provider: str = "",
    ) -> Facts:
        """Everything that policies can know of somebody who signs on. Reads zones.

        How unusual it is is found out where some rule asks for it, and not before: it takes several reads.

        Args:
            person: Who it is.
            circumstances: Of the request.
            now: Unix seconds.
            assessment: What was found at the first proof of this sign-on; ``None``: nothing yet.
            identity_provider: Who vouched for the person; empty: we know them ourselves.
        """
        user = person.user
        return Facts(
            user_id=user.id,
            user_type=user.type_id or DEFAULT_TYPE_ID,
            group_ids=person.group_ids,
            group_names={group.id: group.name for group in person.groups},
            profile=user.profile,
            user=_attributes(user),
            identity_provider=identity_provider,
            zones=self.zones_of(circumstances),
            risk=None if assessment is None else assessment.level,
            behaviors=None if assessment is None else assessment.behaviors,
            behavior_names={} if assessment is None or self.watch is None else self.watch().names(),
            circumstances=circumstances,
            platform=circumstances.platform,
            now=now,
            changed_at=None if user.password is None else user.password.changed_at,
        )

    def session(self, facts: Facts) -> SessionDecision:
        """What is asked for a session. It lives no longer than the deployment lets sessions live."""
        policies = self.of_type("OKTA_SIGN_ON")
        decision = session_decision(policies, facts)
        if self._asks(facts, decision.steps):
            decision = session_decision(policies, self.assessed(facts)[0])
        lifetime = self.seeds.lifetime if decision.lifetime is None else min(decision.lifetime, self.seeds.lifetime)
        return replace(decision, idle=min(decision.idle, self.seeds.idle, lifetime), lifetime=lifetime)

    def app(self, client: Client, facts: Facts) -> AppDecision:
        """What is asked for an application."""
        return self.app_told(client, facts)[0]

    def app_told(
        self, client: Client, facts: Facts, before: Assessment | None = None
    ) -> tuple[AppDecision, Facts, Assessment | None]:
        """The same, with the facts that decided and how unusual it is, where a rule asks.

        ``before``: what was found at the sign-on. It counts on: by now the sign-on itself is in the history.
        """
        policy, facts = self.of_app(client), replace(facts, app_id=client.id)
        decision = app_decision(policy, facts)
        if not self._asks(facts, decision.steps):
            return decision, facts, None
        told, assessment = self.assessed(facts, before=before)
        return app_decision(policy, told), told, assessment

    def assessed(
        self, facts: Facts, *, trusted: bool = False, before: Assessment | None = None
    ) -> tuple[Facts, Assessment]:
        """The facts with how unusual the sign-on is: once for a sign-on, whose record keeps it.

        Args:
            facts: All others.
            trusted: The device is remembered, or a passkey came first.
            before: What was found at the sign-on of the session.
        """
        assessment, names = Assessment(), {}
        if self.watch is not None and facts.circumstances is not None and facts.user_id is not None:
            here = facts.circumstances
            watch = self.watch()
            login = str((facts.profile or {}).get("login", ""))
            assessment = watch.assess(
                facts.user_id, login, here, now=facts.now, changed_at=facts.changed_at, trusted=trusted
            )
            names = watch.names()
            if before is not None:
                from ..policy.sign_on.risk import worse  # only where a rule asks

                assessment = worse(before, assessment)
        told = replace(facts, risk=assessment.level, behaviors=assessment.behaviors, behavior_names=names)
        return told, assessment

    def _asks(self, facts: Facts, steps: Sequence[Step]) -> bool:
        """Whether a rule asked in vain for what can be found out."""
        if facts.circumstances is None or facts.risk is not None:
            return False
        asked = {name for step in steps for name, truth in step.conditions if truth == "UNDEFINED"}
        return bool(asked & _OF_RISK)

    def enrolment(self, facts: Facts, authenticators: Iterable[str] = AUTHENTICATORS) -> EnrolmentDecision:
        """Which authenticators, by their keys, may and must be enrolled."""
        return enrolment_decision(self.of_type("MFA_ENROLL"), facts, authenticators)

    def password(self, facts: Facts) -> PasswordDecision:
        """What holds for the password."""
        return password_decision(self.of_type("PASSWORD"), facts)

    def of_type(self, policy_type: PolicyType) -> tuple[SignOnPolicy, ...]:
        """All policies of a type, the system's among them."""
        return with_default(self.records.of_type(policy_type), policy_type, self.seeds)

    def of_app(self, client: Client) -> SignOnPolicy:
        """The application's own policy, or the default one where it has none or that one is gone."""
        return self._assigned("ACCESS_POLICY", client.access_policy)

    def sign_up(self, client: Client) -> "SignUpDecision":
        """Whether strangers may make an account on their way to an application."""
        from ..policy.sign_on.sign_up import sign_up_decision  # few deployments let anybody

        return sign_up_decision(self._assigned("PROFILE_ENROLLMENT", client.enrollment_policy))

    def _assigned(self, policy_type: PolicyType, own: str | None) -> SignOnPolicy:
        if own is not None:
            try:
                return self.records.get(policy_type, own)
            except NotFound:
                pass  # whoever deleted it left its applications to the default
        try:
            return self.records.get(policy_type, IDS[policy_type][0])
        except NotFound:
            return default_policy(policy_type, self.seeds)


def _attributes(user: User) -> dict[str, str | None]:
    """What expressions know of a user beside the profile."""
    changed = None if user.password is None else user.password.changed_at
    moments = {
        "created": user.created_at,
        "lastUpdated": user.updated_at,
        "passwordChanged": changed,
        "lastLogin": user.last_login_at,
    }
    return {"status": user.status, **{name: at if at is None else timestamp(at) for name, at in moments.items()}}
