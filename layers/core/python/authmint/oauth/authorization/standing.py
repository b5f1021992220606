"""Whether who is at the browser has proved enough for a request: what the request, its app and ``acr_values`` ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ...http import Request
from ...sign_on.context_classes import CLASSES, TWO_IF_POSSIBLE, reached
from ...sign_on.demands import AppDemands, Circumstances, Demanded
from ...sign_on.next_step import Known, Step, needs_factors, next_step, with_assurances
from ...sign_on.requirement import Requirement
from ...sign_on.sessions import proofs_of
from ...storage.directory import Person
from ..errors import OAuthError
from .interaction import Visitor
from .rules import Wish

if TYPE_CHECKING:  # most requests ask for nothing that a session does not give
    from ...sign_on.factor_steps import FactorSteps

#: What a silent request is told, by why somebody would have to sign in.
_REFUSALS: Final = {
    "nobody_is_signed_in": "login_required",
    "another_user": "login_required",
    "too_old": "app_sign_on_required",
    "asked_again": "app_sign_on_required",
}


@dataclass(frozen=True)
class Standing:
    """Where somebody stands with a request.

    Attributes:
        step: What is asked next: ``done``, ``identify``, ``challenge`` or ``enrol``.
        requirement: What is asked in all.
        acr: What ``acr`` says once that is done; ``None``: no class was asked for.
    """

    step: Step
    requirement: Requirement
    acr: str | None = None

    @property
    def missing(self) -> str | None:
        """Internal id of the error that a silent request gets; ``None``: nothing is missing."""
        if self.step.name == "done":
            return None
        return _REFUSALS.get(self.step.reason or "", "app_sign_on_required")


class Standings:
    """Compares what is asked with what was proved. It writes nothing."""

    def __init__(self, demands: AppDemands, factors: "Callable[[], FactorSteps]") -> None:
        self._demands = demands
        self._factors = factors

    def of(self, wish: Wish, visitor: Visitor, request: Request, *, now: int) -> Standing:
        """Where the visitor stands.

        Raises:
            OAuthError: The app's policy lets the user in by no means, or nothing that the user has, or could set up,
                is enough; or the user has just signed in for this request as somebody else than it is about.
            Unavailable: Storage could not answer.
        """
        requirement = requirement_of(wish)
        session, person = visitor.session, visitor.person
        if session is None or person is None:
            return Standing(next_step(None, requirement, now=now), requirement)
        known = Known(person.user.id, proofs_of(session), has_password=person.user.password is not None)
        step = next_step(known, requirement, now=now)
        if step.reason == "still_another_user":
            raise OAuthError("id_token_does_not_match_session")
        if step.name != "done":
            return Standing(step, requirement)
        demanded = self._demanded(wish, known, person, request, visitor, now)
        requirement = replace(requirement, assurances=demanded.assurances, enrolments=demanded.enrolments)
        own = self._standing(known, person, requirement, now)
        if own.step.name == "refused":
            raise OAuthError("access_denied", reason=f"{demanded.reason}: nothing that the user has is enough")
        asked = (wish.arrival.parameters.get("acr_values") or "").split()
        return self._classed(asked, known, person, requirement, now) if asked else own

    def _demanded(
        self, wish: Wish, known: Known, person: Person, request: Request, visitor: Visitor, now: int
    ) -> Demanded:
        circumstances = Circumstances(request, known.proofs, browser=visitor.browser)
        demanded = self._demands.of_app(wish.arrival.client, person, circumstances, now=now)
        if demanded.denied:
            raise OAuthError("access_denied", reason=demanded.reason)
        return demanded

    def _classed(
        self, asked: Sequence[str], known: Known, person: Person, requirement: Requirement, now: int
    ) -> Standing:
        """With the first class of those that are asked for which the user has reached, or can."""
        own = [name for name in asked if name in CLASSES]
        if not own:  # a voluntary wish (OpenID Connect Core §3.1.2.1): the answer says what was reached instead
            standing = self._standing(known, person, requirement, now)
            return replace(standing, acr=reached(known.proofs))
        for name in own:
            standing = self._standing(known, person, self._with(name, known, person, requirement, now), now)
            if standing.step.name != "refused":
                return replace(standing, acr=name)
        raise OAuthError("unmet_authentication_requirements", reason="no factor of the user's gives any of these")

    def _with(self, name: str, known: Known, person: Person, requirement: Requirement, now: int) -> Requirement:
        stricter = with_assurances(requirement, [CLASSES[name]])
        if name == TWO_IF_POSSIBLE and needs_factors(known, stricter, now=now):
            known = self._factors().known(known, person.user)
            if not known.factors:
                return requirement
        return stricter

    def _standing(self, known: Known, person: Person, requirement: Requirement, now: int) -> Standing:
        if needs_factors(known, requirement, now=now):
            known = self._factors().known(known, person.user)
        return Standing(next_step(known, requirement, now=now), requirement)


def requirement_of(wish: Wish) -> Requirement:
    """What the request itself asks of the sign-on of whoever is at the browser."""
    waiting = wish.arrival.waiting
    return Requirement(
        user_id=wish.hinted,
        again="login" in wish.prompt,
        max_age=wish.max_age,
        asked_at=None if waiting is None else waiting.created_at,
    )
