"""The policies of people, as what they ask of a sign-on (docs/protocol.md §33)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..directory.authentication import AuthenticationFailed, Authenticator
from ..factors.enrolment_rules import Wish
from ..factors.sinks import EventSink
from ..http import Request
from ..ids import Ids
from ..policy.sign_on.circumstances import Circumstances
from ..policy.sign_on.defaults import IDS
from ..policy.sign_on.facts import Facts
from ..policy.sign_on.sign_up import AskedProfile
from ..policy.sign_on.walk import Open, Step
from ..policy.sign_on.zones import blocking
from ..storage.clients import Client
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound, Unavailable
from ..storage.events import Party
from ..storage.factors import FactorKind
from ..storage.outbox import Mail
from ..storage.sign_on_policies import PolicyList, PolicyType, SignOnPolicies, SignOnPolicy
from ..storage.sign_on_transactions import Assessment, SessionTerms
from ..storage.users import User
from ..storage.zones import Zone
from .context_classes import BY_PASSWORD_OR_PROVIDER, CLASSES, TWO_FACTORS
from .next_step import said_of
from .policies import AppliedPolicies
from .requirement import NO_ENROLMENTS, Attempt, Demanded, Enrolments, Remembering, Requirement, Verdict

#: Kinds by the keys of their authenticators; people are asked for them in this order.
_KINDS: Final[Mapping[str, FactorKind]] = {"webauthn": "webauthn", "google_otp": "totp", "okta_email": "email"}


class PolicyDemands:
    """``SignOnDemands`` and ``AppDemands``, by the policies that administrators wrote.

    Where nobody wrote any, there is nothing to evaluate: the system's policies ask the same of everybody, so what they
    ask is found once.
    """

    def __init__(
        self,
        policies: AppliedPolicies,
        notices: "NewSignOnNotices | None" = None,
        writable: Callable[[User], frozenset[str]] | None = None,
    ) -> None:
        """By policies as administrators wrote them.

        Args:
            policies: All of them.
            notices: Mail about sign-ins by new devices; ``None``: there is none.
            writable: Attributes that are the user's to say; ``None``: nobody is asked for any.
        """
        self._policies = policies
        self._writable = writable
        self._notices = notices
        self._of_everybody: dict[PolicyType, Demanded] = {}

    def of_sign_on(
        self, person: Person, attempt: Attempt, *, now: int, trusted: Callable[[], bool] | None = None
    ) -> Demanded:
        """By the global session policy and the one about enrolment."""
        read = ReadOnce(self._policies.records)
        watched = read.of_type("OKTA_SIGN_ON").order.watched
        if watched and self._suspects(attempt, now):
            return Demanded(denied=True, reason="many sign-ins fail from this address")
        everybody = self._of_everybody.get("OKTA_SIGN_ON")
        written = watched or read.of_type("OKTA_SIGN_ON").policies or read.of_type("MFA_ENROLL").policies
        if everybody is not None and not written:
            return everybody
        found = _Decisions(replace(self._policies, records=read)).of_sign_on(
            person, attempt, now=now, trusted=trusted if watched else None
        )
        if written:
            return replace(found, watched=watched)
        self._of_everybody["OKTA_SIGN_ON"] = found
        return found

    def _suspects(self, attempt: Attempt, now: int) -> bool:
        watch = self._policies.watch
        if watch is None:
            return False
        around = self._policies.circumstances(attempt.request, device=attempt.mark)
        return watch().refuses(around, self._policies.zones_of(around), now=now)

    def signed_on(self, user: User, attempt: Attempt, *, now: int) -> None:
        """Remember it. Where that cannot be stored, the next sign-in is the more unusual."""
        watch = self._policies.watch
        if watch is None:
            return
        around = self._policies.circumstances(attempt.request, device=attempt.mark)
        notices, request = self._notices, attempt.request
        with suppress(Unavailable):
            if notices is None:
                watch().succeeded(user.id, around, now=now)
            else:
                watch().succeeded(user.id, around, now=now, notice=lambda: notices.to(user, request, around, now=now))

    def failed(self, login: str, attempt: Attempt, *, now: int) -> None:
        """Count it, where some rule asks how unusual sign-ons are."""
        watch = self._policies.watch
        with suppress(Unavailable):
            if watch is not None and self._policies.records.of_type("OKTA_SIGN_ON").order.watched:
                around = self._policies.circumstances(attempt.request, device=attempt.mark)
                watch().failed(login, around, now=now)

    def of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        """By the app's authentication policy, and what the one about registration asks of who is here already."""
        demanded = self._of_app(client, person, attempt, now=now)
        profile = None if demanded.denied else self._asked_of(client, person.user)
        return demanded if profile is None else with_profile(demanded, profile)

    def _of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        read = ReadOnce(self._policies.records)
        if client.access_policy is not None or read.has_default_for_apps():
            return _Decisions(replace(self._policies, records=read)).of_app(client, person, attempt, now=now)
        if "ACCESS_POLICY" not in self._of_everybody:
            found = _Decisions(replace(self._policies, records=read)).of_app(client, person, attempt, now=now)
            self._of_everybody["ACCESS_POLICY"] = replace(found, verdict=None)
        return self._of_everybody["ACCESS_POLICY"]

    def _asked_of(self, client: Client, user: User) -> AskedProfile | None:
        """What of the profile is missing, and the user's to say; ``None``: nothing."""
        if self._writable is None:
            return None
        asked = self._policies.sign_up(client).progressive
        if asked is None:
            return None
        said = said_of(user.profile)
        missing = tuple(one for one in asked.attributes if one.name not in said)
        if missing:
            writable = self._writable(user)
            missing = tuple(one for one in missing if one.name in writable)
        return replace(asked, attributes=missing) if missing else None

    def enrolments(self, person: Person, attempt: Attempt, *, now: int) -> Enrolments:
        """By the policy about enrolment."""
        return _Decisions(self._policies).enrolments(person, attempt, now=now)


