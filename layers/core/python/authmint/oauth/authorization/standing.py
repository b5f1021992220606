"""Whether who is at the browser has proved enough for a request: what the request, its app and ``acr_values`` ask."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from ...http import Request
from ...sign_on.context_classes import CLASSES, TWO_IF_POSSIBLE, reached
from ...sign_on.next_step import Known, Step, needs_factors, next_step, said_of, with_assurances
from ...sign_on.requirement import AppDemands, Attempt, Demanded, Outcome, Requirement
from ...storage.directory import Person
from ...storage.factors import FactorKind
from ...storage.sign_on_transactions import Assessment
from ..errors import OAuthError
from .interaction import Visitor
from .rules import Wish

if TYPE_CHECKING:  # most requests ask for nothing that a session does not give
    from ...sign_on.factor_steps import FactorSteps
    from ...storage.identity_providers import IdentityProviders

#: What a silent request is told, by why somebody would have to sign in.
_REFUSALS: Final = {
    "nobody_is_signed_in": "login_required",
    "another_user": "login_required",
    "another_provider": "login_required",
    "too_old": "app_sign_on_required",
    "asked_again": "app_sign_on_required",
}
#: Steps that are asked because of the app's policy.
_OUTCOMES: Final[Mapping[str, Outcome]] = {"challenge": "CHALLENGE", "enrol": "ENROL"}


class Judged(Protocol):
    """Told what an app's policy decided: ``Record.judge``."""

    def __call__(self, demanded: Demanded, outcome: Outcome, detail: str = "") -> None:
        """``detail``: what the policy itself does not say."""


def untold(demanded: Demanded, outcome: Outcome, detail: str = "") -> None:
    """``Judged`` where the page is only looked at: nobody is told."""


@dataclass(frozen=True)
class Standing:
    """Where somebody stands with a request.

    Attributes:
        step: What is asked next: ``done``, ``identify``, ``challenge``, ``enrol`` or ``profile``.
        requirement: What is asked in all.
        acr: What ``acr`` says once that is done; ``None``: no class was asked for.
        known: Who it was found for, with what that took; ``None``: nobody is known.
    """

    step: Step
    requirement: Requirement
    acr: str | None = None
    known: Known | None = None

    @property
    def missing(self) -> str | None:
        """Internal id of the error that a silent request gets; ``None``: nothing is missing."""
        if self.step.name == "done":
            return None
        return _REFUSALS.get(self.step.reason or "", "app_sign_on_required")


