"""What pages and APIs do with the factors of users (docs/protocol.md §32)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, cast

from ..audit.builder import EventBuilder
from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..mail.letters import Letters
from ..rate_limit import RateLimit
from ..storage.authenticators import AuthenticatorList
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event, Party
from ..storage.factors import Factor, FactorKind, Factors
from ..storage.outbox import Mail
from ..storage.sign_on_transactions import Proof
from ..storage.users import User, login_key
from ..storage.ways_in import Way, name_of
from .addresses import is_verified
from .answers import Answer, AssertionAnswer
from .code_lockout import CodeLockout
from .enrolment_rules import EnrolmentRules
from .kind import Activation, Ask, Challenge, CodeSent, KeyOptions, Kind, SharedSecret, Wishes
from .notices import name_for_people, notice
from .recovery_codes import RecoveryCodeBook
from .refusals import FactorRefused, NotActive, NotEnrollable, TooFast, WrongAnswer, reason_of
from .sinks import VERIFIED, EventSink

if TYPE_CHECKING:
    from .email import EmailCodes
    from .questions import Questions
    from .webauthn import Webauthn

#: What each provider's factors are called in ids.
_PREFIXES: Final[Mapping[tuple[FactorKind, str], str]] = {
    ("totp", "GOOGLE"): "uft",
    ("totp", "OKTA"): "ost",
    ("webauthn", "FIDO"): "fwf",
    ("email", "OKTA"): "emf",
    ("question", "OKTA"): "ufs",
}
_PROVIDERS: Final[Mapping[FactorKind, str]] = {
    "totp": "GOOGLE",
    "webauthn": "FIDO",
    "email": "OKTA",
    "question": "OKTA",
}


#: What can be a second factor; a question is for recovery.
_SECOND: Final[tuple[FactorKind, ...]] = ("totp", "webauthn", "email")


@dataclass(frozen=True)
class UserFactors:
    """Enrols, activates, asks, verifies and removes.

    Attributes:
        kinds: Each kind, made when it is first asked for.
        recovery: Codes for who lost their factors.
        authenticators: What the deployment lets people prove with.
        activations: How often somebody may answer for one factor that is not activated yet.
    """

    factors: Factors
    kinds: Callable[[FactorKind], Kind]
    recovery: RecoveryCodeBook
    authenticators: Callable[[], AuthenticatorList]
    rules: EnrolmentRules
    letters: Letters
    lockout: CodeLockout
    activations: RateLimit
    events: EventSink
    clock: Clock
    ids: Ids

    def of(self, user: User) -> Sequence[Factor]:
        """All of a user's, pending ones included, in the order in which they were made.

        Where codes by email sign people on, a verified address is one of them without having been enrolled.
        """
        return self._all(user, self.authenticators())

    def usable(self, user: User) -> Sequence[Factor]:
        """Those that sign the user on: activated, of a kind that is on, and not only for getting back in."""
        return self._usable(user, self.authenticators())

    def for_sign_on(self, user: User) -> tuple[frozenset[FactorKind], Sequence[Factor]]:
        """The kinds that people sign on with here, and the user's own of these: switched on for that, and mail where
        that is what they take.
        """
        listed = self.authenticators()
        on = frozenset(kind for kind in _SECOND if listed.signs_on(kind))
        kinds = on if self.letters.on else on - {"email"}
        return kinds, [factor for factor in self._usable(user, listed) if factor.kind in kinds]

    def get(self, user: User, factor_id: str) -> Factor:
        """One of a user's. Raises NotFound: there is none, or it is another user's."""
        if factor_id == _automatic(user).id:
            for factor in self.of(user):
                if factor.id == factor_id:
                    return factor
        return self.factors.get(user.id, factor_id)

    def shown(self, user: User, factor: Factor, *, now: int, request: Request) -> SharedSecret:
        """What an authenticator app needs of a pending factor, once more.

        Raises:
            NotActive: It is activated, or no app's: its secret is shown no more.
            Unavailable: Key management could not answer.
        """
        self._check_owner(user, factor)
        if factor.status != "PENDING_ACTIVATION" or factor.kind != "totp":
            raise NotActive("activated before")
        shown = self.kinds(factor.kind).shown(factor, Ask(user, now, request))
        if shown is None:
            raise NotActive("nothing to show")
        return shown

    def enrol(
        self,
        user: User,
        kind: FactorKind,
        *,
        now: int,
        request: Request,
        provider: str | None = None,
        wishes: Wishes | None = None,
        binding: str = "",
        actor: Party | None = None,
    ) -> tuple[Factor, Activation]:
        """A new factor, and what its owner needs to activate it. A pending one of its kind goes.

        Args:
            user: Whose.
            kind: Which.
            now: Unix seconds.
            request: For the log, and for the site at which a key is made.
            provider: Whose; ``None``: the kind's first one.
            wishes: What else is asked for.
            binding: For which transaction: ``activate`` has to say the same.
            actor: Who does it, where it is not the user.

        Raises:
            NotEnrollable: The user cannot have it.
            NotActive: The user is gone.
            TooFast: Of mail.
            Unavailable: Storage or key management could not answer.
        """
        wishes = wishes or Wishes()
        ask = Ask(user, now, request, binding, actor)
        provider = provider or _PROVIDERS[kind]
        prefix = _PREFIXES.get((kind, provider))
        if prefix is None:
            raise NotEnrollable("kind")
        if not self.authenticators().has_on(kind):
            raise NotEnrollable("kind")
        if kind not in self.rules.of(user, request):
            raise NotEnrollable("policy")
        others = [factor for factor in self.factors.of(user.id) if (factor.kind, factor.provider) == (kind, provider)]
        made = self.kinds(kind)
        if sum(factor.status == "ACTIVE" for factor in others) >= made.most:
            raise NotEnrollable("taken")
        new = Factor(
            id=self.ids.object_id(prefix),
            user_id=user.id,
            kind=kind,
            status="PENDING_ACTIVATION",
            created_at=now,
            updated_at=now,
            provider=provider,
            address=wishes.address,
        )
        factor, activation = made.enrol(new, wishes, ask)
        if any(other.status == "ACTIVE" and _same(other, factor) for other in others):
            raise NotEnrollable("taken")
        for other in others:
            if other.status == "PENDING_ACTIVATION":
                self._drop(other)
        active = factor.status == "ACTIVE"
        events = [self._event("user.mfa.factor.activate", factor, ask)] if active else []
        mails = self._notice(ask, "AuthenticatorEnrolled", factor) if active else ()
        try:
            self.factors.add(factor, events, mails)
        except Conflict:
            raise NotActive("there is no such user any more") from None
        return replace(factor, version=1), activation

    def resend(
        self, user: User, factor: Factor, *, now: int, request: Request, lifetime: int | None = None, binding: str = ""
    ) -> CodeSent:
        """Send another code for a pending factor. The one before is worth nothing.

        Raises:
            NotActive: The factor is not pending, or of a kind that sends nothing.
            TooFast: Of mail.
            Unavailable: Storage could not answer.
        """
        self._check_owner(user, factor)
        if factor.status != "PENDING_ACTIVATION" or factor.kind != "email":
            raise NotActive("nothing to send")
        kind = cast("EmailCodes", self.kinds("email"))
        return kind.resend(factor, Ask(user, now, request, binding), lifetime)

    def change_question(
        self,
        user: User,
        factor: Factor,
        question: str | None,
        answer: str | None,
        *,
        now: int,
        request: Request,
        actor: Party | None = None,
    ) -> Factor:
        """Another question and answer.

        Raises:
            NotActive: The factor is no question.
            NotEnrollable: There is no such question, or the answer is too short.
            Conflict: The factor changed.
        """
        self._check_owner(user, factor)
        if factor.kind != "question":
            raise NotActive("no question")
        changed = cast("Questions", self.kinds("question")).answered(factor, question, answer)
        changed = replace(changed, updated_at=now)
        ask = Ask(user, now, request, actor=actor)
        self.factors.save(factor, changed, [self._event("user.mfa.factor.update", changed, ask)])
        return replace(changed, version=factor.version + 1)

    def activate(
        self,
        user: User,
        factor: Factor,
        answer: Answer,
        *,
        now: int,
        request: Request,
        binding: str = "",
        actor: Party | None = None,
    ) -> Factor:
        """The factor, ACTIVE, after the first proof. A code that activates is used up.

        Raises:
            NotActive: It is activated already, or gone.
            NotEnrollable: The user has as many as one can have by now.
            TooFast: Five answers in five minutes were enough.
            FactorRefused: The answer is not taken. A key that somebody has registered already is a wrong answer.
            Unavailable: Storage or key management could not answer.
        """
        self._check_owner(user, factor)
        if factor.status != "PENDING_ACTIVATION":
            raise NotActive("activated before")
        allowance = self.activations.take(factor.id, now=now)
        if not allowance.allowed:
            raise TooFast(allowance)
        kind = self.kinds(factor.kind)
        others = [one for one in self.factors.of(user.id) if (one.kind, one.provider) == (factor.kind, factor.provider)]
        if sum(one.status == "ACTIVE" for one in others) >= kind.most:
            raise NotEnrollable("taken")  # two were pending at once
        ask = Ask(user, now, request, binding, actor)
        active = replace(kind.activate(factor, answer, ask), updated_at=now)
        try:
            events = [self._event("user.mfa.factor.activate", active, ask)]
            self.factors.save(factor, active, events, self._notice(ask, "AuthenticatorEnrolled", active))
        except AlreadyExists:
            raise WrongAnswer("CREDENTIAL_TAKEN") from None
        except Conflict:
            raise NotActive("activated or removed meanwhile") from None
        return replace(active, version=factor.version + 1)

    def challenge(
        self,
        user: User,
        factors: Sequence[Factor],
        *,
        binding: str,
        now: int,
        request: Request,
        lifetime: int | None = None,
        verify_user: bool = False,
    ) -> Challenge:
        """Ask for one of these factors, which are of one kind: what a caller needs to answer.

        Args:
            user: Whose they are.
            factors: At least one, all ACTIVE.
            binding: For which transaction: an answer under another binding is refused.
            now: Unix seconds.
            request: For the log, and for the site at which a key is asked for.
            lifetime: Seconds that a code that is sent lives; ``None``: as the deployment says.
            verify_user: Keys have to tell who uses them, whatever administrators want of keys.

        Raises:
            NotActive: One of them is not.
            TooFast: Of mail.
            Unavailable: Storage could not answer.
        """
        self._check_active(user, factors)
        ask = Ask(user, now, request, binding, verify_user=verify_user)
        return self.kinds(factors[0].kind).challenge(factors, ask, lifetime)

    def verify(
        self,
        user: User,
        factors: Sequence[Factor],
        answer: Answer,
        *,
        binding: str,
        now: int,
        request: Request,
        actor: Party | None = None,
    ) -> Proof:
        """What an answer proves. Wrong codes are counted, whatever the factor and wherever they are typed.

        Args:
            user: Who answers.
            factors: Of one kind, all ACTIVE: the answer is of one of them.
            answer: To what was asked.
            binding: As in ``challenge``.
            now: Unix seconds.
            request: For the log.
            actor: Who does it, where it is not the user.

        Raises:
            WrongAnswer: It does not fit.
            Replayed: The code was used before.
            Expired: Nothing is asked, or not any more.
            LockedOut: The user is locked, perhaps by this answer.
            TooFast: Too many answers at once.
            NotActive: One of the factors is not.
            Unavailable: Storage or key management could not answer.
        """
        self._check_active(user, factors)
        ask = Ask(user, now, request, binding, actor)
        kind = self.kinds(factors[0].kind)

        def judge() -> tuple[Factor, Proof]:
            return kind.verify(factors, answer, ask)

        try:
            factor, proof = self.lockout.judged(ask, judge) if kind.guessable else judge()
        except FactorRefused as refusal:
            self._verified(ask, factors[0], kind, reason=reason_of(refusal))
            raise
        self._verified(ask, factor, kind)
        return proof

    def invite(self, request: Request, *, binding: str, now: int) -> KeyOptions:
        """Ask whoever it is for a key, which says who they are: no user name is needed.

        Args:
            request: For the site.
            binding: For which request and browser: an answer under another binding is refused.
            now: Unix seconds.

        Raises:
            Unavailable: Storage could not answer.
        """
        return self._keys.invite(request, binding=binding, now=now)

    def identify(
        self, answer: AssertionAnswer, *, binding: str, now: int, request: Request
    ) -> tuple[User, Factor, Proof]:
        """Who answered an invitation, and what that proves: both who it is, and a second factor.

        Raises:
            WrongAnswer: It does not fit, or is of nobody's key.
            Expired: Nothing is asked, or not any more.
            Unavailable: Storage could not answer.
        """
        builder = EventBuilder(request, self.clock, self.ids)
        try:
            factor, proof = self._keys.identify(answer, request, binding=binding, now=now)
            user = self.lockout.users.get(factor.user_id)
        except (FactorRefused, NotFound) as refused:
            refusal = refused if isinstance(refused, FactorRefused) else WrongAnswer("UNKNOWN_USER")
            debug = {"factor": self._keys.label}
            unknown, reason = Party("unknown", "User"), reason_of(refusal)
            event = builder.event(VERIFIED, actor=unknown, reason=reason, debug=debug)
            self.events.emit(event)
            raise refusal from None
        self._verified(Ask(user, now, request, binding), factor, self._keys)
        return user, factor, proof

    @property
    def _keys(self) -> "Webauthn":
        return cast("Webauthn", self.kinds("webauthn"))

    def rename(
        self, user: User, factor: Factor, name: str, *, now: int, request: Request, actor: Party | None = None
    ) -> Factor:
        """The factor under another name. Raises Conflict."""
        self._check_owner(user, factor)
        if factor.name == name:
            return factor  # perhaps it was stored, and the answer was lost
        renamed = replace(factor, name=name, updated_at=now)
        ask = Ask(user, now, request, actor=actor)
        self.factors.save(factor, renamed, [self._event("user.mfa.factor.update", renamed, ask)])
        return replace(renamed, version=factor.version + 1)

    def remove(
        self,
        user: User,
        factor: Factor,
        *,
        now: int,
        request: Request,
        actor: Party | None = None,
        beside: Sequence[Way] = (),
    ) -> None:
        """Take a factor away for good, if those ``beside`` it, without which it must stay, are there still.

        Raises:
            NotActive: Nobody enrolled it, so nobody can take it away.
            Conflict: It changed, or is gone, or one of ``beside`` is.
        """
        self._check_owner(user, factor)
        if not factor.version:
            raise NotActive("a verified address")
        ask = Ask(user, now, request, actor=actor)
        if factor.status == "ACTIVE":
            events = [self._event("user.mfa.factor.deactivate", factor, ask)]
            mails = self._notice(ask, "AuthenticatorReset", factor)
            self.factors.remove(factor, events, mails, beside=_stored(beside))
        else:
            self.factors.remove(factor, [])

    def remove_all(self, user: User, *, now: int, request: Request, actor: Party | None = None) -> int:
        """Take all factors and recovery codes away; how many factors there were. Raises Conflict."""
        ask = Ask(user, now, request, actor=actor)
        event = Recorder(self.clock, self.ids, actor or ask.party, request).event(
            "user.mfa.factor.reset_all", ask.party
        )
        mails = notice(self.letters, ask, "AuthenticatorReset", "Everything")
        return self.factors.remove_all(user.id, [event], mails)

    def _usable(self, user: User, listed: AuthenticatorList) -> Sequence[Factor]:
        """An address that is the user's no more is nobody's proof."""
        return [
            factor
            for factor in self._all(user, listed)
            if factor.status == "ACTIVE"
            and listed.signs_on(factor.kind)
            and (factor.kind != "email" or is_verified(user, factor.address or ""))
        ]

    def _all(self, user: User, listed: AuthenticatorList) -> Sequence[Factor]:
        found = self.factors.of(user.id)
        if listed.signs_on("email") and "email" in self.rules.of(user):
            automatic = _automatic(user)
            if is_verified(user, user.email) and not any(_same(factor, automatic) for factor in found):
                return [automatic, *found]
        return found

    def _drop(self, pending: Factor) -> None:
        try:
            self.factors.remove(pending, [])
        except Conflict:
            return  # it was activated, or is gone: by another call at this moment

    def _check_owner(self, user: User, factor: Factor) -> None:
        if factor.user_id != user.id:
            raise NotActive("another user's")

    def _check_active(self, user: User, factors: Sequence[Factor]) -> None:
        if not factors or any(factor.status != "ACTIVE" for factor in factors):
            raise NotActive("not activated")
        if not self.authenticators().has_on(factors[0].kind):
            raise NotActive("switched off")
        for factor in factors:
            self._check_owner(user, factor)

    def _notice(
        self, ask: Ask, template: Literal["AuthenticatorEnrolled", "AuthenticatorReset"], factor: Factor
    ) -> Sequence[Mail]:
        return notice(self.letters, ask, template, name_for_people(factor))

    def _event(self, event_type: str, factor: Factor, ask: Ask) -> Event:
        recorder = Recorder(self.clock, self.ids, ask.actor or ask.party, ask.request)
        key = factor.credential
        debug = {"factor": self.kinds(factor.kind).label}
        if key is not None:
            debug |= {"aaguid": key.aaguid, "passkey": str(key.discoverable).lower()}
            debug |= {"backup_eligible": str(key.synced).lower(), "authenticator_transports": ",".join(key.transports)}
        return recorder.event(event_type, ask.party, _party(factor), debug=debug)

    def _verified(self, ask: Ask, factor: Factor, kind: Kind, *, reason: str | None = None) -> None:
        builder = EventBuilder(ask.request, self.clock, self.ids)
        self.events.emit(
            builder.event(
                VERIFIED,
                actor=ask.actor or ask.party,
                targets=(ask.party, _party(factor)),
                reason=reason,
                debug={"factor": kind.label},
            )
        )


def _same(other: Factor, new: Factor) -> bool:
    """Whether having both would be having one twice."""
    mine, theirs = login_key(new.address or ""), login_key(other.address or "")
    return new.kind == other.kind == "email" and mine == theirs


def _automatic(user: User) -> Factor:
    """The user's own address as a factor that nobody enrolled: it has no record, and no version."""
    return Factor(
        id=f"emf{user.id[3:]}",
        user_id=user.id,
        kind="email",
        status="ACTIVE",
        created_at=user.created_at,
        updated_at=user.created_at,
        provider="OKTA",
        address=user.email,
    )


def _party(factor: Factor) -> Party:
    return Party(factor.id, "AuthenticatorEnrollment", display_name=factor.name or None)


def _stored(ways: Sequence[Way]) -> Sequence[Way]:
    """Those that are records, each once: a verified address is none."""
    return list({name_of(way): way for way in ways if not isinstance(way, Factor) or way.version}.values())