class NewSignOnNotices(Protocol):
    """Tells people that somebody signed in as them by a device that was not seen before."""

    def to(self, user: User, request: Request, here: Circumstances, /, *, now: int) -> Sequence[Mail]:
        """The mail; none where administrators have none sent. Raises Unavailable."""


class ReadOnce(SignOnPolicies):
    """Policies, each read once for one decision."""

    def __init__(self, records: SignOnPolicies) -> None:
        self._records = records
        self._lists: dict[PolicyType, PolicyList] = {}
        self._found: dict[str, SignOnPolicy | None] = {}

    def of_type(self, policy_type: PolicyType) -> PolicyList:
        if policy_type not in self._lists:
            self._lists[policy_type] = self._records.of_type(policy_type)
        return self._lists[policy_type]

    def get(self, policy_type: PolicyType, policy_id: str) -> SignOnPolicy:
        if policy_id not in self._found:
            try:
                self._found[policy_id] = self._records.get(policy_type, policy_id)
            except NotFound:
                self._found[policy_id] = None
        found = self._found[policy_id]
        if found is None:
            raise NotFound(policy_id)
        return found

    def save(self, *_: object, **__: object) -> None:
        raise NotImplementedError

    def watch(self) -> None:
        raise NotImplementedError

    def has_default_for_apps(self) -> bool:
        """Whether somebody changed the policy of apps that have none of their own."""
        try:
            self.get("ACCESS_POLICY", IDS["ACCESS_POLICY"][0])
        except NotFound:
            return False
        return True