class Standings:
    """Compares what is asked with what was proved. It writes nothing."""

    def __init__(
        self,
        demands: AppDemands,
        factors: "Callable[[], FactorSteps]",
        providers: "Callable[[], IdentityProviders] | None" = None,
    ) -> None:
        """``providers``: who else may say who somebody is, looked at where a request names one; ``None``: nobody."""
        self._demands = demands
        self._factors = factors
        self._providers = providers

    def of(self, wish: Wish, visitor: Visitor, request: Request, *, now: int, judged: Judged = untold) -> Standing:
        """Where the visitor stands.

        Args:
            wish: What is asked for.
            visitor: Whoever is at the browser.
            request: Of the browser.
            now: Unix seconds.
            judged: Told what the app's policy decided, where it was asked.

        Raises:
            OAuthError: The request names an identity provider that there is not; the app's policy lets the user in by
                no means, or nothing that the user has, or could set up,
                is enough; or the user has just signed in for this request as somebody else than it is about.
            Unavailable: Storage could not answer.
        """
        if wish.idp is not None:
            self._check_provider(wish.idp)
        requirement = requirement_of(wish)
        session, person = visitor.session, visitor.person
        if session is None or person is None:
            return Standing(next_step(None, requirement, now=now), requirement)
        known = Known(person.user.id, session.auth_time, session.proved, has_password=person.user.password is not None)
        step = next_step(known, requirement, now=now)
        if step.reason == "still_another_user":
            raise OAuthError("id_token_does_not_match_session")
        if step.name != "done":
            return Standing(step, requirement)
        attempt = _Attempt(request, visitor.browser, assessment=session.assessment, idp=known.idp or "")
        demanded = self._demands.of_app(wish.arrival.client, person, attempt, now=now)
        if demanded.denied:
            judged(demanded, "DENY")
            raise OAuthError("access_denied", reason=demanded.reason)
        asks = demanded.requirement
        requirement = replace(requirement, assurances=asks.assurances, profile=asks.profile)
        if asks.profile is not None:
            known = replace(known, said=said_of(person.user.profile))
        asked = _Asked(known, person, attempt, requirement, now, wish.enrolling)
        own = self._standing(asked)
        if own.step.name == "refused":
            judged(demanded, "DENY", "cannot be satisfied")
            raise OAuthError("access_denied", reason=f"{demanded.reason}: nothing that the user has is enough")
        judged(demanded, _OUTCOMES.get(own.step.name, "ALLOW"))
        classes = (wish.arrival.parameters.get("acr_values") or "").split()
        return self._classed(asked, classes) if classes else own

    def _check_provider(self, idp_id: str) -> None:
        known = None if self._providers is None else self._providers().all().get(idp_id)
        if known is None or known.status != "ACTIVE":
            raise OAuthError("unknown_idp", reason="not there" if known is None else known.status)

    def _classed(self, asked: "_Asked", classes: Sequence[str]) -> Standing:
        """With the first class of those that are asked for which the user has reached, or can."""
        known = [name for name in classes if name in CLASSES]
        if not known:  # a voluntary wish (OpenID Connect Core §3.1.2.1): the answer says what was reached instead
            return replace(self._standing(asked), acr=reached(asked.known.proofs))
        for name in known:
            standing = self._standing(self._with(asked, name))
            if standing.step.name != "refused":
                return replace(standing, acr=name)
        raise OAuthError("unmet_authentication_requirements", reason="no factor of the user's gives any of these")

    def _with(self, asked: "_Asked", name: str) -> "_Asked":
        stricter = replace(asked, requirement=with_assurances(asked.requirement, [CLASSES[name]]))
        if name == TWO_IF_POSSIBLE and needs_factors(asked.known, stricter.requirement, now=asked.now):
            known = self._factors().known(asked.known, asked.person.user)
            return stricter if known.factors else asked
        return stricter

    def _standing(self, asked: "_Asked") -> Standing:
        known, requirement, now = asked.known, asked.requirement, asked.now
        if asked.enrolling or needs_factors(known, requirement, now=now):
            known = self._factors().known(known, asked.person.user)
            may = self._demands.enrolments(asked.person, asked.attempt, now=now)
            lacking = {kind for kind in asked.enrolling if all(kind != factor.kind for factor in known.factors)}
            if not all(kind in may.offered and known.can_set_up(kind) for kind in lacking):
                raise OAuthError("invalid_enroll_amr_for_none_response_type", reason="the user may not set that up")
            # What everybody has to set up is asked where a session begins, and not where an app is used.
            requirement = replace(requirement, enrolments=replace(may, required=asked.enrolling))
        return Standing(next_step(known, requirement, now=now), requirement, known=known)


@dataclass(frozen=True)
class _Attempt:
    """``Attempt``."""

    request: Request
    browser: str
    device: str | None = None
    told: None = None
    assessment: Assessment | None = None
    idp: str = ""

    @property
    def mark(self) -> str:
        return self.browser


@dataclass(frozen=True)
class _Asked:
    """Somebody of whom something is asked."""

    known: Known
    person: Person
    attempt: Attempt
    requirement: Requirement
    now: int
    enrolling: tuple[FactorKind, ...] = ()


def requirement_of(wish: Wish) -> Requirement:
    """What the request itself asks of the sign-on of whoever is at the browser."""
    waiting = wish.arrival.waiting
    return Requirement(
        user_id=wish.hinted,
        idp=wish.idp,
        again="login" in wish.prompt,
        max_age=wish.max_age,
        asked_at=None if waiting is None else waiting.created_at,
    )