@dataclass(frozen=True)
class _Decisions:
    """The same, evaluated."""

    policies: AppliedPolicies

    def of_sign_on(
        self, person: Person, attempt: Attempt, *, now: int, trusted: Callable[[], bool] | None = None
    ) -> Demanded:
        facts, assessment = self._facts(person, attempt, now), None
        if trusted is not None:
            # The app's policy may ask what this one does not, when the sign-on itself is in the history already.
            facts, assessment = self.policies.assessed(facts, trusted=trusted())
        decision = self.policies.session(facts)
        reason, verdict = _reason(decision.decided), _verdict(decision.decided, decision.steps, facts, assessment)
        if decision.access == "DENY":
            return Demanded(denied=True, reason=reason, verdict=verdict)
        first = (BY_PASSWORD_OR_PROVIDER,) if decision.primary == "PASSWORD_IDP" else ()
        assurances = (CLASSES[TWO_FACTORS], *first) if decision.require_factor else first
        remembering = None
        if decision.require_factor and decision.prompt in {"DEVICE", "SESSION"}:
            lifetime = decision.factor_lifetime if decision.prompt == "SESSION" else None
            remembering = Remembering(lifetime, decision.remember_by_default, first)
        terms = SessionTerms(decision.idle, decision.lifetime or 0, decision.persistent, assessment)
        enrolments = self._enrolments(facts)
        requirement = Requirement(assurances=assurances, enrolments=enrolments, remembering=remembering)
        return Demanded(False, requirement, terms, reason, verdict=verdict)

    def of_app(self, client: Client, person: Person, attempt: Attempt, *, now: int) -> Demanded:
        facts = self._facts(person, attempt, now)
        decision, facts, assessment = self.policies.app_told(client, facts, attempt.assessment)
        reason, verdict = _reason(decision.decided), _verdict(decision.decided, decision.steps, facts, assessment)
        if decision.access == "DENY":
            return Demanded(denied=True, reason=reason, verdict=verdict)
        # What every session gives for as long as it lives needs no look at it.
        asked = tuple(each for each in decision.assurances if not each.trivial(self.policies.seeds.lifetime))
        return Demanded(requirement=Requirement(assurances=asked), reason=reason, verdict=verdict)

    def enrolments(self, person: Person, attempt: Attempt, *, now: int) -> Enrolments:
        return self._enrolments(self._facts(person, attempt, now))

    def _facts(self, person: Person, attempt: Attempt, now: int) -> Facts:
        around = self.policies.circumstances(attempt.request, device=attempt.mark)
        return self.policies.facts(person, around, now=now, identity_provider=attempt.idp)

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


#: Seconds for which an instance uses what it read: a zone is blocked that much later at most.
KEPT: Final = 10


class Blocked(AuthenticationFailed):
    """The request comes from a zone that is blocked."""


class BlockedZones:
    """Says who is refused, and writes it down."""

    def __init__(self, policies: AppliedPolicies, events: EventSink, clock: Clock, ids: Ids) -> None:
        self._policies = policies
        self._events = events
        self._clock = clock
        self._ids = ids
        self._zones: tuple[Zone, ...] = ()
        self._read_at: int | None = None

    def refuse(self, request: Request) -> bool:
        """Whether the request comes from such a zone. Raises Unavailable."""
        now = self._clock.now()
        if self._read_at is None or not 0 <= now - self._read_at < KEPT:
            self._zones = tuple(
                zone for zone in self._policies.all_zones() if zone.usage == "BLOCKLIST" and zone.extent
            )
            self._read_at = now
        if not self._zones:
            return False
        zone = blocking(self._zones, self._policies.circumstances(request, device=None))
        if zone is None:
            return False
        party = Party(zone.id, "NetworkZone", display_name=zone.name)
        builder = EventBuilder(request, self._clock, self._ids)
        actor = Party("unknown", "User")
        self._events.emit(
            builder.event("security.request.blocked", actor=actor, targets=[party], reason="BLOCKED_ZONE")
        )
        return True


def with_profile(demanded: Demanded, profile: AskedProfile) -> Demanded:
    """The same, with something to say of oneself."""
    return replace(demanded, requirement=replace(demanded.requirement, profile=profile))


def _reason(decided: Iterable[Open]) -> str:
    """The rules that decided, for the log."""
    return "; ".join(f"policy {one.policy.name}, rule {one.rule.name}" for one in decided) or "no rule matches"


def _verdict(decided: Sequence[Open], steps: Sequence[Step], facts: Facts, assessment: Assessment | None) -> Verdict:
    from .verdicts import verdict_of  # where nobody wrote a policy, it is made once

    return verdict_of(decided, steps, facts, assessment)


@dataclass(frozen=True)
class OutsideOfBlockedZones:
    """``Verifier`` that asks where a request comes from before it looks at a password."""

    verifier: Authenticator
    blocked: BlockedZones

    def verify(self, login: str, password: str, now: int, *, request: Request) -> Person:
        """Who it is. Raises AuthenticationFailed."""
        if self.blocked.refuse(request):
            raise Blocked("blocked zone")
        return self.verifier.verify(login, password, now, request=request)
